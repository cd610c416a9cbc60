/* SPDX-License-Identifier: ISC */
/*
 * Addresses from prefixes that routers advertise (RFC 4862 section 5.5.3), with
 * identifiers that are stable in a network and tell nothing elsewhere (RFC
 * 7217), and temporary ones for connections that we open (RFC 8981).
 */
#include "ipv6_internal.h"
#include "nd_wire.h"

#include <string.h>

#define TWO_HOURS_NS (2 * 3600 * TERN_SECOND_NS)
#define PREFIXES_MAX 8u        /* with addresses of ours, of a link */
#define AUTO_MAX 16u           /* addresses by prefixes, of all links: others have room left */

/* RFC 8981 section 3.8. DESYNC_FACTOR is up to 0.4 of the preferred lifetime. */
#define TEMP_VALID_NS (2 * 86400 * TERN_SECOND_NS)
#define TEMP_PREFERRED_NS (86400 * TERN_SECOND_NS)
#define DESYNC_MOST_S (86400u * 4 / 10)

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- Identifiers -------------------------------------------------------- */

/* RFC 5453's registry: subnet routers, Ethernet's block, reserved anycast addresses. */
static bool is_reserved(uint64_t id)
{
    return id == 0 || id >> 24 == UINT64_C(0x02005efffe) ||
           id >> 7 == UINT64_C(0xfdffffffffffff80) >> 7;
}

/*
 * RFC 7217 section 5: a keyed hash of prefix, interface and counter. The
 * interface is its MAC: what it is called or numbered may change with others.
 */
void tern_slaac_stable(const struct tern_ipv6 *ip, uint8_t link, struct tern_addr *addr,
                       uint8_t n_conflicts)
{
    const uint8_t *mac = ip->ip.net->links[link].mac;
    uint64_t interface = (uint64_t)tern_load_be16(mac) << 32 | tern_load_be32(mac + 2);
    uint64_t prefix = tern_load_be64(addr->octets), id, counter = n_conflicts;
    /* Ends: about one identifier in 2^40 is reserved. */
    do {
        id = tern_siphash_3(ip->stable_secret, prefix, interface, counter);
        counter += 256;
    } while (is_reserved(id));
    tern_store_be64(addr->octets + 8, id);
}

static void temporary_identifier(struct tern_ipv6 *ip, struct tern_addr *addr)
{
    uint64_t id;
    do {    /* RFC 8981 section 3.3.1 */
        (void)tern_drbg_fill(ip->ip.net->drbg, addr->octets + 8, 8);
        id = tern_load_be64(addr->octets + 8);
    } while (is_reserved(id));
}

/* ---- Addresses by prefix ------------------------------------------------ */

static bool is_auto(const struct tern_ipv6_own *own)
{
    return own->state != TERN_IPV6_UNUSED && (own->origin == TERN_IPV6_FROM_PREFIX ||
                                              own->origin == TERN_IPV6_FROM_PREFIX_TEMPORARY);
}

static bool has_prefix(const struct tern_ipv6_own *own, uint8_t link,
                       const struct tern_addr *prefix)
{
    return is_auto(own) && own->link == link && tern_net_prefix_has(prefix, 64, &own->addr);
}

static struct tern_ipv6_own *auto_add(struct tern_ipv6 *ip, uint8_t link,
                                      const struct tern_addr *addr, enum tern_ipv6_origin origin,
                                      uint64_t preferred_ns, uint64_t valid_ns)
{
    size_t n = 0;
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++)
        n += is_auto(&ip->addrs[i]);
    if (n >= AUTO_MAX)
        return NULL;
    return tern_ipv6_own_add(ip, link, addr, 64, origin, preferred_ns, valid_ns);
}

/* ---- Temporary ones ----------------------------------------------------- */

/* What TEMP_PREFERRED_LIFETIME is cut by, for each address its own (RFC 8981 section 3.8). */
static uint64_t desync_ns(const struct tern_ipv6 *ip, const struct tern_addr *addr)
{
    return tern_siphash(ip->ip.key, addr->octets, 16) % DESYNC_MOST_S * TERN_SECOND_NS;
}

/* REGEN_ADVANCE: 2 s and the time that all questions may take (section 3.8). */
static uint64_t advance_ns(const struct tern_ipv6 *ip, uint8_t link)
{
    return 2 * TERN_SECOND_NS + 3u * ip->config.n_dad * ip->ip.retry_ns[link];
}

/* A temporary address beside a stable one, until the same times at most (section 3.4). */
static void temporary_add(struct tern_ipv6 *ip, const struct tern_ipv6_own *stable,
                          uint8_t n_conflicts)
{
    struct tern_addr addr = stable->addr;
    uint64_t now_ns = ip->ip.net->turn->now_ns;
    temporary_identifier(ip, &addr);
    uint64_t preferred_ns = least(stable->preferred_ns,
                                  now_ns + TEMP_PREFERRED_NS - desync_ns(ip, &addr));
    if (preferred_ns <= now_ns + advance_ns(ip, stable->link))
        return;
    struct tern_ipv6_own *own = auto_add(ip, stable->link, &addr, TERN_IPV6_FROM_PREFIX_TEMPORARY,
                                         preferred_ns,
                                         least(stable->valid_ns, now_ns + TEMP_VALID_NS));
    if (own != NULL)
        own->n_conflicts = n_conflicts;
}

/* Makes the prefix's next temporary address if it is time; when that will be. */
static uint64_t temporary_run(struct tern_ipv6 *ip, const struct tern_ipv6_own *stable,
                              uint64_t now_ns)
{
    uint64_t preferred_ns = 0, advance = advance_ns(ip, stable->link);
    /* Also one that turned out to be a duplicate has its time: no second one is tried at once. */
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++) {
        const struct tern_ipv6_own *own = &ip->addrs[i];
        if (has_prefix(own, stable->link, &stable->addr) &&
            own->origin == TERN_IPV6_FROM_PREFIX_TEMPORARY && own->preferred_ns > preferred_ns)
            preferred_ns = own->preferred_ns;
    }
    if (preferred_ns > now_ns + advance)
        return preferred_ns - advance;
    temporary_add(ip, stable, 0);
    return TERN_NEVER;    /* the new one's own time is looked at when that begins */
}

static uint64_t temporaries_run(struct tern_ipv6 *ip, uint64_t now_ns)
{
    uint64_t next_ns = TERN_NEVER;
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++) {
        const struct tern_ipv6_own *own = &ip->addrs[i];
        /* One that is free has another origin. */
        if (own->origin != TERN_IPV6_FROM_PREFIX ||
            (ip->links[own->link].flags & TERN_IPV6_TEMPORARY) == 0)
            continue;
        next_ns = least(next_ns, temporary_run(ip, own, now_ns));
    }
    return next_ns;
}

/* It lives no longer than it would by itself. */
static void temporary_limit(const struct tern_ipv6 *ip, const struct tern_ipv6_own *own,
                            uint64_t *preferred_ns, uint64_t *valid_ns)
{
    *preferred_ns = least(*preferred_ns, own->made_ns + TEMP_PREFERRED_NS -
                                             desync_ns(ip, &own->addr));
    *valid_ns = least(*valid_ns, own->made_ns + TEMP_VALID_NS);
}

const struct ipv6_temporary_ops tern_ipv6_temporary_ops = {
    .add = temporary_add, .run = temporaries_run, .limit = temporary_limit,
};

uint64_t tern_slaac_run(struct tern_ipv6 *ip, uint64_t now_ns)
{
    const struct ipv6_temporary_ops *ops = ip->temporary;
    return ops != NULL ? ops->run(ip, now_ns) : TERN_NEVER;
}

/* ---- Prefixes ----------------------------------------------------------- */

/*
 * RFC 4862 section 5.5.3 (e): a forged advertisement cannot end an address in
 * less than two hours. A temporary one lives no longer than it would by itself.
 */
static void renew(struct tern_ipv6 *ip, struct tern_ipv6_own *own, uint64_t preferred_ns,
                  uint64_t valid_ns)
{
    uint64_t now_ns = ip->ip.net->turn->now_ns;
    uint64_t two_hours_ns = now_ns + TWO_HOURS_NS;
    const struct ipv6_temporary_ops *ops = ip->temporary;
    if (own->origin == TERN_IPV6_FROM_PREFIX_TEMPORARY)
        ops->limit(ip, own, &preferred_ns, &valid_ns);
    own->preferred_ns = preferred_ns;
    if (valid_ns > two_hours_ns || valid_ns > own->valid_ns)
        own->valid_ns = valid_ns;
    else if (own->valid_ns > two_hours_ns)
        own->valid_ns = two_hours_ns;
    if (own->state == TERN_IPV6_DEPRECATED && preferred_ns > now_ns)
        own->state = TERN_IPV6_PREFERRED;
    else if (own->state == TERN_IPV6_PREFERRED && preferred_ns <= now_ns)
        own->state = TERN_IPV6_DEPRECATED;
}

void tern_slaac_prefix(struct tern_ipv6 *ip, uint8_t link, const struct tern_nd_option *option)
{
    uint64_t preferred_ns = nd_expires_ns(ip, option->preferred_s);
    uint64_t valid_ns = nd_expires_ns(ip, option->lifetime_s);
    unsigned n_prefixes = 0;
    bool known = false;
    /* (c), and (d): with identifiers of 64 bits */
    if (option->preferred_s > option->lifetime_s || option->prefix_len != 64) {
        ip->stats.nd_bad_options++;
        return;
    }
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++) {
        struct tern_ipv6_own *own = &ip->addrs[i];
        bool stable = own->origin == TERN_IPV6_FROM_PREFIX;
        n_prefixes += is_auto(own) && own->link == link && stable;
        if (!has_prefix(own, link, &option->prefix))
            continue;
        known |= stable;
        renew(ip, own, preferred_ns, valid_ns);
    }
    tern_ip_rearm(&ip->ip, ip->ip.net->turn->now_ns);    /* temporary ones are made there */
    if (known || option->lifetime_s == 0)
        return;
    struct tern_addr addr = option->prefix;
    tern_slaac_stable(ip, link, &addr, 0);
    if (n_prefixes >= PREFIXES_MAX ||
        auto_add(ip, link, &addr, TERN_IPV6_FROM_PREFIX, preferred_ns, valid_ns) == NULL)
        ip->stats.prefix_no_room++;
}

void tern_slaac_retry(struct tern_ipv6 *ip, uint8_t link, const struct tern_ipv6_own *failed)
{
    struct tern_addr addr = failed->addr;
    uint8_t n_conflicts = (uint8_t)(failed->n_conflicts + 1);
    if (failed->origin == TERN_IPV6_FROM_PREFIX_TEMPORARY) {
        const struct ipv6_temporary_ops *ops = ip->temporary;
        ops->add(ip, failed, n_conflicts);
        return;
    }
    tern_slaac_stable(ip, link, &addr, n_conflicts);
    struct tern_ipv6_own *own =
        tern_ipv6_own_add(ip, link, &addr, failed->prefix_len,
                          (enum tern_ipv6_origin)failed->origin, failed->preferred_ns,
                          failed->valid_ns);
    if (own != NULL)
        own->n_conflicts = n_conflicts;
}
