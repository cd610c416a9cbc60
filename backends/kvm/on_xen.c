/* SPDX-License-Identifier: ISC */
/*
 * An image of this backend that Xen has started: there are none of the devices
 * that it could drive, not even a serial port. It says so on the domain's
 * console, and ends the domain.
 *
 * Hypercalls go by their instruction, without the hypercall page: number in eax,
 * arguments in rdi, rsi (xen/arch-x86/xen-x86_64.h). The console's ring is
 * struct xencons_interface (xen/io/console.h): 1,024 octets in, 2,048 out, then
 * the four indices.
 */
#include <string.h>

#include "backends/kvm/pc_internal.h"
#include "backends/pvh/cpu.h"

enum { SCHED_OP = 29, EVENT_CHANNEL_OP = 32, HVM_OP = 34 };
enum { SCHED_SHUTDOWN = 2, SHUTDOWN_CRASH = 3, EVENT_SEND = 4, HVM_GET_PARAM = 1 };
enum { DOMID_SELF = 0x7ff0, PARAM_CONSOLE_PFN = 17, PARAM_CONSOLE_EVTCHN = 18 };
enum { OUT_AT = 1024, OUT_LEN = 2048, OUT_CONS_AT = 3080, OUT_PROD_AT = 3084 };

PVH_BOOT static int64_t hypercall(uint64_t n, uint64_t op, void *arg)
{
    bool intel = cpu_id(0).ecx == 0x6c65746e;    /* "ntel" */
    int64_t result;
    if (intel)
        __asm__ volatile("vmcall" : "=a"(result), "+D"(op), "+S"(arg) : "a"(n) : "memory");
    else
        __asm__ volatile("vmmcall" : "=a"(result), "+D"(op), "+S"(arg) : "a"(n) : "memory");
    return result;
}

PVH_BOOT static uint64_t param(uint32_t index)
{
    struct {
        uint16_t domid;
        uint32_t index;
        uint64_t value;
    } get = { DOMID_SELF, index, 0 };
    return hypercall(HVM_OP, HVM_GET_PARAM, &get) == 0 ? get.value : 0;
}

PVH_BOOT static void say(const char *text)
{
    uint64_t pfn = param(PARAM_CONSOLE_PFN);
    uint32_t port = (uint32_t)param(PARAM_CONSOLE_EVTCHN);
    if (pfn == 0 || pfn > UINT32_MAX / 4096)
        return;
    volatile void *ring = (volatile void *)(uintptr_t)(pfn * 4096);
    uint32_t prod = pvh_mmio_load32(ring, OUT_PROD_AT);
    uint32_t room = OUT_LEN - (prod - pvh_mmio_load32(ring, OUT_CONS_AT));
    for (; *text != '\0' && room > 0 && room <= OUT_LEN; room--)
        pvh_mmio_store8(ring, OUT_AT + prod++ % OUT_LEN, (uint8_t)*text++);
    pvh_mmio_store32(ring, OUT_PROD_AT, prod);
    (void)hypercall(EVENT_CHANNEL_OP, EVENT_SEND, &port);
}

/* KVM can show Xen's signature too, beside its own: then it is KVM. */
PVH_BOOT static bool is_xen(void)
{
    bool xen = false;
    if ((cpu_id(1).ecx >> 31 & 1) == 0)
        return false;
    for (uint32_t leaf = 0x40000000; leaf < 0x40000400; leaf += 0x100) {
        struct cpu_id id = cpu_id(leaf);
        if (id.ebx == 0x4b4d564b)    /* "KVMK" */
            return false;
        xen = xen || (id.ebx == 0x566e6558 && id.ecx == 0x65584d4d);    /* "XenV", "MMXe" */
    }
    return xen;
}

PVH_BOOT void pc_refuse_xen(void)
{
    if (!is_xen())
        return;
    say("kvm: this image is made for KVM-type hypervisors, and under it there is Xen\r\n");
    uint32_t reason = SHUTDOWN_CRASH;
    (void)hypercall(SCHED_OP, SCHED_SHUTDOWN, &reason);
}
