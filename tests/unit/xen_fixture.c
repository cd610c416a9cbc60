/* SPDX-License-Identifier: ISC */
/*
 * A frontend between a backend and a stack, both the test's.
 */
#include "xen_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

const struct netfront_peer fixture_peer_all = {
    .domid = FIXTURE_BACKEND, .mtu = 1500, .mac = { 0x00, 0x16, 0x3e, 1, 2, 3 },
    .sg = true, .gso4 = true, .gso6 = true, .csum4 = true, .csum6 = true, .split = true,
    .groups = true,
};

static void forget(struct xen_fixture *fx)
{
    for (size_t i = 0; i < fx->n_got; i++)
        free(fx->got[i].octets);
    fx->n_got = 0;
}

static uint64_t input(struct tern_link *link, struct tern_rx *rx, size_t n_rx, uint64_t now_ns)
{
    struct xen_fixture *fx = link->user;
    ck_assert_uint_ge(n_rx, 1);
    ck_assert_uint_le(n_rx, TERN_LINK_BATCH);
    fx->n_input++;
    if (fx->during_input != NULL)
        fx->during_input(fx);
    forget(fx);
    for (size_t i = 0; i < n_rx; i++) {
        struct xen_got *got = &fx->got[fx->n_got++];
        ck_assert_uint_eq(rx[i].n_spans, 1);
        /* In private memory: no backend reaches it. */
        const uint8_t *p = rx[i].spans[0].data;
        ck_assert(p >= fx->nf.arena &&
                  p + rx[i].spans[0].len <= fx->nf.arena + fx->nf.config.arena_len);
        *got = (struct xen_got){
            .at = p, .octets = malloc(rx[i].spans[0].len), .len = rx[i].spans[0].len,
            .csum = rx[i].csum, .gso = rx[i].gso, .seg_len = rx[i].seg_len,
        };
        memcpy(got->octets, got->at, got->len);
    }
    link->ops->flush(link);
    return now_ns + 1;
}

static uint64_t tx_room(struct tern_link *link, uint64_t now_ns)
{
    struct xen_fixture *fx = link->user;
    fx->n_tx_room++;
    return now_ns + 2;
}

static uint64_t changed(struct tern_link *link, uint64_t now_ns)
{
    struct xen_fixture *fx = link->user;
    fx->n_changed++;
    return now_ns + 3;
}

static const struct tern_link_events events = {
    .input = input, .tx_room = tx_room, .changed = changed,
};

void fx_init(struct xen_fixture *fx, const struct netfront_config *config)
{
    memset(fx, 0, sizeof *fx);
    fx->now_ns = 1000;
    fake_init(&fx->x);
    ck_assert_int_eq(netfront_init(&fx->nf, &fx->x.env, &fx->x.grants, config), TERN_OK);
    fx->nf.link.events = &events;
    fx->nf.link.user = fx;
}

void fx_connect(struct xen_fixture *fx, const struct netfront_peer *peer)
{
    fx->peer = *peer;
    ck_assert_int_eq(netfront_open(&fx->nf, peer, &fx->keys), TERN_OK);
    ck_assert(netback_connect(&fx->nb, &fx->x, peer->domid, fx->keys.tx_ref, fx->keys.rx_ref,
                              fx->keys.port_tx, fx->keys.port_rx));
    netfront_go(&fx->nf, true);
}

void fx_begin(struct xen_fixture *fx, const struct netfront_config *config,
              const struct netfront_peer *peer)
{
    fx_init(fx, config);
    fx_connect(fx, peer);
    ck_assert(fx_poll(fx));
    fx->n_changed = 0;
}

void fx_end(struct xen_fixture *fx)
{
    ck_assert_ptr_eq(fx_broken(&fx->nf), NULL);
    forget(fx);
    netback_forget(&fx->nb);
    fake_free(&fx->x);
}

bool fx_poll(struct xen_fixture *fx)
{
    uint64_t deadline_ns = 0;
    unsigned before = fx->n_input;
    bool news = netfront_poll(&fx->nf, fx->now_ns, &deadline_ns);
    if (fx->n_input == before)
        forget(fx);
    ck_assert_uint_eq(news, deadline_ns != 0);
    return news;
}

void fx_fill(uint8_t *p, size_t len, uint8_t seed)
{
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(i * 7 + (i >> 8) * 31 + seed);
}

enum tern_err fx_send(struct xen_fixture *fx, const uint8_t *frame, size_t len)
{
    struct tern_tx tx;
    enum tern_err err = fx->nf.link.ops->tx_slot(&fx->nf.link, len, &tx);
    if (err != TERN_OK)
        return err;
    ck_assert_uint_ge(tx.cap, len);
    memcpy(tx.data, frame, len);
    fx->nf.link.ops->tx_commit(&fx->nf.link, &tx, len);
    return TERN_OK;
}

void fx_flush(struct xen_fixture *fx)
{
    fx->nf.link.ops->flush(&fx->nf.link);
}

void fx_assert_got(struct xen_fixture *fx, size_t i, const uint8_t *frame, size_t len)
{
    ck_assert_uint_lt(i, fx->n_got);
    ck_assert_uint_eq(fx->got[i].len, len);
    ck_assert_mem_eq(fx->got[i].octets, frame, len);
}

const char *fx_broken(const struct netfront *nf)
{
    if (nf->state != NETFRONT_CONNECTED)
        return NULL;
    unsigned n_pending = 0, n_parts = nf->n_parts;
    for (unsigned id = 0; id < XEN_RING_SLOTS; id++)
        n_pending += nf->tx_id_pending[id];
    if (n_pending + nf->n_tx_id_free != XEN_RING_SLOTS)
        return "ids";
    if (n_pending + nf->n_tx_extras != nf->tx.req_prod - nf->tx.rsp_cons)
        return "requests";
    if (nf->tx_reserved > xen_ring_room(&nf->tx))
        return "reserved";
    if (nf->rx.req_prod - nf->rx.rsp_cons + nf->n_rx_free + n_parts > nf->n_any - 2u)
        return "receive pages";
    for (unsigned page = 0; page < nf->n_pages; page++)
        if (nf->pages[page].held == (nf->pages[page].ref == GNTTAB_NONE) && nf->pages[page].held)
            return "a held page without a grant";
    return NULL;
}
