/* SPDX-License-Identifier: ISC */
/*
 * The module "site" as the table that www serves; see given.h.
 */
#include "given.h"

#include <string.h>

#ifdef TERN_MODULES

struct line {
    char text[240];
    size_t len;
};

static void add_n(struct line *line, const char *text, size_t len)
{
    size_t room = sizeof line->text - line->len;
    len = len < room ? len : room;
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void add(struct line *line, const char *text)
{
    add_n(line, text, strlen(text));
}

static void add_number(struct line *line, size_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    add_n(line, digits + at, sizeof digits - at);
}

/* "module site: index.html, at octet 244: two files of one name" */
static void complain(struct tern_host *host, const struct tern_http_archive *archive)
{
    struct line line = { .len = 0 };
    add(&line, "module site: ");
    if (archive->name != NULL) {
        add(&line, archive->name);
        add(&line, ", ");
    }
    add(&line, "at octet ");
    add_number(&line, archive->off);
    add(&line, ": ");
    add(&line, archive->why);
    tern_host_log(host, TERN_LOG_ERROR, line.text, line.len);
}

static enum tern_err take(struct tern_host *host, const struct tern_module *module,
                          struct tern_http_archive *archive)
{
    struct line line = { .len = 0 };

    archive->assets =
        tern_host_pool(host, "site.assets", sizeof *archive->assets, &archive->cap);
    archive->text = tern_host_pool(host, "site.text", 1, &archive->text_cap);
    if (archive->assets == NULL || archive->text == NULL)
        return TERN_BUG;
    enum tern_err err =
        tern_http_archive_read(archive, module->data, module->len, module->name);
    if (err != TERN_OK) {
        complain(host, archive);
        return err;
    }
    add(&line, "the site is module site: ");
    add_number(&line, archive->n);
    add(&line, " files");
    if (archive->n_hidden > 0) {
        add(&line, ", without ");
        add_number(&line, archive->n_hidden);
        add(&line, " hidden ones");
    }
    tern_host_log(host, TERN_LOG_INFO, line.text, line.len);
    return TERN_OK;
}

enum tern_err given_site(struct tern_host *host, const struct tern_http_asset **assets,
                         size_t *n)
{
    static const char none[] = "there is no module site, and no site is compiled in";
    const struct tern_module *module = tern_host_module(host, "site");
    struct tern_http_archive archive;

    if (module == NULL) {
        if (*n == 0)
            tern_host_log(host, TERN_LOG_WARN, none, sizeof none - 1);
        return TERN_OK;
    }
    enum tern_err err = take(host, module, &archive);
    if (err == TERN_OK) {
        *assets = archive.assets;
        *n = archive.n;
    }
    return err;
}

#endif
