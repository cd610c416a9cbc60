/* SPDX-License-Identifier: ISC */
/*
 * A directory as assets. Every file is read once: its octets go into one file
 * beside the table, its hash into its tag, so that the two cannot disagree
 * while somebody edits the site.
 */
#include "image_site.h"

#include <tern/http.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sha256.h"
#include "work.h"

enum { DEPTH_MAX = 32 };

static void *bad(const char *path, const char *why)
{
    fprintf(stderr, "tern image: --site: %s: %s\n", path, why);
    return NULL;
}

/* Is the file that path leads to inside root? */
static bool is_inside(const char *root, const char *path)
{
    char *real = realpath(path, NULL);
    size_t len = strlen(root);
    bool inside = real != NULL && strncmp(real, root, len) == 0 &&
                  (real[len] == '/' || real[len] == '\0' || root[len - 1] == '/');
    free(real);
    return inside;
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
        else if (!is_inside(root, file))
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

/* Copies the file's octets behind those before it. */
static bool asset_read(struct image_asset *asset, FILE *all, size_t *off)
{
    static char buf[1 << 16];
    struct sha256 sum;
    char hex[65];
    int fd = open(asset->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return bad(asset->file, strerror(errno)) != NULL;
    sha256_init(&sum);
    asset->off = *off;
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0 && !work_interrupted()) {
        sha256_add(&sum, buf, (size_t)n);
        if (fwrite(buf, 1, (size_t)n, all) != (size_t)n) {
            close(fd);
            return bad(work_dir(), strerror(errno)) != NULL;
        }
        *off += (size_t)n;
    }
    int error = errno;
    close(fd);
    if (n < 0)
        return bad(asset->file, strerror(error)) != NULL;
    asset->len = *off - asset->off;
    sha256_finish(&sum, hex);
    snprintf(asset->etag, sizeof asset->etag, "\"%.32s\"", hex);
    return true;
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

/*
 * Strings and octets first, then the table, an element of five words each. An
 * absent site is weak, so that an appliance with a table of its own links.
 */
static bool emit(const struct image_site *site, bool weak)
{
    const char *name = work_path("site.S");
    FILE *f = fopen(name, "w");
    if (f == NULL)
        return bad(name, strerror(errno)) != NULL;
    const char *word = sizeof(void *) == 8 ? ".quad" : ".long";
    fprintf(f, "\t.section .tern.assets,\"a\",%%progbits\n\t.balign 16\nsite_octets:\n");
    if (site->len > 0)
        fprintf(f, "\t.incbin \"site.bin\"\n");
    fprintf(f, "\t.section .rodata.tern_http_site,\"a\",%%progbits\n");
    for (size_t i = 0; i < site->n; i++) {
        fprintf(f, "site_path_%zu:\n", i);
        emit_text(f, site->assets[i].path);
        fprintf(f, "site_type_%zu:\n", i);
        emit_text(f, site->assets[i].type);
        fprintf(f, "site_etag_%zu:\n", i);
        emit_text(f, site->assets[i].etag);
    }
    const char *binding = weak ? ".weak" : ".globl";
    fprintf(f, "\t%s tern_http_site_len\n\t.balign 8\ntern_http_site_len:\n\t%s %zu\n", binding,
            word, site->n);
    fprintf(f, "\t.section .data.rel.ro.tern_http_site,\"aw\",%%progbits\n"
               "\t%s tern_http_site\n\t.balign 8\ntern_http_site:\n", binding);
    for (size_t i = 0; i < site->n; i++)
        fprintf(f, "\t%s site_path_%zu, site_type_%zu, site_etag_%zu, site_octets + %zu, %zu\n",
                word, i, i, i, site->assets[i].off, site->assets[i].len);
    fprintf(f, "\t%s 0, 0, 0, 0, 0\n\t.section .note.GNU-stack,\"\",%%progbits\n", word);
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
        good = asset_read(&site->assets[i], all, &site->len);
    if (fclose(all) != 0)
        good = bad(name, strerror(errno)) != NULL;
    return good;
}

bool image_site_read(struct image_site *site, const char *dir)
{
    *site = (struct image_site){ .assets = NULL };
    if (dir == NULL)
        return emit(site, true);
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
