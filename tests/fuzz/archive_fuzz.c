/* SPDX-License-Identifier: ISC */
/*
 * An archive as a loader gives it: any octets at all. It is read, made modules of,
 * and made a site of, in memory of exactly its length; what comes out lies in it and
 * is what the headers promise.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tern/archive.h>
#include <tern/http.h>

#include "backends/host/host_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { CAP = 24, TEXT_CAP = 2000 };

static const struct tern_appliance appliance = {
    .size = sizeof(struct tern_appliance), .name = "fuzz", .modules = &tern_host_modules,
};
static const struct tern_host_ops ops = { .log = tern_host_core_log,
                                          .module = tern_host_core_module };

static void insist(bool what)
{
    if (!what)
        abort();
}

static bool lies_in(const void *at, size_t at_len, const uint8_t *data, size_t len)
{
    const uint8_t *p = at;
    return p >= data && p <= data + len && at_len <= (size_t)(data + len - p);
}

/* Each file and name lies in the archive, behind the one before it. */
static enum tern_err walk(const uint8_t *data, size_t len)
{
    struct tern_archive archive;
    struct tern_archive_file file;
    enum tern_err err;
    size_t last = 0;

    tern_archive_init(&archive, data, len);
    while ((err = tern_archive_next(&archive, &file)) == TERN_OK && file.name != NULL) {
        insist(lies_in(file.name, file.name_len + 1, data, len));
        insist(strlen(file.name) == file.name_len && file.name_len >= 1 &&
               file.name_len <= TERN_ARCHIVE_NAME_MAX);
        insist(lies_in(file.data, file.len, data, len));
        insist(file.name[0] != '/' && strstr(file.name, "//") == NULL &&
               strstr(file.name, "../") != file.name);
        insist(file.off >= last && archive.off > file.off && archive.off <= len);
        last = archive.off;
    }
    insist((archive.why != NULL) == (err != TERN_OK));
    insist(archive.off <= len);
    return err;
}

static void log_line(struct tern_host_core *core, const char *line, size_t len)
{
    (void)core;
    insist(len > 0 && line[len - 1] == '\n');
}

static void modules_of(const uint8_t *data, size_t len, enum tern_err readable)
{
    static struct tern_modules modules;
    struct tern_host_options options;
    struct tern_host_core core;
    struct tern_turn turn;
    struct tern_module one = { NULL, data, len };

    tern_turn_init(&turn, NULL, 0);
    tern_host_core_init(&core, &ops, &turn, NULL, "fuzz");
    insist(tern_host_options_init(&options, &appliance, NULL) == TERN_OK);
    core.options = &options;
    core.log_line = log_line;
    memset(&modules, 0, sizeof modules);
    enum tern_err err = tern_host_core_modules(&core, &modules, &one, 1);
    insist((err == TERN_OK) == (modules.error[0] == '\0'));
    insist(err != TERN_OK || readable == TERN_OK || !tern_archive_is(data, len));
    for (const struct tern_module *m = core.modules; m != NULL && m->name != NULL; m++) {
        insist(lies_in(m->data, m->len, data, len));
        insist(tern_host_module(&core.host, m->name) == m);
        if (modules.of[m - modules.list].n_files != 0)
            insist(walk(m->data, m->len) == TERN_OK);
    }
}

static void site_of(const uint8_t *data, size_t len, enum tern_err readable)
{
    struct tern_http_asset assets[CAP];
    char *text = malloc(TEXT_CAP);
    struct tern_http_archive site = { .assets = assets, .cap = CAP, .text = text,
                                      .text_cap = TEXT_CAP };
    if (text == NULL)
        return;
    enum tern_err err = tern_http_archive_read(&site, data, len, "site");
    insist((err == TERN_OK) == (site.why == NULL));
    insist(readable == TERN_OK || err == readable);
    insist(err == TERN_OK ? site.n > 0 : site.n == 0);
    insist(site.text_len <= TEXT_CAP && site.off <= len);
    for (size_t i = 0; i < site.n; i++) {
        const struct tern_http_asset *a = &assets[i];
        insist(a->path[0] == '/' && strlen(a->etag) == 26 && strlen(a->last_modified) == 29);
        insist(i == 0 || strcmp(assets[i - 1].path, a->path) < 0);
        insist(lies_in(a->data, a->len, data, len));
        insist(a->gzip.data == NULL || a->gzip.len < a->len);
        insist(a->brotli.data == NULL || a->brotli.len < a->len);
        insist(tern_http_asset_find(assets, site.n, a->path, strlen(a->path)) == a);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        return 0;
    if (len > 0)
        memcpy(copy, data, len);
    enum tern_err err = walk(copy, len);
    modules_of(copy, len, err);
    site_of(copy, len, err);
    free(copy);
    return 0;
}
