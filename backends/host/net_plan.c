/* SPDX-License-Identifier: ISC */
/*
 * What a host over libnet places: a context for each part that is linked in,
 * and their tables, sized by the number of connections.
 *
 * Parts are known by number, not by name, so that an object which defines
 * tern_net_uses anew decides what is linked.
 */
#include <string.h>

#include "host_internal.h"

enum {
    ID_IPV4 = 0x0800, ID_IPV6 = 0x86dd, ID_TCP = 6, ID_UDP = 17,
    ID_DHCP4 = 67, ID_DHCP6 = 547, ID_LINKLOCAL4 = 0xa9fe,
};

#define N_LISTENERS 16u
#define N_ENDPOINTS 16u
#define N_REASSEMBLIES 4u

/* How many elements a pool has: from CONNS on it is more with more connections. */
enum count {
    ONE, LISTENERS, ENDPOINTS, REASSEMBLIES,
    CONNS, HALVES, TIME_WAITS, WORKS, FLIGHTS, BUCKETS, NEIGHBOURS,
    N_COUNTS
};

static size_t within(size_t n, size_t least, size_t most)
{
    return n < least ? least : n > most ? most : n;
}

static void counts_make(size_t n[N_COUNTS], uint32_t connections)
{
    n[ONE] = 1;
    n[LISTENERS] = N_LISTENERS;
    n[ENDPOINTS] = N_ENDPOINTS;
    n[REASSEMBLIES] = N_REASSEMBLIES;
    n[CONNS] = connections;
    n[HALVES] = within(connections, 64, 4096);
    n[TIME_WAITS] = within(connections, 64, 16384);
    /* Few connections have data in flight at once; without one they go on, slowly. */
    n[WORKS] = within(connections / 4, 32, 65536);
    n[NEIGHBOURS] = within(connections / 4, 16, 1024);
    n[FLIGHTS] = 4 * n[WORKS];
    n[BUCKETS] = 1;
    while (n[BUCKETS] < n[CONNS] + n[HALVES] + n[TIME_WAITS])
        n[BUCKETS] *= 2;
}

/* The pools of the host and of each part, and where its context has them. */
static const struct pool_plan {
    char name[17];
    uint8_t n;              /* enum count */
    uint16_t id;            /* the part's; 0: the host's own */
    uint16_t at, n_at;      /* in the context: the pool, its number of elements */
    uint32_t elem_len;
} pools[] = {
#define OWN(pool, type, count) { pool, count, 0, 0, 0, sizeof(struct type) }
#define OF(pool, part_id, part, member, type, count)                                        \
    { pool, count, part_id, offsetof(struct part, config.member),                           \
      offsetof(struct part, config.n_##member), sizeof(type) }
    OWN("net.host", tern_net_host, ONE),
    OWN("net.listener", tern_net_host_listener, LISTENERS),
    OF("ipv4.neighbour", ID_IPV4, tern_ipv4, neighbours, struct tern_neighbour, NEIGHBOURS),
    OF("ipv4.reassembly", ID_IPV4, tern_ipv4, reassemblies, struct tern_reassembly,
       REASSEMBLIES),
    OF("ipv6.neighbour", ID_IPV6, tern_ipv6, neighbours, struct tern_neighbour, NEIGHBOURS),
    OF("ipv6.reassembly", ID_IPV6, tern_ipv6, reassemblies, struct tern_reassembly,
       REASSEMBLIES),
    OF("udp.endpoint", ID_UDP, tern_udp, endpoints, struct tern_udp_endpoint, ENDPOINTS),
    OF("tcp.conn", ID_TCP, tern_tcp, conns, struct tern_tcp_conn, CONNS),
    OF("tcp.half", ID_TCP, tern_tcp, halves, struct tern_tcp_half, HALVES),
    OF("tcp.time_wait", ID_TCP, tern_tcp, time_waits, struct tern_tcp_time_wait, TIME_WAITS),
    OF("tcp.work", ID_TCP, tern_tcp, works, struct tern_tcp_work, WORKS),
    OF("tcp.flight", ID_TCP, tern_tcp, flights, struct tern_tcp_flight, FLIGHTS),
    OF("tcp.listener", ID_TCP, tern_tcp, listeners, struct tern_tcp_listener, LISTENERS),
    OF("tcp.bucket", ID_TCP, tern_tcp, buckets, uint32_t, BUCKETS),
};
enum { N_POOLS = sizeof pools / sizeof pools[0] };

/* Not what no address of the settings needs: IPv6 where all are of IPv4, and the reverse. */
static bool part_is_wanted(const struct tern_net_part *part,
                           const struct tern_host_settings *settings)
{
    switch (part->id) {
    case ID_DHCP4:
        return settings->dhcp;
    case ID_LINKLOCAL4:
        return settings->link_local;
    case ID_IPV4:
        return settings->dhcp || settings->has_ip[0];
    case ID_IPV6:
        return settings->slaac || settings->has_ip[1];
    case ID_DHCP6:
        return settings->slaac;
    default:
        return true;
    }
}

/* Of a part with that id; a congestion control's is 0, and it has none. */
static enum tern_err pools_plan(struct tern_carver *carver, uint16_t id,
                                const size_t n[N_COUNTS])
{
    enum tern_err err = TERN_OK;
    for (size_t i = 0; i < N_POOLS && err == TERN_OK; i++) {
        if (pools[i].id != id)
            continue;
        err = tern_carver_add(carver, pools[i].name, pools[i].elem_len, 16, n[pools[i].n]);
        if (err == TERN_OK && pools[i].n >= CONNS)
            tern_carver_scales(carver);
    }
    return err;
}

static enum tern_err part_plan(struct tern_carver *carver, const struct tern_net_part *part,
                               const size_t n[N_COUNTS])
{
    enum tern_err err = TERN_OK;
    if (part->context_len != 0)
        err = tern_carver_add(carver, part->name, part->context_len, 16, 1);
    return err == TERN_OK && part->id != 0 ? pools_plan(carver, part->id, n) : err;
}

enum tern_err tern_net_host_plan(struct tern_carver *carver,
                                 const struct tern_host_settings *settings)
{
    size_t n[N_COUNTS];

    counts_make(n, settings->connections);
    enum tern_err err = pools_plan(carver, 0, n);
    for (const struct tern_net_use *u = tern_net_uses; u->part != NULL && err == TERN_OK; u++)
        if (part_is_wanted(u->part, settings))
            err = part_plan(carver, u->part, n);
    return err;
}

/* The part's pools into its config. */
static void part_configure(uint8_t *context, uint16_t id, const struct tern_carver *carver)
{
    for (size_t i = 0; i < N_POOLS; i++) {
        size_t n = 0;
        if (id == 0 || pools[i].id != id)
            continue;
        void *pool = tern_carver_get(carver, pools[i].name, pools[i].elem_len, &n);
        memcpy(context + pools[i].at, &pool, sizeof pool);
        memcpy(context + pools[i].n_at, &n, sizeof n);
    }
}

enum tern_err tern_net_host_parts(struct tern_net_host *host, const struct tern_carver *carver,
                                  const struct tern_host_settings *settings)
{
    size_t n = 0, one;
    bool has_dhcp = false, has_v4 = false, has_v6 = false, has_local = false;

    for (const struct tern_net_use *u = tern_net_uses; u->part != NULL; u++) {
        void *context = u->context;
        uint16_t id = u->part->id;
        has_dhcp |= id == ID_DHCP4;
        has_local |= id == ID_LINKLOCAL4;
        has_v4 |= id == ID_IPV4;
        has_v6 |= id == ID_IPV6;
        if (!part_is_wanted(u->part, settings))
            continue;
        if (n == TERN_NET_HOST_USES)
            return TERN_FULL;
        if (u->part->context_len != 0 && context == NULL) {
            context = tern_carver_get(carver, u->part->name, u->part->context_len, &one);
            if (context == NULL)
                return TERN_BUG;
        }
        part_configure(context, id, carver);
        if (id == ID_LINKLOCAL4)
            ((struct tern_linklocal4 *)context)->config.at_once = !settings->dhcp;
        if (id == ID_UDP)
            host->udp = context;
        if (id == ID_TCP)
            host->tcp = context;
        host->uses[n++] = (struct tern_net_use){ u->part, context };
    }
    host->uses[n] = (struct tern_net_use){ NULL, NULL };
    /* What auto wishes goes as far as this image can, but it takes one way at least. */
    bool works = (settings->dhcp && has_dhcp) || (settings->slaac && has_v6) ||
                 settings->has_ip[0] || settings->has_ip[1];
    const char *missing = settings->has_ip[0] && !has_v4                             ? "ipv4"
                          : (settings->has_ip[1] || settings->wants[1]) && !has_v6   ? "ipv6"
                          : settings->link_local && !has_local                       ? "linklocal4"
                          : (settings->wants[0] && !has_dhcp) || !works ? "dhcp4" : NULL;
    if (missing == NULL)
        return TERN_OK;
    struct tern_text text;
    tern_text_init(&text, host->error, sizeof host->error);
    tern_text_add(&text, "option ip: not in this image: ");
    tern_text_add(&text, missing);
    return TERN_UNSUPPORTED;
}
