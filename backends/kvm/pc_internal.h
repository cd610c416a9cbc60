/* SPDX-License-Identifier: ISC */
/*
 * What the files of the PC share. In reading order:
 *
 *   machine.c    the order of its start
 *   on_xen.c     not on Xen
 *   acpi.c       tables; the power button
 *   places.c     where virtio-mmio devices may stand
 *   lapic.c      the local APIC: vectors, the timer
 *   ioapic.c     lines
 *   pci.c        configuration space of bus 0
 *   clock.c      time
 *   wait.c       waiting
 *   exit.c       the ways out
 */
#ifndef TERN_PC_INTERNAL_H
#define TERN_PC_INTERNAL_H

#include "backends/kvm/pc.h"
#include "backends/pvh/pvh_internal.h"

/* ---- acpi.c ---- */

/* What the tables say. Zero where they say nothing. */
struct pc_acpi {
    bool present;
    uint64_t lapic_base;
    size_t n_ioapics;
    struct {
        uint64_t base;
        uint32_t gsi_base;
    } ioapics[8];
    struct pc_line isa[16];    /* lines of the old interrupt numbers */
    uint16_t pm1a_event, pm1a_control, pm1_event_len;
    uint16_t smi_port;
    uint8_t smi_enable;
    uint16_t sci;               /* an old interrupt number or a GSI */
    uint64_t sleep_control;     /* memory address, hardware-reduced ACPI */
    bool s5;
    uint8_t s5_type;
    uint64_t ged_selector;      /* memory address of the generic event device */
    struct pc_line ged_line;
    uint8_t century;            /* index of the century in CMOS RAM */
};

extern struct pc_acpi pc_acpi;

void pc_acpi_init(void);
/* Arms the power button: it sets PVH_DRAIN. After the interrupt files. */
void pc_acpi_button_init(void);
/* Notes a virtio-mmio place; false when there are too many. */
bool pc_mmio_add(uint64_t base, size_t len, struct pc_line line);
/* Looks into microvm's slots when nothing else names a place. */
void pc_mmio_probe(void);

/* ---- lapic.c, ioapic.c ---- */

void pc_lapic_init(void);
uint32_t pc_lapic_id(void);
/* A device vector for a handler, one a line: 0 when none is left. gsi: the line, or -1. */
uint8_t pc_irq_vector(void (*handler)(void *arg), void *arg, int64_t gsi);
void pvh_interrupt(uint64_t vector);    /* called by trap.S */
bool pvh_pending(void);
/* Unmasks lines that a storm has masked. */
void pc_irq_calm(void);
/* One interrupt in ns from now, UINT64_MAX: none. */
void pc_timer_set(uint64_t ns);
bool pc_timer_armed(void);
/* Counts at 1 GHz down from 2^32 - 1 with interrupts every period_ns; for clock.c. */
void pc_timer_periodic(uint32_t period_ns);
uint32_t pc_timer_count(void);

void pc_ioapic_init(void);
void pc_ioapic_mask(uint32_t gsi, bool masked);

/* Under Xen: says so on its console, and ends. */
void pc_refuse_xen(void);

void pc_pci_init(void);
void pc_clock_init(void);

#endif
