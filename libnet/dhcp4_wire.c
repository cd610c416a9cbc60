/* SPDX-License-Identifier: ISC */
/*
 * DHCPv4 messages on the wire (RFC 2131, 2132): pure parse and emit.
 */
#include "dhcp4_wire.h"

#include <string.h>

enum {
    DHCP_OP = 0,
    DHCP_HTYPE = 1,
    DHCP_HLEN = 2,
    DHCP_XID = 4,
    DHCP_SECS = 8,
    DHCP_CIADDR = 12,
    DHCP_YIADDR = 16,
    DHCP_CHADDR = 28,
    DHCP_SNAME = 44,
    DHCP_SNAME_LEN = 64,
    DHCP_FILE = 108,
    DHCP_FILE_LEN = 128,
    DHCP_COOKIE = 236,
};

enum {
    OPT_PAD = 0,
    OPT_MASK = 1,
    OPT_ROUTER = 3,
    OPT_DNS = 6,
    OPT_HOSTNAME = 12,
    OPT_MTU = 26,
    OPT_NTP = 42,
    OPT_REQUESTED = 50,
    OPT_LEASE = 51,
    OPT_OVERLOAD = 52,
    OPT_TYPE = 53,
    OPT_SERVER = 54,
    OPT_LIST = 55,
    OPT_MAX_SIZE = 57,
    OPT_T1 = 58,
    OPT_T2 = 59,
    OPT_CLIENT_ID = 61,
    OPT_ROUTES = 121,
    OPT_END = 255,
};

static const uint8_t cookie[4] = { 99, 130, 83, 99 };

/*
 * What we ask for; all but the first may also come only once. Routes only where
 * they are wanted (TunnelVision, CVE-2024-3661), and then first (RFC 3442).
 */
static const uint8_t wanted[] = { OPT_ROUTES, OPT_MASK, OPT_ROUTER, OPT_DNS, OPT_MTU, OPT_NTP,
                                  OPT_LEASE, OPT_SERVER, OPT_T1, OPT_T2 };

/* ---- Parsing ------------------------------------------------------------ */

struct parse {
    struct tern_dhcp4_reply *reply;
    uint64_t seen;       /* a bit an option number below 64 */
    uint8_t overload;
};

/* Up to max addresses of a list, which has whole ones and at least one. */
static bool addrs_take(const uint8_t *data, size_t len, uint32_t *addrs, size_t max, uint8_t *n)
{
    if (len == 0 || len % 4 != 0)
        return false;
    for (*n = 0; *n < max && (size_t)*n * 4 < len; (*n)++)
        addrs[*n] = tern_load_be32(data + (size_t)*n * 4);
    return true;
}

static bool u32_take(const uint8_t *data, size_t len, uint32_t *value)
{
    if (len != 4)
        return false;
    *value = tern_load_be32(data);
    return true;
}

static bool comes_once(uint8_t code)
{
    for (size_t i = 1; i < sizeof wanted; i++)
        if (wanted[i] == code)
            return true;
    return code == OPT_TYPE || code == OPT_OVERLOAD;
}

/*
 * RFC 3442: prefix length, as many octets of the prefix as that needs, router.
 * Of a list that is cut or has no such prefix nothing counts, nor of a second
 * one: who wants no routes must not lose a lease for them.
 */
static void routes_take(struct tern_dhcp4_reply *r, const uint8_t *data, size_t len)
{
    uint8_t n = 0;
    if (r->n_routes > 0)
        return;
    /* Each turn adds at least 5 octets to off. */
    for (size_t off = 0; off < len;) {
        uint8_t prefix_len = data[off++], octets[4] = { 0 };
        size_t need = (prefix_len + 7u) / 8;
        if (prefix_len > 32 || need + 4 > len - off)
            return;
        memcpy(octets, data + off, need);
        if (n < DHCP4_ROUTES_MAX) {
            uint32_t mask = prefix_len == 0 ? 0 : UINT32_MAX << (32 - prefix_len);
            r->routes[n].prefix = tern_load_be32(octets) & mask;
            r->routes[n].prefix_len = prefix_len;
            r->routes[n++].gateway = tern_load_be32(data + off + need);
        }
        off += need + 4;
    }
    r->n_routes = n;
}

/* One option; false: its length is not what its number demands, or it came before. */
static bool option_take(struct parse *p, uint8_t code, const uint8_t *data, size_t len)
{
    struct tern_dhcp4_reply *r = p->reply;
    uint8_t n;
    if (comes_once(code)) {
        if (p->seen >> code & 1)
            return false;
        p->seen |= UINT64_C(1) << code;
    }
    switch (code) {
    case OPT_MASK:
        return u32_take(data, len, &r->mask);
    case OPT_ROUTER:
        return addrs_take(data, len, &r->router, 1, &n);
    case OPT_DNS:
        return addrs_take(data, len, r->dns, 3, &r->n_dns);
    case OPT_NTP:
        return addrs_take(data, len, r->ntp, 2, &r->n_ntp);
    case OPT_MTU:
        if (len != 2)
            return false;
        r->mtu = tern_load_be16(data);
        return true;
    case OPT_LEASE:
        return u32_take(data, len, &r->lease_s);
    case OPT_ROUTES:
        routes_take(r, data, len);
        return true;
    case OPT_T1:
        return u32_take(data, len, &r->t1_s);
    case OPT_T2:
        return u32_take(data, len, &r->t2_s);
    case OPT_SERVER:
        return u32_take(data, len, &r->server);
    case OPT_TYPE:
        if (len != 1)
            return false;
        r->type = data[0];
        return true;
    case OPT_OVERLOAD:
        if (len != 1 || data[0] < 1 || data[0] > 3)
            return false;
        p->overload = data[0];
        return true;
    default:
        return true;
    }
}

/* The options of one field, up to their end option, which must be there. */
static bool field_parse(struct parse *p, const uint8_t *field, size_t len)
{
    /* Each turn adds at least one octet to off, which stays at most len. */
    for (size_t off = 0; off < len;) {
        uint8_t code = field[off++];
        if (code == OPT_END)
            return true;
        if (code == OPT_PAD)
            continue;
        if (off == len)
            return false;
        size_t opt_len = field[off++];
        if (opt_len > len - off)
            return false;
        if (!option_take(p, code, field + off, opt_len))
            return false;
        off += opt_len;
    }
    return false;
}

enum tern_err tern_dhcp4_reply_parse(const uint8_t *msg, size_t len,
                                     struct tern_dhcp4_reply *reply)
{
    struct parse p = { .reply = reply };
    if (len < DHCP4_FIXED_LEN)
        return TERN_TRUNCATED;
    if (msg[DHCP_OP] != 2 || msg[DHCP_HTYPE] != 1 || msg[DHCP_HLEN] != 6)
        return TERN_UNSUPPORTED;
    if (memcmp(msg + DHCP_COOKIE, cookie, sizeof cookie) != 0)
        return TERN_MALFORMED;
    memset(reply, 0, sizeof *reply);
    reply->xid = tern_load_be32(msg + DHCP_XID);
    reply->yiaddr = tern_load_be32(msg + DHCP_YIADDR);
    memcpy(reply->chaddr, msg + DHCP_CHADDR, 6);
    if (!field_parse(&p, msg + DHCP4_FIXED_LEN, len - DHCP4_FIXED_LEN))
        return TERN_MALFORMED;
    /* RFC 2131 section 4.1: file first, then sname. Neither can overload again: it was seen. */
    uint8_t overload = p.overload;
    if ((overload & 1) != 0 && !field_parse(&p, msg + DHCP_FILE, DHCP_FILE_LEN))
        return TERN_MALFORMED;
    if ((overload & 2) != 0 && !field_parse(&p, msg + DHCP_SNAME, DHCP_SNAME_LEN))
        return TERN_MALFORMED;
    return reply->type != 0 ? TERN_OK : TERN_MALFORMED;
}

/* ---- Emitting ----------------------------------------------------------- */

static size_t option_put(uint8_t *out, size_t off, uint8_t code, const void *data, size_t len)
{
    out[off] = code;
    out[off + 1] = (uint8_t)len;
    memcpy(out + off + 2, data, len);
    return off + 2 + len;
}

static size_t addr_put(uint8_t *out, size_t off, uint8_t code, uint32_t addr)
{
    uint8_t octets[4];
    if (addr == 0)
        return off;
    tern_store_be32(octets, addr);
    return option_put(out, off, code, octets, sizeof octets);
}

size_t tern_dhcp4_request_emit(uint8_t out[DHCP4_EMIT_CAP], const struct tern_dhcp4_request *r)
{
    /* RFC 2132 section 9.10: the longest message that we take. */
    static const uint8_t max_size[2] = { 1500 >> 8, 1500 & 0xff };
    uint8_t client_id[7] = { 1 };
    memset(out, 0, DHCP4_EMIT_CAP);
    out[DHCP_OP] = 1;
    out[DHCP_HTYPE] = 1;
    out[DHCP_HLEN] = 6;
    tern_store_be32(out + DHCP_XID, r->xid);
    tern_store_be16(out + DHCP_SECS, r->secs);
    tern_store_be32(out + DHCP_CIADDR, r->ciaddr);
    memcpy(out + DHCP_CHADDR, r->chaddr, 6);
    memcpy(out + DHCP_COOKIE, cookie, sizeof cookie);
    memcpy(client_id + 1, r->chaddr, 6);
    size_t off = option_put(out, DHCP4_FIXED_LEN, OPT_TYPE, &r->type, 1);
    off = option_put(out, off, OPT_CLIENT_ID, client_id, sizeof client_id);
    off = addr_put(out, off, OPT_REQUESTED, r->requested);
    off = addr_put(out, off, OPT_SERVER, r->server);
    if (r->type == DHCP4_DISCOVER || r->type == DHCP4_REQUEST) {
        size_t skip = r->wants_routes ? 0 : 1;
        off = option_put(out, off, OPT_LIST, wanted + skip, sizeof wanted - skip);
        off = option_put(out, off, OPT_MAX_SIZE, max_size, sizeof max_size);
        size_t name_len = r->hostname != NULL ? strlen(r->hostname) : 0;
        if (name_len > DHCP4_HOSTNAME_MAX)
            name_len = DHCP4_HOSTNAME_MAX;
        if (name_len > 0)
            off = option_put(out, off, OPT_HOSTNAME, r->hostname, name_len);
    }
    out[off++] = OPT_END;
    return off > 300 ? off : 300;
}
