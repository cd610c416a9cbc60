/* SPDX-License-Identifier: ISC */
/*
 * Modules: octets that were given at the start. Who gave them may have been
 * mistaken, or somebody else: each is listed with its SHA-256, which sha256sum(1)
 * prints of the same file, and module=NAME=sha256:DIGEST insists on one.
 *
 * A loader that passes one module only passes an archive of them.
 */
#include <string.h>

#include <tern/archive.h>

#include "host_internal.h"

#define DIGEST_LEN (2 * (size_t)TERN_SHA256_LEN)    /* in digits */

static struct tern_text error_begin(struct tern_modules *m, const char *name)
{
    struct tern_text text;
    tern_text_init(&text, m->error, sizeof m->error);
    tern_text_add(&text, "module ");
    tern_text_add(&text, name);
    tern_text_add(&text, ": ");
    return text;
}

static enum tern_err bad(struct tern_modules *m, enum tern_err err, const char *name,
                         const char *why)
{
    struct tern_text text = error_begin(m, name);
    tern_text_add(&text, why);
    return err;
}

/* "module 0: an archive, at octet 244: a name is cut off" */
static enum tern_err bad_archive(struct tern_modules *m, enum tern_err err, const char *name,
                                 size_t off, const char *why)
{
    struct tern_text text = error_begin(m, name);
    tern_text_add(&text, "an archive, at octet ");
    tern_text_u64(&text, off);
    tern_text_add(&text, ": ");
    tern_text_add(&text, why);
    return err;
}

/* A name is a word of a line: it may be asked for on a command line. */
static bool name_is_good(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] <= 0x20 || name[i] == 0x7f || name[i] == '=')
            return false;
    return len > 0 && len < TERN_MODULE_NAME_CAP;
}

static enum tern_err add(struct tern_modules *m, const char *name, size_t name_len,
                         const uint8_t *data, size_t len)
{
    char shown[TERN_MODULE_NAME_CAP];    /* a name that is none may be long, and anything */
    struct tern_text text;
    tern_text_init(&text, shown, sizeof shown);
    tern_text_add_n(&text, name, name_len);
    if (!name_is_good(name, name_len))
        return bad(m, TERN_INVALID, shown, "a name is 1 to 47 octets without spaces or =");
    for (size_t i = 0; i < m->n; i++)
        if (tern_text_equal(m->list[i].name, shown))
            return bad(m, TERN_INVALID, shown, "there are two of this name");
    if (m->n == TERN_MODULES_MAX)
        return bad(m, TERN_FULL, shown,
                   "there are more than 16: files of one purpose belong into a directory");
    memcpy(m->of[m->n].name, shown, name_len + 1);
    m->list[m->n] = (struct tern_module){ m->of[m->n].name, data, len };
    m->n++;
    return TERN_OK;
}

static size_t first_part_len(const struct tern_archive_file *file)
{
    size_t len = 0;
    while (len < file->name_len && file->name[len] != '/')
        len++;
    return len;
}

/*
 * One file of an archive that ends at `end`: a module, or one more of those in the
 * directory that is the last module. The parts of a directory that stand apart are
 * two modules of one name.
 */
static enum tern_err add_file(struct tern_modules *m, const struct tern_archive_file *file,
                              const uint8_t *data, size_t end)
{
    size_t top_len = first_part_len(file), last = m->n - 1;    /* the archive itself is one */

    if (top_len == file->name_len)
        return add(m, file->name, file->name_len, file->data, file->len);
    if (m->of[last].n_files == 0 || strlen(m->of[last].name) != top_len ||
        memcmp(m->of[last].name, file->name, top_len) != 0) {
        enum tern_err err = add(m, file->name, top_len, data + file->off, 0);
        if (err != TERN_OK)
            return err;
        last = m->n - 1;
    }
    m->of[last].n_files++;
    m->list[last].len = (size_t)(data + end - m->list[last].data);
    return TERN_OK;
}

/* All that is in the archive that is the last module. */
static enum tern_err add_members(struct tern_modules *m)
{
    const struct tern_module *whole = &m->list[m->n - 1];
    struct tern_archive archive;
    struct tern_archive_file file;

    tern_archive_init(&archive, whole->data, whole->len);
    for (;;) {
        enum tern_err err = tern_archive_next(&archive, &file);
        if (err != TERN_OK)
            return bad_archive(m, err, whole->name, archive.off, archive.why);
        if (file.name == NULL)
            break;
        err = add_file(m, &file, whole->data, archive.off);
        if (err != TERN_OK)
            return err;
    }
    if (!archive.complete)
        return bad_archive(m, TERN_TRUNCATED, whole->name, archive.off,
                           "the entry that ends it is missing");
    return TERN_OK;
}

static enum tern_err add_given(struct tern_modules *m, const struct tern_module *given, size_t i)
{
    char number[8];
    struct tern_text text;

    if (given->name != NULL && given->name[0] != '\0')
        return add(m, given->name, strlen(given->name), given->data, given->len);
    tern_text_init(&text, number, sizeof number);
    tern_text_u64(&text, i);
    enum tern_err err = add(m, number, text.len, given->data, given->len);
    if (err != TERN_OK || !tern_archive_is(given->data, given->len))
        return err;
    return add_members(m);
}

/* ---- What is in them --------------------------------------------------------------- */

/* Is this word NAME=VALUE of this name? */
static bool is_about(const char *word, const char *name)
{
    size_t len = strlen(name);
    return strlen(word) > len && memcmp(word, name, len) == 0 && word[len] == '=';
}

/* The n-th digest that is asked of a module, or NULL: no more. */
static const char *wanted_of(const struct tern_host_options *options, const char *name,
                             size_t *i)
{
    while (*i < options->n_modules) {
        const char *word = options->modules[(*i)++];
        if (is_about(word, name) && tern_host_options_digest(word) != NULL)
            return tern_host_options_digest(word);
    }
    return NULL;
}

/* 'A' and 'a' are one digit. */
static bool digits_equal(const char *a, const char *b)
{
    size_t i = 0;
    while (i < DIGEST_LEN && a[i] != '\0' &&
           (a[i] == b[i] || (a[i] >= 'A' && a[i] <= 'F' && (a[i] | 0x20) == b[i])))
        i++;
    return i == DIGEST_LEN && a[i] == '\0';
}

/* Says it, and compares it. A directory is a part of an archive that has a digest. */
static enum tern_err show(struct tern_host_core *core, struct tern_modules *m, size_t at)
{
    const struct tern_module *module = &m->list[at];
    char line[TERN_MODULE_NAME_CAP + 160], hex[DIGEST_LEN + 1] = "";
    struct tern_sha256 sha;
    uint8_t digest[TERN_SHA256_LEN];
    struct tern_text text;
    size_t i = 0;

    const char *wanted = wanted_of(core->options, module->name, &i);
    if (wanted != NULL && m->of[at].n_files != 0)
        return bad(m, TERN_INVALID, module->name,
                   "a directory has no digest: ask for its archive's");
    tern_text_init(&text, line, sizeof line);
    tern_text_add(&text, "module ");
    tern_text_add(&text, module->name);
    tern_text_add(&text, ": ");
    tern_text_u64(&text, module->len);
    tern_text_add(&text, " octets, ");
    if (m->of[at].n_files != 0) {
        tern_text_u64(&text, m->of[at].n_files);
        tern_text_add(&text, " files of the archive");
    } else if (wanted != NULL || core->level >= TERN_LOG_INFO) {
        tern_sha256_init(&sha);
        tern_sha256_add(&sha, module->data, module->len);
        tern_sha256_finish(&sha, digest);
        tern_sha256_hex(digest, hex);
        tern_text_add(&text, "sha256:");
        tern_text_add(&text, hex);
    }
    core->host.ops->log(&core->host, TERN_LOG_INFO, text.at, text.len);
    for (; wanted != NULL; wanted = wanted_of(core->options, module->name, &i)) {
        if (digits_equal(wanted, hex))
            continue;
        text = error_begin(m, module->name);
        tern_text_add(&text, "is sha256:");
        tern_text_add(&text, hex);
        tern_text_add(&text, ", which is not what was asked for");
        return TERN_UNTRUSTED;
    }
    return TERN_OK;
}

/* Each module= that asks for a digest asks for a module that is there. */
static enum tern_err all_are_there(const struct tern_host_options *options,
                                   struct tern_modules *m)
{
    for (size_t i = 0; i < options->n_modules; i++) {
        bool found = false;
        for (size_t k = 0; k < m->n && !found; k++)
            found = is_about(options->modules[i], m->list[k].name);
        if (!found)
            return bad(m, TERN_INVALID, options->modules[i],
                       "asked for, as NAME=sha256:DIGEST, and not there");
    }
    return TERN_OK;
}

static enum tern_err take(struct tern_host_core *core, struct tern_modules *m,
                          const struct tern_module *given, size_t n)
{
    enum tern_err err = TERN_OK;

    for (size_t i = 0; i < n && err == TERN_OK; i++)
        err = add_given(m, &given[i], i);
    for (size_t i = 0; i < m->n && err == TERN_OK; i++)
        err = show(core, m, i);
    if (err == TERN_OK)
        err = all_are_there(core->options, m);
    if (err == TERN_OK)
        core->modules = m->list;
    return err;
}

const struct tern_modules_part tern_host_modules = { take };
