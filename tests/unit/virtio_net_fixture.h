/* SPDX-License-Identifier: ISC */
/*
 * The network driver on the test's device, with a stack above it that keeps
 * what it is told.
 */
#ifndef TERN_TESTS_VIRTIO_NET_FIXTURE_H
#define TERN_TESTS_VIRTIO_NET_FIXTURE_H

#include <backends/kvm/virtio_net.h>

#include "virtio_fake.h"

/* A frame as input saw it: a copy, made when it returned. */
struct fixture_frame {
    const uint8_t *at;
    uint8_t *octets;
    size_t len;
    uint8_t csum, gso;
    uint16_t seg_len;
};

struct net_fixture {
    struct fake f;
    struct virtio_net net;
    struct fixture_frame got[TERN_LINK_BATCH];    /* of the last input */
    size_t n_got;
    unsigned n_input, n_tx_room, n_changed;
    uint64_t now_ns;                              /* of the next poll */
    bool echo;                                    /* sends each frame back */
    void (*during_input)(struct net_fixture *x);  /* the device's turn, inside input */
};

/* The driver starts on a device that offers this; config may be NULL. */
void fixture_begin(struct net_fixture *x, uint64_t offered, const struct virtio_net_config *config);
/* ... a legacy device, which says how long its rings are. */
void fixture_legacy(struct net_fixture *x, uint64_t offered);
void fixture_mtu(struct net_fixture *x, uint64_t offered, uint16_t mtu);
void fixture_end(struct net_fixture *x);

void fixture_forget(struct net_fixture *x);

/* One poll; got is what came in it. */
bool fixture_poll(struct net_fixture *x);

/* Octets that differ from place to place. */
void fixture_fill(uint8_t *p, size_t len, uint8_t seed);

/* Takes a slot, copies, commits. */
enum tern_err fixture_send(struct net_fixture *x, const uint8_t *frame, size_t len);

/* Fills every slot of a kind with frames that the device holds back; returns how many. */
unsigned fixture_fill_up(struct net_fixture *x, size_t len);

void fixture_assert_got(struct net_fixture *x, size_t i, const uint8_t *frame, size_t len);

#endif
