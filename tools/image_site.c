/* SPDX-License-Identifier: ISC */
/*
 * A directory as assets. Every file is read once: its octets go into one file
 * beside the table, its hash into its tag, so that the two cannot disagree
 * while somebody edits the site.
 */
#include "image_site.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "image_pack.h"
#include "work.h"

enum {
    DEPTH_MAX = 32,
    PACK_MAX = 1 << 26,       /* a file of more octets is kept as it is only */
    PACK_GAIN_MIN = 64,       /* octets to save, at least: a form has fields of its own */
};

static void *bad(const char *path, const char *why)
{
    fprintf(stderr, "tern image: --site: %s: %s\n", path, why);
    return NULL;
}

static bool asset_add(struct image_site *site, const char *file, const char *path)
{
    if (site->n == site->cap) {
        size_t cap = site->cap * 2 + 64;
        struct image_asset *grown = work_alloc(cap * sizeof *grown);
        if (site->n > 0)
            memcpy(grown, site->assets, site->n * sizeof *grown);
        free(site->assets);
        site->assets = grown;
        site->cap = cap;
    }
    site->assets[site->n++] = (struct image_asset){
        .path = work_format("%s", path), .file = work_format("%s", file),
        .type = tern_http_content_type(path, strlen(path)),
    };
    return true;
}

/* What begins with a dot is somebody's own, but for RFC 8615's directory. */
static bool is_hidden(const char *name)
{
    return name[0] == '.' && strcmp(name, ".well-known") != 0;
}

/* What the path of a request never holds (libhttp/http_path.c): nobody could ask for it. */
static bool is_askable(const char *name)
{
    for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++)
        if (*p < 0x20 || *p == 0x7f || *p == '\\')
            return false;
    return true;
}

/* Depth-first; the order of the whole is made afterwards. */
static bool walk(struct image_site *site, const char *root, const char *dir, const char *path,
                 unsigned depth)
{
    if (depth > DEPTH_MAX)
        return bad(dir, "directories are nested too deeply (a link to itself?)") != NULL;
    DIR *d = opendir(dir);
    if (d == NULL)
        return bad(dir, strerror(errno)) != NULL;
    bool good = true;
    const struct dirent *entry;
    while (good && (entry = readdir(d)) != NULL) {
        if (is_hidden(entry->d_name))
            continue;
        char *file = work_format("%s/%s", dir, entry->d_name);
        char *at = work_format("%s/%s", path, entry->d_name);
        struct stat st;
        if (!is_askable(entry->d_name))
            good = bad(file, "no URL leads to a name with a control character or \\ in it") != NULL;
        else if (stat(file, &st) != 0)
            good = bad(file, strerror(errno)) != NULL;
        else if (!work_is_inside(root, file))
            good = bad(file, "a symbolic link that leaves the site") != NULL;
        else if (S_ISDIR(st.st_mode))
            good = walk(site, root, file, at, depth + 1);
        else if (S_ISREG(st.st_mode))
            good = asset_add(site, file, at);
        else
            good = bad(file, "neither a file nor a directory") != NULL;
        free(file);
        free(at);
    }
    closedir(d);
    return good;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct image_asset *)a)->path, ((const struct image_asset *)b)->path);
}

/* Writes octets behind those before them, and what they are. */
static bool form_add(struct image_site *site, struct image_form *form, FILE *all,
                     const uint8_t *data, size_t len)
{
    struct tern_sha256 sum;
    uint8_t digest[TERN_SHA256_LEN];
    char hex[65];
    if (fwrite(data, 1, len, all) != len)
        return bad(work_dir(), strerror(errno)) != NULL;
    tern_sha256_init(&sum);
    tern_sha256_add(&sum, data, len);
    tern_sha256_finish(&sum, digest);
    tern_sha256_hex(digest, hex);
    snprintf(form->etag, sizeof form->etag, "\"%.24s\"", hex);
    form->off = site->len;
    form->len = len;
    site->len += len;
    return true;
}

/*
 * When the file was changed; not later than now, or than SOURCE_DATE_EPOCH
 * says, so that who wants the same image from another checkout can have it.
 */
static void date_set(struct image_asset *asset, const struct stat *st)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    long long limit = (long long)time(NULL), changed = (long long)st->st_mtime;
    if (epoch != NULL && epoch[0] >= '0' && epoch[0] <= '9')
        limit = strtoll(epoch, NULL, 10);
    changed = changed > limit ? limit : changed;
    tern_http_date_format(changed > 0 ? (uint64_t)changed : 0, asset->last_modified);
}

/* The whole file, which the caller frees; NULL after a message. */
static uint8_t *file_load(struct image_asset *asset, size_t *len)
{
    struct stat st;
    int fd = open(asset->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return bad(asset->file, strerror(errno));
    size_t cap = (size_t)st.st_size + 1, at = 0;    /* one more, to see the end */
    uint8_t *data = work_alloc(cap);
    ssize_t n;
    while (!work_interrupted() && (n = read(fd, data + at, cap - at)) != 0) {
        if (n < 0) {
            bad(asset->file, strerror(errno));
            free(data);
            data = NULL;
            break;
        }
        at += (size_t)n;
        if (at < cap)
            continue;
        uint8_t *grown = work_alloc(cap * 2);    /* somebody writes to it */
        memcpy(grown, data, at);
        free(data);
        data = grown;
        cap *= 2;
    }
    close(fd);
    date_set(asset, &st);
    *len = at;
    return data;
}

typedef uint8_t *pack(const uint8_t *data, size_t len, size_t less, size_t *out_len);

static bool packed_add(struct image_site *site, struct image_form *form, FILE *all, pack *packer,
                       const uint8_t *data, size_t len, size_t *least)
{
    size_t packed_len;
    if (*least <= PACK_GAIN_MIN)
        return true;
    uint8_t *packed = packer(data, len, *least - PACK_GAIN_MIN, &packed_len);
    if (packed == NULL)
        return true;
    bool good = form_add(site, form, all, packed, packed_len);
    site->n_packed++;
    *least = packed_len + PACK_GAIN_MIN;
    free(packed);
    return good;
}

/* A file and its smaller forms; brotli only where it is smaller than gzip. */
static bool asset_read(struct image_site *site, struct image_asset *asset, FILE *all)
{
    size_t len = 0, least;
    uint8_t *data = file_load(asset, &len);
    if (data == NULL)
        return false;
    bool good = form_add(site, &asset->forms[TERN_HTTP_IDENTITY], all, data, len);
    site->files_len += len;
    least = len;
    if (len <= PACK_MAX && image_pack_wants(asset->type))
        good = good &&
               packed_add(site, &asset->forms[TERN_HTTP_GZIP], all, image_pack_gzip, data, len,
                          &least) &&
               packed_add(site, &asset->forms[TERN_HTTP_BROTLI], all, image_pack_brotli, data,
                          len, &least);
    free(data);
    return good && !work_interrupted();
}

/* A C string as gas reads it. */
static void emit_text(FILE *f, const char *text)
{
    fputs("\t.asciz \"", f);
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p < 0x20 || *p >= 0x7f || *p == '"' || *p == '\\')
            fprintf(f, "\\%03o", *p);
        else
            putc(*p, f);
    }
    fputs("\"\n", f);
}

static void emit_label(FILE *f, const char *name, size_t i, const char *text)
{
    fprintf(f, "site_%s_%zu:\n", name, i);
    emit_text(f, text);
}

static const char *const form_names[TERN_HTTP_CODINGS] = { "etag", "gzip", "br" };

static void emit_strings(FILE *f, const struct image_asset *asset, size_t i)
{
    emit_label(f, "path", i, asset->path);
    emit_label(f, "type", i, asset->type);
    emit_label(f, "date", i, asset->last_modified);
    for (size_t c = 0; c < TERN_HTTP_CODINGS; c++)
        if (asset->forms[c].etag[0] != '\0')
            emit_label(f, form_names[c], i, asset->forms[c].etag);
}

static const char *word(void)
{
    return sizeof(void *) == 8 ? ".quad" : ".long";
}

/* Tag, octets and length, as in struct tern_http_coded. */
static void emit_form(FILE *f, const struct image_form *form, const char *name, size_t i)
{
    if (form->etag[0] == '\0')
        fprintf(f, "\t%s 0, 0, 0\n", word());
    else
        fprintf(f, "\t%s site_%s_%zu, site_octets + %zu, %zu\n", word(), name, i, form->off,
                form->len);
}

/* An element of struct tern_http_asset: twelve words. */
static void emit_asset(FILE *f, const struct image_asset *asset, size_t i)
{
    fprintf(f, "\t%s site_path_%zu, site_type_%zu\n", word(), i, i);
    emit_form(f, &asset->forms[TERN_HTTP_IDENTITY], form_names[TERN_HTTP_IDENTITY], i);
    fprintf(f, "\t%s site_date_%zu\n", word(), i);
    emit_form(f, &asset->forms[TERN_HTTP_GZIP], form_names[TERN_HTTP_GZIP], i);
    emit_form(f, &asset->forms[TERN_HTTP_BROTLI], form_names[TERN_HTTP_BROTLI], i);
}

static void emit_field_strings(FILE *f, const char *list, const struct tern_http_field *fields,
                               size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *name = work_format("%.*s", (int)fields[i].name.len, fields[i].name.data);
        char *value = work_format("%.*s", (int)fields[i].value.len, fields[i].value.data);
        char *label = work_format("%s_name", list);
        emit_label(f, label, i, name);
        label[strlen(label) - 4] = '\0';
        emit_label(f, label, i, value);
        free(name);
        free(value);
        free(label);
    }
}

static void emit_fields(FILE *f, const char *list, const struct tern_http_field *fields, size_t n)
{
    fprintf(f, "site_%s:\n", list);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "\t%s site_%s_name_%zu, %zu, site_%s__%zu, %zu\n", word(), list, i,
                fields[i].name.len, list, i, fields[i].value.len);
}

/* struct tern_http_policy, and what it points to. */
static void emit_policy(FILE *f, const struct tern_http_policy *policy, const char *binding)
{
    fprintf(f, "\t.section .rodata.tern_http_site_policy,\"a\",%%progbits\n");
    emit_field_strings(f, "every", policy->every, policy->n_every);
    emit_field_strings(f, "documents", policy->documents, policy->n_documents);
    fprintf(f, "\t.section .data.rel.ro.tern_http_site_policy,\"aw\",%%progbits\n"
               "\t.balign 8\n");
    emit_fields(f, "every", policy->every, policy->n_every);
    emit_fields(f, "documents", policy->documents, policy->n_documents);
    fprintf(f, "\t%s tern_http_site_policy\ntern_http_site_policy:\n"
               "\t%s site_every, site_documents, %zu, %zu\n",
            binding, word(), policy->n_every, policy->n_documents);
}

/*
 * Strings and octets first, then the table. An absent site is weak, so that an
 * appliance with a table of its own links.
 */
static bool emit(const struct image_site *site, bool weak)
{
    const char *name = work_path("site.S");
    FILE *f = fopen(name, "w");
    if (f == NULL)
        return bad(name, strerror(errno)) != NULL;
    fprintf(f, "\t.section .tern.assets,\"a\",%%progbits\n\t.balign 16\nsite_octets:\n");
    if (site->len > 0)
        fprintf(f, "\t.incbin \"site.bin\"\n");
    fprintf(f, "\t.section .rodata.tern_http_site,\"a\",%%progbits\n");
    for (size_t i = 0; i < site->n; i++)
        emit_strings(f, &site->assets[i], i);
    const char *binding = weak ? ".weak" : ".globl";
    fprintf(f, "\t%s tern_http_site_len\n\t.balign 8\ntern_http_site_len:\n\t%s %zu\n", binding,
            word(), site->n);
    fprintf(f, "\t.section .data.rel.ro.tern_http_site,\"aw\",%%progbits\n"
               "\t%s tern_http_site\n\t.balign 8\ntern_http_site:\n", binding);
    for (size_t i = 0; i < site->n; i++)
        emit_asset(f, &site->assets[i], i);
    fprintf(f, "\t%s 0\n", word());    /* a table of none has an address too */
    emit_policy(f, &site->headers.policy, binding);
    fprintf(f, "\t.section .note.GNU-stack,\"\",%%progbits\n");
    if (fclose(f) != 0)
        return bad(name, strerror(errno)) != NULL;
    return true;
}

static bool read_all(struct image_site *site)
{
    const char *name = work_path("site.bin");
    FILE *all = fopen(name, "wb");
    if (all == NULL)
        return bad(name, strerror(errno)) != NULL;
    bool good = true;
    for (size_t i = 0; i < site->n && good; i++)
        good = asset_read(site, &site->assets[i], all);
    if (fclose(all) != 0)
        good = bad(name, strerror(errno)) != NULL;
    return good;
}

bool image_site_read(struct image_site *site, const char *dir, const char *headers)
{
    memset(site, 0, sizeof *site);
    if (!headers_read(&site->headers, headers)) {
        fprintf(stderr, "tern image: --headers: %s\n", site->headers.why);
        return false;
    }
    if (dir == NULL)
        return emit(site, headers == NULL);
    char *root = realpath(dir, NULL);
    struct stat st;
    if (root == NULL || stat(root, &st) != 0)
        return bad(dir, strerror(errno)) != NULL;
    if (!S_ISDIR(st.st_mode))
        return bad(dir, "not a directory") != NULL;
    bool good = walk(site, root, root, "", 0);
    free(root);
    if (!good)
        return false;
    if (site->n == 0)
        return bad(dir, "there is no file in it") != NULL;
    qsort(site->assets, site->n, sizeof *site->assets, by_path);
    return read_all(site) && emit(site, false);
}
