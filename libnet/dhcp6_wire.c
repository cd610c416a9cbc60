/* SPDX-License-Identifier: ISC */
/*
 * DHCPv6 messages on the wire (RFC 8415, 3646, 5908): pure parse and emit.
 */
#include "dhcp6_wire.h"
#include "ipv6_wire.h"
#include "names_wire.h"

#include <string.h>

enum { MSG_HDR_LEN = 4, OPT_HDR_LEN = 4, ADDR_LEN = 16 };

/* IA_NA: IAID, T1, T2, options. An address of it: address, preferred, valid, options. */
enum { IA_T1 = 4, IA_T2 = 8, IA_OPTIONS = 12 };
enum { IAADDR_PREFERRED = 16, IAADDR_VALID = 20, IAADDR_OPTIONS = 24 };

enum {
    OPT_CLIENT_ID = 1,
    OPT_SERVER_ID = 2,
    OPT_IA_NA = 3,
    OPT_IAADDR = 5,
    OPT_ORO = 6,
    OPT_PREFERENCE = 7,
    OPT_ELAPSED = 8,
    OPT_STATUS = 13,
    OPT_RAPID = 14,
    OPT_DNS = 23,
    OPT_DOMAINS = 24,
    OPT_REFRESH = 32,
    OPT_NTP = 56,
    OPT_SOL_MAX_RT = 82,
    OPT_INF_MAX_RT = 83,
};
enum { NTP_ADDR = 1 };

/* What we read: lengths from..to, and whether it may come only once where it stands. */
static const struct rule {
    uint8_t code, least, most;    /* most 255: any */
    bool once;
} rules[] = {
    { OPT_CLIENT_ID, DHCP6_DUID_LEAST, DHCP6_DUID_MAX, true },
    { OPT_SERVER_ID, DHCP6_DUID_LEAST, DHCP6_DUID_MAX, true },
    { OPT_IA_NA, IA_OPTIONS, 255, false },
    { OPT_IAADDR, IAADDR_OPTIONS, 255, false },
    { OPT_PREFERENCE, 1, 1, true },
    { OPT_STATUS, 2, 255, true },
    { OPT_RAPID, 0, 0, true },
    { OPT_DNS, ADDR_LEN, 255, true },
    { OPT_DOMAINS, 0, 255, true },
    { OPT_REFRESH, 4, 4, true },
    { OPT_NTP, OPT_HDR_LEN, 255, false },
    { OPT_SOL_MAX_RT, 4, 4, true },
    { OPT_INF_MAX_RT, 4, 4, true },
};

/* ---- Parsing ------------------------------------------------------------ */

/* The options of a message or of an option: what is left of them. */
struct options {
    const uint8_t *at;
    size_t len;
    uint32_t seen;     /* a bit a rule */
    bool is_bad;       /* they ended because one is malformed */
};

struct option {
    unsigned code;
    const uint8_t *data;
    size_t len;
};

/* Is the option as its rule wants it? */
static bool rule_keep(struct options *options, const struct option *o)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct rule *r = &rules[i];
        if (r->code != o->code)
            continue;
        if (o->len < r->least || (r->most != 255 && o->len > r->most))
            return false;
        if (r->once && (options->seen >> i & 1) != 0)
            return false;
        options->seen |= UINT32_C(1) << i;
    }
    return true;
}

/* The next option, its length checked against all in which it stands. */
static bool option_next(struct options *options, struct option *o)
{
    if (options->len == 0)
        return false;
    options->is_bad = true;
    if (options->len < OPT_HDR_LEN)
        return false;
    *o = (struct option){ .code = tern_load_be16(options->at), .data = options->at + OPT_HDR_LEN,
                          .len = tern_load_be16(options->at + 2) };
    if (o->len > options->len - OPT_HDR_LEN || !rule_keep(options, o))
        return false;
    options->is_bad = false;
    options->at = o->data + o->len;
    options->len -= OPT_HDR_LEN + o->len;
    return true;
}

/* The options of an option, behind its first off octets. */
static struct options options_of(const struct option *o, size_t off)
{
    return (struct options){ .at = o->data + off, .len = o->len - off };
}

/* May a host have this address? */
static bool is_usable(const struct tern_addr *a)
{
    static const struct tern_addr loopback = { { [15] = 1 } };
    return !ipv6_is_multicast(a->octets) && !ipv6_is_link_local(a->octets) &&
           !tern_addr_is_any(a) && !tern_addr_is_v4(a) && !tern_addr_equal(a, &loopback);
}

/* An address of our IA_NA; false: malformed. */
static bool iaaddr_take(struct tern_dhcp6_reply *r, const struct option *ia)
{
    struct tern_dhcp6_addr a = { .addr = ipv6_addr(ia->data),
                                 .preferred_s = tern_load_be32(ia->data + IAADDR_PREFERRED),
                                 .valid_s = tern_load_be32(ia->data + IAADDR_VALID) };
    struct options options = options_of(ia, IAADDR_OPTIONS);
    struct option o;
    unsigned status = DHCP6_SUCCESS;
    while (option_next(&options, &o))
        if (o.code == OPT_STATUS)
            status = tern_load_be16(o.data);
    if (status == DHCP6_SUCCESS && a.preferred_s <= a.valid_s && is_usable(&a.addr) &&
        r->n_addrs < DHCP6_SAID_MAX)
        r->addrs[r->n_addrs++] = a;
    return !options.is_bad;
}

/* The IA_NA that is ours; false: malformed, or a second one. */
static bool ia_take(struct tern_dhcp6_reply *r, const struct option *ia)
{
    struct options options = options_of(ia, IA_OPTIONS);
    struct option o;
    if (r->has_ia)
        return false;
    r->has_ia = true;
    r->t1_s = tern_load_be32(ia->data + IA_T1);
    r->t2_s = tern_load_be32(ia->data + IA_T2);
    while (option_next(&options, &o)) {
        if (o.code == OPT_STATUS)
            r->ia_status = tern_load_be16(o.data);
        else if (o.code == OPT_IAADDR && !iaaddr_take(r, &o))
            return false;
    }
    if (r->t2_s != 0 && r->t1_s > r->t2_s) {
        r->has_ia = false;
        r->n_addrs = 0;
        r->ia_status = DHCP6_SUCCESS;
    }
    return !options.is_bad;
}

/* RFC 5908 section 4: a server by its address; names and groups are stepped over. */
static bool ntp_take(struct tern_dhcp6_reply *r, const struct option *ntp)
{
    /* Its suboptions have numbers of their own: no rule is for them. */
    const uint8_t *p = ntp->data;
    size_t left = ntp->len;
    /* Each turn takes at least 4 octets of left. */
    while (left > 0) {
        if (left < OPT_HDR_LEN || tern_load_be16(p + 2) > left - OPT_HDR_LEN)
            return false;
        size_t len = tern_load_be16(p + 2);
        if (tern_load_be16(p) == NTP_ADDR) {
            if (len != ADDR_LEN)
                return false;
            if (r->n_ntp < DHCP6_NTP_MAX)
                r->ntp[r->n_ntp++] = ipv6_addr(p + OPT_HDR_LEN);
        }
        p += OPT_HDR_LEN + len;
        left -= OPT_HDR_LEN + len;
    }
    return true;
}

/* Sections 21.24 and 21.25: what is out of range is ignored. */
static uint32_t max_rt(const uint8_t *data)
{
    uint32_t s = tern_load_be32(data);
    return s >= 60 && s <= 86400 ? s : 0;
}

/* An option of the message; false: malformed. */
static bool option_take(struct tern_dhcp6_reply *r, const struct option *o, uint32_t iaid)
{
    struct tern_dhcp6_octets octets = { o->data, o->len };
    switch (o->code) {
    case OPT_CLIENT_ID:
        r->client_id = octets;
        return true;
    case OPT_SERVER_ID:
        r->server_id = octets;
        return true;
    case OPT_IA_NA:
        return tern_load_be32(o->data) != iaid || ia_take(r, o);
    case OPT_PREFERENCE:
        r->preference = o->data[0];
        return true;
    case OPT_STATUS:
        r->status = tern_load_be16(o->data);
        return true;
    case OPT_RAPID:
        r->is_rapid = true;
        return true;
    case OPT_DNS:
        r->dns = octets;
        return o->len % ADDR_LEN == 0;
    case OPT_DOMAINS:
        if (tern_names_ok(o->data, o->len))
            r->domains = octets;
        return true;
    case OPT_REFRESH:
        r->refresh_s = tern_load_be32(o->data);
        return true;
    case OPT_NTP:
        return ntp_take(r, o);
    case OPT_SOL_MAX_RT:
        r->sol_max_rt_s = max_rt(o->data);
        return true;
    case OPT_INF_MAX_RT:
        r->inf_max_rt_s = max_rt(o->data);
        return true;
    default:
        return true;
    }
}

enum tern_err tern_dhcp6_reply_parse(const uint8_t *msg, size_t len, uint32_t iaid,
                                     struct tern_dhcp6_reply *r)
{
    if (len < MSG_HDR_LEN)
        return TERN_TRUNCATED;
    if (msg[0] != DHCP6_ADVERTISE && msg[0] != DHCP6_REPLY)
        return TERN_UNSUPPORTED;
    struct options options = { .at = msg + MSG_HDR_LEN, .len = len - MSG_HDR_LEN };
    struct option o;
    memset(r, 0, sizeof *r);
    r->type = msg[0];
    r->xid = tern_load_be32(msg) & 0xffffff;
    while (option_next(&options, &o))
        if (!option_take(r, &o, iaid))
            return TERN_MALFORMED;
    if (options.is_bad || r->client_id.len == 0 || r->server_id.len == 0)
        return TERN_MALFORMED;
    return TERN_OK;
}

/* ---- Emitting ----------------------------------------------------------- */

static size_t option_put(uint8_t *out, size_t off, unsigned code, const void *data, size_t len)
{
    tern_store_be16(out + off, (uint16_t)code);
    tern_store_be16(out + off + 2, (uint16_t)len);
    memcpy(out + off + OPT_HDR_LEN, data, len);
    return off + OPT_HDR_LEN + len;
}

/* IA_NA; its times are the server's to choose, so they are 0 (section 21.4). */
static size_t ia_put(uint8_t *out, size_t off, const struct tern_dhcp6_request *r)
{
    uint8_t ia[IA_OPTIONS + DHCP6_ADDRS_MAX * (OPT_HDR_LEN + IAADDR_OPTIONS)] = { 0 };
    uint8_t addr[IAADDR_OPTIONS] = { 0 };
    size_t len = IA_OPTIONS;
    tern_store_be32(ia, r->iaid);
    for (size_t i = 0; r->addrs != NULL && i < DHCP6_ADDRS_MAX; i++) {
        if (tern_addr_is_any(&r->addrs[i]))
            continue;
        memcpy(addr, r->addrs[i].octets, ADDR_LEN);
        len = option_put(ia, len, OPT_IAADDR, addr, sizeof addr);
    }
    return option_put(out, off, OPT_IA_NA, ia, len);
}

size_t tern_dhcp6_request_emit(uint8_t out[DHCP6_EMIT_CAP], const struct tern_dhcp6_request *r)
{
    /* Section 18.2.6 wants the last two of one that asks for information only. */
    static const uint8_t wanted[] = { 0, OPT_DNS, 0, OPT_DOMAINS, 0, OPT_NTP, 0, OPT_SOL_MAX_RT,
                                      0, OPT_INF_MAX_RT, 0, OPT_REFRESH };
    uint8_t elapsed[2];
    tern_store_be32(out, (uint32_t)r->type << 24 | (r->xid & 0xffffff));
    size_t off = option_put(out, MSG_HDR_LEN, OPT_CLIENT_ID, r->client_id.data, r->client_id.len);
    if (r->server_id.len > 0)
        off = option_put(out, off, OPT_SERVER_ID, r->server_id.data, r->server_id.len);
    tern_store_be16(elapsed, r->elapsed_cs);
    off = option_put(out, off, OPT_ELAPSED, elapsed, sizeof elapsed);
    if (r->wants_rapid)
        off = option_put(out, off, OPT_RAPID, elapsed, 0);
    if (r->has_ia)
        off = ia_put(out, off, r);
    /* Section 21.7: not in what only gives back, refuses or confirms. */
    if (r->type != DHCP6_RELEASE && r->type != DHCP6_DECLINE && r->type != DHCP6_CONFIRM)
        off = option_put(out, off, OPT_ORO, wanted,
                         r->type == DHCP6_INFORMATION_REQUEST ? sizeof wanted : sizeof wanted - 4);
    return off;
}

void tern_dhcp6_duid_emit(uint8_t out[DHCP6_DUID_LL_LEN], const uint8_t mac[6])
{
    static const uint8_t head[] = { 0, 3, 0, 1 };    /* DUID-LL, Ethernet */
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, mac, 6);
}
