/* SPDX-License-Identifier: ISC */
/*
 * What is held of a driver that has found a breach.
 */
#include "xen_breach.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct xen_fixture fx;
uint8_t frame[NETFRONT_FRAME_MAX + 1];

void breach_setup(void)
{
    fx_begin(&fx, NULL, &fixture_peer_all);
}

void breach_teardown(void)
{
    fx_end(&fx);
}

void breach_assert(enum netfront_breach breach)
{
    struct netfront *nf = &fx.nf;
    ck_assert_int_eq(nf->state, NETFRONT_BROKEN);
    for (int i = 0; i < NETFRONT_BREACH_COUNT; i++)
        ck_assert_uint_eq(nf->breaches[i], i == (int)breach ? 1 : 0);
    ck_assert_ptr_nonnull(strstr(fx.x.log, netfront_breach_text(breach)));
    ck_assert(!nf->link.up);
    ck_assert_uint_eq(fx.n_changed, 1);

    uint8_t *before = malloc(fx.x.io_used);
    memcpy(before, fx.x.io, fx.x.io_used);
    unsigned granted = fake_n_granted(&fx.x);
    fx_poll(&fx);
    ck_assert(netfront_idle(nf));
    ck_assert_uint_eq(netfront_due(nf), TERN_NEVER);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_UNREACHABLE);
    fx_flush(&fx);
    netfront_carrier(nf, true);
    fx_poll(&fx);
    fake_raise(&fx.x, fx.keys.port_rx);
    fake_raise(&fx.x, fx.keys.port_tx);
    ck_assert(!fake_awake(&fx.x));
    fx_poll(&fx);
    ck_assert(fx.x.ports[fx.keys.port_rx].raised && fx.x.ports[fx.keys.port_tx].raised);
    netfront_breached(nf, breach);
    ck_assert_int_eq(memcmp(before, fx.x.io, fx.x.io_used), 0);
    free(before);
    ck_assert_uint_eq(fake_n_granted(&fx.x), granted);
    ck_assert_uint_eq(fx.n_changed, 1);
    ck_assert_uint_eq(fx.x.n_closed, 0);
    for (int i = 0; i < NETFRONT_BREACH_COUNT; i++)
        ck_assert_uint_eq(nf->breaches[i], i == (int)breach ? 1 : 0);

    netback_disconnect(&fx.nb);
    netfront_close(nf);
    ck_assert_uint_eq(fake_n_granted(&fx.x), 0);
    fx_connect(&fx, &fixture_peer_all);
    ck_assert(fx_poll(&fx));
    ck_assert(nf->link.up);
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 1);
    ck_assert_int_eq(fx_send(&fx, frame, 60000), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
}

void breach_answer(uint16_t offset, uint16_t flags, int16_t status)
{
    uint16_t id = 0;
    (void)netback_rx_take(&fx.nb, &id);
    netback_rx_answer(&fx.nb, id, offset, flags, status);
}
