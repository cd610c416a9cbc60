/* SPDX-License-Identifier: ISC */
/*
 * Where an appliance would listen: what must fail there is found out before anything
 * is placed, opened or told of.
 */
#include <string.h>

#include "host_internal.h"

/* The option's value, if it is an address with a port; else NULL. */
static const char *place_of(const struct tern_host_options *options, const char *key,
                            struct tern_endpoint_addr *at)
{
    const char *value = tern_host_options_get(options, key);
    if (value == NULL || tern_endpoint_addr_parse(value, strlen(value), at) != TERN_OK)
        return NULL;
    return value;
}

static bool is_any(const struct tern_addr *a)
{
    return tern_addr_is_any(a) || (tern_addr_is_v4(a) && tern_addr_to_v4(a) == 0);
}

/*
 * Would a listener at a be in the way of one at b? The kernel's for any address is in that
 * of each (of its family, which is both for ::). Tern's own stack prefers one for the
 * very address, and takes both.
 */
static bool is_taken(const struct tern_endpoint_addr *a, const struct tern_endpoint_addr *b,
                     unsigned kind)
{
    if (a->port != b->port || a->port == 0)
        return false;
    if (a->link == b->link &&
        (tern_addr_equal(&a->addr, &b->addr) || (is_any(&a->addr) && is_any(&b->addr))))
        return true;
    return kind == TERN_HOST_SOCKETS && (is_any(&a->addr) || is_any(&b->addr)) &&
           (tern_addr_is_any(&a->addr) || tern_addr_is_any(&b->addr) ||
            tern_addr_is_v4(&a->addr) == tern_addr_is_v4(&b->addr));
}

/* What is wrong with a place on a host of this kind, or NULL. RFC 4007 section 6. */
static const char *wrong_with(const struct tern_endpoint_addr *at, unsigned kind,
                              const struct tern_host_settings *settings)
{
    const uint8_t *octets = at->addr.octets;
    bool v4 = tern_addr_is_v4(&at->addr), link_local = octets[0] == 0xfe && octets[1] >> 6 == 2;
    bool sockets = kind == TERN_HOST_SOCKETS, any = tern_addr_is_any(&at->addr);

    if (v4 ? octets[12] >> 4 == 14 : octets[0] == 0xff)
        return "is a multicast address: connections are to one host";
    if (sockets && link_local && at->link == 0)
        return "wants a link, as [fe80::1%eth0]:80: each has such addresses";
    /* Tern's own stack listens at any address of a link, too. */
    if (at->link != 0 && !link_local && (sockets || !any))
        return "has a link: only link-local addresses do";
    if (!sockets && at->link > (settings->links != NULL ? settings->links->n : 1))
        return "is on a link that this host has not";
    if (sockets || any)
        return NULL;
    if (v4 && !settings->dhcp && !settings->has_ip[0])
        return "is an IPv4 address, and ip= gives this host none";
    return !v4 && !settings->slaac && !settings->has_ip[1]
               ? "is an IPv6 address, and ip= gives this host none" : NULL;
}

static enum tern_err taken(struct tern_host_options *options, const char *key, const char *value,
                           const char *by_key, const char *by)
{
    char words[96];
    struct tern_text text;
    tern_text_init(&text, words, sizeof words);
    tern_text_add(&text, "is taken, by option ");
    tern_text_add(&text, by_key);
    tern_text_add(&text, ": '");
    tern_text_add(&text, by);
    tern_text_add(&text, "'");
    return tern_host_options_bad_own(options, key, value, words);
}

enum tern_err tern_host_options_listens(struct tern_host_options *options, unsigned kind,
                                        const struct tern_host_settings *settings)
{
    const char *const *keys = options->appliance->listens;
    for (size_t i = 0; keys != NULL && keys[i] != NULL; i++) {
        struct tern_endpoint_addr at, other;
        const char *value = place_of(options, keys[i], &at);
        if (value == NULL)
            continue;
        const char *wrong = wrong_with(&at, kind, settings);
        if (wrong != NULL)
            return tern_host_options_bad_own(options, keys[i], value, wrong);
        for (size_t k = 0; k < i; k++) {
            const char *by = place_of(options, keys[k], &other);
            if (by != NULL && is_taken(&at, &other, kind))
                return taken(options, keys[i], value, keys[k], by);
        }
    }
    return TERN_OK;
}
