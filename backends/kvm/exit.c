/* SPDX-License-Identifier: ISC */
/*
 * The ways out, the one that carries a status first: the debug-exit port, ACPI
 * S5 (ACPI 6.4, sections 4.8.3.2 and 4.8.3.7), a reset.
 */
#include "backends/pvh/cpu.h"
#include "backends/kvm/pc_internal.h"

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
    pvh_reset();
}
