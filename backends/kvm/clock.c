/* SPDX-License-Identifier: ISC */
/*
 * Time. Under KVM the paravirtual clock (Linux: Documentation/virt/kvm/x86/msr)
 * scales the TSC by numbers that the hypervisor keeps in a page of ours; without
 * it the TSC's rate is measured once against the local APIC's timer. Wall time
 * is an offset, from KVM or from the CMOS clock (MC146818A data sheet).
 *
 * All that the hypervisor writes is hostile: reads are bounded, and time never
 * goes back.
 */
#include <string.h>

#include "backends/pvh/cpu.h"
#include "backends/kvm/pc_internal.h"

enum { KVM_FEATURE_CLOCKSOURCE2 = 1u << 3 };
enum { MSR_KVM_WALL_CLOCK = 0x4b564d00, MSR_KVM_SYSTEM_TIME = 0x4b564d01 };
enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71 };

/* struct pvclock_vcpu_time_info; an odd version: it is being written. */
struct kvm_time {
    uint32_t version, pad0;
    uint64_t tsc_timestamp, system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags, pad[2];
};

struct kvm_wall {
    uint32_t version, sec, nsec;
};

/* On a page of its own: the hypervisor writes here at any time. */
static union {
    volatile struct kvm_time time;
    uint8_t page[4096];
} kvm __attribute__((aligned(4096)));

static char hypervisor[13] PVH_SEALED;
static bool kvm_clock PVH_SEALED;
static uint64_t ns_per_tick_32 PVH_SEALED;
static uint64_t tsc_start PVH_SEALED;
static const char *wall_name PVH_SEALED;
static int64_t wall_offset PVH_SEALED;
static uint64_t kvm_start PVH_SEALED;
static uint64_t last;    /* the greatest time that was told */

const char *pvh_hypervisor(void)
{
    return hypervisor;
}

/* ---- The paravirtual clock ---- */

/* One consistent copy. False if the hypervisor never stops writing. */
static bool kvm_copy(struct kvm_time *t)
{
    for (unsigned tries = 0; tries < 1000; tries++) {
        t->version = kvm.time.version;
        __asm__ volatile("lfence" : : : "memory");
        t->tsc_timestamp = kvm.time.tsc_timestamp;
        t->system_time = kvm.time.system_time;
        t->tsc_to_system_mul = kvm.time.tsc_to_system_mul;
        t->tsc_shift = kvm.time.tsc_shift;
        __asm__ volatile("lfence" : : : "memory");
        if ((t->version & 1) == 0 && t->version == kvm.time.version)
            return t->tsc_shift > -32 && t->tsc_shift < 32;
        cpu_pause();
    }
    return false;
}

static bool kvm_now(uint64_t *ns)
{
    struct kvm_time t;
    if (!kvm_copy(&t))
        return false;
    uint64_t now = cpu_tsc();
    uint64_t ticks = now > t.tsc_timestamp ? now - t.tsc_timestamp : 0;
    ticks = t.tsc_shift >= 0 ? ticks << t.tsc_shift : ticks >> -t.tsc_shift;
    *ns = t.system_time + cpu_mul_shift32(ticks, t.tsc_to_system_mul);
    return true;
}

PVH_BOOT static void hypervisor_init(void)
{
    if ((cpu_id(1).ecx >> 31 & 1) == 0)
        return;
    struct cpu_id id = cpu_id(0x40000000);
    memcpy(hypervisor, &id.ebx, 4);
    memcpy(hypervisor + 4, &id.ecx, 4);
    memcpy(hypervisor + 8, &id.edx, 4);
    if (memcmp(hypervisor, "KVMKVMKVM\0\0\0", 12) != 0)
        return;
    if ((cpu_id(0x40000001).eax & KVM_FEATURE_CLOCKSOURCE2) == 0)
        return;
    pvh_boot_wrmsr(MSR_KVM_SYSTEM_TIME, pvh_mem_phys(&kvm) | 1);
    uint64_t ns;
    kvm_clock = kvm.time.version != 0 && kvm_now(&ns);
    if (kvm_clock)
        kvm_start = ns;
}

/* ---- The TSC ---- */

/* The timer's count, and the TSC in the middle of reading it, give or take. */
struct moment {
    uint32_t count;
    uint64_t tsc, spread;
};

PVH_BOOT static struct moment moment_read(void)
{
    uint64_t before = cpu_tsc();
    uint32_t count = pc_timer_count();
    uint64_t spread = (cpu_tsc() - before) / 2;
    return (struct moment){ count, before + spread, spread };
}

/*
 * One reading of the TSC's rate, in ticks a nanosecond, times 2^20: TSC and the
 * APIC's timer over about a millisecond. Halted in between: an emulator that is
 * busy translating a spin delivers time in lumps. 0: held up for so long that
 * the timer may have gone round once more, or that the moments are too vague.
 */
PVH_BOOT static uint64_t rate_read(void)
{
    enum { PERIOD_NS = 1000000 };
    /* An interrupt left over from the last reading would end this one early. */
    pc_timer_set(UINT64_MAX);
    cpu_irq_window();
    pc_timer_periodic(PERIOD_NS);
    struct moment a = moment_read();
    cpu_irq_halt();
    struct moment b = moment_read();
    uint64_t ticks = b.tsc - a.tsc;
    if (a.count < PERIOD_NS - PERIOD_NS / 16 || b.count > PERIOD_NS ||
        a.spread + b.spread > ticks / 64)
        return 0;
    return (ticks << 20) / (a.count + PERIOD_NS - b.count);
}

/*
 * A reading is wrong in either direction when the hypervisor holds this
 * processor up, but never twice in the same way: the first two that agree to a
 * thousandth are right.
 */
PVH_BOOT static uint64_t tsc_ns_per_tick_32(void)
{
    enum { READINGS = 64 };
    uint64_t rates[READINGS];
    size_t n = 0;
    for (unsigned tries = 0; tries < READINGS; tries++) {
        uint64_t rate = rate_read();
        if (rate == 0)
            continue;
        for (size_t i = 0; i < n; i++) {
            /* fine: the first n are written */
            uint64_t apart = rate > rates[i] ? rate - rates[i] : rates[i] - rate;
            if (apart <= rate >> 10) {
                pc_timer_set(UINT64_MAX);
                return (UINT64_C(1) << 53) / (rate + rates[i]);
            }
        }
        rates[n++] = rate;
    }
    pvh_fail(PVH_STATUS_SETUP, "clock: no kvmclock, and the TSC's rate cannot be found\n");
}

/* ---- Now ---- */

uint64_t pvh_now_ns(void)
{
    uint64_t now;
    if (!kvm_clock)
        now = cpu_mul_shift32(cpu_tsc() - tsc_start, ns_per_tick_32);
    else if (kvm_now(&now))
        now -= kvm_start;
    else
        now = last;
    if (now > last)
        last = now;
    return last;
}

const char *pvh_clock_name(void)
{
    return kvm_clock ? "kvmclock" : "tsc";
}

/* ---- Wall time ---- */

PVH_BOOT static uint8_t cmos(uint8_t index)
{
    cpu_out8(CMOS_INDEX, 0x80 | index);    /* bit 7: no NMI from this port */
    return cpu_in8(CMOS_DATA);
}

struct cmos_time {
    uint8_t second, minute, hour, day, month, year, century;
};

/* The time registers, when no update is under way (register A, bit 7). */
PVH_BOOT static bool cmos_read(struct cmos_time *t)
{
    for (unsigned tries = 0; tries < 20000; tries++) {
        if ((cmos(0x0a) & 0x80) != 0)
            continue;
        *t = (struct cmos_time){ cmos(0), cmos(2), cmos(4), cmos(7), cmos(8), cmos(9),
                                 pc_acpi.century != 0 ? cmos(pc_acpi.century) : 0 };
        return true;
    }
    return false;
}

PVH_BOOT static uint8_t from_bcd(uint8_t v)
{
    return (uint8_t)((v >> 4) * 10 + (v & 15));
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
PVH_BOOT static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    /* Years begin in March, so that the leap day is the last one. */
    year -= month <= 2;
    int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    return 365 * year + year / 4 - year / 100 + year / 400 +
           (153 * month_from_march + 2) / 5 + day - 1 - 719468;
}

PVH_BOOT static bool cmos_seconds(int64_t *seconds)
{
    struct cmos_time a, b;
    /* Two equal readings: none was cut in two by an update. */
    for (unsigned tries = 0;; tries++) {
        if (tries == 4 || !cmos_read(&a) || !cmos_read(&b))
            return false;
        if (memcmp(&a, &b, sizeof a) == 0)
            break;
    }
    uint8_t b_register = cmos(0x0b);
    bool afternoon = (a.hour & 0x80) != 0;
    a.hour &= 0x7f;
    if ((b_register & 4) == 0) {
        a = (struct cmos_time){ from_bcd(a.second), from_bcd(a.minute), from_bcd(a.hour),
                                from_bcd(a.day), from_bcd(a.month), from_bcd(a.year),
                                from_bcd(a.century) };
    }
    if ((b_register & 2) == 0)
        a.hour = (uint8_t)(a.hour % 12 + (afternoon ? 12 : 0));
    if (a.second > 59 || a.minute > 59 || a.hour > 23 || a.day < 1 || a.day > 31 ||
        a.month < 1 || a.month > 12 || a.year > 99)
        return false;
    int64_t year = a.year + (a.century >= 20 && a.century < 30 ? a.century * 100 : 2000);
    *seconds = ((days_of(year, a.month, a.day) * 24 + a.hour) * 60 + a.minute) * 60 + a.second;
    return true;
}

/* KVM tells the wall time at which its clock was 0. */
PVH_BOOT static bool kvm_wall(int64_t *ns)
{
    static volatile struct kvm_wall wall __attribute__((aligned(16)));
    if (!kvm_clock)
        return false;
    pvh_boot_wrmsr(MSR_KVM_WALL_CLOCK, pvh_mem_phys((const void *)(uintptr_t)&wall));
    uint32_t sec = wall.sec, nsec = wall.nsec;
    if (sec == 0 || nsec >= 1000000000)
        return false;
    *ns = (int64_t)sec * 1000000000 + nsec;
    return true;
}

PVH_BOOT static void wall_init(void)
{
    int64_t at;
    if (kvm_wall(&at)) {
        wall_offset = at + (int64_t)kvm_start;
        wall_name = "kvm";
    } else if (cmos_seconds(&at)) {
        wall_offset = at * 1000000000 - (int64_t)pvh_now_ns();
        wall_name = "rtc";
    } else {
        wall_name = "none";
    }
}

bool pvh_wall_offset_ns(int64_t *offset_ns)
{
    *offset_ns = wall_offset;
    return wall_offset != 0;
}

const char *pvh_wall_name(void)
{
    return wall_name;
}

PVH_BOOT void pc_clock_init(void)
{
    hypervisor_init();
    if (!kvm_clock) {
        ns_per_tick_32 = tsc_ns_per_tick_32();
        tsc_start = cpu_tsc();
    }
    wall_init();
}
