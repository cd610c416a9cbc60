/* SPDX-License-Identifier: ISC */
/*
 * Each link's addresses as one metric, a label a link: prefix, state and where it
 * comes from. A process's alone, for it names both families.
 */
#include "unix_internal.h"

#define LINE_CAP 1792u    /* TERN_IPV6_ADDRS of the longest, and one of IPv4 */

/* A family that the image is made without is not linked for this page. */
#pragma weak tern_ipv4
#pragma weak tern_ipv4_get
#pragma weak tern_ipv6_get

static const char addresses_text[] = "addresses\0" TERN_INFO("info", "Each link's addresses");

static void entry_add(struct tern_text *text, const struct tern_addr *addr, uint8_t prefix_len,
                      const char *state, const char *origin)
{
    if (text->len > 0)
        tern_text_add(text, ", ");
    tern_text_addr(text, addr);
    tern_text_add(text, "/");
    tern_text_u64(text, prefix_len);
    tern_text_add(text, " ");
    tern_text_add(text, state);
    tern_text_add(text, " ");
    tern_text_add(text, origin);
}

/* One that another host has is still wanted: it is shown as a duplicate. */
static void ipv4_add(struct tern_text *text, const struct tern_net *net,
                     const struct tern_ipv4_link *link, uint8_t number)
{
    struct tern_ipv4_address a;
    const char *origin = "configured", *state = "preferred";
    if (tern_ipv4_get(net, number, &a) != TERN_OK) {
        if (link->n_announce != TERN_IPV4_LOST)
            return;
        a = link->lost;
        state = "duplicate";
    } else if (link->origin == TERN_ROUTE_LEARNED) {
        origin = a.addr.octets[12] == 169 && a.addr.octets[13] == 254 ? "link-local" : "dhcp";
    }
    entry_add(text, &a.addr, a.prefix_len, state, origin);
}

static void ipv6_add(struct tern_text *text, const struct tern_net *net, uint8_t number)
{
    static const char *const states[] = { "unused", "tentative", "preferred", "deprecated",
                                          "duplicate" };
    static const char *const origins[] = { "configured", "link-local", "slaac", "temporary",
                                           "dhcp" };
    struct tern_ipv6_address a;
    if (tern_ipv6_get == NULL)
        return;
    for (size_t i = 0; tern_ipv6_get(net, number, i, &a) == TERN_OK; i++)
        entry_add(text, &a.addr, a.prefix_len, states[a.state], origins[a.origin]);
}

void tern_tap_host_addresses(const struct tern_net_host *h, struct tern_metrics *set)
{
    static const char names[TERN_NET_LINKS][5] = { "net0", "net1", "net2", "net3" };
    static char lines[TERN_NET_LINKS][LINE_CAP];    /* for the pages, of which one is made a time */
    const struct tern_ipv4 *ipv4 = NULL;

    for (const struct tern_net_use *u = h->uses; u->part != NULL; u++)
        if (u->part == &tern_ipv4)
            ipv4 = u->context;
    for (uint8_t k = 0; k < h->net.n_links; k++) {
        struct tern_text text;
        tern_text_init(&text, lines[k], sizeof lines[k]);
        if (ipv4 != NULL)
            ipv4_add(&text, &h->net, &ipv4->links[k], k);
        ipv6_add(&text, &h->net, k);
        set->labels[k] = (struct tern_metric_label){ names[k], lines[k] };
    }
    if (h->net.n_links < TERN_METRIC_LABELS)
        set->labels[h->net.n_links].name = NULL;
    set->text = addresses_text;
    set->values = set->own;
    set->own[0] = 1;
}
