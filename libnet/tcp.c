/* SPDX-License-Identifier: ISC */
/*
 * TCP as a part of the stack: its tables, and its share of each turn.
 */
#include "tcp_internal.h"

#include <string.h>

_Static_assert(sizeof(void *) != 8 || sizeof(struct tern_tcp_conn) == 256,
               "a connection is four cache lines");
_Static_assert(sizeof(void *) != 8 || offsetof(struct tern_tcp_conn, timer) == 128,
               "what an arriving segment needs is in the first two");
_Static_assert(sizeof(struct tern_tcp_half) == 64, "a half-open entry is one line");
_Static_assert(sizeof(struct tern_tcp_time_wait) == 64, "a TIME-WAIT entry is one line");
_Static_assert(sizeof(struct tern_tcp_path) == sizeof(struct tern_net_path),
               "a connection keeps a path");

#define INDEX_MAX ((UINT32_C(1) << TERN_NET_HANDLE_SLOT_SHIFT) - 2)
#define LISTENERS_MAX 127u

/* ---- Init ------------------------------------------------------------------------ */

struct table {
    uint16_t at, n_at;    /* in the config: the table, its number of elements */
    uint16_t next;        /* in an element: the list of those that are free, */
    uint16_t n_free;      /* and in the context how many they are; 0: there is no such list */
    uint32_t len, max;
};
#define TABLE(table, elem_max) \
    .at = offsetof(struct tern_tcp_config, table), \
    .n_at = offsetof(struct tern_tcp_config, n_##table), \
    .len = sizeof *((struct tern_tcp *)0)->config.table, .max = elem_max
#define LISTED(type, member, count) \
    .next = offsetof(struct type, member), .n_free = offsetof(struct tern_tcp, count)

static const struct table tables[] = {
    { TABLE(conns, INDEX_MAX), LISTED(tern_tcp_conn, tuple.next, n_conns_free) },
    { TABLE(halves, INDEX_MAX), LISTED(tern_tcp_half, tuple.next, n_halves_free) },
    { TABLE(time_waits, INDEX_MAX), LISTED(tern_tcp_time_wait, tuple.next, n_time_waits_free) },
    { TABLE(works, INDEX_MAX), LISTED(tern_tcp_work, next, n_works_free) },
    { TABLE(flights, INDEX_MAX), LISTED(tern_tcp_flight, next, n_flights_free) },
    { TABLE(listeners, LISTENERS_MAX) },
    { TABLE(buckets, INDEX_MAX) },
};
enum { N_TABLES = sizeof tables / sizeof tables[0] };

/* Where the table is, and its number of elements. */
TERN_COLD
static uint8_t *table_of(const struct tern_tcp *tcp, const struct table *table, size_t *n)
{
    const uint8_t *config = (const uint8_t *)&tcp->config;
    uint8_t *at;
    memcpy(n, config + table->n_at, sizeof *n);
    memcpy(&at, config + table->at, sizeof at);
    return at;
}

TERN_COLD
static bool counts_ok(const struct tern_tcp *tcp)
{
    for (size_t i = 0; i < N_TABLES; i++) {
        size_t n;
        if (table_of(tcp, &tables[i], &n) == NULL || n < 1 || n > tables[i].max)
            return false;
    }
    size_t n = tcp->config.n_buckets;
    return (n & (n - 1)) == 0 && tcp->config.delayed_ack_ms <= 500;
}

TERN_COLD
static void defaults_set(struct tern_tcp_config *c)
{
    static const struct { uint32_t at, fallback; } defaults[] = {
        { offsetof(struct tern_tcp_config, window_max), UINT32_C(4) << 20 },
        { offsetof(struct tern_tcp_config, msl_ms), 30000 },
        { offsetof(struct tern_tcp_config, rto_initial_ms), 1000 },
        { offsetof(struct tern_tcp_config, rto_min_ms), 200 },
        { offsetof(struct tern_tcp_config, rto_max_ms), 60000 },
        { offsetof(struct tern_tcp_config, delayed_ack_ms), 40 },
        { offsetof(struct tern_tcp_config, user_timeout_ms), 100000 },
        { offsetof(struct tern_tcp_config, syn_timeout_ms), 180000 },
        { offsetof(struct tern_tcp_config, linger_ms), 60000 },
    };
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        uint32_t *value = (uint32_t *)(void *)((uint8_t *)c + defaults[i].at);
        if (*value == 0)
            *value = defaults[i].fallback;
    }
    if (c->window_max > TCP_QUEUE_MAX - 1)
        c->window_max = TCP_QUEUE_MAX - 1;
    if (c->no_window_scaling && c->window_max > UINT16_MAX)
        c->window_max = UINT16_MAX;
}

/* Lists of free entries, by index plus one, the first entry first. */
TERN_COLD
static void pools_init(struct tern_tcp *tcp)
{
    for (size_t t = 0; t < N_TABLES; t++) {
        size_t n;
        uint8_t *at = table_of(tcp, &tables[t], &n);
        memset(at, 0, n * tables[t].len);
        if (tables[t].n_free == 0)
            continue;
        uint32_t n_free = (uint32_t)n;
        memcpy((uint8_t *)tcp + tables[t].n_free, &n_free, sizeof n_free);
        for (uint32_t i = 1; i < n_free; i++)
            memcpy(at + (i - 1) * (size_t)tables[t].len + tables[t].next, &(uint32_t){ i + 1 },
                   sizeof i);
    }
    tcp->conn_free = tcp->half_free = tcp->time_wait_free = 1;
    tcp->work_free = tcp->flight_free = 1;
}

TERN_COLD
static enum tern_err tcp_init(struct tern_net *net, void *context, uint8_t slot)
{
    struct tern_tcp *tcp = context;
    if (!counts_ok(tcp) || net->n_congestions == 0)
        return TERN_INVALID;
    tern_net_clear(tcp, sizeof *tcp, offsetof(struct tern_tcp, config), sizeof tcp->config);
    defaults_set(&tcp->config);
    tcp->net = net;
    tcp->slot = slot;
    tcp->cc = net->congestions[0].ops;
    tcp->bucket_mask = (uint32_t)(tcp->config.n_buckets - 1);
    tcp->half_timer.fire = tern_tcp_half_fire;
    tcp->time_wait_timer.fire = tern_tcp_time_wait_fire;
    pools_init(tcp);
    enum tern_err err = tern_drbg_fill(net->drbg, tcp->hash_key, sizeof tcp->hash_key);
    if (err == TERN_OK)
        err = tern_drbg_fill(net->drbg, tcp->isn_key, sizeof tcp->isn_key);
    return err;
}

/* ---- The turn ----------------------------------------------------------------------- */

static void tcp_put_away(struct tern_net *net, void *context)
{
    (void)net;
    struct tern_tcp *tcp = context;
    for (uint32_t at = tcp->turn_first; at != 0;) {
        struct tern_tcp_conn *conn = &tcp->config.conns[at - 1];
        at = conn->turn_next;
        tern_tcp_recv_put_away(conn);
    }
}

/*
 * Serves the connections that had anything to do in this turn, in the order in
 * which it came up. Sending may give a work block to one that waits: it joins
 * the end and is served, too.
 */
static void tcp_send(struct tern_net *net, void *context)
{
    (void)net;
    struct tern_tcp *tcp = context;
    while (tcp->turn_first != 0) {
        struct tern_tcp_conn *conn = &tcp->config.conns[tcp->turn_first - 1];
        tern_tcp_output(conn);
        tcp->turn_first = conn->turn_next;
        if (tcp->turn_first == 0)
            tcp->turn_last = 0;
        conn->turn_next = 0;
        conn->on_turn = false;
        if (conn->freed)
            tern_tcp_conn_give(conn);
    }
}

static uint32_t *tcp_ready_link(void *context, uint32_t index)
{
    struct tern_tcp *tcp = context;
    return &tcp->config.conns[index].ready_next;
}

/*
 * Waiters are linked last come, first; they are turned round here, so that who
 * waited longest sends first. One whose neighbour does not answer keeps its
 * data for the retransmission timer (RFC 9293 section 3.9.2.2: a soft error),
 * unless it has never heard from its peer.
 */
static void tcp_wake(struct tern_net *net, void *context, uint32_t *list, enum tern_err why)
{
    (void)net;
    struct tern_tcp *tcp = context;
    uint32_t turned = 0;
    for (uint32_t at = *list; at != 0;) {
        struct tern_tcp_conn *conn = &tcp->config.conns[at - 1];
        uint32_t next = conn->wait_next;
        conn->wait_next = turned;
        turned = at;
        at = next;
    }
    *list = 0;
    while (turned != 0) {
        struct tern_tcp_conn *conn = &tcp->config.conns[turned - 1];
        turned = conn->wait_next;
        conn->wait_next = 0;
        conn->on_wait = false;
        if (conn->freed) {
            tern_tcp_conn_give(conn);
            continue;
        }
        if (why != TERN_OK && conn->state == TERN_TCP_SYN_SENT)
            tern_tcp_close_reset(conn, TERN_UNREACHABLE);
        if (why != TERN_OK)
            conn->soft_error = true;
        tern_tcp_conn_join(conn);
    }
}

TERN_COLD
static void tcp_address_lost(struct tern_net *net, void *context, const struct tern_addr *addr)
{
    (void)net;
    struct tern_tcp *tcp = context;
    for (size_t i = 0; i < tcp->config.n_conns; i++) {
        struct tern_tcp_conn *conn = &tcp->config.conns[i];
        if (conn->state > TERN_TCP_CLOSED && tern_addr_equal(&conn->tuple.local, addr))
            tern_tcp_conn_over(conn, TERN_UNREACHABLE);
    }
    tern_tcp_half_purge(tcp, NULL, addr);
    tern_tcp_time_wait_purge(tcp, addr);
}

TERN_COLD
static void tcp_link_changed(struct tern_net *net, void *context, uint8_t link)
{
    (void)net;
    (void)link;
    struct tern_tcp *tcp = context;
    for (size_t i = 0; i < tcp->config.n_conns; i++)
        if (tcp->config.conns[i].state > TERN_TCP_SYN_SENT)
            tern_tcp_conn_mss(&tcp->config.conns[i]);
}

const struct tern_tcp_stats *tern_tcp_stats(const struct tern_net *net)
{
    const struct tern_tcp *tcp = tern_net_context(net, &tern_tcp);
    return tcp != NULL ? &tcp->stats : NULL;
}

static const struct tern_net_transport_ops tcp_ops = {
    .init = tcp_init,
    .input = tern_tcp_input,
    .error = tern_tcp_pmtu_error,
    .wake = tcp_wake,
    .visit = tern_tcp_stream_visit,
    .ready_link = tcp_ready_link,
    .put_away = tcp_put_away,
    .send = tcp_send,
    .address_lost = tcp_address_lost,
    .link_changed = tcp_link_changed,
};

const struct tern_net_part tern_tcp = {
    .name = "tcp",
    .role = TERN_NET_TRANSPORT,
    .id = TCP_PROTOCOL,
    .context_len = sizeof(struct tern_tcp),
    .ops = &tcp_ops,
};
