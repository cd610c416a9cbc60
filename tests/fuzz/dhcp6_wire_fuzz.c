/* SPDX-License-Identifier: ISC */
/*
 * DHCPv6 messages of a server, in memory of exactly their size. Input: the
 * message. What a good one says is asked for again.
 */
#include "libnet/dhcp6_wire.h"
#include "libnet/names_wire.h"
#include "tests/unit/exact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool so)
{
    if (!so)
        abort();
}

static void inside(const struct tern_dhcp6_octets *o, const uint8_t *msg, size_t len)
{
    if (o->len > 0)
        must(o->data >= msg + 4 && o->data <= msg + len &&
             o->len <= len - (size_t)(o->data - msg));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t out[DHCP6_EMIT_CAP];
    struct tern_dhcp6_reply r;
    uint8_t *p = exact(data, size);
    if (tern_dhcp6_reply_parse(p, size, 1, &r) == TERN_OK) {
        inside(&r.client_id, p, size);
        inside(&r.server_id, p, size);
        inside(&r.dns, p, size);
        inside(&r.domains, p, size);
        must(r.client_id.len >= 3 && r.client_id.len <= 130 && r.dns.len % 16 == 0);
        must(r.server_id.len >= 3 && r.server_id.len <= 130);
        must(r.domains.len == 0 || tern_names_ok(r.domains.data, r.domains.len));
        must(r.n_addrs <= DHCP6_SAID_MAX && r.n_ntp <= DHCP6_NTP_MAX);
        must(r.has_ia || r.n_addrs == 0);
        must(r.t2_s == 0 || r.t1_s <= r.t2_s || !r.has_ia);
        for (size_t i = 0; i < r.n_addrs; i++)
            must(r.addrs[i].preferred_s <= r.addrs[i].valid_s &&
                 !tern_addr_is_v4(&r.addrs[i].addr) && r.addrs[i].addr.octets[0] != 0xff);
        struct tern_addr addrs[DHCP6_ADDRS_MAX] = { { { 0 } } };
        for (size_t i = 0; i < r.n_addrs && i < DHCP6_ADDRS_MAX; i++)
            addrs[i] = r.addrs[i].addr;
        struct tern_dhcp6_request request = {
            .addrs = addrs,
            .type = DHCP6_REQUEST, .xid = r.xid, .has_ia = true, .iaid = 1,
            .client_id = r.client_id, .server_id = r.server_id,
        };
        must(tern_dhcp6_request_emit(out, &request) <= sizeof out);
    }
    free(p);
    return 0;
}
