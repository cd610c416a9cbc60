/* SPDX-License-Identifier: ISC */
/*
 * Errors in words.
 */
#include "base_internal.h"

const char *tern_err_text(enum tern_err err)
{
    switch (err) {
    case TERN_OK: return "no error";
    case TERN_AGAIN: return "more input is needed";
    case TERN_FULL: return "no room";
    case TERN_TRUNCATED: return "input ends too early";
    case TERN_MALFORMED: return "malformed input";
    case TERN_UNSUPPORTED: return "not supported";
    case TERN_REFUSED: return "refused by the peer";
    case TERN_RESET: return "reset by the peer";
    case TERN_TIMED_OUT: return "timed out";
    case TERN_UNREACHABLE: return "unreachable";
    case TERN_ABORTED: return "aborted";
    case TERN_UNTRUSTED: return "not trusted";
    case TERN_INVALID: return "invalid argument";
    case TERN_MISMATCH: return "header and library of different versions";
    case TERN_BUG: return "an error in tern, please report it";
    }
    return "unknown error";
}
