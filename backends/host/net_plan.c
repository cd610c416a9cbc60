/* SPDX-License-Identifier: ISC */
/*
 * What a host over libnet places: a context for each part that is linked in,
 * and their tables, sized by the number of connections.
 *
 * Parts are known by role and number, not by name, so that an object which
 * defines tern_net_uses anew decides what is linked.
 */
#include <string.h>

#include "host_internal.h"

enum { ID_IPV4 = 0x0800, ID_IPV6 = 0x86dd, ID_TCP = 6, ID_UDP = 17 };

#define N_LISTENERS 16u
#define N_ENDPOINTS 16u
#define N_REASSEMBLIES 4u

/* How large the tables are for so many connections. */
struct sizes {
    size_t conns, halves, time_waits, works, flights, buckets, neighbours;
};

static size_t within(size_t n, size_t least, size_t most)
{
    return n < least ? least : n > most ? most : n;
}

static struct sizes sizes_of(uint32_t connections)
{
    struct sizes z = {
        .conns = connections,
        .halves = within(connections, 64, 4096),
        .time_waits = within(connections, 64, 16384),
        /* Few connections have data in flight at once; without one they go on, slowly. */
        .works = within(connections / 4, 32, 65536),
        .neighbours = within(connections / 4, 16, 1024),
        .buckets = 1,
    };
    z.flights = 4 * z.works;
    while (z.buckets < z.conns + z.halves + z.time_waits)
        z.buckets *= 2;
    return z;
}

static bool part_is(const struct tern_net_part *part, uint16_t role, uint16_t id)
{
    return part->role == role && part->id == id;
}

static bool part_is_dhcp4(const struct tern_net_part *part)
{
    return part->role == TERN_NET_CLIENT && tern_text_equal(part->name, "dhcp4");
}

/* Not what no address of the settings needs: IPv6 where all are of IPv4, and the reverse. */
static bool part_is_wanted(const struct tern_net_part *part,
                           const struct tern_host_settings *settings)
{
    if (part_is_dhcp4(part))
        return settings->dhcp;
    if (part_is(part, TERN_NET_NETWORK, ID_IPV4))
        return settings->dhcp || settings->has_ip[0];
    if (part_is(part, TERN_NET_NETWORK, ID_IPV6))
        return settings->slaac || settings->has_ip[1];
    if (part->role == TERN_NET_CLIENT && tern_text_equal(part->name, "dhcp6"))
        return settings->slaac;
    return true;
}

struct pool_plan {
    const char *name;
    size_t elem_len, n;
    bool scales;    /* with the number of connections */
};

static enum tern_err plan_add(struct tern_carver *carver, const struct pool_plan *pools, size_t n)
{
    enum tern_err err = TERN_OK;
    for (size_t i = 0; i < n && err == TERN_OK; i++) {
        err = tern_carver_add(carver, pools[i].name, pools[i].elem_len, 16, pools[i].n);
        if (err == TERN_OK && pools[i].scales)
            tern_carver_scales(carver);
    }
    return err;
}

static enum tern_err plan_part(struct tern_carver *carver, const struct tern_net_part *part,
                               const struct sizes *z)
{
    const struct pool_plan ipv6[] = {
        { "ipv6.neighbour", sizeof(struct tern_neighbour), z->neighbours, true },
        { "ipv6.reassembly", sizeof(struct tern_reassembly), N_REASSEMBLIES, false },
    };
    const struct pool_plan ipv4[] = {
        { "ipv4.neighbour", sizeof(struct tern_neighbour), z->neighbours, true },
        { "ipv4.reassembly", sizeof(struct tern_reassembly), N_REASSEMBLIES, false },
    };
    static const struct pool_plan udp[] = {
        { "udp.endpoint", sizeof(struct tern_udp_endpoint), N_ENDPOINTS, false },
    };
    const struct pool_plan tcp[] = {
        { "tcp.conn", sizeof(struct tern_tcp_conn), z->conns, true },
        { "tcp.half", sizeof(struct tern_tcp_half), z->halves, true },
        { "tcp.time_wait", sizeof(struct tern_tcp_time_wait), z->time_waits, true },
        { "tcp.work", sizeof(struct tern_tcp_work), z->works, true },
        { "tcp.flight", sizeof(struct tern_tcp_flight), z->flights, true },
        { "tcp.listener", sizeof(struct tern_tcp_listener), N_LISTENERS, false },
        { "tcp.bucket", sizeof(uint32_t), z->buckets, true },
    };
    if (part->context_len != 0) {
        enum tern_err err = tern_carver_add(carver, part->name, part->context_len, 16, 1);
        if (err != TERN_OK)
            return err;
    }
    if (part_is(part, TERN_NET_NETWORK, ID_IPV4))
        return plan_add(carver, ipv4, sizeof ipv4 / sizeof ipv4[0]);
    if (part_is(part, TERN_NET_NETWORK, ID_IPV6))
        return plan_add(carver, ipv6, sizeof ipv6 / sizeof ipv6[0]);
    if (part_is(part, TERN_NET_TRANSPORT, ID_UDP))
        return plan_add(carver, udp, sizeof udp / sizeof udp[0]);
    if (part_is(part, TERN_NET_TRANSPORT, ID_TCP))
        return plan_add(carver, tcp, sizeof tcp / sizeof tcp[0]);
    return TERN_OK;
}

enum tern_err tern_net_host_plan(struct tern_carver *carver,
                                 const struct tern_host_settings *settings)
{
    static const struct pool_plan own[] = {
        { "net.host", sizeof(struct tern_net_host), 1, false },
        { "net.listener", sizeof(struct tern_net_host_listener), N_LISTENERS, false },
    };
    struct sizes z = sizes_of(settings->connections);

    enum tern_err err = plan_add(carver, own, sizeof own / sizeof own[0]);
    for (const struct tern_net_use *u = tern_net_uses; u->part != NULL && err == TERN_OK; u++)
        if (part_is_wanted(u->part, settings))
            err = plan_part(carver, u->part, &z);
    return err;
}

#define PLACED(carver, name, member, count) \
    ((member) = tern_carver_get((carver), (name), sizeof *(member), &(count)))

static void ipv4_configure(struct tern_ipv4 *ipv4, const struct tern_carver *c)
{
    PLACED(c, "ipv4.neighbour", ipv4->config.neighbours, ipv4->config.n_neighbours);
    PLACED(c, "ipv4.reassembly", ipv4->config.reassemblies, ipv4->config.n_reassemblies);
}

static void ipv6_configure(struct tern_ipv6 *ipv6, const struct tern_carver *c)
{
    PLACED(c, "ipv6.neighbour", ipv6->config.neighbours, ipv6->config.n_neighbours);
    PLACED(c, "ipv6.reassembly", ipv6->config.reassemblies, ipv6->config.n_reassemblies);
}

static void tcp_configure(struct tern_tcp *tcp, const struct tern_carver *c)
{
    struct tern_tcp_config *to = &tcp->config;
    PLACED(c, "tcp.conn", to->conns, to->n_conns);
    PLACED(c, "tcp.half", to->halves, to->n_halves);
    PLACED(c, "tcp.time_wait", to->time_waits, to->n_time_waits);
    PLACED(c, "tcp.work", to->works, to->n_works);
    PLACED(c, "tcp.flight", to->flights, to->n_flights);
    PLACED(c, "tcp.listener", to->listeners, to->n_listeners);
    PLACED(c, "tcp.bucket", to->buckets, to->n_buckets);
}

static enum tern_err say(struct tern_net_host *host, const char *words)
{
    struct tern_text text;
    tern_text_init(&text, host->error, sizeof host->error);
    tern_text_add(&text, words);
    return TERN_UNSUPPORTED;
}

enum tern_err tern_net_host_parts(struct tern_net_host *host, const struct tern_carver *carver,
                                  const struct tern_host_settings *settings)
{
    size_t n = 0, one;
    bool has_dhcp = false, has_v4 = false, has_v6 = false;

    for (const struct tern_net_use *u = tern_net_uses; u->part != NULL; u++) {
        void *context = u->context;
        has_dhcp |= part_is_dhcp4(u->part);
        has_v4 |= part_is(u->part, TERN_NET_NETWORK, ID_IPV4);
        has_v6 |= part_is(u->part, TERN_NET_NETWORK, ID_IPV6);
        if (!part_is_wanted(u->part, settings))
            continue;
        if (n == TERN_NET_HOST_USES)
            return TERN_FULL;
        if (u->part->context_len != 0 && context == NULL) {
            context = tern_carver_get(carver, u->part->name, u->part->context_len, &one);
            if (context == NULL)
                return TERN_BUG;
        }
        if (part_is(u->part, TERN_NET_NETWORK, ID_IPV4)) {
            ipv4_configure(context, carver);
        } else if (part_is(u->part, TERN_NET_NETWORK, ID_IPV6)) {
            ipv6_configure(context, carver);
        } else if (part_is(u->part, TERN_NET_TRANSPORT, ID_UDP)) {
            host->udp = context;
            PLACED(carver, "udp.endpoint", host->udp->config.endpoints,
                   host->udp->config.n_endpoints);
        } else if (part_is(u->part, TERN_NET_TRANSPORT, ID_TCP)) {
            host->tcp = context;
            tcp_configure(host->tcp, carver);
        }
        host->uses[n++] = (struct tern_net_use){ u->part, context };
    }
    host->uses[n] = (struct tern_net_use){ NULL, NULL };
    /* What auto wishes goes as far as this image can, but it takes one way at least. */
    bool wants_v6 = settings->has_ip[1] || settings->wants[1];
    if ((settings->has_ip[0] && !has_v4) || (wants_v6 && !has_v6))
        return say(host, "option ip: this image has not the parts for that family");
    bool works = (settings->dhcp && has_dhcp) || (settings->slaac && has_v6);
    if ((settings->wants[0] && !has_dhcp) || (!works && settings->n_addresses == 0))
        return say(host, "there is no DHCP client in this image: ip=ADDR/LEN is wanted");
    return TERN_OK;
}
