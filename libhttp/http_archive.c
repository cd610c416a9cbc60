/* SPDX-License-Identifier: ISC */
/*
 * A site that comes in an archive, at the start: its files, where they lie, as
 * assets. What a build does with a directory (`tern image --site`) is done here
 * with what a loader passes, and checked: an archive may come from anybody.
 */
#include "http_internal.h"

#include <tern/archive.h>

enum { ETAG_DIGITS = 24, ETAG_CAP = ETAG_DIGITS + 3 };

static enum tern_err bad(struct tern_http_archive *a, enum tern_err err, size_t off,
                         const char *name, const char *why)
{
    a->n = 0;
    a->off = off;
    a->name = name;
    a->why = why;
    return err;
}

/* ---- Names --------------------------------------------------------------------- */

/* What begins with a dot is somebody's own, but for RFC 8615's directory. */
static bool is_hidden(const char *name, size_t len)
{
    static const char well_known[] = ".well-known/";
    for (size_t i = 0; i < len; i++) {
        if (name[i] != '.' || (i > 0 && name[i - 1] != '/'))
            continue;
        if (len - i < sizeof well_known - 1 ||
            memcmp(name + i, well_known, sizeof well_known - 1) != 0)
            return true;
    }
    return false;
}

/* Does a request lead to it: is it a normal path, behind a slash? */
static bool is_askable(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (name[i] == '\\')
            return false;
    return true;
}

static bool is_beneath(const struct tern_archive_file *file, const char *root, size_t root_len)
{
    return file->name_len > root_len && memcmp(file->name, root, root_len) == 0 &&
           file->name[root_len] == '/';
}

/*
 * Reads all of it once, which finds every fault that it has, and tells how many
 * octets at the beginning of each name are the root's.
 */
static enum tern_err look(struct tern_http_archive *a, const uint8_t *data, size_t len,
                          const char *root, size_t *skip)
{
    size_t root_len = root != NULL ? strlen(root) : 0, n = 0, n_beneath = 0;
    struct tern_archive archive;
    struct tern_archive_file file;

    tern_archive_init(&archive, data, len);
    for (;;) {
        enum tern_err err = tern_archive_next(&archive, &file);
        if (err != TERN_OK)
            return bad(a, err, archive.off, NULL, archive.why);
        if (file.name == NULL)
            break;
        n++;
        n_beneath += root_len > 0 && is_beneath(&file, root, root_len);
    }
    if (n == 0)
        return bad(a, TERN_MALFORMED, archive.off, NULL, "there is no file in it");
    *skip = n_beneath == n ? root_len + 1 : 0;
    if (*skip == 0 && !archive.complete)
        return bad(a, TERN_TRUNCATED, archive.off, NULL, "the entry that ends it is missing");
    return TERN_OK;
}

/* ---- One file ------------------------------------------------------------------- */

/* Room for text, or NULL. */
static char *text_take(struct tern_http_archive *a, size_t len)
{
    if (len > a->text_cap - a->text_len)
        return NULL;
    a->text_len += len;
    return a->text + a->text_len - len;
}

static void etag_make(char *etag, const uint8_t *data, size_t len)
{
    struct tern_sha256 sha;
    uint8_t digest[TERN_SHA256_LEN];
    char hex[TERN_SHA256_TEXT_CAP];

    tern_sha256_init(&sha);
    tern_sha256_add(&sha, data, len);
    tern_sha256_finish(&sha, digest);
    tern_sha256_hex(digest, hex);
    etag[0] = '"';
    memcpy(etag + 1, hex, ETAG_DIGITS);
    memcpy(etag + 1 + ETAG_DIGITS, "\"", 2);
}

static enum tern_err asset_add(struct tern_http_archive *a, const struct tern_archive_file *file,
                               const char *name, size_t name_len)
{
    if (!is_askable(name, name_len))
        return bad(a, TERN_MALFORMED, file->off, name, "no URL leads to a name with \\ in it");
    if (a->n == a->cap)
        return bad(a, TERN_FULL, file->off, name, "more files than there is room for");
    char *path = text_take(a, name_len + 2 + ETAG_CAP + TERN_HTTP_DATE_LEN + 1);
    if (path == NULL)
        return bad(a, TERN_FULL, file->off, name, "longer names than there is room for");
    char *etag = path + name_len + 2, *date = etag + ETAG_CAP;
    path[0] = '/';
    memcpy(path + 1, name, name_len + 1);
    etag_make(etag, file->data, file->len);
    tern_http_date_format(file->mtime_s, date);
    date[TERN_HTTP_DATE_LEN] = '\0';
    a->assets[a->n++] = (struct tern_http_asset){
        .path = path, .content_type = tern_http_content_type(path, name_len + 1), .etag = etag,
        .data = file->data, .len = file->len, .last_modified = date,
    };
    return TERN_OK;
}

/* ---- The table -------------------------------------------------------------------- */

/* As strcmp. */
static int path_compare(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

/* What stands at i is moved down until nothing below it in the heap of n is greater. */
static void sink(struct tern_http_asset *assets, size_t i, size_t n)
{
    struct tern_http_asset moved = assets[i];
    for (;;) {    /* i grows */
        size_t child = 2 * i + 1;
        if (child >= n)
            break;
        if (child + 1 < n && path_compare(assets[child].path, assets[child + 1].path) < 0)
            child++;
        if (path_compare(moved.path, assets[child].path) >= 0)
            break;
        assets[i] = assets[child];
        i = child;
    }
    assets[i] = moved;
}

/* Heapsort: whatever order a stranger's archive has, O(n log n), and in place. */
static void sort(struct tern_http_asset *assets, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sink(assets, i, n);
    for (size_t end = n; end > 1; end--) {
        struct tern_http_asset last = assets[end - 1];
        assets[end - 1] = assets[0];
        assets[0] = last;
        sink(assets, 0, end - 1);
    }
}

/* A file whose name is another's and an ending is a form of that one. */
static void form_join(const struct tern_http_archive *a, const struct tern_http_asset *form)
{
    /* A path has two octets or more, and a zero, and begins with a slash. */
    size_t len = strlen(form->path), plain = len > 3 ? len - 3 : 0;
    bool gzip = memcmp(form->path + plain, ".gz", 3) == 0;
    if (!gzip && memcmp(form->path + plain, ".br", 3) != 0)
        return;
    const struct tern_http_asset *found =
        tern_http_asset_find(a->assets, a->n, form->path, plain);
    if (found == NULL || form->len >= found->len)
        return;
    struct tern_http_asset *asset = &a->assets[found - a->assets];
    *(gzip ? &asset->gzip : &asset->brotli) =
        (struct tern_http_coded){ form->etag, form->data, form->len };
}

enum tern_err tern_http_archive_read(struct tern_http_archive *a, const uint8_t *data, size_t len,
                                     const char *root)
{
    struct tern_archive archive;
    struct tern_archive_file file;
    size_t skip = 0;

    a->n = a->text_len = a->n_hidden = a->off = 0;
    a->why = a->name = NULL;
    enum tern_err err = look(a, data, len, root, &skip);
    tern_archive_init(&archive, data, len);
    while (err == TERN_OK && tern_archive_next(&archive, &file) == TERN_OK && file.name != NULL) {
        if (is_hidden(file.name + skip, file.name_len - skip))
            a->n_hidden++;
        else
            err = asset_add(a, &file, file.name + skip, file.name_len - skip);
    }
    if (err != TERN_OK)
        return err;
    if (a->n == 0)
        return bad(a, TERN_MALFORMED, 0, NULL, "there is no file in it but hidden ones");
    sort(a->assets, a->n);
    for (size_t i = 1; i < a->n; i++)
        if (path_compare(a->assets[i - 1].path, a->assets[i].path) == 0)
            return bad(a, TERN_MALFORMED, (size_t)(a->assets[i].data - data), a->assets[i].path,
                       "two files of one name");
    for (size_t i = 0; i < a->n; i++)
        form_join(a, &a->assets[i]);
    return TERN_OK;
}
