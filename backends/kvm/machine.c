/* SPDX-License-Identifier: ISC */
/*
 * The order in which a PC is taken over.
 */
#include "backends/kvm/pc_internal.h"
#include "backends/pvh/note.h"

PVH_NOTE_OF(PVH_NOTE_KVM);

static bool uart PVH_SEALED;

PVH_BOOT void pvh_machine_hello(void)
{
    pc_refuse_xen();
    uart = pvh_uart_open();
}

size_t pvh_machine_put(const char *text, size_t len)
{
    return uart ? pvh_uart_put(text, len) : len;
}

PVH_BOOT void pvh_machine_early(void)
{
}

PVH_BOOT void pvh_machine_init(void)
{
    pc_acpi_init();
    pc_lapic_init();
    pc_ioapic_init();
    pc_clock_init();
    pc_acpi_button_init();
    pc_mmio_probe();
    pc_pci_init();
}
