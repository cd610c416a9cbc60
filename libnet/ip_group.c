/* SPDX-License-Identifier: ISC */
/*
 * The listener's side of IGMPv3 (RFC 3376 section 5) and MLDv2 (RFC 3810
 * section 6), which are one protocol, for hosts whose only joins are "from any
 * source": so all that a report ever says is EXCLUDE {} of a group, or no more.
 *
 *              join: TO_EX, robustness times        leave: TO_IN, so often
 *    (free) ----------------------------> joined -----------------------> leaving
 *       ^                                  |  ^                              |
 *       |                            query |  | IS_EX, after a random delay  |
 *       +----------------------------------+--+------------------------------+
 *
 * A report that is due answers any question before it: a group has one timer. A
 * query about sources is answered with the group's state, which says more than
 * was asked; so nothing that a query names is kept. Where a querier of an older
 * version is heard (RFC 3376 section 7.2, RFC 3810 section 8.2), reports are of
 * its version, one a group, and others' make ours needless.
 */
#include "ip_internal.h"

/* RFC 3376 sections 8.1, 8.2, 8.3 and 8.11, RFC 3810 section 9. */
#define ROBUSTNESS 2
#define INTERVAL_S 125
#define RESPONSE_NS (10 * TERN_SECOND_NS)
#define REPEAT_MS 1000u
#define REPEAT_OLD_MS 10000u    /* RFC 2236 section 8.10, RFC 2710 section 7.10 */

#define N_RECORDS IP_GROUP_RECORDS

void tern_ip_groups_init(struct tern_ip *ip, const struct ip_group_ops *ops)
{
    ip->group_ops = ops;
    for (size_t i = 0; i < TERN_NET_LINKS; i++) {
        ip->group_links[i].robustness = ROBUSTNESS;
        ip->group_links[i].interval_s = INTERVAL_S;
        ip->group_links[i].version = ip_groups(ip)->version;
    }
}

/* ---- Groups ------------------------------------------------------------- */

static bool is_free(const struct tern_ip_group *g)
{
    return g->n_users == 0 && g->report_ns == 0;
}

/* Joined or leaving; link 0xff: on any, and joined. */
static struct tern_ip_group *find(const struct tern_ip *ip, uint8_t link,
                                  const struct tern_addr *group)
{
    for (size_t i = 0; i < ip->n_groups; i++) {
        struct tern_ip_group *g = &ip->groups[i];
        if (!is_free(g) && (g->link == link || (link == 0xff && g->n_users > 0)) &&
            tern_addr_equal(&g->group, group))
            return g;
    }
    return NULL;
}

bool tern_ip_has_group(const struct tern_ip *ip, uint8_t link, const struct tern_addr *group)
{
    const struct tern_ip_group *g = find(ip, link, group);
    return g != NULL && g->n_users > 0;
}

static uint64_t in_ms(const struct tern_ip *ip, uint32_t ms)
{
    return ip->net->turn->now_ns + ms * TERN_MILLISECOND_NS;
}

static void due_set(struct tern_ip *ip, struct tern_ip_group *g, uint64_t due_ns)
{
    g->report_ns = due_ns;
    tern_ip_rearm(ip, due_ns);
}

/*
 * The version to speak on the link. When it becomes another, what was to be
 * said in the one before is not (RFC 3376 section 7.2.1, RFC 3810 8.2.1).
 */
static uint8_t version_now(struct tern_ip *ip, uint8_t link)
{
    uint8_t version = ip_groups(ip)->version;
    for (uint8_t v = (uint8_t)(version - 1); v > 0; v--)
        if (ip->group_links[link].old_ns[v - 1] > ip->net->turn->now_ns)
            version = v;
    if (version == ip->group_links[link].version)
        return version;
    ip->group_links[link].version = version;
    ip->group_links[link].general_ns = 0;
    for (size_t i = 0; i < ip->n_groups; i++)
        if (ip->groups[i].link == link)
            ip->groups[i].report_ns = ip->groups[i].n_reports = 0;
    return version;
}

/* It was joined or left: that is told now, and again for whom it does not reach. */
static void change_tell(struct tern_ip *ip, struct tern_ip_group *g)
{
    uint8_t version = version_now(ip, g->link);
    g->report_ns = g->n_reports = 0;
    if (!ip_groups(ip)->is_reported(&g->group) || !ip->net->links[g->link].link->up)
        return;
    if (version == ip_groups(ip)->version)
        g->n_reports = ip->group_links[g->link].robustness;
    else if (g->n_users > 0)
        g->n_reports = ROBUSTNESS;
    else
        g->n_reports = g->was_last;    /* another host is there and has reported it */
    if (g->n_reports > 0)
        due_set(ip, g, ip->net->turn->now_ns);
}

static void hear(struct tern_ip *ip, const struct tern_ip_group *g, bool leave)
{
    uint8_t mac[6];
    ip_groups(ip)->mac(mac, &g->group);
    tern_net_group_join(ip->net, g->link, mac, leave);
}

/* The group's entry, or a new one: that of a group which is being left is the last to go. */
static struct tern_ip_group *entry_for(struct tern_ip *ip, uint8_t link,
                                       const struct tern_addr *group)
{
    struct tern_ip_group *g = find(ip, link, group);
    if (g != NULL)
        return g;
    for (size_t i = 0; i < ip->n_groups && (g == NULL || !is_free(g)); i++)
        if (ip->groups[i].n_users == 0)
            g = &ip->groups[i];
    if (g != NULL)
        *g = (struct tern_ip_group){ .group = *group, .link = link, .was_last = true };
    return g;
}

enum tern_err tern_ip_group_join(struct tern_ip *ip, uint8_t link, const struct tern_addr *group)
{
    struct tern_ip_group *g = entry_for(ip, link, group);
    if (g == NULL || g->n_users == UINT16_MAX)
        return TERN_FULL;
    if (g->n_users++ > 0)
        return TERN_OK;
    hear(ip, g, false);
    change_tell(ip, g);
    return TERN_OK;
}

enum tern_err tern_ip_group_leave(struct tern_ip *ip, uint8_t link, const struct tern_addr *group)
{
    struct tern_ip_group *g = find(ip, link, group);
    if (g == NULL || g->n_users == 0)
        return TERN_INVALID;
    if (--g->n_users > 0)
        return TERN_OK;
    hear(ip, g, true);
    change_tell(ip, g);
    return TERN_OK;
}

void tern_ip_groups_tell(struct tern_ip *ip, uint8_t link)
{
    for (size_t i = 0; i < ip->n_groups; i++)
        if (ip->groups[i].link == link && ip->groups[i].n_users > 0)
            change_tell(ip, &ip->groups[i]);
        else if (ip->groups[i].link == link && !ip->net->links[link].link->up)
            ip->groups[i].report_ns = 0;
    ip->group_links[link].general_ns = 0;
}

/* ---- What others say ---------------------------------------------------- */

void tern_ip_group_query(struct tern_ip *ip, uint8_t link, const struct tern_group_query *q)
{
    uint8_t newest = ip_groups(ip)->version;
    uint64_t now_ns = ip->net->turn->now_ns;
    ip->stats->group_queries++;
    if (q->version < newest) {
        ip->group_links[link].old_ns[q->version - 1] =
            now_ns + RESPONSE_NS +
            ip->group_links[link].robustness * ip->group_links[link].interval_s * TERN_SECOND_NS;
    } else {
        ip->group_links[link].robustness = q->robustness != 0 ? q->robustness : ROBUSTNESS;
        if (q->interval_s != 0)
            ip->group_links[link].interval_s = (uint16_t)q->interval_s;
    }
    uint8_t version = version_now(ip, link);
    uint64_t *general_ns = &ip->group_links[link].general_ns;
    for (size_t i = 0; i < ip->n_groups; i++) {
        struct tern_ip_group *g = &ip->groups[i];
        if (g->link != link || g->n_users == 0 || !ip_groups(ip)->is_reported(&g->group) ||
            !(q->is_general || tern_addr_equal(&g->group, &q->group)))
            continue;
        uint64_t due_ns = in_ms(ip, tern_drbg_below(ip->net->drbg, q->max_response_ms + 1));
        if (*general_ns != 0 && *general_ns <= due_ns)    /* RFC 3376 section 5.2, rule 1 */
            return;
        if (q->is_general && version == newest) {
            *general_ns = due_ns;
            tern_ip_rearm(ip, due_ns);
            return;
        }
        if (g->report_ns == 0 || due_ns < g->report_ns)
            due_set(ip, g, due_ns);
    }
}

/* Of an older version's querier one report a group is enough (RFC 2236 section 3). */
void tern_ip_group_heard(struct tern_ip *ip, uint8_t link, const struct tern_addr *group)
{
    struct tern_ip_group *g = find(ip, link, group);
    ip->stats->group_heard++;
    if (g == NULL || g->n_users == 0 || version_now(ip, link) == ip_groups(ip)->version)
        return;
    g->report_ns = g->n_reports = 0;
    g->was_last = false;
}

/* ---- Time --------------------------------------------------------------- */

static void report(struct tern_ip *ip, uint8_t link, const struct tern_group_record *records,
                   size_t n)
{
    if (ip_groups(ip)->report(ip, link, ip->group_links[link].version, records, n))
        ip->stats->group_reports++;
    else
        ip->stats->group_full++;
}

/* What is to be said of it now; and whether it is to be said once more. */
static struct tern_group_record record_take(struct tern_ip *ip, struct tern_ip_group *g,
                                            bool is_due)
{
    struct tern_group_record r = { .type = GROUP_IS_EXCLUDE, .group = g->group };
    if (!is_due)
        return r;
    if (g->n_reports > 0) {
        r.type = g->n_users > 0 ? GROUP_TO_EXCLUDE : GROUP_TO_INCLUDE;
        g->n_reports--;
    }
    bool is_old = ip->group_links[g->link].version != ip_groups(ip)->version;
    uint32_t wait_ms = 1 + tern_drbg_below(ip->net->drbg, is_old ? REPEAT_OLD_MS : REPEAT_MS);
    g->report_ns = g->n_reports > 0 ? in_ms(ip, wait_ms) : 0;
    g->was_last = true;
    return r;
}

static uint64_t link_run(struct tern_ip *ip, uint8_t link, uint64_t now_ns)
{
    struct tern_group_record records[N_RECORDS];
    size_t n = 0, most = version_now(ip, link) == ip_groups(ip)->version ? N_RECORDS : 1;
    uint64_t *general_ns = &ip->group_links[link].general_ns, next_ns = TERN_NEVER;
    bool all = *general_ns != 0 && *general_ns <= now_ns;
    if (all)
        *general_ns = 0;
    else if (*general_ns != 0)
        next_ns = *general_ns;
    for (size_t i = 0; i < ip->n_groups; i++) {
        struct tern_ip_group *g = &ip->groups[i];
        if (g->link != link || is_free(g))
            continue;
        bool is_due = g->report_ns != 0 && g->report_ns <= now_ns;
        if (is_due || (all && g->n_users > 0 && ip_groups(ip)->is_reported(&g->group)))
            records[n++] = record_take(ip, g, is_due);
        if (n == most) {
            report(ip, link, records, n);
            n = 0;
        }
        if (g->report_ns != 0 && g->report_ns < next_ns)
            next_ns = g->report_ns;
    }
    if (n > 0)
        report(ip, link, records, n);
    return next_ns;
}

uint64_t tern_ip_groups_run(struct tern_ip *ip, uint64_t now_ns)
{
    uint64_t next_ns = TERN_NEVER;
    for (uint8_t link = 0; link < ip->net->n_links; link++) {
        uint64_t due_ns = link_run(ip, link, now_ns);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}
