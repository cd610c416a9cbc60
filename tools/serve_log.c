/* SPDX-License-Identifier: ISC */
/*
 * The access log of tern serve, in the Combined Log Format:
 *
 *     192.0.2.1 - - [23/Nov/2026:08:03:28 +0000] "GET / HTTP/1.1" 200 512 "-" "curl/7.88.1"
 *
 * Lines gather in memory and are written when half of it is full, or once a
 * second. If nobody takes them they are lost and counted: a log does not stop
 * the server.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "serve.h"

/* No line is longer: all of a head with each octet escaped, and what is ours. */
#define LINE_MAX_LEN (4u * TERN_HTTP_HEAD_CAP + 256u)
#define FLUSH_NS TERN_SECOND_NS

void serve_log_flush(struct serve_log *log)
{
    size_t at = 0;
    struct pollfd p = { .fd = log->fd, .events = POLLOUT };

    while (at < log->len) {
        if (poll(&p, 1, 0) <= 0)
            break;
        /*
         * A pipe that polls as writable has room for PIPE_BUF octets and no
         * more (pipe(7)), and a larger write would wait for its reader.
         */
        size_t left = log->len - at, most = !log->waits || left < PIPE_BUF ? left : PIPE_BUF;
        ssize_t n = write(log->fd, log->buf + at, most);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    memmove(log->buf, log->buf + at, log->len - at);
    log->len -= at;
    tern_timer_cancel(log->turn, &log->timer);
}

static void flush_fire(struct tern_timer *timer, uint64_t now_ns)
{
    struct serve_log *log = TERN_CONTAINER_OF(timer, struct serve_log, timer);
    serve_log_flush(log);
    if (log->len > 0)
        tern_timer_set(log->turn, timer, now_ns + FLUSH_NS);
}

/* ---- A line -------------------------------------------------------------------- */

struct line {
    char *at;
    size_t len, cap;
};

static void put(struct line *l, const char *s, size_t len)
{
    if (len > l->cap - l->len)
        len = l->cap - l->len;
    memcpy(l->at + l->len, s, len);
    l->len += len;
}

/* What a peer sent: no quote, backslash or control octet goes through as it is. */
static void put_escaped(struct line *l, struct tern_http_span s)
{
    static const char hex[] = "0123456789abcdef";
    size_t begin = 0;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
            continue;
        char escaped[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };
        put(l, s.data + begin, i - begin);
        put(l, escaped, sizeof escaped);
        begin = i + 1;
    }
    if (s.len > begin)
        put(l, s.data + begin, s.len - begin);
}

static void put_number(struct line *l, uint64_t n)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    put(l, digits + at, sizeof digits - at);
}

static void put_field(struct line *l, const struct tern_http_exchange *x, const char *name)
{
    struct tern_http_span value;
    size_t i = 0;

    put(l, " \"", 2);
    if (tern_http_find(x, name, &i, &value))
        put_escaped(l, value);
    else
        put(l, "-", 1);
    put(l, "\"", 1);
}

/* The time's text changes once a second. */
static void put_time(struct serve_log *log, struct line *l, uint64_t wall_ns)
{
    uint64_t second = wall_ns / TERN_SECOND_NS;
    if (second != log->second) {
        time_t t = (time_t)second;
        struct tm tm;
        log->second = second;
        (void)strftime(log->time, sizeof log->time, "%d/%b/%Y:%H:%M:%S +0000",
                       gmtime_r(&t, &tm));
    }
    put(l, log->time, strlen(log->time));
}

/* Who and when, up to where the request is quoted; false: nobody takes the log. */
static bool line_begin(struct serve_log *log, struct line *l, const struct tern_addr *addr,
                       uint64_t wall_ns)
{
    char peer[TERN_ADDR_TEXT_CAP];

    if (log->fd < 0)
        return false;
    if (SERVE_LOG_CAP - log->len < LINE_MAX_LEN)
        serve_log_flush(log);
    if (SERVE_LOG_CAP - log->len < LINE_MAX_LEN) {
        log->n_lost++;
        return false;
    }
    *l = (struct line){ .at = log->buf + log->len, .cap = LINE_MAX_LEN - 1 };
    put(l, peer, tern_addr_format(addr, peer));
    put(l, " - - [", 6);
    put_time(log, l, wall_ns);
    put(l, "] \"", 3);
    return true;
}

static void line_end(struct serve_log *log, const struct line *l)
{
    log->len += l->len;
    log->buf[log->len++] = '\n';
    if (log->len > SERVE_LOG_CAP / 2)
        serve_log_flush(log);
    else if (!tern_timer_is_set(&log->timer))
        tern_timer_set(log->turn, &log->timer, log->turn->now_ns + FLUSH_NS);
}

void serve_log_refusal(struct serve_log *log, const struct tern_http_refusal *refusal,
                       uint64_t wall_ns)
{
    static const char rest[] = " \"-\" \"-\"";
    const char *why = tern_http_fault_text(refusal->fault);
    struct line l;

    if (!line_begin(log, &l, &refusal->info->peer.addr, wall_ns))
        return;
    put(&l, "[", 1);    /* no method begins so: nobody can send what looks like this */
    put(&l, why, strlen(why));
    put(&l, "]\" ", 3);
    put_number(&l, refusal->status);
    put(&l, " ", 1);
    put_number(&l, refusal->body_len);
    put(&l, rest, sizeof rest - 1);
    line_end(log, &l);
}

void serve_log_add(struct serve_log *log, const struct tern_http_exchange *x, uint64_t wall_ns,
                   uint16_t status, uint64_t len)
{
    struct tern_stream_info room;
    struct line l;

    if (!line_begin(log, &l, &tern_stream_info(&x->stream, &room)->peer.addr, wall_ns))
        return;
    put_escaped(&l, tern_http_method_text(x));
    put(&l, " ", 1);
    put_escaped(&l, tern_http_path(x));
    if (tern_http_query(x).data != NULL) {
        put(&l, "?", 1);
        put_escaped(&l, tern_http_query(x));
    }
    put(&l, tern_http_minor(x) == 0 ? " HTTP/1.0\" " : " HTTP/1.1\" ", 11);
    put_number(&l, status);
    put(&l, " ", 1);
    put_number(&l, len);
    put_field(&l, x, "referer");
    put_field(&l, x, "user-agent");
    line_end(log, &l);
}

/*
 * Standard output may block, and is shared with whoever started us: a pipe or
 * a terminal is opened anew, so that for us alone it does not.
 */
static int stdout_open(bool *waits)
{
    struct stat st;
    int fd = -1;

    if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
        fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    *waits = fd < 0;
    return fd >= 0 ? fd : STDOUT_FILENO;
}

enum tern_err serve_log_check(const char *where)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(where, '/');
    size_t len = slash != NULL ? (size_t)(slash - where) + 1 : 0;

    if (strcmp(where, "off") == 0 || strcmp(where, "-") == 0)
        return TERN_OK;
    int fd = open(where, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        return TERN_OK;
    }
    /* It would be made. */
    if (errno != ENOENT || where[len] == '\0' || len >= sizeof folder)
        return TERN_INVALID;
    memcpy(folder, len > 0 ? where : ".", len > 0 ? len : 1);
    folder[len > 0 ? len : 1] = '\0';
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 ? TERN_OK : TERN_INVALID;
}

enum tern_err serve_log_open(struct serve_log *log, struct tern_turn *turn, const char *where)
{
    memset(log, 0, sizeof *log);
    log->turn = turn;
    log->timer.fire = flush_fire;
    log->fd = -1;
    if (strcmp(where, "off") == 0)
        return TERN_OK;
    if (strcmp(where, "-") == 0) {
        log->fd = stdout_open(&log->waits);
        return TERN_OK;
    }
    log->fd = open(where, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0644);
    return log->fd >= 0 ? TERN_OK : TERN_INVALID;
}
