/* SPDX-License-Identifier: ISC */
/*
 * A machine for what a guest is told when it starts: memory is an array from 64 KiB
 * on, in which ACPI's tables stand (ACPI 6.4, sections 5.2 and 20.2), and ports and
 * lines are the test's own.
 */
#ifndef TERN_TESTS_PVH_FIXTURE_H
#define TERN_TESTS_PVH_FIXTURE_H

#include <setjmp.h>

#include "backends/kvm/pc_internal.h"

enum { MEMORY_AT = 0x10000, MEMORY_LEN = 0x120000 };
enum { RSDP = 0x10000, RSDT = 0x10100, XSDT = 0x10200, FADT = 0x10400, MADT = 0x10800,
       DSDT = 0x11000, OTHER_FADT = 0x12000, LARGE = 0x14000 };
enum { MADT_ENTRIES_LEN = 74, DSDT_OCTETS_LEN = 73 };

/* What was done to ports and lines. */
struct pvh_seen {
    uint16_t control, status;    /* what pm1a's registers read */
    unsigned n_reads;            /* of the control register */
    unsigned scis_after;         /* SCI_EN is set after so many reads of it */
    char out[128];
    enum tern_err line_err;
    struct pc_line line;
    void (*handler)(void *arg);
    uint32_t pending;
};

extern struct pvh_seen seen;
extern uint8_t memory[MEMORY_LEN];
extern uint32_t registers[0x10000 / 4];    /* of devices, wherever they are */
extern bool no_registers;
extern jmp_buf stopped;
extern bool stops;                         /* pvh_fail goes to stopped, with its status */
extern char said[256];                     /* what was logged last */

extern const uint8_t madt_entries[MADT_ENTRIES_LEN], dsdt_octets[DSDT_OCTETS_LEN];

/* All state as it is before a guest starts; the second with the tables of a machine. */
void pvh_begin_anew(void);
void acpi_machine(void);

uint8_t *memory_at(uint32_t where);

/* Puts the sum right of len octets, in the octet at sum_off; of a table. */
void acpi_sum(uint32_t where, size_t sum_off, size_t len);
void acpi_table_sum(uint32_t where);
/* A table's length, or a table of zeros; its sum is right. */
void acpi_table_len(uint32_t where, uint32_t len);
void acpi_table(uint32_t where, const char *signature, uint32_t len);

#endif
