/* SPDX-License-Identifier: ISC */
/*
 * A frontend whose backend lies, and what each breach must come to.
 */
#ifndef TERN_TESTS_XEN_BREACH_H
#define TERN_TESTS_XEN_BREACH_H

#include "xen_fixture.h"

/* Those of the test that runs; the frame holds what the test likes. */
extern struct xen_fixture fx;
extern uint8_t frame[NETFRONT_FRAME_MAX + 1];

void breach_setup(void);
void breach_teardown(void);

/*
 * Exactly this breach, once, named in the log. The stack is told that the link
 * is down, once; what the backend can reach is not touched any more, whatever is
 * called; nothing is freed. A new connection works.
 */
void breach_assert(enum netfront_breach breach);

/* Answers the next posted page. */
void breach_answer(uint16_t offset, uint16_t flags, int16_t status);

#endif
