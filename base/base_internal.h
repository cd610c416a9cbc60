/* SPDX-License-Identifier: ISC */
/*
 * What base's files tell each other. Reading order: err.c, addr.c,
 * endpoint_addr.c, addr_policy.c, dial_order.c, wheel.c, turn.c, block.c, siphash.c,
 * checksum.c, date.c, chacha20.c, drbg.c;
 * then the stream provider without I/O: feed_in.c, feed_out.c, feed.c.
 */
#ifndef TERN_BASE_INTERNAL_H
#define TERN_BASE_INTERNAL_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

/* ---- Text (addr.c) --------------------------------------------------------- */

/* Where c first stands in text[0..len), or len. */
size_t tern_text_find(const char *text, size_t len, char c);

/*
 * Reads all of text[0..len) as a decimal number of at most `most` (below
 * 10^8), without sign or leading zeros. False for anything else.
 */
bool tern_decimal_parse(const char *text, size_t len, uint32_t most, uint32_t *value);

/* ---- Random octets (chacha20.c) --------------------------------------------- */

#define TERN_CHACHA20_BLOCK_LEN 64u

/* The block of that key, in words; counter_nonce: words 12 to 15 of the state. */
void tern_chacha20_block(const uint32_t key[8], const uint32_t counter_nonce[4],
                         uint8_t out[TERN_CHACHA20_BLOCK_LEN]);

/* ---- The wheel, for the turn (wheel.c) ------------------------------------- */

void tern_wheel_init(struct tern_wheel *wheel, uint64_t now_ns);

/*
 * Fires the timers of turn->wheel that are due at turn->now_ns, and moves those
 * whose slot has come. Stops after `most` (>= 1) timers fired or moved; returns
 * how many it spent. What is left is due at once (tern_wheel_next_ns).
 */
size_t tern_wheel_run(struct tern_turn *turn, size_t most);

/* Most turns have no timer to look at. */
static inline bool tern_wheel_is_due(const struct tern_turn *turn)
{
    return turn->now_ns >= turn->wheel.next_ns;
}

/*
 * When to run the wheel next: never later than any timer's due_ns, perhaps
 * earlier; TERN_NEVER when no timer is set. O(levels).
 */
uint64_t tern_wheel_next_ns(struct tern_wheel *wheel);

#pragma GCC visibility pop

#endif
