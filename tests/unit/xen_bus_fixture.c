/* SPDX-License-Identifier: ISC */
/*
 * What a connection is, up and down.
 */
#include "xen_bus_fixture.h"

#include <check.h>
#include <string.h>

#include "xen_fixture.h"

struct world w;
static uint8_t frame[2000];

void bus_begin(const struct netfront_config *config)
{
    world_init(&w, config);
    world_features_all(&w);
}

void bus_setup(void)
{
    bus_begin(NULL);
}

void bus_teardown(void)
{
    ck_assert_ptr_eq(fx_broken(&w.nf), NULL);
    world_free(&w);
}

void bus_assert_up(void)
{
    ck_assert_int_eq(w.nf.state, NETFRONT_CONNECTED);
    ck_assert(w.nf.link.up);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CONNECTED);
    ck_assert_uint_eq(world_state(&w), XenbusStateConnected);
    ck_assert(w.back.nb.tx != NULL);
    /* A frame each way. */
    struct tern_tx tx;
    size_t before = w.back.nb.n_frames;
    uint64_t received = w.nf.stats.rx_frames;
    ck_assert_int_eq(w.nf.link.ops->tx_slot(&w.nf.link, 60, &tx), TERN_OK);
    memset(tx.data, 7, 60);
    w.nf.link.ops->tx_commit(&w.nf.link, &tx, 60);
    w.nf.link.ops->flush(&w.nf.link);
    ck_assert_uint_eq(netback_take(&w.back.nb), 1);
    ck_assert_uint_eq(w.back.nb.n_frames, before + 1);
    ck_assert(netback_deliver(&w.back.nb, frame, 60, 0, 0, 0));
    world_run(&w);
    ck_assert_uint_eq(w.nf.stats.rx_frames, received + 1);
}

void bus_assert_down(void)
{
    ck_assert(!w.nf.link.up);
    ck_assert_int_eq(w.nf.state, NETFRONT_CLOSED);
    ck_assert_uint_eq(fake_n_granted(&w.x), 0);
    ck_assert_uint_eq(w.x.n_open, 1);    /* the store's port */
}

void bus_attach(uint16_t domid)
{
    world_attach(&w, domid);
    world_run(&w);
}
