/* SPDX-License-Identifier: ISC */
/*
 * The ways out, the one that carries a status first: the debug-exit port, ACPI
 * S5 (ACPI 6.4, sections 4.8.3.2 and 4.8.3.7), the keyboard controller's reset
 * line, a triple fault.
 */
#include "backends/pvh/cpu.h"
#include "backends/kvm/pc_internal.h"

enum { I8042_COMMAND = 0x64, I8042_RESET = 0xfe };
enum { SLP_EN = 1u << 13, SLEEP_CONTROL_EN = 1u << 5 };

/* After ACPI's register is written, the processor runs on for a moment. */
static void linger(void)
{
    for (unsigned i = 0; i < 200000; i++)
        (void)cpu_in8(0x80);
}

static void acpi_off(void)
{
    if (!pc_acpi.s5)
        return;
    if (pc_acpi.pm1a_control != 0) {
        cpu_out16(pc_acpi.pm1a_control, (uint16_t)(SLP_EN | (uint32_t)pc_acpi.s5_type << 10));
        linger();
    } else if (pc_acpi.sleep_control != 0 && pc_acpi.sleep_control <= UINT32_MAX) {
        volatile uint8_t *control = (volatile uint8_t *)(uintptr_t)pc_acpi.sleep_control;
        *control = (uint8_t)(SLEEP_CONTROL_EN | (uint32_t)pc_acpi.s5_type << 2);
        linger();
    }
}

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

_Noreturn void pvh_leave(int status)
{
    __asm__ volatile("cli");
    uint16_t port = pvh_cmdline_exit_port();
    if (port != 0) {
        cpu_out8(port, (uint8_t)status);
        linger();
    }
    acpi_off();
    static const char words[] = "exit: nothing here powers off: a reset instead\n";
    pvh_log_direct();
    pvh_log(words, sizeof words - 1);
    cpu_out8(I8042_COMMAND, I8042_RESET);
    linger();
    triple_fault();
}
