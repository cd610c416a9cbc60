/* SPDX-License-Identifier: ISC */
/*
 * The entropy device (virtio 1.2 section 5.4): octets for the seed, at the
 * start, before there are interrupts.
 */
#ifndef TERN_VIRTIO_RNG_H
#define TERN_VIRTIO_RNG_H

#include "virtio.h"

/*
 * Starts the device, asks it for len octets (at most 256) until it has given
 * them or now_ns() has moved on by limit_ns, and stops it. Returns how many
 * there are: 0 if it breaks a rule. What it gives is not
 * trusted to be random: the caller mixes it with what else it has.
 */
size_t virtio_rng_read(struct virtio_dev *dev, uint8_t *out, size_t len,
                       uint64_t (*now_ns)(void), uint64_t limit_ns);

#endif
