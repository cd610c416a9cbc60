/* SPDX-License-Identifier: ISC */
/*
 * Time: the shared information page tells how the TSC counts, and the wall time
 * at which the system time was 0 (xen/xen.h, struct vcpu_time_info and struct
 * shared_info). Versions are odd while Xen writes.
 *
 * In another life the system time is another host's: ours goes on where it was.
 */
#include "xen_public.h"

#include "backends/pvh/cpu.h"
#include "backends/pvh/pvh_internal.h"

#include "machine.h"

enum { TRIES = 1000 };

static uint64_t last_ns;      /* the greatest time that was told */
static uint64_t offset_ns;    /* ours minus the system time, modulo 2^64 */

/* False: Xen never stops writing. */
static bool system_time(uint64_t *ns)
{
    const volatile struct vcpu_time_info *t = &xen_shared.info.vcpu_info[0].time;
    for (unsigned tries = 0; tries < TRIES; tries++) {
        uint32_t version = t->version;
        __asm__ volatile("lfence" : : : "memory");
        uint64_t at = t->tsc_timestamp, base = t->system_time;
        uint32_t mul = t->tsc_to_system_mul;
        int8_t shift = t->tsc_shift;
        __asm__ volatile("lfence" : : : "memory");
        if ((version & 1) != 0 || version != t->version) {
            cpu_pause();
            continue;
        }
        uint64_t tsc = cpu_tsc();
        uint64_t ticks = tsc > at ? tsc - at : 0;
        if (shift <= -32 || shift >= 32)
            return false;
        *ns = base + cpu_mul_shift32(shift >= 0 ? ticks << shift : ticks >> -shift, mul);
        return true;
    }
    return false;
}

PVH_BOOT void xen_clock_start(void)
{
    uint64_t ns;
    if (!system_time(&ns))
        pvh_fail(PVH_STATUS_SETUP, "xen: its clock cannot be read\n");
    offset_ns = 0 - ns;
}

void xen_clock_resume(void)
{
    uint64_t ns;
    if (system_time(&ns))
        offset_ns = last_ns - ns;
}

uint64_t xen_clock_raw_ns(uint64_t ns)
{
    return ns - offset_ns;
}

uint64_t pvh_now_ns(void)
{
    uint64_t ns;
    if (system_time(&ns) && ns + offset_ns > last_ns && ns + offset_ns < (uint64_t)INT64_MAX)
        last_ns = ns + offset_ns;
    return last_ns;
}

bool pvh_wall_offset_ns(int64_t *offset)
{
    for (unsigned tries = 0; tries < TRIES; tries++) {
        uint32_t version = xen_shared.info.wc_version;
        __asm__ volatile("lfence" : : : "memory");
        uint64_t sec = xen_shared.info.wc_sec | (uint64_t)xen_shared.info.wc_sec_hi << 32;
        uint32_t nsec = xen_shared.info.wc_nsec;
        __asm__ volatile("lfence" : : : "memory");
        if ((version & 1) != 0 || version != xen_shared.info.wc_version)
            continue;
        if (sec == 0 || sec >= (uint64_t)INT64_MAX / 1000000000 - 1 || nsec >= 1000000000)
            return false;
        /* The wall at the system time's 0, and how long before ours that was. */
        *offset = (int64_t)(sec * 1000000000 + nsec - offset_ns);
        return true;
    }
    return false;
}

const char *pvh_clock_name(void)
{
    return "xen";
}

const char *pvh_wall_name(void)
{
    int64_t offset;
    return pvh_wall_offset_ns(&offset) ? "xen" : "none";
}
