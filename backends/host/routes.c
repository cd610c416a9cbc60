/* SPDX-License-Identifier: ISC */
/*
 * Routes that are configured, and whether those are taken that DHCP says (RFC 3442):
 *
 *     route=dhcp,10.0.0.0/8,192.0.2.1,2001:db8:1::/48,fe80::1,100
 *
 * is a list of prefixes, each with its gateway and, if one is wanted, a metric; a
 * gateway is on its link.
 */
#include <string.h>

#include "host_internal.h"

#define METRIC_MAX 65534u    /* one more is a redirect's */

static enum tern_err bad(struct tern_host_options *options, size_t k, const char *value,
                         const char *wrong)
{
    enum tern_err err = tern_host_options_bad_own(options, "route", value, wrong);
    tern_host_links_number(options->error, sizeof options->error, k);
    return err;
}

static unsigned bits_of(const struct tern_addr *addr, uint8_t prefix_len)
{
    return prefix_len + (tern_addr_is_v4(addr) ? 96u : 0u);
}

/* Are the first len bits the same? */
static bool is_on(const struct tern_addr *net, unsigned len, const struct tern_addr *addr)
{
    struct tern_addr differs;
    for (size_t i = 0; i < sizeof differs.octets; i++)
        differs.octets[i] = net->octets[i] ^ addr->octets[i];
    return tern_host_bits_are(&differs, 0, len, 0);
}

/* Where no packet goes: groups, and the host itself. */
static bool leads_nowhere(const struct tern_addr *prefix, unsigned len)
{
    static const struct tern_addr self = { .octets = { [15] = 1 } };
    unsigned first = prefix->octets[12];
    if (tern_addr_is_v4(prefix))
        return first == 127 || first >= 224;
    return prefix->octets[0] == 0xff || (len == 128 && tern_addr_equal(prefix, &self));
}

/* One that a packet can go to: no group, no "this network", nothing of the host itself. */
static bool is_host(const struct tern_addr *a)
{
    static const struct tern_addr self = { .octets = { [15] = 1 } };
    unsigned first = a->octets[12];
    if (tern_addr_is_v4(a))
        return first != 0 && first != 127 && first < 224;
    return a->octets[0] != 0xff && !tern_addr_is_any(a) && !tern_addr_equal(a, &self);
}

/* The first and the last address of an IPv4 net are no host's, but with /31 and /32. */
static bool is_end_of_net(const struct tern_addr *a, unsigned len)
{
    return tern_addr_is_v4(a) && len < 127 &&
           (tern_host_bits_are(a, len, 128, 0) || tern_host_bits_are(a, len, 128, 1));
}

/* What is wrong with a gateway on a link of these settings, or NULL. */
static const char *gateway_wrong(const struct tern_host_settings *own, const struct tern_addr *gw)
{
    bool v4 = tern_addr_is_v4(gw), is_ours = false;
    bool reached = (v4 ? own->dhcp : own->slaac) ||    /* where, is not known yet */
                   (!v4 && gw->octets[0] == 0xfe && gw->octets[1] >> 6 == 2);
    if (!is_host(gw))
        return "has a gateway that no host may be";
    if (!own->has_ip[!v4] && !(v4 ? own->dhcp : own->slaac))
        return "has a gateway of a family that has no address in ip=";
    for (size_t i = 0; i < own->n_addresses; i++) {
        const struct tern_net_address *at = &own->addresses[i];
        if (tern_addr_is_v4(&at->addr) != v4)
            continue;
        unsigned len = bits_of(&at->addr, at->prefix_len);
        bool is_near = is_on(&at->addr, len, gw);
        if (is_near && is_end_of_net(gw, len))
            return "has a gateway that no host may be";
        reached |= (v4 && len == 128) || is_near;
        is_ours |= tern_addr_equal(&at->addr, gw);
    }
    return is_ours ? "has our own address as a gateway"
           : reached ? NULL : "has a gateway that is not on the net of ip=";
}

/* Its number, or more than METRIC_MAX; of what is no number TERN_INVALID. */
static enum tern_err metric_parse(const char *word, size_t len, unsigned *metric)
{
    unsigned n = 0;
    for (size_t i = 0; i < len; i++) {
        if (word[i] < '0' || word[i] > '9')
            return TERN_INVALID;
        n = n > METRIC_MAX ? n : n * 10 + (unsigned)(word[i] - '0');
    }
    *metric = n;
    return len > 0 ? TERN_OK : TERN_INVALID;
}

/* One prefix with its gateway, from word on; *at is behind them. */
static const char *route_parse(struct tern_host_links *links, size_t k, const char *word,
                               size_t len, const char **at)
{
    struct tern_route *r = &links->routes[links->n_routes];
    uint8_t prefix_len;
    unsigned metric = 0;

    if (links->n_routes == TERN_HOST_ROUTES)
        return "is more than sixteen routes";
    *r = (struct tern_route){ .expires_ns = TERN_NEVER, .link = (uint8_t)k };
    if (tern_prefix_parse(word, len, &r->prefix, &prefix_len) != TERN_OK)
        return "is not dhcp, or prefixes with gateways, as 10.0.0.0/8,192.0.2.1";
    unsigned bits = bits_of(&r->prefix, prefix_len);
    if (!tern_host_bits_are(&r->prefix, bits, 128, 0))
        return "has a prefix with bits behind its length";
    if (leads_nowhere(&r->prefix, bits))
        return "has a prefix that no packet is sent to by a gateway";
    r->prefix_len = (uint8_t)bits;
    if (!tern_host_word_next(at, &word, &len) ||
        tern_host_gateway_parse(word, len, k, &r->gateway) != TERN_OK)
        return "has a prefix without a gateway on this link behind it";
    if (tern_addr_is_v4(&r->gateway) != tern_addr_is_v4(&r->prefix))
        return "has a gateway of another family than its prefix";
    const char *back = *at;
    if (tern_host_word_next(at, &word, &len) && metric_parse(word, len, &metric) != TERN_OK)
        *at = back;    /* the next route, or what is none */
    if (metric > METRIC_MAX)
        return "has a metric above 65534";
    r->metric = (uint16_t)metric;
    links->n_routes++;
    return gateway_wrong(&links->of[k], &r->gateway);
}

enum tern_err tern_host_routes_settle(struct tern_host_links *links,
                                      struct tern_host_options *options, size_t k)
{
    const char *value = links->route[k], *at = value, *word, *wrong = NULL;
    size_t len;

    while (wrong == NULL && tern_host_word_next(&at, &word, &len)) {
        if (len != 4 || memcmp(word, "dhcp", 4) != 0)
            wrong = route_parse(links, k, word, len, &at);
        else if (!links->of[k].dhcp)
            wrong = "wants routes of DHCP, without dhcp in ip=";
        else
            links->dhcp_routes = true;
    }
    return wrong == NULL ? TERN_OK : bad(options, k, value, wrong);
}

enum tern_err tern_host_routes_start(const struct tern_host_links *links, struct tern_net_host *h)
{
    enum tern_err err = TERN_OK;
    struct tern_text text;

    for (size_t i = 0; i < links->n_routes && err == TERN_OK; i++)
        err = tern_net_route_set(&h->net, &links->routes[i]);
    if (err == TERN_OK)
        return err;
    tern_text_init(&text, h->error, sizeof h->error);
    tern_text_add(&text, err == TERN_FULL ? "option route: there is no room for so many"
                         : err == TERN_UNSUPPORTED ? "option route: a family that is not there"
                                                   : "option route: a gateway that no host may be");
    return err;
}
