/* SPDX-License-Identifier: ISC */
/*
 * What compilers and archives built elsewhere call besides the five memory
 * functions: the stack protector's and _FORTIFY_SOURCE's reports, and a
 * system generator for BearSSL that says "none", so that its own, which opens
 * /dev/urandom, is not pulled into an image.
 */
#include <string.h>

#include "backends/pvh/pvh_internal.h"

/* fine: the compiler's names */
_Noreturn void __stack_chk_fail(void);
/* fine: the same */
void *__memcpy_chk(void *dst, const void *src, size_t len, size_t room);
/* fine: the same */
void *__memmove_chk(void *dst, const void *src, size_t len, size_t room);
/* fine: the same */
void *__memset_chk(void *dst, int c, size_t len, size_t room);
int (*br_prng_seeder_system(const char **name))(const void **);

_Noreturn void __stack_chk_fail(void)
{
    pvh_trap_software("stack smashed", __builtin_return_address(0));
}

static void check_room(size_t len, size_t room, const void *pc)
{
    if (len > room)
        pvh_trap_software("buffer overflow", pc);
}

void *__memcpy_chk(void *dst, const void *src, size_t len, size_t room)
{
    check_room(len, room, __builtin_return_address(0));
    return memcpy(dst, src, len);
}

void *__memmove_chk(void *dst, const void *src, size_t len, size_t room)
{
    check_room(len, room, __builtin_return_address(0));
    return memmove(dst, src, len);
}

void *__memset_chk(void *dst, int c, size_t len, size_t room)
{
    check_room(len, room, __builtin_return_address(0));
    return memset(dst, c, len);
}

/* BearSSL's inc/bearssl_rand.h; NULL: no system source, entropy is injected. */
__attribute__((weak)) int (*br_prng_seeder_system(const char **name))(const void **)
{
    if (name != NULL)
        *name = "none";
    return NULL;
}
