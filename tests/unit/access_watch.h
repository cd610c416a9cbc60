/* SPDX-License-Identifier: ISC */
/*
 * Runs a function after every single access of the program to a stretch of
 * memory: the worst moments at which another side could rewrite it. For x86-64.
 */
#ifndef TERN_TESTS_ACCESS_WATCH_H
#define TERN_TESTS_ACCESS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * mem is whole pages. step runs after each instruction that has touched it, with
 * the first address that it touched; its own accesses are not watched. One
 * stretch at a time.
 */
void access_watch(uint8_t *mem, size_t len, void (*step)(uint8_t *addr, bool written));
void access_watch_end(void);

/* While somebody else than the one who is watched runs. Harmless while nobody is. */
void access_watch_pause(bool pause);

#endif
