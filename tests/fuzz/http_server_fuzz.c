/* SPDX-License-Identifier: ISC */
/*
 * A server over a feed: requests cut anywhere, a peer that reads when it likes,
 * handlers that do anything that the contract allows. What comes out is read
 * by a client that knows the questions: one answer a request, in order, framed
 * right, its body what the handler wrote; nothing after the end; and at the
 * end every pool is full again.
 *
 * Input: eight octets that seed all choices, then what the peer sends.
 */
#include <tern/feed.h>
#include <tern/http.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* SplitMix64: all choices come from the input's first octets. */
static uint64_t random_state;

static uint32_t choose(uint32_t n)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % n);
}

enum { N_CONNS = 2, N_HEADS = 2, N_BLOCKS = 24, N_ASKED = 512, OUT_CAP = 1 << 20 };

/* One request as its handler saw it, and what it did. */
struct asked {
    bool head;              /* HEAD */
    bool old;               /* HTTP/1.0: an answer may end with the connection */
    bool answered, ended;   /* respond said TERN_OK; the answer was completed */
    uint16_t status;
    size_t written;         /* octets of its body */
};

static struct asked asked[N_ASKED];
static size_t n_asked;

static struct tern_turn turn;
static struct tern_http_server server;
static struct tern_feed feed;
static struct tern_http_exchange *open_exchange;    /* attached, not yet closed */
static size_t body_len, to_write;
static bool aborted, kept, cut_short;
static uint8_t pattern[8192];
static uint8_t out[OUT_CAP];
static size_t out_len;

static struct asked *last(void)
{
    return &asked[n_asked - 1];
}

/* Octet i of an answer's body is pattern[i % 8192 % 251]: see pattern_init. */
static void pattern_init(void)
{
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)('A' + i % 51);
}

/* Writes some of the answer in some style; true if its end was reached. */
static void body_write(struct tern_http_exchange *x)
{
    struct tern_stream *s = &x->stream;
    struct asked *a = last();
    if (!a->answered || a->ended)
        return;
    for (uint32_t n = 1 + choose(4); n > 0 && to_write > 0; n--) {
        size_t at = a->written % 51, len = 1 + choose(3000), room, done = 0;
        if (len > to_write)
            len = to_write;
        switch (choose(3)) {
        case 0:
            done = tern_stream_write(s, pattern + at, len);
            break;
        case 1:
            done = tern_stream_borrow(s, pattern + at, len);
            must(done == 0 || done == len);
            break;
        default:
            for (uint32_t spans = 1 + choose(3); spans > 0 && done < len; spans--) {
                size_t least = 1 + choose(TERN_RESERVE_LEAST);
                if (least > len - done)
                    least = len - done;
                uint8_t *to = tern_stream_reserve(s, least, &room);
                if (to == NULL)
                    break;
                must(room >= least);
                size_t part = room < len - done ? room : len - done;
                memcpy(to, pattern + (a->written + done) % 51, part);
                if (part < room)
                    spans = 1;
                done += part;
            }
            tern_stream_commit(s, done);
            break;
        }
        a->written += done;
        to_write -= done;
        if (done == 0)
            break;
    }
    if (to_write == 0) {
        a->ended = true;
        tern_stream_finish(s);    /* harmless where the length has said so */
    }
}

static void answer_begin(struct tern_http_exchange *x)
{
    static const struct tern_http_field fields[] = {
        TERN_HTTP_FIELD("X-Fuzz", "some value"),
        TERN_HTTP_FIELD("Transfer-Encoding", "chunked"),
    };
    static const uint16_t statuses[] = { 200, 200, 200, 204, 304, 404, 500, 299 };
    struct asked *a = last();
    uint16_t status = statuses[choose(8)];
    size_t len = choose(2) ? choose(40) : choose(20000);
    bool bodiless = a->head || status == 204 || status == 304;
    uint64_t body = choose(2) ? len : TERN_HTTP_UNKNOWN;
    if (choose(10) == 0)
        must(tern_http_respond(x, status, fields, 2, body) == TERN_INVALID);
    if (choose(8) == 0)
        (void)tern_http_interim(x, 103, fields, 1);
    enum tern_err err = tern_http_respond(x, status, fields, choose(2), body);
    must(err == TERN_OK || err == TERN_FULL);
    if (err != TERN_OK)
        return;
    a->answered = true;
    a->status = status;
    to_write = bodiless ? 0 : len;
    a->ended = to_write == 0 && body != TERN_HTTP_UNKNOWN;
    if (bodiless)
        a->ended = true;
}

static void go_on(struct tern_http_exchange *x)
{
    if (aborted)
        return;
    if (!last()->answered)
        answer_begin(x);
    body_write(x);
    if (choose(400) == 0) {
        aborted = true;
        tern_stream_abort(&x->stream, TERN_ABORTED);
    }
}

static size_t on_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    size_t take = choose(4) == 0 ? choose((uint32_t)len + 1) : len;
    memset(data, 0xee, take);
    body_len += take;
    if (take < len)
        tern_stream_resume(s);
    if (choose(3) == 0)
        go_on(open_exchange);
    return take;
}

static void on_ended(struct tern_stream *s)
{
    (void)s;
    go_on(open_exchange);
}

static void on_room(struct tern_stream *s)
{
    (void)s;
    go_on(open_exchange);
}

static void on_closed(struct tern_stream *s, enum tern_err why)
{
    must(open_exchange != NULL && s == &open_exchange->stream);
    if (why == TERN_OK)
        must(last()->answered && last()->ended);
    else if (last()->answered)
        cut_short = true;    /* the peer ended or broke off inside its request */
    if (kept && why == TERN_OK)
        must(tern_http_path(open_exchange).len > 0);
    open_exchange = NULL;
}

static const struct tern_stream_events events = {
    .data = on_data,
    .ended = on_ended,
    .room = on_room,
    .closed = on_closed,
};

static void on_request(void *app, struct tern_http_exchange *x)
{
    (void)app;
    must(open_exchange == NULL);    /* one after another */
    must(n_asked < N_ASKED);
    asked[n_asked++] = (struct asked){ .head = tern_http_method(x) == TERN_HTTP_HEAD,
                                       .old = tern_http_minor(x) == 0 };
    for (size_t i = 0; i < tern_http_n_fields(x); i++)
        must(tern_http_field(x, i).name.len > 0);
    must(tern_http_path(x).len > 0);
    body_len = to_write = 0;
    kept = choose(6) == 0 && tern_http_keep(x) == TERN_OK;
    switch (choose(8)) {
    case 0:    /* neither answers nor attaches */
        if (choose(8) == 0) {
            last()->answered = last()->ended = true;
            last()->status = 500;
            last()->written = SIZE_MAX;
            break;
        }
        /* fall through */
    case 1:
    case 2:    /* the whole answer at once */
        must(tern_http_respond_text(x, 200, (const char *)pattern, 6) == TERN_OK);
        *last() = (struct asked){ .head = last()->head, .old = last()->old, .answered = true,
                                  .ended = true, .status = 200, .written = 6 };
        break;
    default:
        open_exchange = x;
        tern_stream_attach(&x->stream, &events, NULL);
        if (choose(2) == 0)
            go_on(x);
    }
}

/* ---- The client's side ------------------------------------------------------------- */

static const uint8_t *find(const uint8_t *p, const uint8_t *end, const char *text)
{
    size_t len = strlen(text);
    for (; (size_t)(end - p) >= len; p++)
        if (memcmp(p, text, len) == 0)
            return p;
    return NULL;
}

static void body_check(const struct asked *a, const uint8_t *p, size_t at, size_t len)
{
    if (a == NULL || a->written == SIZE_MAX)
        return;    /* the server's own text */
    must(at + len <= a->written);
    for (size_t i = 0; i < len; i++)
        must(p[i] == (uint8_t)('A' + (at + i) % 51));
}

/* Reads one chunked body; NULL: it is not complete. */
static const uint8_t *chunks_read(const struct asked *a, const uint8_t *p, const uint8_t *end)
{
    for (size_t at = 0;;) {
        size_t n = 0, digits = 0;
        for (; p < end && *p != '\r'; p++, digits++) {
            const char *digit = strchr("0123456789abcdef", *p);
            must(digit != NULL && *p != '\0' && digits < 16);
            n = n << 4 | (size_t)(digit - "0123456789abcdef");
        }
        if (end - p < 2)
            return NULL;
        must(digits > 0 && p[1] == '\n');
        p += 2;
        size_t here = n < (size_t)(end - p) ? n : (size_t)(end - p);
        body_check(a, p, at, here);
        at += here;
        p += here;
        if (here < n || end - p < 2)
            return NULL;
        must(p[0] == '\r' && p[1] == '\n');
        p += 2;
        if (n == 0) {
            must(a == NULL || at == a->written);
            return p;
        }
    }
}

/* One answer at p to the i-th request; what follows it, NULL if it is cut short. */
static const uint8_t *answer_read(const uint8_t *p, const uint8_t *end, size_t *i, bool *closes)
{
    const uint8_t *head_end = find(p, end, "\r\n\r\n");
    if (head_end == NULL)
        return NULL;
    must(memcmp(p, "HTTP/1.1 ", 9) == 0);
    unsigned status = (unsigned)(p[9] - '0') * 100 + (unsigned)(p[10] - '0') * 10 +
                      (unsigned)(p[11] - '0');
    const uint8_t *length = find(p, head_end, "\r\nContent-Length: ");
    const uint8_t *chunked = find(p, head_end, "\r\nTransfer-Encoding: chunked");
    must(length == NULL || chunked == NULL);
    if (status < 200) {
        must(status == 100 || status == 103);
        must(length == NULL && chunked == NULL);
        return head_end + 4;
    }
    const struct asked *a = *i < n_asked && asked[*i].answered ? &asked[*i] : NULL;
    bool head = *i < n_asked && asked[*i].head;
    must(a == NULL || a->status == status);
    *closes = find(p, head_end, "\r\nConnection: close") != NULL;
    *i += 1;
    p = head_end + 4;
    if (a == NULL && *closes && p == end)
        return p;    /* the server refused a HEAD */
    if (head || status == 204 || status == 304)
        return p;
    if (chunked != NULL)
        return chunks_read(a, p, end);
    size_t n = length != NULL ? strtoul((const char *)length + 18, NULL, 10) : (size_t)(end - p);
    must(length != NULL || *closes);
    size_t here = n < (size_t)(end - p) ? n : (size_t)(end - p);
    body_check(a, p, 0, here);
    return here < n ? NULL : p + n;
}

/* Everything that came out; whole: it was read to its end and nothing broke. */
static void answers_check(bool whole, uint64_t n_faults)
{
    const uint8_t *p = out, *end = out + out_len;
    size_t i = 0;
    bool closes = false;
    while (p != NULL && p < end) {
        must(!closes);    /* nothing after the end */
        p = answer_read(p, end, &i, &closes);
    }
    /* One more is a refusal, which is the last thing on a connection. */
    must(i <= n_asked || (i == n_asked + 1 && closes && n_faults > 0));
    if (whole)
        must(p != NULL && i >= n_asked);
}

/* ---- One run ------------------------------------------------------------------------- */

static void peer_read(size_t most)
{
    struct tern_feed_span span;
    for (size_t total = 0; total < most && tern_feed_output(&feed, &span);) {
        size_t n = span.len < most - total ? span.len : most - total;
        must(n <= OUT_CAP - out_len);
        memcpy(out + out_len, span.data, n);
        out_len += n;
        total += n;
        tern_feed_sent(&feed, n);
    }
}

static void run(uint64_t now_ns)
{
    for (uint64_t due_ns = now_ns; due_ns <= now_ns;) {
        due_ns = tern_turn_run(&turn, now_ns);
        for (size_t i = 0; i < N_CONNS; i++)
            must(server.conns[i].below == NULL || tern_http_conn_sane(&server.conns[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(16) uint8_t memory[N_BLOCKS * 2048];
    static struct tern_block_pool pool;
    static struct tern_http_conn conns[N_CONNS];
    static struct tern_http_head heads[N_HEADS];
    if (size < 8 || size > 6000)
        return 0;
    random_state = tern_load_be64(data);
    data += 8;
    size -= 8;
    pattern_init();
    n_asked = out_len = 0;
    aborted = cut_short = false;
    open_exchange = NULL;
    uint64_t now_ns = TERN_SECOND_NS;
    struct tern_http_config config = { .request = on_request, .body_max = 3000,
                                       .discard_max = 500 };
    struct tern_feed_config feed_config = { .out_max = 600 + choose(8000) };
    tern_turn_init(&turn, NULL, now_ns);
    must(tern_block_pool_init(&pool, memory, sizeof memory, 2048) == TERN_OK);
    must(tern_http_server_init(&server, &turn, &config, conns, N_CONNS, heads, N_HEADS) ==
         TERN_OK);
    tern_feed_init(&feed, &turn, &pool, &feed_config);
    must(tern_feed_accept(&feed, NULL, NULL, tern_http_accept, &server) == TERN_OK);

    bool jumped = false, broken = false;
    uint32_t cut = 1 + choose(200);
    for (size_t at = 0; at < size;) {
        size_t n = 1 + choose(cut);
        n = tern_feed_input(&feed, data + at, n < size - at ? n : size - at);
        at += n;
        run(now_ns);
        if (choose(3) != 0)
            peer_read(choose(4000));
        if (open_exchange != NULL && choose(3) == 0)
            go_on(open_exchange);    /* from outside of a visit */
        if (choose(200) == 0) {
            now_ns += choose(30) * TERN_SECOND_NS;
            jumped = true;
        }
        if (choose(500) == 0) {
            tern_feed_error(&feed, TERN_RESET);
            broken = true;
        }
        if (choose(500) == 0)
            tern_http_server_drain(&server);
        if (n == 0) {
            if (tern_feed_state(&feed) != TERN_FEED_OPEN)
                break;
            peer_read(SIZE_MAX);
            if (open_exchange != NULL)
                go_on(open_exchange);
        }
        run(now_ns);
    }

    /* The peer ends and reads all; handlers finish what they began. */
    for (int i = 0; i < 400 && tern_feed_state(&feed) != TERN_FEED_CLOSED; i++) {
        tern_feed_end(&feed);
        run(now_ns);
        peer_read(SIZE_MAX);
        if (open_exchange != NULL)
            go_on(open_exchange);
        run(now_ns);
    }
    bool whole = tern_feed_state(&feed) == TERN_FEED_CLOSED &&
                 tern_feed_why(&feed) == TERN_OK && !aborted && !jumped && !broken && !cut_short;
    must(tern_feed_state(&feed) == TERN_FEED_CLOSED);
    must(open_exchange == NULL);
    uint64_t n_faults = 0;
    for (size_t i = 0; i < TERN_HTTP_N_FAULTS; i++)
        n_faults += server.stats.faults[i];
    must(n_faults <= 2);    /* a reader may be slow to read its refusal */
    answers_check(whole && server.stats.faults[TERN_HTTP_CUT] == 0, n_faults);
    must(pool.n_free == pool.n_blocks);
    must(server.n_free_conns == N_CONNS && server.n_free_heads == N_HEADS);
    must(server.stats.requests == n_asked);
    return 0;
}
