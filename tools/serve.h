/* SPDX-License-Identifier: ISC */
/*
 * tern serve inside: a directory over HTTP/1.1.
 *
 * In reading order:
 *     serve_open.c   names beneath the root, and which are hidden
 *     serve_files.c  the cache of open files
 *     serve_log.c    the access log
 *     serve_send.c   an answer that takes more than one visit
 *     serve.c        requests, options, start and end
 */
#ifndef TERN_TOOLS_SERVE_H
#define TERN_TOOLS_SERVE_H

#include <sys/types.h>

#include <tern/http.h>
#include <tern/unix.h>

#include "headers.h"

/* ---- serve_open.c ---------------------------------------------------------- */

/*
 * The descriptor of a directory to serve; -1 and errno. It is asked here whether
 * openat2 is there (Linux 5.6) and allowed: without it nothing would be found.
 */
int serve_open_root(const char *dir);

/*
 * What begins with a dot is somebody's own, but for RFC 8615's directory. Has
 * path, which begins with a slash, such a name?
 */
bool serve_is_hidden(const char *path, size_t len);

/*
 * Opens what a path beneath the root names, to read it; -1 and errno: EXDEV, it
 * leads out of the root, ENOENT also where a link leads to what is hidden and
 * there are no dot_files, EAGAIN, the tree changed meanwhile.
 */
int serve_open(int root_fd, const char *relative, bool dot_files);

/* ---- serve_files.c --------------------------------------------------------- */

#define SERVE_FILES 512u              /* open at once */
#define SERVE_SMALL 16384u            /* octets of a file that is kept in memory */
#define SERVE_PATH_CAP 1024u          /* octets of a path that can be found again */
#define SERVE_BUCKETS 1024u
#define SERVE_CHECK_NS TERN_SECOND_NS

struct serve_octets {
    uint8_t octets[SERVE_SMALL];
};

/* An open file. Found by path until it is replaced; open until nobody sends it. */
struct serve_file {
    struct serve_file *hash_next;
    struct serve_file *older, *newer;    /* by last use */
    struct serve_octets *octets;         /* this file's place; holds the whole if `whole` */
    uint64_t checked_ns;
    uint64_t len, ino, mtime_ns, dev;
    int fd;
    uint32_t n_users;
    uint32_t hash;
    bool hashed, whole;
    uint16_t path_len;
    char path[SERVE_PATH_CAP];
    char etag[64];
    char last_modified[TERN_HTTP_DATE_LEN];
    struct tern_http_representation representation;    /* what of it is sent decides libhttp */
};

struct serve_files {
    struct serve_file *files, *free;
    struct serve_file *oldest, *newest;
    struct serve_file *buckets[SERVE_BUCKETS];
    struct tern_host *host;
    uint8_t key[16];
    int root_fd;
    bool dot_files;
    uint64_t n_opens, n_checks, n_hits, n_full;
};

/*
 * files and octets: n of each, placed. root_fd is a directory. Without
 * dot_files what is hidden is not found.
 */
void serve_files_init(struct serve_files *files, struct tern_host *host, int root_fd,
                      struct serve_file *entries, struct serve_octets *octets, size_t n,
                      const uint8_t key[16], bool dot_files);

/*
 * The regular file of a normal path (tern_http_path_normalise), with one more
 * user, or the status that says why not: 301 (a directory without its slash),
 * 403, 404, 503 (too many are being sent).
 */
uint16_t serve_files_open(struct serve_files *files, const char *path, size_t len,
                          struct serve_file **file);
void serve_files_give(struct serve_files *files, struct serve_file *file);

/* ---- serve_log.c ------------------------------------------------------------ */

#define SERVE_LOG_CAP 131072u

struct serve_log {
    int fd;                 /* -1: off */
    bool waits;             /* a write may block, for its description is others' too */
    struct tern_turn *turn;
    struct tern_timer timer;
    size_t len;
    uint64_t n_lost;        /* lines that nobody took */
    uint64_t second;        /* that `time` is for */
    char time[32];
    char buf[SERVE_LOG_CAP];
};

/* where: a file to append to, "-" for standard output, "off". TERN_INVALID and errno: cannot. */
enum tern_err serve_log_open(struct serve_log *log, struct tern_turn *turn, const char *where);

/* Whether that can be, as far as is known without making a file. */
enum tern_err serve_log_check(const char *where);

/*
 * One line, Combined Log Format, for an answer that begins now and has so many
 * octets of body. Octets of the request that could forge a line are escaped.
 */
void serve_log_add(struct serve_log *log, const struct tern_http_exchange *x, uint64_t wall_ns,
                   uint16_t status, uint64_t len);
/* The same for a request that libhttp refused; its reason in brackets is in the request's place. */
void serve_log_refusal(struct serve_log *log, const struct tern_http_refusal *refusal,
                       uint64_t wall_ns);
void serve_log_flush(struct serve_log *log);

/* ---- serve_send.c -------------------------------------------------------------- */

struct serve;

/* An answer under way. */
struct serve_send {
    struct serve_send *next;       /* free */
    struct serve *serve;
    struct serve_file *file;
    struct tern_http_body body;
    uint64_t at;                   /* in the body */
};

/* Sends a body of the file from octet `at` on, and gives the file back. */
void serve_send_start(struct serve *serve, struct tern_http_exchange *x, struct serve_file *file,
                      const struct tern_http_body *body, uint64_t at);

/* ---- serve.c ------------------------------------------------------------------- */

struct serve {
    struct tern_host *host;
    struct tern_listener *listener;
    struct tern_http_server server;
    struct serve_files files;
    struct serve_log log;
    struct serve_send *free_sends;
    struct headers headers;
    struct tern_http_metrics metrics;
    struct tern_metrics_source sources[4];
    struct tern_http_metrics_port *port;    /* of status and metrics; NULL: nobody asked */
    uint64_t no_page_ns;           /* when there was no page for what is not found */
};

#endif
