/* SPDX-License-Identifier: ISC */
/*
 * The log: a ring of octets that is sent to the console a little at a time, so
 * that a slow one never holds up the loop. What finds no room is dropped, a whole
 * call's text at once, counted, and reported where the gap is.
 */
#include <stdarg.h>
#include <string.h>

#include "backends/pvh/pvh_internal.h"

enum { RING_CAP = 8192, PIECE = 16 };    /* a power of two; what a flush sends at once */

static struct {
    bool direct;    /* wait for the console instead of dropping */
    bool lost;      /* a gap is to be reported */
    uint32_t head, tail;    /* free-running: octets written, octets sent */
    char ring[RING_CAP];
} console;

bool pvh_log_send(size_t n)
{
    while (console.head != console.tail && n > 0) {
        size_t len = console.head - console.tail, to_end = RING_CAP - console.tail % RING_CAP;
        if (len > to_end)
            len = to_end;
        if (len > n)
            len = n;
        size_t taken = pvh_machine_put(console.ring + console.tail % RING_CAP, len);
        if (taken == 0)
            return false;
        console.tail += (uint32_t)taken;
        n -= taken;
    }
    return console.head == console.tail;
}

void pvh_log_flush(void)
{
    /*
     * A port that takes nothing for about a second is given up. The count
     * stands for time because the clock may be what is broken: a port read
     * takes a microsecond or so on whatever there is.
     */
    uint32_t idle = 0;
    while (console.head != console.tail && idle < 1000000) {
        uint32_t before = console.tail;
        (void)pvh_log_send(PIECE);
        idle = console.tail == before ? idle + 1 : 0;
    }
}

void pvh_log_direct(void)
{
    console.direct = true;
    pvh_log_flush();
}

static size_t ring_room(void)
{
    return RING_CAP - (console.head - console.tail);
}

static void ring_put(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        console.ring[console.head++ % RING_CAP] = text[i];
}

/* The octets that text needs with "\n" sent as "\r\n", for terminals. */
static size_t sent_len(const char *text, size_t len)
{
    size_t n = len;
    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    return n;
}

void pvh_log(const char *text, size_t len)
{
    static const char gap[] = "log: lines lost\r\n";
    size_t need = sent_len(text, len) + (console.lost ? sizeof gap - 1 : 0);
    if (console.direct && need > ring_room())
        pvh_log_flush();
    if (need > ring_room()) {
        console.lost = true;
        pvh_counters.log_dropped += len;
        return;
    }
    if (console.lost) {
        console.lost = false;
        ring_put(gap, sizeof gap - 1);
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            ring_put("\r", 1);
        ring_put(text + i, 1);
    }
    if (console.direct)
        pvh_log_flush();
}

/* ---- Formats ---- */

struct line {
    char text[256];
    size_t len;
};

static void line_char(struct line *line, char c)
{
    if (line->len < sizeof line->text)
        line->text[line->len++] = c;
}

static void line_number(struct line *line, uint64_t v, unsigned base, unsigned width)
{
    char digits[20];
    unsigned n = 0;
    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v != 0);
    for (; width > n; width--)
        line_char(line, '0');
    while (n > 0)
        line_char(line, digits[--n]);
}

static void line_format(struct line *line, const char *format, va_list args)
{
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%') {
            line_char(line, *p);
            continue;
        }
        unsigned width = 0;
        for (p++; *p >= '0' && *p <= '9'; p++)
            width = width * 10 + (unsigned)(*p - '0');
        bool wide = false;
        for (; *p == 'l' || *p == 'z'; p++)
            wide = true;
        if (*p == 's') {
            for (const char *s = va_arg(args, const char *); *s != '\0'; s++)
                line_char(line, *s);
        } else if (*p == 'c') {
            line_char(line, (char)va_arg(args, int));
        } else if (*p == 'd') {
            int64_t v = wide ? va_arg(args, long) : va_arg(args, int);
            if (v < 0)
                line_char(line, '-');
            line_number(line, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, 0);
        } else if (*p == 'u' || *p == 'x') {
            uint64_t v = wide ? va_arg(args, unsigned long) : va_arg(args, unsigned);
            line_number(line, v, *p == 'u' ? 10 : 16, width);
        } else if (*p == '%') {
            line_char(line, '%');
        } else {
            return;    /* not one of ours: the rest has unknown arguments */
        }
    }
}

void pvh_logf(const char *format, ...)
{
    struct line line = { .len = 0 };
    va_list args;
    va_start(args, format);
    line_format(&line, format, args);
    va_end(args);
    pvh_log(line.text, line.len);
}

_Noreturn void pvh_fail(int status, const char *format, ...)
{
    struct line line = { .len = 0 };
    va_list args;
    va_start(args, format);
    line_format(&line, format, args);
    va_end(args);
    pvh_log_direct();
    pvh_log(line.text, line.len);
    pvh_exit(status);
}
