/* SPDX-License-Identifier: ISC */
/*
 * What a PVH guest of one processor offers to its hypervisor backend and to
 * its drivers: memory, interrupts, buses, a clock, waiting, entropy, a log, the
 * words of the command line, and the way out.
 *
 * Standards: the x86/HVM direct boot ABI (Xen, "PVH"), Intel 64 SDM volume 3,
 * ACPI 6.4, PCI Local Bus 3.0, the KVM paravirtual clock.
 *
 * The order of a guest's life:
 *
 *   1. start.S enters long mode; pvh_start copies what the loader passed (start
 *      info, memory map, command line), reads ACPI, finds buses and clock. All
 *      memory below 4 GiB is mapped at its own address.
 *   2. pvh_start draws entropy (and stops without it) and makes a new stack canary.
 *      pvh_backend_setup() is called: the backend finds and initialises its
 *      devices, registers interrupts, carves memory.
 *   3. The seal: descriptor tables, text, constants and whatever is declared
 *      PVH_SEALED are read-only from here to the end; page tables and the code of
 *      the start, with every instruction that could undo this, are unmapped; only
 *      RAM and the registers that pvh_mmio_map has returned stay mapped.
 *   4. pvh_backend_main() runs. What it returns is the exit status.
 *
 * Interrupts are delivered only while pvh_wait is called: everywhere else the
 * processor runs with IF clear. A handler runs on a stack of its own, with IF
 * clear, and only notes what happened (pvh_pending_set) for the loop; a file
 * with handlers is compiled with PVH_HANDLER_CFLAGS (-mgeneral-regs-only).
 *
 *     static void arrived(void *arg) { pvh_pending_set(KVM_NET); }
 *     ...
 *     for (;;) {
 *         uint32_t news = pvh_pending_take();
 *         if (news & PVH_DRAIN) ...
 *         uint64_t deadline_ns = ...;
 *         pvh_wait(deadline_ns);
 *     }
 *
 * Whatever comes from outside (loader, tables, device registers) is hostile: it
 * is read once into a local and checked before it is used.
 */
#ifndef TERN_PVH_H
#define TERN_PVH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tern/base.h>

/*
 * A variable that is written until the seal and constant after it (a device's
 * addresses, a table of handlers). Starts as zero; takes no initialiser.
 */
#define PVH_SEALED __attribute__((section(".bss.pvh_sealed")))

/* ---- The backend's side ------------------------------------------------- */

/*
 * Finds devices and registers their interrupts, before the seal. Anything but
 * TERN_OK ends the guest with status PVH_STATUS_SETUP; the backend has said why.
 */
enum tern_err pvh_backend_setup(void);

/* The guest's work, after the seal. Returns the exit status, 0 to 127. */
int pvh_backend_main(void);

/*
 * More entropy than RDRAND's, if the backend has a source (virtio-rng): writes
 * up to len octets and returns how many. Called once, before setup.
 * Weak: without a definition there is none.
 */
size_t pvh_entropy_source(uint8_t *out, size_t len);

/* Exit statuses of this layer (the application's own are its business). */
enum {
    PVH_STATUS_SETUP = 69,     /* the machine lacks what the image needs */
    PVH_STATUS_TRAP = 70,      /* a trap, or a smashed stack: reported on the console */
    PVH_STATUS_ENTROPY = 71,   /* no entropy */
    PVH_STATUS_USAGE = 64,     /* the command line */
};

/* ---- Memory ------------------------------------------------------------- */

/*
 * RAM is carved once, at start, and never given back. Only RAM between 4 KiB
 * and 3 GiB is used (what lies above is reported in the log and left alone).
 * Addresses are physical addresses: a pointer may be given to a device as it is.
 */

/*
 * Takes len octets, aligned to `align` (a power of two, at most 2 MiB). The
 * contents are unspecified. NULL: no stretch of RAM is long enough.
 */
void *pvh_mem_carve(size_t len, size_t align);

/*
 * Takes whole pages for what a device reads or writes: page-aligned, rounded
 * up to whole pages, shared with nothing else, between two guard pages that the
 * seal unmaps. The first leaves their contents unspecified, the second zeroes
 * len octets. Before the seal. NULL: none, or 64 pieces have been taken.
 */
void *pvh_mem_carve_pages(size_t len);
void *pvh_mem_carve_io(size_t len);

/* The longest piece that pvh_mem_carve could give now, with any align up to 4096. */
size_t pvh_mem_longest(void);

/* All RAM that is not carved yet, over all stretches; and all RAM at the start. */
size_t pvh_mem_left(void);
size_t pvh_mem_total(void);

/* The physical address of memory of the image or carved. */
static inline uint64_t pvh_mem_phys(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

/*
 * Makes device registers reachable, uncached, before the seal. phys may lie
 * above 4 GiB (at most 512 MiB of such windows in all). NULL: len is 0, the
 * range wraps or overlaps RAM or the image, no window is left, or it is after
 * the seal. The same range may be asked for again.
 */
volatile void *pvh_mmio_map(uint64_t phys, size_t len);

/*
 * The same for a page below 4 GiB, outside of RAM, that the hypervisor shares:
 * cached.
 */
void *pvh_page_map(uint64_t phys);

/* Registers of 8, 16 and 32 bits: one access each, in program order. */
static inline uint8_t pvh_mmio_load8(const volatile void *base, size_t off)
{
    return *((const volatile uint8_t *)base + off);
}

static inline uint16_t pvh_mmio_load16(const volatile void *base, size_t off)
{
    const volatile void *at = (const volatile uint8_t *)base + off;
    return *(const volatile uint16_t *)at;
}

static inline uint32_t pvh_mmio_load32(const volatile void *base, size_t off)
{
    const volatile void *at = (const volatile uint8_t *)base + off;
    return *(const volatile uint32_t *)at;
}

static inline void pvh_mmio_store8(volatile void *base, size_t off, uint8_t v)
{
    *((volatile uint8_t *)base + off) = v;
}

static inline void pvh_mmio_store16(volatile void *base, size_t off, uint16_t v)
{
    volatile void *at = (volatile uint8_t *)base + off;
    *(volatile uint16_t *)at = v;
}

static inline void pvh_mmio_store32(volatile void *base, size_t off, uint32_t v)
{
    volatile void *at = (volatile uint8_t *)base + off;
    *(volatile uint32_t *)at = v;
}

/* ---- What is pending ---------------------------------------------------- */

/*
 * What is pending for the loop, a word of bits. Bit 0 is this layer's; the
 * backend's drivers use the others as they like. Set may be called by handlers
 * and by the loop; take returns all bits and clears them.
 */
enum {
    PVH_DRAIN = 1u << 0,    /* the power button: end in an orderly way */
};

void pvh_pending_set(uint32_t bits);
uint32_t pvh_pending_take(void);

/* ---- Time and waiting --------------------------------------------------- */

/* Nanoseconds since some moment near the start. Never goes back. */
uint64_t pvh_now_ns(void);

/*
 * Nanoseconds since 1970-01-01 UTC at the moment pvh_now_ns() == 0, so that
 * wall time is this plus pvh_now_ns(). False: the machine has no such clock.
 */
bool pvh_wall_offset_ns(int64_t *offset_ns);

/* "kvmclock", "tsc", "xen"; and of the wall clock "kvm", "rtc", "xen", "none". */
const char *pvh_clock_name(void);
const char *pvh_wall_name(void);

/*
 * Sends some of the log, lets interrupts in, and returns as soon as something
 * is pending or deadline_ns (UINT64_MAX: never) has come; at once when either is
 * so already. In between the processor is halted: an idle guest executes no
 * instruction.
 */
void pvh_wait(uint64_t deadline_ns);

/* ---- Entropy, words, modules, identity ----------------------------------- */

/*
 * Fills out from a generator seeded once at start from RDRAND and
 * pvh_entropy_source. From setup on.
 */
void pvh_entropy(uint8_t *out, size_t len);

/*
 * Adds entropy: in another life (a restored copy of this memory) the generator
 * must not say again what another one says. False: there is no RDRAND.
 */
bool pvh_entropy_renew(void);

/*
 * The words of the command line in order, NUL-terminated ("ip=10.0.0.2/24"),
 * without those that this layer understands (tern.exit=, virtio_mmio.device=).
 * At most 64 words, 2,048 octets in all: a longer line stops the start.
 */
size_t pvh_word_count(void);
const char *pvh_word(size_t i);

/* Boot modules (initrd): constant octets of the loader's, kept out of RAM. At most 4. */
enum { PVH_MODULES_MAX = 4, PVH_MODULE_NAME_CAP = 48 };
struct pvh_module {
    const uint8_t *data;
    size_t len;
    char name[PVH_MODULE_NAME_CAP];    /* the first word of its text; empty: it has none */
};

size_t pvh_module_count(void);
const struct pvh_module *pvh_module_get(size_t i);

/* The linker's build id (NT_GNU_BUILD_ID); 0 octets when the image has none. */
const uint8_t *pvh_build_id(size_t *len);

/* The hypervisor's CPUID signature, "KVMKVMKVM", "TCGTCGTCGTCG", or "". */
const char *pvh_hypervisor(void);

/* ---- The console -------------------------------------------------------- */

/*
 * Appends to the log: a ring that pvh_wait sends to the serial port a little
 * at a time. What does not fit is dropped, a whole call's text at once, and
 * counted; the count is reported in the log itself when there is room.
 */
void pvh_log(const char *text, size_t len);

/*
 * The same with a format: %s %c %d %u %x and %%, with l, ll or z before d, u, x, and
 * a width with 0 for x. At most 256 octets.
 */
__attribute__((format(printf, 1, 2))) void pvh_logf(const char *format, ...);

/* Sends all of the log now, as far as the port takes it within a second. */
void pvh_log_flush(void);

/* ---- The end ------------------------------------------------------------ */

/*
 * Ends the guest with this status (0 to 127): flushes the log, then leaves by
 * the debug-exit port if tern.exit= named one, else by ACPI S5, the keyboard
 * controller's reset or a triple fault, whichever works first.
 */
_Noreturn void pvh_exit(int status);

/* Says what is wrong, by pvh_log_flush, and ends the guest with this status. */
__attribute__((format(printf, 2, 3))) _Noreturn void pvh_fail(int status, const char *format, ...);

/* ---- Counters ----------------------------------------------------------- */

struct pvh_stats {
    uint64_t wakeups;          /* times the processor left hlt */
    uint64_t irq_device;       /* interrupts of devices */
    uint64_t irq_timer;        /* interrupts of the local APIC's timer */
    uint64_t irq_spurious;     /* of no registered vector */
    uint64_t irq_storms;       /* lines masked because they never fell silent */
    uint64_t log_dropped;      /* octets of log dropped */
};

const struct pvh_stats *pvh_stats(void);

#endif
