/* SPDX-License-Identifier: ISC */
/*
 * Errors in words.
 */
#include "base_internal.h"

/* In the order of the enumerators; the last stands for what is none. */
static const char words[] =
    "no error\0more input is needed\0no room\0input ends too early\0malformed input\0"
    "not supported\0refused by the peer\0reset by the peer\0timed out\0unreachable\0aborted\0"
    "not trusted\0invalid argument\0header and library of different versions\0"
    "an error in tern, please report it\0unknown error";

const char *tern_err_text(enum tern_err err)
{
    const char *at = words;
    for (unsigned i = (unsigned)err <= TERN_BUG ? (unsigned)err : TERN_BUG + 1; i > 0; at++)
        i -= *at == '\0';
    return at;
}
