/* SPDX-License-Identifier: ISC */
/*
 * A store: what xenstored does for one guest.
 */
#include "xen_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HDR = 16, RING = XENSTORE_RING_SIZE };

static void text_copy(char *to, size_t cap, const char *from)
{
    size_t len = strlen(from) + 1;
    FAKE_HOLD(len <= cap);
    memcpy(to, from, len);
}

static bool is_below(const char *path, const char *top)
{
    size_t len = strlen(top);
    return strncmp(path, top, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* ---- Answers ---- */

static void flush(struct xen_store *s)
{
    uint32_t prod = s->ring->rsp_prod, room = RING - (prod - s->ring->rsp_cons);
    size_t n = s->n_out < room ? s->n_out : room;
    if (n == 0 || room > RING)
        return;
    for (size_t i = 0; i < n; i++)
        s->ring->rsp[(prod + i) & (RING - 1)] = (char)s->out[i];
    s->ring->rsp_prod = prod + (uint32_t)n;
    memmove(s->out, s->out + n, s->n_out - n);
    s->n_out -= n;
    fake_raise(s->xen, s->port);
}

void store_send(struct xen_store *s, uint32_t type, uint32_t id, const void *data, size_t len)
{
    uint32_t hdr[4] = { type, id, 0, (uint32_t)len };
    if (s->silent || HDR + len > sizeof s->out - s->n_out)
        return;
    if (s->holds && type != XS_WATCH_EVENT) {
        FAKE_HOLD(s->n_held < STORE_HELD && len <= STORE_HELD_LEN);
        s->held[s->n_held].type = type;
        s->held[s->n_held].id = id;
        s->held[s->n_held].len = len;
        if (len > 0)
            memcpy(s->held[s->n_held].data, data, len);
        s->n_held++;
        return;
    }
    uint8_t *to = s->out + s->n_out;
    memcpy(to, hdr, HDR);
    if (len > 0)
        memcpy(to + HDR, data, len);
    s->n_out += HDR + len;
    if (s->mangle != NULL)
        s->mangle(s, to, HDR + len);
    flush(s);
}

void store_release(struct xen_store *s)
{
    s->holds = false;
    while (s->n_held > 0) {
        s->n_held--;
        store_send(s, s->held[s->n_held].type, s->held[s->n_held].id, s->held[s->n_held].data,
                   s->held[s->n_held].len);
    }
}

static void refuse(struct xen_store *s, uint32_t id, const char *why)
{
    store_send(s, XS_ERROR, id, why, strlen(why) + 1);
}

/* ---- The tree ---- */

static struct store_node *find(const struct xen_store *s, const char *path)
{
    for (size_t i = 0; i < s->n_nodes; i++)
        if (strcmp(s->nodes[i].path, path) == 0)
            return (struct store_node *)(uintptr_t)&s->nodes[i];
    return NULL;
}

const char *store_get(const struct xen_store *s, const char *path)
{
    const struct store_node *node = find(s, path);
    return node != NULL ? node->value : NULL;
}

static void watch_fire(struct xen_store *s, const struct store_watch *w)
{
    char event[STORE_PATH + 24];
    size_t path_len = strlen(w->given) + 1, token_len = strlen(w->token) + 1;
    memcpy(event, w->given, path_len);
    memcpy(event + path_len, w->token, token_len);
    store_send(s, XS_WATCH_EVENT, 0, event, path_len + token_len);
}

static void fire(struct xen_store *s, const char *path, bool removed)
{
    for (size_t i = 0; i < STORE_WATCHES; i++) {
        struct store_watch *w = &s->watches[i];
        if (w->used && (is_below(path, w->path) || (removed && is_below(w->path, path))))
            watch_fire(s, w);
    }
    if (s->changed != NULL)
        s->changed(s, path);
}

void store_set(struct xen_store *s, const char *path, const char *value)
{
    struct store_node *node = find(s, path);
    if (node == NULL) {
        FAKE_HOLD(s->n_nodes < STORE_NODES && strlen(path) < STORE_PATH);
        node = &s->nodes[s->n_nodes++];
        text_copy(node->path, sizeof node->path, path);
    }
    text_copy(node->value, sizeof node->value, value);
    fire(s, path, false);
}

void store_remove(struct xen_store *s, const char *path)
{
    for (size_t i = s->n_nodes; i > 0; i--)
        if (is_below(s->nodes[i - 1].path, path))
            s->nodes[i - 1] = s->nodes[--s->n_nodes];
    fire(s, path, true);
}

/* ---- Requests ---- */

struct message {
    uint32_t type, id, tx, len;
    char data[XENSTORE_PAYLOAD_MAX + 1];    /* and a zero */
};

static bool take(struct xen_store *s, struct message *m)
{
    uint32_t cons = s->ring->req_cons, there = s->ring->req_prod - cons, hdr[4];
    FAKE_HOLD(there <= RING);
    if (there < HDR)
        return false;
    uint8_t *to = (uint8_t *)hdr;
    for (size_t i = 0; i < HDR; i++)
        to[i] = (uint8_t)s->ring->req[(cons + i) & (RING - 1)];
    *m = (struct message){ .type = hdr[0], .id = hdr[1], .tx = hdr[2], .len = hdr[3] };
    FAKE_HOLD(m->len <= XENSTORE_PAYLOAD_MAX && HDR + m->len <= there);    /* whole, always */
    for (size_t i = 0; i < m->len; i++)
        m->data[i] = s->ring->req[(cons + HDR + i) & (RING - 1)];
    s->ring->req_cons = cons + HDR + m->len;
    s->n_requests++;
    return true;
}

static void absolute(const struct xen_store *s, const char *given, char path[STORE_PATH])
{
    path[0] = '\0';
    if (given[0] != '/')
        snprintf(path, STORE_PATH, "/local/domain/%u/", s->domid);
    size_t len = strlen(path);
    text_copy(path + len, STORE_PATH - len, given);
}

static void change(struct xen_store *s, const struct message *m, bool removes)
{
    struct store_op op = { .tx = m->tx, .removes = removes };
    absolute(s, m->data, op.node.path);
    const char *value = m->data + strlen(m->data) + 1;
    if (!removes)
        text_copy(op.node.value, sizeof op.node.value, value);
    size_t n_below = 0;
    for (size_t i = 0; i < s->n_nodes; i++)
        n_below += is_below(s->nodes[i].path, op.node.path);
    if (removes && n_below == 0) {
        refuse(s, m->id, "ENOENT");
        return;
    }
    if (m->tx != 0) {
        FAKE_HOLD(s->n_ops < STORE_OPS);
        s->ops[s->n_ops++] = op;
    } else if (removes) {
        store_remove(s, op.node.path);
    } else {
        store_set(s, op.node.path, op.node.value);
    }
    store_send(s, m->type, m->id, "OK", 3);
}

static void tx_end(struct xen_store *s, const struct message *m)
{
    bool commit = m->data[0] == 'T', again = commit && s->n_eagain > 0;
    FAKE_HOLD(m->tx != 0 && s->n_tx_open > 0);
    s->n_tx_open--;
    s->n_eagain -= again;
    s->n_commits += commit && !again;
    size_t kept = 0, n = s->n_ops;
    for (size_t i = 0; i < n; i++) {
        struct store_op op = s->ops[i];
        if (op.tx != m->tx)
            s->ops[kept++] = op;
        else if (commit && !again && op.removes)
            store_remove(s, op.node.path);
        else if (commit && !again)
            store_set(s, op.node.path, op.node.value);
    }
    s->n_ops = kept;
    if (again)
        refuse(s, m->id, "EAGAIN");
    else
        store_send(s, m->type, m->id, "OK", 3);
}

static void watch(struct xen_store *s, const struct message *m)
{
    const char *token = m->data + strlen(m->data) + 1;
    for (size_t i = 0; i < STORE_WATCHES; i++) {
        struct store_watch *w = &s->watches[i];
        if (w->used)
            continue;
        if (s->watch_limit != 0 && store_n_watches(s) >= s->watch_limit)
            break;
        w->used = true;
        absolute(s, m->data, w->path);
        text_copy(w->given, sizeof w->given, m->data);
        text_copy(w->token, sizeof w->token, token);
        store_send(s, m->type, m->id, "OK", 3);
        watch_fire(s, w);
        return;
    }
    refuse(s, m->id, "E2BIG");
}

static void unwatch(struct xen_store *s, const struct message *m)
{
    const char *token = m->data + strlen(m->data) + 1;
    for (size_t i = 0; i < STORE_WATCHES; i++) {
        struct store_watch *w = &s->watches[i];
        if (w->used && strcmp(w->given, m->data) == 0 && strcmp(w->token, token) == 0) {
            w->used = false;
            store_send(s, m->type, m->id, "OK", 3);
            return;
        }
    }
    refuse(s, m->id, "ENOENT");
}

static void read_key(struct xen_store *s, const struct message *m)
{
    char path[STORE_PATH];
    absolute(s, m->data, path);
    const char *value = store_get(s, path);
    if (value == NULL)
        refuse(s, m->id, "ENOENT");
    else
        store_send(s, m->type, m->id, value, strlen(value));
}

static void serve(struct xen_store *s, const struct message *m)
{
    char text[12];
    switch (m->type) {
    case XS_READ:
        read_key(s, m);
        break;
    case XS_WRITE:
    case XS_RM:
        change(s, m, m->type == XS_RM);
        break;
    case XS_TRANSACTION_START:
        s->n_tx_open++;
        snprintf(text, sizeof text, "%u", ++s->next_tx);
        store_send(s, m->type, m->id, text, strlen(text) + 1);
        break;
    case XS_TRANSACTION_END:
        tx_end(s, m);
        break;
    case XS_WATCH:
        watch(s, m);
        break;
    case XS_UNWATCH:
        unwatch(s, m);
        break;
    case XS_RESET_WATCHES:
        if (s->no_reset) {
            refuse(s, m->id, "ENOSYS");
            break;
        }
        memset(s->watches, 0, sizeof s->watches);
        store_send(s, m->type, m->id, "OK", 3);
        break;
    default:
        fake_wrong(__FILE__, __LINE__, "asks what exists");
    }
}

bool store_serve(struct xen_store *s)
{
    struct message m;
    bool worked = s->n_out > 0;
    if (s->ring->connection == XENSTORE_RECONNECT && !s->deaf) {
        uint16_t domid = s->domid;
        store_restore(s, domid);
        fake_raise(s->xen, s->port);
        worked = true;
    }
    flush(s);
    while (!s->deaf && take(s, &m)) {
        serve(s, &m);
        worked = true;
    }
    return worked;
}

unsigned store_n_watches(const struct xen_store *s)
{
    unsigned n = 0;
    for (size_t i = 0; i < STORE_WATCHES; i++)
        n += s->watches[i].used;
    return n;
}

void store_restore(struct xen_store *s, uint16_t domid)
{
    uint32_t features = s->ring->server_features;
    memset(s->ring, 0, sizeof *s->ring);
    s->ring->server_features = features;
    memset(s->watches, 0, sizeof s->watches);
    s->n_ops = s->n_out = s->n_held = s->n_tx_open = 0;
    s->domid = domid;
}

void store_init(struct xen_store *s, struct xen_fake *xen, uint16_t domid)
{
    memset(s, 0, sizeof *s);
    s->xen = xen;
    s->domid = domid;
    s->ring = aligned_alloc(XEN_PAGE_LEN, XEN_PAGE_LEN);
    FAKE_HOLD(s->ring != NULL);
    memset(s->ring, 0, XEN_PAGE_LEN);
    FAKE_HOLD(xen->env.evtchn_alloc(&xen->env, 0, &s->port) == TERN_OK);
}

void store_free(struct xen_store *s)
{
    free(s->ring);
}
