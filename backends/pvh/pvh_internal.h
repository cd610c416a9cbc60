/* SPDX-License-Identifier: ISC */
/*
 * What the files of backends/pvh share. In reading order:
 *
 *   tern.ld      how the image lies in memory
 *   start.S      from the loader's entry to C
 *   string.S     the five memory functions
 *   shims.c      what compilers and other people's archives call
 *   main.c       the order of the start
 *   phys.c       octets that loader and firmware left
 *   boot.c       what the loader passed, copied
 *   cmdline.c    the words of the command line
 *   paging.c     the map of memory and its seal
 *   windows.c    the registers of devices in it
 *   mem.c        RAM, carved
 *   trap.S, trap.c    traps: a report, then the end; interrupts: a handler
 *   log.c        the log
 *   uart.c       the serial port
 *   pending.c    what has happened and waits for the loop
 *   entropy.c    the seed
 *   reset.c      the last ways out
 *   guest.c, guest_metrics.c    the appliance on this ground (guest.h)
 *
 * What a machine adds is at this file's end; backends/kvm/pc_internal.h and
 * backends/xen/machine.h are two.
 */
#ifndef PVH_INTERNAL_H
#define PVH_INTERNAL_H

#include "backends/pvh/layout.h"
#include "backends/pvh/pvh.h"

/* Symbols of tern.ld: only their addresses mean anything. */
extern char pvh_image[], pvh_boot_end[], pvh_text_end[], pvh_constants_end[];
extern char pvh_sealed[], pvh_sealed_end[], pvh_hypercall_end[];
extern char pvh_bss_end[], pvh_stacks_end[], pvh_image_end[], pvh_tables[], pvh_tables_end[];
extern char pvh_guards[], pvh_guard_trap[], pvh_guard_double_fault[], pvh_guard_nmi[];
extern char pvh_guard_machine_check[], pvh_guard_device[], pvh_guard_above[];
extern char pvh_stack_trap[], pvh_stack_double_fault[], pvh_stack_nmi[];
extern char pvh_stack_machine_check[], pvh_stack_device[], pvh_stack_main[];
extern const uint8_t pvh_build_id_note[], pvh_build_id_end[];

/* start.S: the block at FS base; its sixth word is the stack protector's canary. */
extern uint64_t pvh_fs_block[8];

/* string.S: whether long copies go by the string instructions. */
extern uint8_t pvh_string_fast;

/*
 * What only runs before the seal, which unmaps it: calls of it must not come later.
 * Code outside that cannot be reached, cannot be misused.
 */
#define PVH_BOOT __attribute__((section(".text.pvh_boot")))

/* Beside the lidt of exit.c, all that could undo the seal; in the boot pages of start.S. */
void pvh_boot_wrmsr(uint32_t msr, uint64_t value);
void pvh_boot_flush(void);
void pvh_boot_protect(void);
void pvh_boot_descriptors(const void *gdtr, const void *idtr);

/*
 * main.c: called by start.S with the physical address of what the loader passed.
 * Returns the sealed tables' root; start.S loads CR3 with it and calls the second.
 */
uint64_t pvh_start(uint32_t info, bool is_linux);
_Noreturn void pvh_sealed_start(void);

/* ---- phys.c ---- */

/* len octets at a physical address, read; NULL if they are not all below 4 GiB. */
const uint8_t *pvh_phys(uint64_t at, uint64_t len);
bool pvh_phys_sums_to_zero(const uint8_t *octets, size_t len);

/* ---- boot.c ---- */

enum { PVH_MAP_MAX = 64, PVH_CMDLINE_CAP = 2048 };

/* A stretch of physical memory, end not included. */
struct pvh_range {
    uint64_t start, end;
};

/* What was copied of what the loader passed. */
struct pvh_boot {
    uint32_t version;
    uint64_t rsdp;    /* physical address, 0: none */
    size_t n_ram;
    struct pvh_range ram[PVH_MAP_MAX];    /* unsorted, perhaps overlapping, nothing but RAM */
    size_t n_modules;
    struct pvh_range modules[PVH_MODULES_MAX];
    bool cmdline_cut;    /* it was longer: its last words are missing */
    size_t cmdline_len;
    char cmdline[PVH_CMDLINE_CAP + 1];
};

extern struct pvh_boot pvh_boot;

/*
 * Copies the start info, or Linux's boot_params, and what it points to. Ends the
 * guest if it is unusable.
 */
void pvh_boot_copy(uint32_t start_info);
void pvh_boot_copy_linux(uint32_t boot_params);
/* Adds n entries of a memory map: address and length of 64 bits, a type of 32. */
void pvh_boot_map(const uint8_t *map, uint32_t n, size_t entry_len);

/* ---- cmdline.c ---- */

/* Splits pvh_boot.cmdline in place. */
void pvh_cmdline_init(void);
uint16_t pvh_cmdline_exit_port(void);    /* of tern.exit=, 0: none */

/* What follows "key=" in the word, NULL if it is another key. */
const char *pvh_word_value(const char *word, const char *key);

/* Reads digits, "0x" before hexadecimal ones; false if there is none or too many. */
bool pvh_number_parse(const char **text, uint64_t *value);

/* ---- paging.c, mem.c ---- */

/* Where real mode's code ends: the seal maps nothing below that can be written. */
#define PVH_LOW_END UINT64_C(0x100000)

void pvh_paging_init(void);
/* Makes the sealed map. Returns its root, for CR3. */
uint64_t pvh_paging_seal(void);
/*
 * Until then: whether there may be such a place; and maps one below 4 GiB, with these
 * bits of the cache in its entries. NULL: it cannot be.
 */
bool pvh_paging_may_map(uint64_t phys, size_t len);
volatile void *pvh_paging_map(uint64_t phys, size_t len, uint64_t cache);
bool pvh_paging_sealed(void);
/*
 * Notes the pages [start, end) as a device's: the pages before and behind, which
 * are the caller's too, are absent from the sealed map. False: too many pieces.
 */
bool pvh_paging_guard(uint64_t start, uint64_t end);
/* What the map has at this address, if it is none of the image's. NULL: nothing. */
const char *pvh_paging_place(uint64_t at);

/* Ends the guest if there is no RAM, or a module lies elsewhere, in page 0 or over the image. */
void pvh_mem_init(void);
/* Whether [start, end) touches RAM of the memory map, or the image. */
bool pvh_mem_overlaps(uint64_t start, uint64_t end);

/* ---- trap.S, trap.c ---- */

/* What the stubs of trap.S push; the last five are the processor's. */
struct pvh_trap_frame {
    uint64_t general[15];    /* rax, rbx, rcx, rdx, rsi, rdi, rbp, r8 to r15 */
    uint64_t stub, error;    /* an address in the vector's stub */
    uint64_t rip, cs, rflags, rsp, ss;
};

/* A piece of 8 octets for each vector below PVH_VECTOR_DEVICE, and of 4 from there. */
extern const char pvh_trap_stubs[], pvh_trap_stubs_device[];
void pvh_trap_init(void);
_Noreturn void pvh_trap(const struct pvh_trap_frame *frame);
/* Ends the guest because of a fault that is not the processor's; pc is where. */
_Noreturn void pvh_trap_software(const char *what, const void *pc);

/* ---- log.c, uart.c ---- */

/* Sends at most n octets, without waiting. False while something is left. */
bool pvh_log_send(size_t n);
/* From now on log calls wait for the console: for reports at the end. */
void pvh_log_direct(void);

/* The serial port at 0x3f8. False: there is none. */
bool pvh_uart_open(void);
/* Sends octets; how many it took, at once. */
size_t pvh_uart_put(const char *text, size_t len);

/* ---- pending.c ---- */

bool pvh_pending(void);

extern struct pvh_stats pvh_counters;

/* ---- entropy.c ---- */

/* Collects the seed: false if there is none. Then a canary may be had of it. */
bool pvh_entropy_init(void);

/* ---- reset.c ---- */

/* Resets a PC. */
_Noreturn void pvh_reset(void);

/* ---- The machine: a PC (backends/kvm), a domain (backends/xen) ----------------- */

/*
 * Beside these a machine defines what pvh.h has of time, waiting and
 * pvh_hypervisor.
 */

/* First of all: the console, if it can be had so early. */
void pvh_machine_hello(void);
/* Is the word one of its own? Called by the split of the command line. */
bool pvh_machine_word(const char *word);
/* When all that the loader passed is known, and before RAM is counted. */
void pvh_machine_early(void);
/* Memory is mapped and can be carved: clock, interrupts, buses. */
void pvh_machine_init(void);

/*
 * Sends to the console: how many octets it took, at once. All of them if there is
 * no console; 0: it is full, or not there yet.
 */
size_t pvh_machine_put(const char *text, size_t len);

/* Called by trap.S for a vector that is not the processor's own. */
void pvh_interrupt(uint64_t vector);

/* Leaves without a word: the last part of pvh_exit. */
_Noreturn void pvh_leave(int status);

#endif
