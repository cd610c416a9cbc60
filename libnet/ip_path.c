/* SPDX-License-Identifier: ISC */
/*
 * What is remembered of destinations in small tables: their path MTU
 * (RFC 1191, RFC 8201) and how many errors they got. And the beginning of all
 * that struct tern_ip holds, with its one timer.
 */
#include "ip_internal.h"

#include <string.h>

/* ---- The path MTU ------------------------------------------------------- */

#define PMTU_EXPIRES_NS (600 * TERN_SECOND_NS)    /* RFC 1191 section 6.3, RFC 8201 5.3 */

/* Places below the first of these are for all packets, up to the second for echo replies. */
#define ALL_END TERN_IP_PMTUS
#define ECHO_END (TERN_IP_PMTUS + TERN_IP_ECHO_PMTUS)

uint16_t tern_ip_pmtu(const struct tern_ip *ip, const struct tern_addr *dst, uint16_t link_mtu,
                      bool echo)
{
    uint16_t mtu = link_mtu;
    for (size_t i = 0; i < (echo ? ECHO_END : ALL_END); i++)
        if (ip->pmtus[i].mtu < mtu && ip->pmtus[i].due_ns > ip->net->turn->now_ns &&
            tern_addr_equal(&ip->pmtus[i].dst, dst))
            mtu = ip->pmtus[i].mtu;
    return mtu;
}

void tern_ip_pmtu_lower(struct tern_ip *ip, const struct tern_addr *dst, uint16_t mtu, bool echo)
{
    /* Its own entry, else the one that ends soonest: a free one ended at 0. */
    size_t at = echo ? ALL_END : 0;
    for (size_t i = at; i < (echo ? ECHO_END : ALL_END); i++) {
        if (tern_addr_equal(&ip->pmtus[i].dst, dst)) {
            at = i;
            break;
        }
        if (ip->pmtus[i].due_ns < ip->pmtus[at].due_ns)
            at = i;
    }
    ip->pmtus[at].dst = *dst;
    ip->pmtus[at].mtu = mtu;
    ip->pmtus[at].due_ns = ip->net->turn->now_ns + PMTU_EXPIRES_NS;
    ip->stats->pmtu_lowered++;
}

/* ---- The rate of errors ------------------------------------------------- */

/*
 * A bucket of tokens for each destination, never one for all: a limit that
 * hosts share tells one host how many errors others got, and so which ports
 * are open (SAD DNS, CVE-2020-25705). The table is small and keyed; who takes
 * another's place starts with a full bucket, some tokens short by chance, so
 * that a collision tells little too. Answers never outnumber questions.
 */
#define RATE_BURST 6u
#define RATE_TOKEN_NS TERN_SECOND_NS

bool tern_ip_rate_allows(struct tern_ip *ip, const struct tern_addr *dst)
{
    uint64_t now_ns = ip->net->turn->now_ns;
    size_t at = tern_siphash_3(ip->key, tern_load_le64(dst->octets),
                               tern_load_le64(dst->octets + 8), 3) % TERN_IP_RATES;
    if (!tern_addr_equal(&ip->rates[at].dst, dst)) {
        ip->rates[at].dst = *dst;
        ip->rates[at].tokens = RATE_BURST - tern_drbg_below(ip->net->drbg, 3);
        ip->rates[at].at_ns = now_ns;
    }
    uint64_t n = (now_ns - ip->rates[at].at_ns) / RATE_TOKEN_NS;
    ip->rates[at].at_ns += n * RATE_TOKEN_NS;
    n += ip->rates[at].tokens;
    ip->rates[at].tokens = n < RATE_BURST ? (uint32_t)n : RATE_BURST;
    if (ip->rates[at].tokens == 0) {
        ip->stats->icmp_rate_limited++;
        return false;
    }
    ip->rates[at].tokens--;
    return true;
}

/* ---- All of it ---------------------------------------------------------- */

void tern_ip_rearm(struct tern_ip *ip, uint64_t due_ns)
{
    if (due_ns != TERN_NEVER &&
        (!tern_timer_is_set(&ip->timer) || due_ns < ip->timer.due_ns))
        tern_timer_set(ip->net->turn, &ip->timer, due_ns);
}

static void ip_fire(struct tern_timer *timer, uint64_t now_ns)
{
    struct tern_ip *ip = TERN_CONTAINER_OF(timer, struct tern_ip, timer);
    tern_net_worked(ip->net);
    tern_ip_rearm(ip, tern_neigh_run(ip, now_ns));
    tern_ip_rearm(ip, tern_ip_reassembly_run(ip, now_ns));
    if (ip_groups(ip) != NULL)
        tern_ip_rearm(ip, ip_groups(ip)->run(ip, now_ns));
    tern_ip_rearm(ip, ip_family(ip)->run(ip, now_ns));
}

bool tern_ip_init(struct tern_ip *ip, struct tern_net *net, const void *context,
                  const struct ip_family *family, struct tern_ip_stats *stats)
{
    if (ip->neighbours == NULL || ip->n_neighbours < 8 || ip->n_neighbours > 32768 ||
        (ip->n_reassemblies > 0 && ip->reassemblies == NULL) || ip->n_reassemblies > 4096)
        return false;
    if (ip->reassembly_ns == 0)
        ip->reassembly_ns = 30 * TERN_SECOND_NS;
    for (size_t i = 0; i < TERN_NET_LINKS; i++) {
        ip->retry_ns[i] = NEIGH_RETRY_NS;
        ip->reachable_ns[i] = NEIGH_REACHABLE_NS;
    }
    ip->stats = stats;
    ip->family = family;
    ip->net = net;
    ip->timer.fire = ip_fire;
    for (uint8_t i = 0; i < net->n_networks; i++)
        if (net->networks[i].context == context)
            ip->slot = i;
    (void)tern_drbg_fill(net->drbg, ip->key, sizeof ip->key);
    tern_neigh_cache_init(ip);
    tern_ip_reassembly_init(ip);
    return true;
}
