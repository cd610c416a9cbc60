/* SPDX-License-Identifier: ISC */
/*
 * Writes an archive of boot modules, in cpio's format newc with checksums; what
 * an entry is, base/archive.c says.
 */
#include "archive.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { DEPTH_MAX = 32, NAME_MAX_LEN = 47, PATH_MAX_LEN = 1023 };

#define TRAILER "TRAILER!!!"

struct writer {
    const char *tool, *out;
    FILE *f;
    uint32_t n;          /* entries */
    long long limit;     /* the latest date */
};

static bool bad(const struct writer *w, const char *path, const char *why)
{
    fprintf(stderr, "%s: --module: %s: %s\n", w->tool, path, why);
    return false;
}

static bool bad_out(const struct writer *w)
{
    fprintf(stderr, "%s: %s: %s\n", w->tool, w->out, strerror(errno));
    return false;
}

/* ---- Entries ---------------------------------------------------------------- */

static void pad(struct writer *w, size_t len)
{
    static const char zeros[4] = { 0 };
    fwrite(zeros, 1, (4 - len % 4) % 4, w->f);
}

static bool entry_write(struct writer *w, const char *name, uint32_t mode, uint32_t mtime_s,
                        const uint8_t *data, size_t len)
{
    uint32_t sum = 0;
    size_t name_len = strlen(name) + 1;
    for (size_t i = 0; i < len; i++)
        sum += data[i];
    w->n++;
    fprintf(w->f, "070702%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", w->n, mode, 0u, 0u,
            1u, mtime_s, (uint32_t)len, 0u, 0u, 0u, 0u, (uint32_t)name_len, sum);
    fwrite(name, 1, name_len, w->f);
    pad(w, 110 + name_len);
    fwrite(data, 1, len, w->f);
    pad(w, len);
    return ferror(w->f) ? bad_out(w) : true;
}

/* The whole file, read once; the caller frees it. NULL after a message. */
static uint8_t *file_read(const struct writer *w, const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t cap = 0;
    *len = 0;
    while (f != NULL && !feof(f) && !ferror(f)) {
        if (*len == cap) {
            uint8_t *grown = realloc(data, cap = cap * 2 + 65536);
            if (grown == NULL)
                break;
            data = grown;
        }
        *len += fread(data + *len, 1, cap - *len, f);
    }
    if (f == NULL || ferror(f) || !feof(f)) {
        bad(w, path, strerror(errno));
        free(data);
        data = NULL;
    } else if (*len > UINT32_MAX) {
        bad(w, path, "the format has no files of 4 GiB or more");
        free(data);
        data = NULL;
    }
    if (f != NULL)
        fclose(f);
    return data;
}

static bool file_write(struct writer *w, const char *path, const char *name,
                       const struct stat *st)
{
    long long changed = (long long)st->st_mtime;
    size_t len;
    if (strlen(name) > PATH_MAX_LEN)
        return bad(w, path, "its name is too long");
    uint8_t *data = file_read(w, path, &len);
    if (data == NULL)
        return false;
    changed = changed > w->limit ? w->limit : changed;
    changed = changed < 0 ? 0 : changed > UINT32_MAX ? UINT32_MAX : changed;
    bool good = entry_write(w, name, 0100644, (uint32_t)changed, data, len);
    free(data);
    return good && !work_interrupted();
}

/* ---- Directories --------------------------------------------------------------- */

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.' || strcmp(entry->d_name, ".well-known") == 0;
}

/* alphasort(3) depends on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool walk(struct writer *w, const char *root, const char *dir, const char *name,
                 unsigned depth)
{
    struct dirent **list;
    if (depth > DEPTH_MAX)
        return bad(w, dir, "directories are nested too deeply (a link to itself?)");
    int n = scandir(dir, &list, is_shown, by_name);
    if (n < 0)
        return bad(w, dir, strerror(errno));
    bool good = true;
    for (int i = 0; i < n; i++) {
        char *path = work_format("%s/%s", dir, list[i]->d_name);
        char *at = work_format("%s/%s", name, list[i]->d_name);
        struct stat st;
        if (!good)
            ;    /* only freed */
        else if (stat(path, &st) != 0)
            good = bad(w, path, strerror(errno));
        else if (!work_is_inside(root, path))
            good = bad(w, path, "a symbolic link that leaves the directory");
        else if (S_ISDIR(st.st_mode))
            good = walk(w, root, path, at, depth + 1);
        else if (S_ISREG(st.st_mode))
            good = file_write(w, path, at, &st);
        else
            good = bad(w, path, "neither a file nor a directory");
        free(path);
        free(at);
        free(list[i]);
    }
    free(list);
    return good;
}

/* ---- Modules ---------------------------------------------------------------------- */

static bool name_is_good(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] <= 0x20 || name[i] == 0x7f || name[i] == '/')
            return false;
    /* The last would end the archive, without a word. */
    return len > 0 && len <= NAME_MAX_LEN && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           strcmp(name, TRAILER) != 0;
}

static bool module_write(struct writer *w, const char *word)
{
    size_t len = strcspn(word, "=");
    struct stat st;
    if (word[len] == '\0' || word[len + 1] == '\0')
        return bad(w, word, "NAME=PATH is wanted");
    char *name = work_format("%.*s", (int)len, word);
    const char *path = word + len + 1;
    uint32_t before = w->n;
    bool good;
    if (!name_is_good(name, len))
        good = bad(w, word, "a name is 1 to 47 octets without spaces, / and =, and not " TRAILER);
    else if (stat(path, &st) != 0)
        good = bad(w, path, strerror(errno));
    else if (S_ISREG(st.st_mode))
        good = file_write(w, path, name, &st);
    else if (!S_ISDIR(st.st_mode))
        good = bad(w, path, "neither a file nor a directory");
    else {
        char *root = realpath(path, NULL);
        good = root != NULL ? walk(w, root, root, name, 0) : bad(w, path, strerror(errno));
        free(root);
        if (good && w->n == before)
            good = bad(w, path, "there is no file in it");
    }
    free(name);
    return good;
}

/* Two of one name would stop the guest. */
static bool names_differ(const struct writer *w, const struct work_words *modules)
{
    for (size_t i = 0; i < modules->n; i++) {
        size_t len = strcspn(modules->word[i], "=") + 1;
        for (size_t k = 0; k < i; k++)
            if (strncmp(modules->word[i], modules->word[k], len) == 0)
                return bad(w, modules->word[i], "there is a module of this name already");
    }
    return true;
}

bool archive_write(const char *tool, const char *file, const struct work_words *modules)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    struct writer w = { .tool = tool, .out = file, .limit = (long long)time(NULL) };
    if (epoch != NULL && epoch[0] >= '0' && epoch[0] <= '9')
        w.limit = strtoll(epoch, NULL, 10);
    if (!names_differ(&w, modules))
        return false;
    w.f = fopen(file, "wb");
    if (w.f == NULL)
        return bad_out(&w);
    bool good = true;
    for (size_t i = 0; i < modules->n && good; i++)
        good = module_write(&w, modules->word[i]);
    good = good && entry_write(&w, TRAILER, 0, 0, (const uint8_t *)"", 0);
    if (fclose(w.f) != 0 && good)
        good = bad_out(&w);
    return good;
}
