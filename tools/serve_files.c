/* SPDX-License-Identifier: ISC */
/*
 * The cache of open files of tern serve.
 *
 * An open file is trusted for a second; then the path is opened again, and if
 * that is the same file, unchanged, the old one is kept. Files of at most
 * SERVE_SMALL octets are kept with their octets. A file that is replaced while
 * it is being sent lives until its last user has given it back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "serve.h"

#define INDEX "index.html"
#define DATE_SETTLES_S 2u

static uint32_t path_hash(const struct serve_files *files, const char *path, size_t len)
{
    return (uint32_t)tern_siphash(files->key, (const uint8_t *)path, len);
}

/* ---- The lists -------------------------------------------------------------- */

static void used_remove(struct serve_files *files, struct serve_file *f)
{
    *(f->newer != NULL ? &f->newer->older : &files->newest) = f->older;
    *(f->older != NULL ? &f->older->newer : &files->oldest) = f->newer;
}

static void used_add(struct serve_files *files, struct serve_file *f)
{
    f->newer = NULL;
    f->older = files->newest;
    *(f->older != NULL ? &f->older->newer : &files->oldest) = f;
    files->newest = f;
}

static struct serve_file *hash_find(struct serve_files *files, const char *path, size_t len,
                                    uint32_t hash)
{
    struct serve_file *f = files->buckets[hash % SERVE_BUCKETS];
    while (f != NULL &&
           (f->hash != hash || f->path_len != len || memcmp(f->path, path, len) != 0))
        f = f->hash_next;
    return f;
}

static void file_free(struct serve_files *files, struct serve_file *f)
{
    close(f->fd);
    f->fd = -1;
    f->hash_next = files->free;
    files->free = f;
}

/* Out of the table; freed at once, or by its last user. */
static void file_forget(struct serve_files *files, struct serve_file *f)
{
    struct serve_file **at = &files->buckets[f->hash % SERVE_BUCKETS];
    if (f->hashed) {
        while (*at != f)
            at = &(*at)->hash_next;
        *at = f->hash_next;
        used_remove(files, f);
        f->hashed = false;
    }
    if (f->n_users == 0)
        file_free(files, f);
}

/* Closes the file unused for the longest time; false: all are being sent. */
static bool file_make_room(struct serve_files *files)
{
    struct serve_file *f = files->oldest;
    while (f != NULL && f->n_users > 0)
        f = f->newer;
    if (f == NULL)
        return false;
    file_forget(files, f);
    return true;
}

static struct serve_file *file_take(struct serve_files *files)
{
    if (files->free == NULL && !file_make_room(files)) {
        files->n_full++;
        return NULL;
    }
    struct serve_file *f = files->free;
    files->free = f->hash_next;
    f->hashed = false;
    f->n_users = 0;
    return f;
}

void serve_files_give(struct serve_files *files, struct serve_file *f)
{
    if (--f->n_users == 0 && !f->hashed)
        file_free(files, f);
}

/* ---- Opening ------------------------------------------------------------------- */

static uint16_t status_of(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
    case EXDEV:    /* it leads out of the root */
    case ELOOP:
    case ENXIO:    /* a socket, or a device without a driver */
        return 403;
    case EAGAIN:    /* the tree changed under a ".." of a link (openat2(2)) */
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return 503;
    default:
        return 404;
    }
}

/*
 * The call that takes no path, which is all that a sealed process may make: the
 * C library's fstat may be newfstatat with an empty one. On these processors
 * the kernel's struct is the library's; on others no call is refused.
 */
static int descriptor_stat(int fd, struct stat *st)
{
#if defined(__LP64__) && (defined(__x86_64__) || defined(__aarch64__))
    return (int)syscall(SYS_fstat, fd, st);
#else
    return fstat(fd, st);
#endif
}

static int open_beneath(struct serve_files *files, const char *relative)
{
    files->n_opens++;
    return serve_open(files->root_fd, relative, files->dot_files);
}

static uint64_t mtime_of(const struct stat *st)
{
    return (uint64_t)st->st_mtim.tv_sec * TERN_SECOND_NS + (uint64_t)st->st_mtim.tv_nsec;
}

static bool is_unchanged(const struct serve_file *f, const struct stat *st)
{
    return f->ino == st->st_ino && f->dev == st->st_dev && f->len == (uint64_t)st->st_size &&
           f->mtime_ns == mtime_of(st);
}

/*
 * The descriptor of a path's regular file, and what it is; -1 and the status.
 * A path that ends in "/" means the index in that directory.
 */
static int file_open(struct serve_files *files, const char *path, size_t len, struct stat *st,
                     uint16_t *status)
{
    char relative[8192 + sizeof INDEX];

    *status = 404;
    if (len > 8192 || memchr(path, '\0', len) != NULL)
        return -1;
    memcpy(relative, path + 1, len - 1);
    memcpy(relative + len - 1, INDEX, sizeof INDEX);
    if (path[len - 1] != '/')
        relative[len - 1] = '\0';
    int fd = open_beneath(files, relative);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
        int number = errno;
        if (file_make_room(files))
            fd = open_beneath(files, relative);
        else
            errno = number;
    }
    if (fd < 0) {
        *status = status_of(errno);
        return -1;
    }
    if (descriptor_stat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    *status = S_ISDIR(st->st_mode) ? (path[len - 1] == '/' ? 404 : 301) : 403;
    close(fd);
    return -1;
}

/* Reads a small file whole; false: it changed meanwhile, or cannot be read. */
static bool file_read(struct serve_file *f)
{
    struct stat st;
    size_t at = 0;

    while (at < f->len) {
        ssize_t n = pread(f->fd, f->octets->octets + at, f->len - at, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return descriptor_stat(f->fd, &st) == 0 && is_unchanged(f, &st);
}

/*
 * A date has seconds: what was changed in one that is not over may change again
 * and keep its date. So a date is told when a look at the file finds it old
 * enough that no other version has it or will: then it is as strong as a tag
 * (RFC 9110 section 8.8.2.2). Two seconds, for the kernel's clock of files is
 * late by some milliseconds, and FAT's counts by twos.
 */
static void file_date(struct serve_files *files, struct serve_file *f)
{
    uint64_t now_s = tern_host_wall_ns(files->host) / TERN_SECOND_NS;
    uint64_t changed_s = f->mtime_ns / TERN_SECOND_NS;
    bool is_settled = now_s > changed_s && now_s - changed_s >= DATE_SETTLES_S;
    f->representation.last_modified = is_settled ? f->last_modified : NULL;
}

/*
 * A strong tag (RFC 9110 section 8.8.3): another file, length or time is
 * another tag.
 */
static void file_describe(struct serve_files *files, struct serve_file *f, const char *path,
                          size_t len)
{
    bool is_index = path[len - 1] == '/';
    snprintf(f->etag, sizeof f->etag, "\"%llx-%llx-%llx\"", (unsigned long long)f->ino,
             (unsigned long long)f->len, (unsigned long long)f->mtime_ns);
    tern_http_date_format(f->mtime_ns / TERN_SECOND_NS, f->last_modified);
    f->representation = (struct tern_http_representation){
        .content_type = is_index ? tern_http_content_type(INDEX, sizeof INDEX - 1)
                                 : tern_http_content_type(path, len),
        .variants = { [TERN_HTTP_IDENTITY] = { f->etag, f->len },
                      [TERN_HTTP_GZIP] = { NULL, TERN_HTTP_UNKNOWN },
                      [TERN_HTTP_BROTLI] = { NULL, TERN_HTTP_UNKNOWN } },
        .status = 200,
    };
    file_date(files, f);
}

static uint16_t file_new(struct serve_files *files, int fd, const struct stat *st,
                         const char *path, size_t len, uint32_t hash, struct serve_file **file)
{
    struct serve_file *f = file_take(files);
    if (f == NULL) {
        close(fd);
        return 503;
    }
    f->fd = fd;
    f->ino = st->st_ino;
    f->dev = st->st_dev;
    f->len = (uint64_t)st->st_size;
    f->mtime_ns = mtime_of(st);
    f->checked_ns = files->host->turn->now_ns;
    f->whole = f->len <= SERVE_SMALL && file_read(f);
    file_describe(files, f, path, len);
    if (len <= SERVE_PATH_CAP) {
        memcpy(f->path, path, len);
        f->path_len = (uint16_t)len;
        f->hash = hash;
        f->hash_next = files->buckets[hash % SERVE_BUCKETS];
        files->buckets[hash % SERVE_BUCKETS] = f;
        f->hashed = true;
        used_add(files, f);
    }
    f->n_users++;
    *file = f;
    return 200;
}

uint16_t serve_files_open(struct serve_files *files, const char *path, size_t len,
                          struct serve_file **file)
{
    uint64_t now_ns = files->host->turn->now_ns;
    uint32_t hash = path_hash(files, path, len);
    struct serve_file *f = len <= SERVE_PATH_CAP ? hash_find(files, path, len, hash) : NULL;
    struct stat st;
    uint16_t status;

    if (!files->dot_files && serve_is_hidden(path, len))
        return 404;
    if (f != NULL && now_ns - f->checked_ns < SERVE_CHECK_NS) {
        files->n_hits++;
        if (f != files->newest) {
            used_remove(files, f);
            used_add(files, f);
        }
        f->n_users++;
        *file = f;
        return 200;
    }
    /* Held, so that a want of descriptors does not make it go away below. */
    if (f != NULL)
        f->n_users++;
    files->n_checks++;
    int fd = file_open(files, path, len, &st, &status);
    if (fd >= 0 && f != NULL && is_unchanged(f, &st)) {
        close(fd);
        f->checked_ns = now_ns;
        file_date(files, f);
        *file = f;
        return 200;
    }
    if (f != NULL) {
        f->n_users--;
        file_forget(files, f);
    }
    return fd < 0 ? status : file_new(files, fd, &st, path, len, hash, file);
}

void serve_files_init(struct serve_files *files, struct tern_host *host, int root_fd,
                      struct serve_file *entries, struct serve_octets *octets, size_t n,
                      const uint8_t key[16], bool dot_files)
{
    memset(files, 0, sizeof *files);
    files->dot_files = dot_files;
    files->files = entries;
    files->host = host;
    files->root_fd = root_fd;
    memcpy(files->key, key, 16);
    for (size_t i = n; i-- > 0;) {
        entries[i].fd = -1;
        entries[i].octets = &octets[i];
        entries[i].hash_next = files->free;
        files->free = &entries[i];
    }
}
