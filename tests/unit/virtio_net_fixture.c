/* SPDX-License-Identifier: ISC */
/*
 * A stack that keeps what the network driver tells it.
 */
#include "virtio_net_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

void fixture_forget(struct net_fixture *x)
{
    for (size_t i = 0; i < x->n_got; i++)
        free(x->got[i].octets);
    x->n_got = 0;
}

static uint64_t input(struct tern_link *link, struct tern_rx *rx, size_t n_rx, uint64_t now_ns)
{
    struct net_fixture *x = link->user;
    ck_assert_uint_ge(n_rx, 1);
    ck_assert_uint_le(n_rx, TERN_LINK_BATCH);
    x->n_input++;
    if (x->during_input != NULL)
        x->during_input(x);
    fixture_forget(x);
    for (size_t i = 0; i < n_rx; i++) {
        struct fixture_frame *got = &x->got[x->n_got++];
        ck_assert_uint_eq(rx[i].n_spans, 1);
        ck_assert(rx[i].spans[0].data >= x->f.own &&
                  rx[i].spans[0].data + rx[i].spans[0].len <= x->f.own + x->f.own_used);
        *got = (struct fixture_frame){
            .at = rx[i].spans[0].data, .octets = malloc(rx[i].spans[0].len),
            .len = rx[i].spans[0].len, .csum = rx[i].csum, .gso = rx[i].gso,
            .seg_len = rx[i].seg_len,
        };
        memcpy(got->octets, got->at, got->len);
        if (x->echo)
            ck_assert_int_eq(fixture_send(x, got->at, got->len), TERN_OK);
    }
    link->ops->flush(link);
    return now_ns + 1;
}

static uint64_t tx_room(struct tern_link *link, uint64_t now_ns)
{
    struct net_fixture *x = link->user;
    x->n_tx_room++;
    return now_ns + 2;
}

static uint64_t changed(struct tern_link *link, uint64_t now_ns)
{
    struct net_fixture *x = link->user;
    x->n_changed++;
    return now_ns + 3;
}

static const struct tern_link_events events = {
    .input = input, .tx_room = tx_room, .changed = changed,
};

static void start(struct net_fixture *x, const struct virtio_net_config *config)
{
    ck_assert_int_eq(virtio_net_init(&x->net, &x->f.dev, config), TERN_OK);
    x->net.link.events = &events;
    x->net.link.user = x;
    x->now_ns = 1000;
    x->f.n_resets = 0;
}

void fixture_begin(struct net_fixture *x, uint64_t offered, const struct virtio_net_config *config)
{
    memset(x, 0, sizeof *x);
    fake_init(&x->f, offered);
    start(x, config);
}

void fixture_legacy(struct net_fixture *x, uint64_t offered)
{
    memset(x, 0, sizeof *x);
    fake_init(&x->f, offered);
    x->f.dev.legacy = x->f.dev.ring_fixed = true;
    x->f.hdr_len = (offered & FAKE_MRG_RXBUF) != 0 ? 12 : 10;
    start(x, NULL);
}

void fixture_mtu(struct net_fixture *x, uint64_t offered, uint16_t mtu)
{
    memset(x, 0, sizeof *x);
    fake_init(&x->f, offered);
    tern_store_le16(x->f.config + 10, mtu);
    start(x, NULL);
}

void fixture_end(struct net_fixture *x)
{
    fixture_forget(x);
    fake_free(&x->f);
}

bool fixture_poll(struct net_fixture *x)
{
    uint64_t deadline_ns = 0;
    unsigned before = x->n_input;
    bool news = virtio_net_poll(&x->net, x->now_ns, &deadline_ns);
    if (x->n_input == before)
        fixture_forget(x);
    ck_assert_uint_eq(news, deadline_ns != 0);
    return news;
}

void fixture_fill(uint8_t *p, size_t len, uint8_t seed)
{
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(i * 7 + (i >> 8) * 31 + seed);
}

enum tern_err fixture_send(struct net_fixture *x, const uint8_t *frame, size_t len)
{
    struct tern_tx tx;
    enum tern_err err = x->net.link.ops->tx_slot(&x->net.link, len, &tx);
    if (err != TERN_OK)
        return err;
    ck_assert_uint_ge(tx.cap, len);
    memcpy(tx.data, frame, len);
    x->net.link.ops->tx_commit(&x->net.link, &tx, len);
    return TERN_OK;
}

unsigned fixture_fill_up(struct net_fixture *x, size_t len)
{
    static uint8_t frame[VIRTIO_NET_FRAME_MAX];
    unsigned n = 0;
    enum tern_err err;
    x->f.honest_tx = false;
    while ((err = fixture_send(x, frame, len)) == TERN_OK)
        n++;
    ck_assert_int_eq(err, TERN_FULL);
    x->net.link.ops->flush(&x->net.link);
    return n;
}

void fixture_assert_got(struct net_fixture *x, size_t i, const uint8_t *frame, size_t len)
{
    ck_assert_uint_lt(i, x->n_got);
    ck_assert_uint_eq(x->got[i].len, len);
    ck_assert_mem_eq(x->got[i].octets, frame, len);
}
