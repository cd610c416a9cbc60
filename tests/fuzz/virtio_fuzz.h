/* SPDX-License-Identifier: ISC */
/*
 * A driver of virtio's network device, its device, and what the device does on its
 * own while the driver is at work.
 */
#ifndef TERN_TESTS_VIRTIO_FUZZ_H
#define TERN_TESTS_VIRTIO_FUZZ_H

#include <backends/kvm/virtio_net.h>
#include <tests/unit/virtio_fake.h>

/* Of the input that runs. */
extern struct fake f;
extern struct virtio_net net;
extern bool attached;        /* the stack is above the driver */
extern bool ambush;          /* strike at the driver's next call of its own */

/* The device as it is at the start of an input: honest, and its registers are good
 * moments to strike. */
void device_begin(void);

/* Writes a value somewhere: in a ring, a header, or anywhere. */
void device_strike(void);

/* A moment in which the device may act: at a call of the driver's, or of the stack's. */
void device_moment(void);

/* The device acts after single accesses of the driver's, up to device_watch_end. */
void device_watch(uint8_t how);
void device_watch_end(void);

/* The peer sees what has been sent, behind the device's header. */
void device_sent_take(void);

#endif
