/* SPDX-License-Identifier: ISC */
/*
 * The octets of an input as a script of acts, taken one by one; zeros follow them.
 */
#ifndef TERN_TESTS_FUZZ_INPUT_H
#define TERN_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* What does not hold is a finding. */
#define HOLD(condition)       \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)

/* Of what does not read the input: its branches are no news to a fuzzer. */
#define NO_COVERAGE __attribute__((no_sanitize("coverage")))

/* Begins an input, of which no more than cap octets are taken. */
void input_begin(const uint8_t *data, size_t len, size_t cap);

size_t input_left(void);

uint8_t next8(void);
uint16_t next16(void);
uint32_t next32(void);

#endif
