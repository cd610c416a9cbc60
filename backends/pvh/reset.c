/* SPDX-License-Identifier: ISC */
/*
 * The last ways out of a PC: the keyboard controller's reset line, a triple
 * fault.
 */
#include "backends/pvh/cpu.h"
#include "backends/pvh/pvh_internal.h"

enum { I8042_COMMAND = 0x64, I8042_RESET = 0xfe };

_Noreturn static void triple_fault(void)
{
    /*
     * The one such instruction outside of the boot pages, in the form that `tern
     * image --audit` lets pass: ten constant octets of zero are loaded, so that
     * whoever jumps to it can only end the guest.
     */
    static const uint8_t none[10];
    __asm__ volatile("lidt %0; int3" : : "m"(none));
    for (;;)
        __asm__ volatile("hlt");
}

_Noreturn void pvh_reset(void)
{
    cpu_out8(I8042_COMMAND, I8042_RESET);
    /* After the register is written, the processor runs on for a moment. */
    for (unsigned i = 0; i < 200000; i++)
        (void)cpu_in8(0x80);
    triple_fault();
}
