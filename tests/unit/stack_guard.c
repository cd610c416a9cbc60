/* SPDX-License-Identifier: ISC */
/* The canary by the name under which an image's own objects have it (backends/pvh/start.S). */
#include <stdint.h>

/* fine: the compiler's name */
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard = (uintptr_t)0x7e52a5c3d1960b00;
