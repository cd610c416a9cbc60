/* SPDX-License-Identifier: ISC */
/*
 * A whole stack above a driver that is being fuzzed: IPv4, UDP, TCP, and an echo
 * on port 7 of both transports at 10.0.0.1; and the frames of a peer at 10.0.0.2,
 * which knows TCP's numbers from what the stack has sent.
 *
 * Held to: what the stack is lent lies where the driver says and is not changed by
 * what the other side writes while the stack has it; what an honest other side has
 * delivered comes up whole, in order, and once; every frame stands in one counter.
 * A failed check aborts.
 */
#ifndef TERN_TESTS_DRIVER_STACK_H
#define TERN_TESTS_DRIVER_STACK_H

#include <tern/link.h>

#define DRIVER_STACK_FRAME_CAP 65553u

struct driver_stack_config {
    struct tern_link *link;                           /* up or down, of a driver that lives */
    bool (*lent)(const uint8_t *frame, size_t len);   /* is it all in private memory? */
    void (*moment)(void);                             /* runs while the stack has frames */
};

/* False: a link that no stack takes, of an MTU below 576; nothing is above it then. */
bool driver_stack_start(const struct driver_stack_config *config, uint64_t now_ns);

/* Time passes, and timers run. */
void driver_stack_turn(uint64_t now_ns);

/* What a peer says of a frame beside its octets, as a device would. */
struct driver_stack_meta {
    bool partial;                     /* the sum is for the device to finish */
    uint16_t csum_start, csum_off;
    uint16_t seg_len;                 /* not 0: an aggregate of TCP over IPv4 */
};

/*
 * Writes a frame of the peer's: what & 7 chooses among ARP, ICMP, UDP and TCP's
 * segments, the rest how; n is about how much payload it has. Returns its length.
 */
size_t driver_stack_frame(uint8_t frame[DRIVER_STACK_FRAME_CAP], uint8_t what, uint16_t n,
                          struct driver_stack_meta *meta);

/* The peer sees a frame that was sent. */
void driver_stack_sent(const uint8_t *frame, size_t len);

/* Around what the other side writes in a moment: frames that the stack has stay as they are. */
void driver_stack_guard(bool begin);

/*
 * An honest other side has delivered a frame: it will come up. Not so once it
 * has lied, until it begins anew and what was under way is lost.
 */
void driver_stack_expect(const uint8_t *frame, size_t len);
void driver_stack_lied(void);
void driver_stack_forget(void);
bool driver_stack_honest(void);

/* Frames that came up. */
uint64_t driver_stack_frames(void);

/* Lets time pass until the stack has come to rest; nothing may be left over. */
void driver_stack_finish(uint64_t now_ns);

#endif
