/* SPDX-License-Identifier: ISC */
/*
 * The store's client: requests and their answers, watches and their events.
 *
 *   asked -> waiting -> (the ring has room for all of it) -> sent -> done
 *
 * A message is written as a whole or not at all, so that a store which stands
 * still never leaves half of one in the ring. An event sets a mark in its watch:
 * however many come, they take no memory.
 */
#include "xenstore.h"

#include <string.h>

#include "xen_public.h"

enum { HDR = sizeof(struct xsd_sockmsg), TOKEN_LEN = 8, POLL_OCTETS = 16384 };
enum { FIRST_ID = 0x7e520000 };

static const char who[] = "xenstore";

/* Why it was stopped, in the order of enum xenstore_breach. */
static const char breach_texts[] =
    "an index that cannot be\0"
    "a message that is too long\0"
    "an answer to no request\0"
    "an answer of another kind than its request\0"
    "an event without a path and a token\0";

const char *xenstore_breach_text(enum xenstore_breach breach)
{
    return xen_text_at(breach_texts, breach);
}

void xenstore_breached(struct xenstore *xs, enum xenstore_breach breach)
{
    if (xs->state == XENSTORE_BROKEN)
        return;
    xs->state = XENSTORE_BROKEN;
    xs->breaches[breach]++;
    xen_say_stopped(xs->env, who, xen_text_at(breach_texts, breach));
}

/* ---- Requests ---------------------------------------------------------------- */

static void append(struct xenstore_request ***end, struct xenstore_request *r)
{
    r->next = NULL;
    **end = r;
    *end = &r->next;
}

static void unlink_from(struct xenstore_request **at, struct xenstore_request ***end)
{
    struct xenstore_request *r = *at;
    *at = r->next;
    if (*end == &r->next)
        *end = at;
    r->next = NULL;
}

static void finish(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len)
{
    r->busy = false;
    r->done(r, err, data, len);
}

/* Ends all that is asked at this moment; what their done asks anew comes later. */
static void abort_all(struct xenstore *xs)
{
    struct xenstore_request *lists[] = { xs->sent, xs->waiting };
    xs->sent = xs->waiting = NULL;
    xs->sent_end = &xs->sent;
    xs->waiting_end = &xs->waiting;
    for (size_t i = 0; i < 2; i++) {
        while (lists[i] != NULL) {
            struct xenstore_request *r = lists[i];
            lists[i] = r->next;
            r->next = NULL;
            finish(r, TERN_ABORTED, NULL, 0);
        }
    }
}

/* A path with its zero, and octets behind it. */
static enum tern_err ask(struct xenstore *xs, struct xenstore_request *r, uint32_t type,
                         uint32_t tx, const char *path, const char *rest, size_t rest_len)
{
    size_t path_len = strlen(path) + 1;
    if (r->busy || path_len > XENSTORE_PATH_CAP || rest_len > sizeof r->payload - path_len)
        return TERN_INVALID;
    memcpy(r->payload, path, path_len);
    if (rest_len > 0)
        memcpy(r->payload + path_len, rest, rest_len);
    r->len = (uint16_t)(path_len + rest_len);
    r->type = type;
    r->tx = tx;
    r->due_ns = 0;
    r->busy = true;
    append(&xs->waiting_end, r);
    xs->stats.requests++;
    return TERN_OK;
}

enum tern_err xenstore_read(struct xenstore *xs, struct xenstore_request *r, uint32_t tx,
                            const char *path)
{
    return ask(xs, r, XS_READ, tx, path, NULL, 0);
}

enum tern_err xenstore_read_in(struct xenstore *xs, struct xenstore_request *r, const char *dir,
                               const char *name)
{
    char path[XENSTORE_PATH_CAP];
    xenstore_join(path, sizeof path, dir, name);
    return path[0] != '\0' ? xenstore_read(xs, r, XENSTORE_NO_TX, path) : TERN_INVALID;
}

enum tern_err xenstore_write(struct xenstore *xs, struct xenstore_request *r, uint32_t tx,
                             const char *path, const char *value)
{
    return ask(xs, r, XS_WRITE, tx, path, value, strlen(value));
}

enum tern_err xenstore_remove(struct xenstore *xs, struct xenstore_request *r, uint32_t tx,
                              const char *path)
{
    return ask(xs, r, XS_RM, tx, path, NULL, 0);
}

enum tern_err xenstore_tx_start(struct xenstore *xs, struct xenstore_request *r)
{
    return ask(xs, r, XS_TRANSACTION_START, XENSTORE_NO_TX, "", NULL, 0);
}

enum tern_err xenstore_tx_end(struct xenstore *xs, struct xenstore_request *r, uint32_t tx,
                              bool commit)
{
    return ask(xs, r, XS_TRANSACTION_END, tx, commit ? "T" : "F", NULL, 0);
}

/* ---- Watches ------------------------------------------------------------------- */

static void token_text(char text[TOKEN_LEN + 1], uint32_t token)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < TOKEN_LEN; i++)
        text[i] = digits[token >> (28 - 4 * i) & 15];
    text[TOKEN_LEN] = '\0';
}

static bool token_is(const struct xenstore_watch *w, const uint8_t *token)
{
    char text[TOKEN_LEN + 1];
    token_text(text, w->token);
    return memcmp(text, token, TOKEN_LEN) == 0;
}

static bool is_in_place(const struct xenstore_watch *w)
{
    return memcmp(w->path, w->set_path, sizeof w->path) == 0;    /* both padded with zeros */
}

/* Brings the store's idea of the watch nearer to its user's, one request at a time. */
static void watch_step(struct xenstore *xs, struct xenstore_watch *w)
{
    char token[TOKEN_LEN + 1];
    if (w->request.busy || w->stuck)
        return;
    if (w->is_set && !is_in_place(w)) {
        token_text(token, w->token);
        (void)ask(xs, &w->request, XS_UNWATCH, XENSTORE_NO_TX, w->set_path, token, sizeof token);
    } else if (!w->is_set && w->path[0] != '\0') {
        w->token = xs->next_token++;    /* events for the one before find nobody */
        memcpy(w->set_path, w->path, sizeof w->set_path);
        token_text(token, w->token);
        (void)ask(xs, &w->request, XS_WATCH, XENSTORE_NO_TX, w->path, token, sizeof token);
    }
}

/*
 * What was not answered may have happened: a watch that may be set counts as
 * set, so that it is taken away later. One that was refused is not tried again
 * until it moves or the store begins anew.
 */
static void watch_done(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                       size_t len)
{
    struct xenstore_watch *w = TERN_CONTAINER_OF(r, struct xenstore_watch, request);
    (void)data;
    (void)len;
    if (err == TERN_ABORTED)
        return;    /* the store begins anew, and sees to it */
    w->is_set = r->type == XS_WATCH && (err == TERN_OK || err == TERN_TIMED_OUT);
    w->stuck = r->type == XS_WATCH && !w->is_set;
    if (w->stuck)
        xen_say(w->store->env, who, "refuses a watch");
    watch_step(w->store, w);
}

enum tern_err xenstore_watch_set(struct xenstore *xs, struct xenstore_watch *w, const char *path)
{
    size_t len = strlen(path) + 1;
    if (len > sizeof w->path)
        return TERN_INVALID;
    memset(w->path, 0, sizeof w->path);
    memcpy(w->path, path, len);
    if (!w->linked) {
        w->linked = true;
        w->store = xs;
        w->request.done = watch_done;
        w->next = xs->watches;
        xs->watches = w;
    }
    w->stuck = false;
    watch_step(xs, w);
    return TERN_OK;
}

/* ---- Messages -------------------------------------------------------------------- */

/* "path\0token\0". The path is of no interest: its user reads what it wants to know. */
static void event_take(struct xenstore *xs, const uint8_t *data, size_t len)
{
    size_t path_len = 0;
    while (path_len < len && data[path_len] != '\0')
        path_len++;
    if (len - path_len < 2 || data[len - 1] != '\0') {
        xenstore_breached(xs, XENSTORE_BREACH_EVENT);
        return;
    }
    const uint8_t *token = data + path_len + 1;
    bool known = (size_t)(data + len - token) == TOKEN_LEN + 1;
    struct xenstore_watch *w = xs->watches;
    while (w != NULL && !(known && w->set_path[0] != '\0' && token_is(w, token)))
        w = w->next;
    if (w == NULL) {
        xs->stats.events_unknown++;
        return;
    }
    xs->stats.events++;
    w->pending = true;
}

static enum tern_err refusal(const uint8_t *data, size_t len)
{
    if (len == sizeof "ENOENT" && memcmp(data, "ENOENT", len) == 0)
        return TERN_UNREACHABLE;
    if (len == sizeof "EAGAIN" && memcmp(data, "EAGAIN", len) == 0)
        return TERN_AGAIN;
    return TERN_REFUSED;
}

static void reply_take(struct xenstore *xs, const struct xsd_sockmsg *hdr, const uint8_t *data)
{
    struct xenstore_request **at = &xs->sent;
    while (*at != NULL && (*at)->id != hdr->req_id)
        at = &(*at)->next;
    struct xenstore_request *r = *at;
    if (r == NULL) {
        if (xs->young) {
            xs->stats.foreign++;
        } else if (xs->n_late > 0 && hdr->req_id - FIRST_ID < xs->next_id - FIRST_ID) {
            xs->n_late--;
            xs->stats.late++;
        } else {
            xenstore_breached(xs, XENSTORE_BREACH_ID);
        }
        return;
    }
    if (hdr->type != r->type && hdr->type != XS_ERROR) {
        xenstore_breached(xs, XENSTORE_BREACH_TYPE);
        return;
    }
    unlink_from(at, &xs->sent_end);
    xs->young = false;
    xs->stats.replies++;
    enum tern_err err = TERN_OK;
    if (hdr->type == XS_ERROR) {
        xs->stats.refused++;
        err = refusal(data, hdr->len);
    }
    finish(r, err, data, hdr->len);
}

/*
 * Reads until a message is whole. True: it is, in xs->in. How long it is was
 * checked when its head was there.
 */
static bool message_read(struct xenstore *xs, struct xsd_sockmsg *hdr)
{
    size_t want = HDR;
    for (;;) {
        if (xs->in_len >= HDR) {
            memcpy(hdr, xs->in, HDR);
            if (hdr->len > XENSTORE_REPLY_CAP) {
                xenstore_breached(xs, XENSTORE_BREACH_LEN);
                return false;
            }
            want = HDR + hdr->len;
            if (xs->in_len == want)
                return true;
        }
        size_t n = xenstore_ring_read(xs, xs->in + xs->in_len, want - xs->in_len);
        if (n == 0)
            return false;
        xs->in_len += n;
    }
}

/* Reads what there is, within bounds. True: there may be more. */
static bool messages_take(struct xenstore *xs)
{
    struct xsd_sockmsg hdr;
    size_t octets = 0;
    while (xs->state == XENSTORE_RUNNING && octets < POLL_OCTETS && message_read(xs, &hdr)) {
        octets += xs->in_len;
        xs->in_len = 0;
        if (hdr.type == XS_WATCH_EVENT)
            event_take(xs, xs->in + HDR, hdr.len);
        else
            reply_take(xs, &hdr, xs->in + HDR);
    }
    if (xs->was_full && xs->state == XENSTORE_RUNNING) {    /* or nobody waits for room */
        xs->was_full = false;
        xenstore_ring_tell(xs);
    }
    return octets >= POLL_OCTETS;
}

static void request_write(struct xenstore *xs, struct xenstore_request *r)
{
    uint8_t message[HDR + XENSTORE_MESSAGE_CAP];
    r->id = xs->next_id++;
    struct xsd_sockmsg hdr = { .type = r->type, .req_id = r->id, .tx_id = r->tx, .len = r->len };
    memcpy(message, &hdr, HDR);
    memcpy(message + HDR, r->payload, r->len);
    xenstore_ring_write(xs, message, HDR + (size_t)r->len);
}

static void requests_write(struct xenstore *xs)
{
    bool written = false;
    while (xs->state == XENSTORE_RUNNING && xs->waiting != NULL &&
           xenstore_ring_room(xs, HDR + (size_t)xs->waiting->len)) {
        struct xenstore_request *r = xs->waiting;
        unlink_from(&xs->waiting, &xs->waiting_end);
        request_write(xs, r);
        append(&xs->sent_end, r);
        written = true;
    }
    if (written)
        xenstore_ring_tell(xs);
}

static void events_fire(struct xenstore *xs)
{
    for (struct xenstore_watch *w = xs->watches; w != NULL; w = w->next) {
        if (!w->pending)
            continue;
        w->pending = false;
        if (w->path[0] != '\0' && is_in_place(w))
            w->fired(w);
    }
}

/* ---- Time --------------------------------------------------------------------------- */

/* Ends those in a list whose time is over. Returns when the next one's is. */
static uint64_t time_check(struct xenstore *xs, bool is_sent, uint64_t now_ns)
{
    struct xenstore_request **at = is_sent ? &xs->sent : &xs->waiting;
    uint64_t next_ns = TERN_NEVER;
    while (*at != NULL) {
        struct xenstore_request *r = *at;
        if (r->due_ns == 0)
            r->due_ns = now_ns + xs->timeout_ns;
        if (now_ns < r->due_ns) {
            next_ns = r->due_ns < next_ns ? r->due_ns : next_ns;
            at = &r->next;
            continue;
        }
        unlink_from(at, is_sent ? &xs->sent_end : &xs->waiting_end);
        xs->n_late += is_sent;
        xs->stats.timed_out++;
        if ((xs->ring->server_features & XENSTORE_SERVER_FEATURE_ERROR) != 0)
            xs->server_error = xs->ring->error;
        finish(r, TERN_TIMED_OUT, NULL, 0);
        at = is_sent ? &xs->sent : &xs->waiting;    /* done may have asked anew */
    }
    return next_ns;
}

/* ---- Beginning, and beginning anew ------------------------------------------------------ */

static void reset_done(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                       size_t len)
{
    (void)r;
    (void)err;    /* a store that has no such request has no watches of ours either */
    (void)data;
    (void)len;
}

/* Goes before all that waits: a watch among it must not be forgotten. */
static void reset_first(struct xenstore *xs)
{
    struct xenstore_request *rest = xs->waiting, **end = xs->waiting_end;
    xs->waiting = NULL;
    xs->waiting_end = &xs->waiting;
    (void)ask(xs, &xs->reset, XS_RESET_WATCHES, XENSTORE_NO_TX, "", NULL, 0);
    if (rest != NULL) {
        xs->reset.next = rest;
        xs->waiting_end = end;
    }
}

/* The ring is ours and empty. */
static void begin(struct xenstore *xs)
{
    xs->state = XENSTORE_RUNNING;
    xs->young = true;
    xs->was_full = false;
    xs->n_late = 0;
    xenstore_ring_take(xs);
    xs->reset.done = reset_done;
    reset_first(xs);
    for (struct xenstore_watch *w = xs->watches; w != NULL; w = w->next) {
        w->is_set = w->pending = w->stuck = false;
        watch_step(xs, w);
    }
}

void xenstore_init(struct xenstore *xs, struct xen_env *env, void *ring, uint32_t port)
{
    memset(xs, 0, sizeof *xs);
    xs->env = env;
    xs->ring = ring;
    xs->event.port = port;
    xs->timeout_ns = XENSTORE_TIMEOUT_NS;
    xs->next_id = FIRST_ID;
    xs->next_token = 1;
    xs->waiting_end = &xs->waiting;
    xs->sent_end = &xs->sent;
    begin(xs);
}

void xenstore_restart(struct xenstore *xs, void *ring, uint32_t port)
{
    xs->ring = ring;
    xs->event = (struct xen_port){ .port = port };    /* bound anew: nothing masks it */
    xs->state = XENSTORE_BROKEN;    /* nothing is written meanwhile */
    abort_all(xs);
    begin(xs);
}

enum tern_err xenstore_reconnect(struct xenstore *xs)
{
    if (!xenstore_ring_ask_reconnect(xs))
        return TERN_UNSUPPORTED;
    xs->state = XENSTORE_RECONNECTING;
    abort_all(xs);
    return TERN_OK;
}

uint64_t xenstore_poll(struct xenstore *xs, uint64_t now_ns)
{
    bool more = false;
    xs->now_ns = now_ns;
    bool raised = xen_port_take(xs->env, &xs->event, now_ns);
    uint32_t read_before = xs->rsp_cons, written_before = xs->req_prod;
    if (xs->state == XENSTORE_RECONNECTING && xenstore_ring_is_reconnected(xs))
        begin(xs);
    if (xs->state == XENSTORE_RUNNING) {
        more = messages_take(xs);
        events_fire(xs);
        requests_write(xs);
    }
    if (xs->state == XENSTORE_BROKEN)
        abort_all(xs);
    bool worked = xs->rsp_cons != read_before || xs->req_prod != written_before;
    (void)xen_port_account(xs->env, &xs->event, raised, worked, now_ns);
    uint64_t sent_ns = time_check(xs, true, now_ns), waiting_ns = time_check(xs, false, now_ns);
    uint64_t due_ns = xen_port_due(&xs->event);
    due_ns = sent_ns < due_ns ? sent_ns : due_ns;
    due_ns = waiting_ns < due_ns ? waiting_ns : due_ns;
    return more ? now_ns : due_ns;
}

bool xenstore_idle(struct xenstore *xs)
{
    if (xs->state == XENSTORE_RECONNECTING)
        return !xenstore_ring_is_reconnected(xs);
    if (xs->state == XENSTORE_BROKEN)
        return xenstore_is_quiet(xs);
    return xs->ring->rsp_prod == xs->rsp_cons &&
           (xs->waiting == NULL || !xenstore_ring_room(xs, HDR + (size_t)xs->waiting->len));
}
