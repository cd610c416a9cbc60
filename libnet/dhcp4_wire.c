/* SPDX-License-Identifier: ISC */
/*
 * DHCPv4 messages on the wire (RFC 2131, 2132, 3396): pure parse and emit.
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
 * What we ask for: routes only where they are wanted (TunnelVision,
 * CVE-2024-3661), and then first (RFC 3442).
 */
static const uint8_t wanted[] = { OPT_ROUTES, OPT_MASK, OPT_ROUTER, OPT_DNS, OPT_MTU, OPT_NTP,
                                  OPT_LEASE, OPT_SERVER, OPT_T1, OPT_T2 };

/* ---- Parsing ------------------------------------------------------------ */

/* The data of all options of one number, one after the other. */
struct gathered {
    uint8_t code, n;
    size_t len;
    uint8_t data[1500];    /* the longest message that we take (OPT_MAX_SIZE) */
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

/*
 * RFC 3442: prefix length, as many octets of the prefix as that needs, router.
 * Of a list that is cut or has no such prefix nothing counts: who wants no
 * routes must not lose a lease for them.
 */
static void routes_take(struct tern_dhcp4_reply *r, const uint8_t *data, size_t len)
{
    uint8_t n = 0;
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

/* What one number says; false: its length is not what the number demands. */
static bool option_take(struct tern_dhcp4_reply *r, const struct gathered *g)
{
    const uint8_t *data = g->data;
    size_t len = g->len;
    uint8_t n;
    switch (g->code) {
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
    default:    /* OPT_OVERLOAD */
        return len == 1 && data[0] >= 1 && data[0] <= 3;
    }
}

/* Adds what a field says under g's number, up to the end option, which must be there. */
static bool field_gather(struct gathered *g, const uint8_t *field, size_t len)
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
        if (code == g->code) {
            memcpy(g->data + g->len, field + off, opt_len);
            g->len += opt_len;
            g->n = 1;
        }
        off += opt_len;
    }
    return false;
}

enum tern_err tern_dhcp4_reply_parse(const uint8_t *msg, size_t len,
                                     struct tern_dhcp4_reply *reply)
{
    /* RFC 2131 section 4.1: file first, then sname; neither can overload again. */
    static const uint8_t order[] = { OPT_OVERLOAD, OPT_OVERLOAD, OPT_TYPE };
    uint8_t overload = 0;
    struct gathered g;
    if (len < DHCP4_FIXED_LEN)
        return TERN_TRUNCATED;
    if (len > sizeof g.data)
        return TERN_MALFORMED;
    if (msg[DHCP_OP] != 2 || msg[DHCP_HTYPE] != 1 || msg[DHCP_HLEN] != 6)
        return TERN_UNSUPPORTED;
    if (memcmp(msg + DHCP_COOKIE, cookie, sizeof cookie) != 0)
        return TERN_MALFORMED;
    memset(reply, 0, sizeof *reply);
    reply->xid = tern_load_be32(msg + DHCP_XID);
    reply->yiaddr = tern_load_be32(msg + DHCP_YIADDR);
    memcpy(reply->chaddr, msg + DHCP_CHADDR, 6);
    /*
     * RFC 3396: what is split, also over fields, is one. What is said twice thus
     * is twice as long, which only lists may be.
     */
    for (size_t i = 0; i < sizeof order + sizeof wanted; i++) {
        g.code = i < sizeof order ? order[i] : wanted[i - sizeof order];
        g.n = 0;
        g.len = 0;
        if (!field_gather(&g, msg + DHCP4_FIXED_LEN, len - DHCP4_FIXED_LEN) ||
            ((overload & 1) != 0 && !field_gather(&g, msg + DHCP_FILE, DHCP_FILE_LEN)) ||
            ((overload & 2) != 0 && !field_gather(&g, msg + DHCP_SNAME, DHCP_SNAME_LEN)) ||
            (g.n > 0 && !option_take(reply, &g)))
            return TERN_MALFORMED;
        if (g.n > 0 && g.code == OPT_OVERLOAD)
            overload = g.data[0];
    }
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
