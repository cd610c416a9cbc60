/* SPDX-License-Identifier: ISC */
/*
 * A host on a TAP device that does what it is told, a line at a time, and shows
 * what it has: for tests beside other people's routers and servers.
 *
 *     station DEVICE [temporary] [routes] [leave] [known] OPTION...
 *
 * with the appliance of bulk.c, datagrams echoed on port 7, and the options of
 * every host over libnet. All parts are in it, DHCPv6 too. temporary: addresses
 * of RFC 8981; routes: DHCP's of RFC 3442 are taken; leave: a lease of DHCPv6 is
 * given back at the end; known: with a secret for its identifiers
 * that is always the same. Lines:
 *
 *     state               addresses, routes, neighbours, names, leases, counters
 *     tcp ADDR PORT N     N octets of the pattern to an echo, and back
 *     udp ADDR PORT N     one datagram of N octets; what comes back is said
 *     join GROUP          on the first link; leave GROUP
 *
 * Each is answered on standard output and ended by a line "done".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backends/unix/unix_internal.h"
#include "libnet/ip_internal.h"
#include "pattern.h"

#define MEMORY_LEN (64u << 20)
#define UDP_CAP 9000u

static struct tern_unix_loop loop;
static struct tern_tap tap;
static struct tern_host_options options;
static struct tern_host_settings settings;
static struct tern_carver carver;
static struct tern_net_host *host;
static struct tern_ipv6 ipv6;
static struct tern_ipv4 ipv4;
static struct tern_dhcp4 dhcp4;
static struct tern_dhcp6 dhcp6;
static bool leaves;

const struct tern_net_use tern_net_uses[] = {
    { &tern_ipv4, &ipv4 },   { &tern_ipv6, &ipv6 }, { &tern_tcp, NULL },
    { &tern_newreno, NULL }, { &tern_udp, NULL },   { &tern_dhcp4, &dhcp4 },
    { &tern_dhcp6, &dhcp6 }, { &tern_linklocal4, NULL }, { NULL, NULL },
};

static int die(const char *what, enum tern_err err)
{
    fprintf(stderr, "station: error: %s: %s\n", what, tern_err_text(err));
    return 1;
}

/* ---- What it has --------------------------------------------------------- */

static const char *text(const struct tern_addr *addr)
{
    static char texts[4][TERN_ADDR_TEXT_CAP];
    static unsigned n;
    char *at = texts[n++ % 4];
    (void)tern_addr_format(addr, at);
    return at;
}

/* Whole seconds from now, rounded to the nearest. */
static void lifetime(const char *name, uint64_t until_ns)
{
    uint64_t now_ns = loop.turn.now_ns;
    if (until_ns == TERN_NEVER)
        printf(" %s=ever", name);
    else
        printf(" %s=%llu", name, (unsigned long long)
               ((until_ns < now_ns ? 0 : until_ns - now_ns + TERN_SECOND_NS / 2) /
                TERN_SECOND_NS));
}

static void addresses_show(void)
{
    static const char *const states[] = { "unused", "tentative", "preferred", "deprecated",
                                          "duplicate" };
    static const char *const origins[] = { "configured", "link-local", "prefix", "temporary",
                                           "dhcp" };
    struct tern_ipv4_address four;
    struct tern_ipv6_address a;
    for (size_t i = 0; tern_ipv6_get(&host->net, 0, i, &a) == TERN_OK; i++) {
        printf("address %s/%u %s %s", text(&a.addr), a.prefix_len, states[a.state],
               origins[a.origin]);
        lifetime("preferred", a.preferred_ns);
        lifetime("valid", a.valid_ns);
        putchar('\n');
    }
    if (tern_ipv4_get(&host->net, 0, &four) == TERN_OK)
        printf("address %s/%u\n", text(&four.addr), four.prefix_len);
}

static void routes_show(void)
{
    const struct tern_route *r;
    for (size_t i = 0; (r = tern_net_route_get(&host->net, i)) != NULL; i++) {
        unsigned less = tern_addr_is_v4(&r->prefix) ? 96 : 0;
        printf("route %s/%u", text(&r->prefix), r->prefix_len - less);
        if (!tern_addr_is_any(&r->gateway))
            printf(" via %s", text(&r->gateway));
        printf(" metric %u %s", r->metric,
               net_route_is_redirect(r) ? "redirect"
               : r->origin == TERN_ROUTE_LEARNED ? "learned" : "configured");
        if (r->bad_until_ns > loop.turn.now_ns)
            printf(" silent");
        lifetime("valid", r->expires_ns);
        putchar('\n');
    }
}

static void neighbours_show(const struct tern_ip *ip)
{
    static const char *const states[] = { "free", "incomplete", "failed", "stale", "delay",
                                          "probe", "reachable" };
    size_t n = 0;
    for (size_t i = 0; i < ip->n_neighbours; i++) {
        const struct tern_neighbour *at = &ip->neighbours[i];
        if (at->state == NEIGH_FREE)
            continue;
        n++;
        if (at->state >= NEIGH_STALE || n < 8)
            printf("neighbour %s %s%s\n", text(&at->addr), states[at->state],
                   at->router ? " router" : "");
    }
    printf("neighbours %zu of %zu\n", n, ip->n_neighbours);
}

static void domains_show(void)
{
    for (size_t at = 0; at < ipv6.domains_len;) {
        printf("domain ");
        for (; ipv6.domains[at] != 0; at += 1u + ipv6.domains[at])
            printf("%.*s.", ipv6.domains[at], (const char *)ipv6.domains + at + 1);
        at++;
        putchar('\n');
    }
}

static void names_show(void)
{
    struct tern_endpoint_addr server;
    struct tern_dhcp4_lease four;
    struct tern_dhcp6_lease six;
    for (size_t i = 0; tern_ipv6_server(&host->net, i, &server) == TERN_OK; i++)
        printf("dns %s\n", text(&server.addr));
    domains_show();
    if (tern_dhcp6_get(&host->net, &six) == TERN_OK) {
        printf("lease6 %s", text(&six.addrs[0]));
        lifetime("valid", six.expires_ns);
        putchar('\n');
        for (size_t i = 0; i < six.n_ntp; i++)
            printf("ntp %s\n", text(&six.ntp[i]));
    }
    if (tern_dhcp4_get(&host->net, &four) == TERN_OK) {
        printf("lease4 %s from %s", text(&four.address.addr), text(&four.server));
        lifetime("valid", four.expires_ns);
        putchar('\n');
        for (size_t i = 0; i < four.n_dns; i++)
            printf("dns %s\n", text(&four.dns[i]));
        for (size_t i = 0; i < four.n_ntp; i++)
            printf("ntp %s\n", text(&four.ntp[i]));
    }
}

static void counters_show(void)
{
    struct tern_metrics set;
    for (size_t i = 0; tern_net_metrics(&host->net, i, &set); i++) {
        struct tern_metric m = { .name = NULL };
        while (tern_metrics_next(&set, &m)) {
            if (m.value == 0)
                continue;
            printf("%s_%s", tern_metrics_area(&set), m.name);
            if (m.label[0] != '\0')
                printf("_%s", m.label_value);
            printf(" %llu\n", (unsigned long long)m.value);
        }
    }
}

static void state_show(void)
{
    addresses_show();
    routes_show();
    if (ipv6.config.n_neighbours != 0) {
        neighbours_show(&ipv6.ip);
        printf("mtu %u hops %u\n", ipv6.links[0].mtu, ipv6.links[0].hop_limit);
    }
    if (ipv4.config.n_neighbours != 0)
        neighbours_show(&ipv4.ip);
    names_show();
    counters_show();
}

/* ---- What it is told ------------------------------------------------------- */

static struct {
    uint64_t len, sent, got;
    bool wrong, busy;
} client;

static void done(void)
{
    puts("done");
    (void)fflush(stdout);
}

static void tcp_room(struct tern_stream *s)
{
    uint8_t piece[1500];
    while (client.sent < client.len) {
        size_t n = sizeof piece < client.len - client.sent ? sizeof piece
                                                           : (size_t)(client.len - client.sent);
        pattern_fill(piece, n, client.sent);
        size_t taken = tern_stream_write(s, piece, n);
        client.sent += taken;
        if (taken < n)
            return;
    }
    tern_stream_finish(s);
}

static void tcp_opened(struct tern_stream *s)
{
    struct tern_stream_info room;
    const struct tern_stream_info *info = tern_stream_info(s, &room);
    printf("from %s\n", text(&info->local.addr));
    tcp_room(s);
}

static size_t tcp_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    (void)s;
    client.wrong = client.wrong || !pattern_is(data, len, client.got);
    client.got += len;
    return len;
}

static void tcp_closed(struct tern_stream *s, enum tern_err why)
{
    (void)s;
    printf("tcp %llu %s, %s\n", (unsigned long long)client.got,
           client.wrong ? "wrong" : "right", tern_err_text(why));
    client.busy = false;
    done();
}

static const struct tern_stream_events tcp_events = {
    .opened = tcp_opened, .room = tcp_room, .data = tcp_data, .closed = tcp_closed,
};

static void udp_received(struct tern_endpoint *ep, struct tern_dgram *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ep->user == NULL) {    /* the echo's */
            in[i].hop_limit = in[i].ecn = 0;
            (void)tern_endpoint_send(ep, &in[i], 1);
            continue;
        }
        printf("udp %zu %s from %s\n", in[i].len,
               pattern_is(in[i].data, in[i].len, 0) ? "right" : "wrong", text(&in[i].peer.addr));
        (void)fflush(stdout);
    }
}

static const struct tern_endpoint_events udp_events = { .received = udp_received };
static struct tern_endpoint *udp_own, *udp_echo;

static bool peer_parse(const char *addr, const char *port, struct tern_endpoint_addr *peer)
{
    *peer = (struct tern_endpoint_addr){ .port = (uint16_t)atoi(port), .link = 1 };
    return tern_addr_parse(addr, strlen(addr), &peer->addr) == TERN_OK;
}

static void udp_send(const struct tern_endpoint_addr *peer, size_t len)
{
    static uint8_t data[UDP_CAP];
    struct tern_dgram out = { .peer = *peer, .data = data, .len = len < UDP_CAP ? len : UDP_CAP };
    if (udp_own == NULL)
        (void)tern_udp_open(&host->net, &(struct tern_endpoint_addr){ .port = 0 }, &udp_events,
                            &loop, &udp_own);
    pattern_fill(data, out.len, 0);
    if (udp_own == NULL || tern_endpoint_send(udp_own, &out, 1) != 1)
        puts("udp refused");
}

static void obey(char *line)
{
    char verb[16] = "", addr[64] = "", port[16] = "0", count[16] = "0";
    struct tern_endpoint_addr peer;
    struct tern_stream *s;
    if (sscanf(line, "%15s %63s %15s %15s", verb, addr, port, count) < 1)
        return;
    bool good = peer_parse(addr, port, &peer);
    if (strcmp(verb, "state") == 0) {
        state_show();
    } else if (strcmp(verb, "tcp") == 0 && good && !client.busy) {
        memset(&client, 0, sizeof client);
        client.len = strtoull(count, NULL, 10);
        enum tern_err err = tern_tcp_connect(&host->net, &peer, NULL, NULL, &tcp_events, NULL, &s);
        client.busy = err == TERN_OK;
        if (client.busy)
            return;
        printf("tcp refused: %s\n", tern_err_text(err));
    } else if (strcmp(verb, "udp") == 0 && good) {
        udp_send(&peer, (size_t)atoi(count));
    } else if (strcmp(verb, "join") == 0 || strcmp(verb, "leave") == 0) {
        if (!good || tern_endpoint_join(udp_echo, &peer.addr, 1, verb[0] == 'l') != TERN_OK)
            puts("group refused");
    } else {
        printf("what is %s\n", verb);
    }
    done();
}

static struct tern_unix_watch lines;

static void lines_ready(struct tern_unix_watch *watch, uint32_t events)
{
    static char line[256];
    static size_t len;
    (void)events;
    ssize_t n = read(watch->fd, line + len, sizeof line - 1 - len);
    if (n <= 0) {
        tern_unix_loop_unwatch(&loop, watch);
        return;
    }
    len += (size_t)n;
    for (char *end; (end = memchr(line, '\n', len)) != NULL;) {
        *end = '\0';
        obey(line);
        len -= (size_t)(end + 1 - line);
        memmove(line, end + 1, len);
    }
    if (len == sizeof line - 1)
        len = 0;
    tern_unix_loop_wake(&loop);
}

/* ---- Start and end ----------------------------------------------------------- */

static void core_prepare(struct tern_host_core *core)
{
    core->log_line = tern_unix_log_line;
    core->ended = tern_unix_ended;
}

static enum tern_err host_open(void)
{
    uint8_t seed[TERN_SEED_LEN];
    size_t used;
    uint8_t *mem = mmap(NULL, MEMORY_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);
    if (mem == MAP_FAILED)
        return TERN_FULL;
    tern_carver_init(&carver);
    enum tern_err err =
        tern_carver_add_appliance(&carver, &tern_appliance, settings.connections);
    if (err == TERN_OK)
        err = tern_net_host_plan(&carver, &settings);
    if (err == TERN_OK)
        err = tern_carver_place(&carver, mem, MEMORY_LEN, true, &used);
    if (err == TERN_OK)
        err = tern_unix_seed(seed);
    if (err != TERN_OK)
        return err;
    struct tern_net_host_config config = {
        .turn = &loop.turn, .link = &tap.link, .settings = &settings, .carver = &carver,
        .options = &options, .seed = seed, .checksum = tern_unix_checksum(),
        .blocks_mem = mem + used, .blocks_len = MEMORY_LEN - used, .prepare = core_prepare,
    };
    return tern_net_host_start(&host, &config);
}

static void caught(struct tern_unix_signal *signal, int number)
{
    (void)signal;
    (void)number;
    if (leaves)
        (void)tern_dhcp6_release(&host->net);
    tern_host_core_drain(&host->core);
}

int main(int argc, char **argv)
{
    static struct tern_unix_signal interrupt = { .caught = caught, .number = 2 };
    static const uint8_t secret[16] = { 1 };
    bool temporary = false;
    int at = 2;

    if (argc < 2)
        return 2;
    for (; at < argc; at++) {
        if (strcmp(argv[at], "temporary") == 0)
            temporary = true;
        else if (strcmp(argv[at], "routes") == 0)
            dhcp4.config.routes = true;
        else if (strcmp(argv[at], "known") == 0)
            ipv6.config.stable_secret = secret;
        else if (strcmp(argv[at], "leave") == 0)
            leaves = true;
        else
            break;
    }
    enum tern_err err = tern_host_options_init(&options, &tern_appliance, NULL);
    if (err == TERN_OK)
        err = tern_host_options_args(&options, argc - at, argv + at);
    if (err == TERN_OK)
        err = tern_host_options_settings(&options, &settings);
    if (err != TERN_OK)
        return die(options.error, err);
    err = tern_unix_loop_init(&loop, NULL);
    if (err == TERN_OK)
        err = tern_unix_loop_signal(&loop, &interrupt);
    if (err == TERN_OK)
        err = tern_tap_open(&tap, &loop, argv[1], NULL);
    if (err != TERN_OK)
        return die(argv[1], err);
    err = host_open();
    if (err != TERN_OK)
        return die(host != NULL ? host->error : "start", err);
    if (temporary)
        err = tern_ipv6_auto(&host->net, 0, TERN_IPV6_AUTO | TERN_IPV6_TEMPORARY);
    if (err == TERN_OK)
        err = tern_udp_open(&host->net, &(struct tern_endpoint_addr){ .port = 7 }, &udp_events,
                            NULL, &udp_echo);
    if (err == TERN_OK)
        err = (enum tern_err)tern_main(&host->core.host);
    lines.ready = lines_ready;
    if (err == TERN_OK)
        err = tern_unix_loop_watch(&loop, &lines, STDIN_FILENO, TERN_UNIX_READ);
    if (err != TERN_OK)
        return die("start", err);
    (void)tern_unix_loop_run(&loop);
    tern_tap_close(&tap);
    tern_unix_loop_close(&loop);
    return host->core.status;
}
