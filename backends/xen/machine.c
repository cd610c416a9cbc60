/* SPDX-License-Identifier: ISC */
/*
 * The domain: hypercalls, shared information, event channels, time, waiting.
 *
 * The shared page is Xen's to write; each value is read once. Xen itself is
 * believed as far as a guest cannot do without it, but a bad number from it
 * costs no memory safety.
 */
#include <stdint.h>
#include <string.h>

#define __XEN_INTERFACE_VERSION__ 0x00040e00    /* Xen 4.14 and later */
#include <xen/xen.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>

#include "backends/pvh/cpu.h"
#include "backends/pvh/pvh.h"

#include "machine.h"

enum { N_PORTS = 4096, WORD_BITS = 64, LISTEN_MAX = 32, GRANT_FRAMES_MAX = 8, MAP_MAX = 64 };

extern uint8_t xen_hypercall_page[];

/* Xen puts its own page in this one's place; what was here is gone. */
static union {
    volatile struct shared_info info;
    uint8_t page[XEN_PAGE_LEN];
} shared __attribute__((aligned(XEN_PAGE_LEN)));

static struct {
    evtchn_port_t listen[LISTEN_MAX];    /* alive and unmasked: what ends a wait */
    uint32_t n_listen;
    uint64_t last_ns;
} machine;

static void *grants PVH_SEALED;
static uint32_t n_grant_frames PVH_SEALED;

static uintptr_t arg(const volatile void *p)
{
    return (uintptr_t)p;
}

/* ---- The start ---- */

static uint32_t cpuid_base(void)
{
    if ((cpu_id(1).ecx >> 31 & 1) == 0)
        return 0;
    /* Other hypervisors' interfaces may stand before it. */
    for (uint32_t leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100) {
        struct cpu_id id = cpu_id(leaf);
        if (id.ebx == XEN_CPUID_SIGNATURE_EBX && id.ecx == XEN_CPUID_SIGNATURE_ECX &&
            id.edx == XEN_CPUID_SIGNATURE_EDX)
            return leaf;
    }
    return 0;
}

bool xen_machine_is(void)
{
    return cpuid_base() != 0;
}

static int64_t place(uint32_t space, uint32_t idx, const volatile void *page)
{
    struct xen_add_to_physmap at = {
        .domid = DOMID_SELF, .space = space, .idx = idx, .gpfn = arg(page) / XEN_PAGE_LEN,
    };
    return xen_hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, arg(&at), 0);
}

static void shared_start(void)
{
    if (place(XENMAPSPACE_shared_info, 0, &shared) != 0)
        pvh_fail(PVH_STATUS_SETUP, "xen: the shared information page cannot be had\n");
    for (size_t i = 0; i < N_PORTS / WORD_BITS; i++)
        shared.info.evtchn_mask[i] = ~UINT64_C(0);
    machine.n_listen = 0;
}

void xen_machine_start(void)
{
    uint32_t base = cpuid_base();
    if (base == 0)
        pvh_fail(PVH_STATUS_SETUP, "xen: this is no Xen: the image was made for it\n");
    struct cpu_id id = cpu_id(base + 2);
    if (id.eax == 0)
        pvh_fail(PVH_STATUS_SETUP, "xen: no hypercall page\n");
    cpu_msr_store(id.ebx, arg(xen_hypercall_page));
    shared_start();
}

uint64_t xen_machine_param(uint32_t index)
{
    struct xen_hvm_param param = { .domid = DOMID_SELF, .index = index };
    if (xen_hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, arg(&param), 0) != 0)
        return 0;
    return param.value;
}

void *xen_machine_page(uint32_t pfn_param)
{
    uint64_t pfn = xen_machine_param(pfn_param);
    if (pfn == 0 || pfn > UINT64_MAX / XEN_PAGE_LEN)
        return NULL;
    return (void *)(uintptr_t)pvh_mmio_map(pfn * XEN_PAGE_LEN, XEN_PAGE_LEN);
}

static int64_t grants_place(void)
{
    for (uint32_t i = 0; i < n_grant_frames; i++) {
        int64_t err = place(XENMAPSPACE_grant_table, i, (uint8_t *)grants + i * XEN_PAGE_LEN);
        if (err != 0)
            return err;
    }
    return 0;
}

void *xen_machine_grants(uint32_t *n_frames)
{
    struct gnttab_query_size size = { .dom = DOMID_SELF };
    struct gnttab_set_version version = { .version = 1 };
    uint32_t n = *n_frames < GRANT_FRAMES_MAX ? *n_frames : GRANT_FRAMES_MAX;
    if (xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, arg(&size), 1) != 0 ||
        size.status != GNTST_okay)
        return NULL;
    /* An older Xen knows but one version. */
    (void)xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_set_version, arg(&version), 1);
    if (n > size.max_nr_frames)
        n = size.max_nr_frames;
    grants = pvh_mem_carve_io((size_t)n * XEN_PAGE_LEN);
    if (grants == NULL || n == 0)
        return NULL;
    n_grant_frames = n;
    if (grants_place() != 0)
        return NULL;
    *n_frames = n;
    return grants;
}

/* The entries of an E820 map are packed: 20 octets, those of the start info 24. */
size_t xen_machine_ram(uint8_t *entries, size_t n_max)
{
    static uint8_t packed[MAP_MAX * 20];
    struct xen_memory_map map = { .nr_entries = n_max < MAP_MAX ? (unsigned)n_max : MAP_MAX };
    set_xen_guest_handle(map.buffer, packed);
    size_t cap = map.nr_entries;
    if (xen_hypercall(__HYPERVISOR_memory_op, XENMEM_memory_map, arg(&map), 0) != 0)
        return 0;
    size_t n = map.nr_entries < cap ? map.nr_entries : cap;
    for (size_t i = 0; i < n; i++) {
        memcpy(entries + i * 24, packed + i * 20, 20);
        memset(entries + i * 24 + 20, 0, 4);
    }
    return n;
}

/* ---- Event channels ---- */

static void listen_drop(uint32_t port)
{
    for (uint32_t i = 0; i < machine.n_listen; i++) {
        if (machine.listen[i] == port) {
            machine.listen[i] = machine.listen[--machine.n_listen];
            return;
        }
    }
}

void xen_machine_listen(uint32_t port)
{
    listen_drop(port);
    if (port > 0 && port < N_PORTS && machine.n_listen < LISTEN_MAX)
        machine.listen[machine.n_listen++] = port;
}

static enum tern_err evtchn_alloc(struct xen_env *env, uint16_t domid, uint32_t *port)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = domid };
    (void)env;
    if (machine.n_listen == LISTEN_MAX ||
        xen_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, arg(&alloc), 0) != 0)
        return TERN_FULL;
    *port = alloc.port;
    xen_machine_listen(alloc.port);
    return TERN_OK;
}

static void evtchn_close(struct xen_env *env, uint32_t port)
{
    struct evtchn_close close = { .port = port };
    (void)env;
    listen_drop(port);
    (void)xen_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_close, arg(&close), 0);
}

static void evtchn_notify(struct xen_env *env, uint32_t port)
{
    struct evtchn_send send = { .port = port };
    (void)env;
    (void)xen_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, arg(&send), 0);
}

static void evtchn_mask(struct xen_env *env, uint32_t port, bool masked)
{
    (void)env;
    if (masked)
        listen_drop(port);
    else
        xen_machine_listen(port);
}

static bool evtchn_take(struct xen_env *env, uint32_t port)
{
    (void)env;
    if (port >= N_PORTS)
        return false;
    volatile xen_ulong_t *word = &shared.info.evtchn_pending[port / WORD_BITS];
    xen_ulong_t bit = (xen_ulong_t)1 << port % WORD_BITS;
    if ((*word & bit) == 0)
        return false;
    return (__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

/* ---- Time ---- */

uint64_t xen_machine_now_ns(void)
{
    const volatile struct vcpu_time_info *t = &shared.info.vcpu_info[0].time;
    uint64_t now = machine.last_ns;
    for (unsigned tries = 0; tries < 1000; tries++) {
        uint32_t version = t->version;
        __asm__ volatile("lfence" : : : "memory");
        uint64_t at = t->tsc_timestamp, ns = t->system_time;
        uint32_t mul = t->tsc_to_system_mul;
        int8_t shift = t->tsc_shift;
        __asm__ volatile("lfence" : : : "memory");
        if ((version & 1) != 0 || version != t->version) {
            cpu_pause();
            continue;
        }
        uint64_t tsc = cpu_tsc();
        uint64_t ticks = tsc > at ? tsc - at : 0;
        if (shift > -32 && shift < 32)
            now = ns + cpu_mul_shift32(shift >= 0 ? ticks << shift : ticks >> -shift, mul);
        break;
    }
    if (now > machine.last_ns)
        machine.last_ns = now;
    return machine.last_ns;
}

bool xen_machine_wall_ns(uint64_t *at_zero_ns)
{
    for (unsigned tries = 0; tries < 1000; tries++) {
        uint32_t version = shared.info.wc_version;
        __asm__ volatile("lfence" : : : "memory");
        uint64_t sec = shared.info.wc_sec | (uint64_t)shared.info.wc_sec_hi << 32;
        uint32_t nsec = shared.info.wc_nsec;
        __asm__ volatile("lfence" : : : "memory");
        if ((version & 1) != 0 || version != shared.info.wc_version)
            continue;
        *at_zero_ns = sec * 1000000000 + nsec;
        return sec != 0 && sec < UINT64_MAX / 1000000000 - 1 && nsec < 1000000000;
    }
    return false;
}

/* ---- Waiting ---- */

void xen_machine_wait(uint64_t until_ns)
{
    struct sched_poll poll = { .nr_ports = machine.n_listen };
    set_xen_guest_handle(poll.ports, machine.listen);
    /* 0 would be for ever, and what is far off might as well be. */
    poll.timeout = until_ns == 0 ? 1 : until_ns;
    if (until_ns >= (uint64_t)INT64_MAX)
        poll.timeout = 0;
    (void)xen_hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, arg(&poll), 0);
}

/* ---- The end, and other lives ---- */

_Noreturn void xen_machine_shutdown(unsigned reason)
{
    struct sched_shutdown shutdown = { .reason = reason };
    (void)xen_hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, arg(&shutdown), 0);
    for (;;)
        __asm__ volatile("cli; hlt");
}

bool xen_machine_suspend(void)
{
    struct sched_shutdown shutdown = { .reason = SHUTDOWN_suspend };
    return xen_hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, arg(&shutdown), 0) == 1;
}

void xen_machine_resume(void)
{
    shared_start();
    if (n_grant_frames > 0 && grants_place() != 0)
        pvh_fail(PVH_STATUS_SETUP, "xen: the grant table did not come back\n");
}

/* ---- The machine as drivers see it ---- */

static void *carve(struct xen_env *env, size_t len, size_t align)
{
    (void)env;
    void *mem = pvh_mem_carve(len, align);
    if (mem != NULL)
        memset(mem, 0, len);
    return mem;
}

static void *carve_io(struct xen_env *env, size_t len)
{
    (void)env;
    return pvh_mem_carve_io(len);
}

static uint32_t frame(struct xen_env *env, const void *page)
{
    (void)env;
    return (uint32_t)(pvh_mem_phys(page) / XEN_PAGE_LEN);
}

static void say(struct xen_env *env, const char *text, size_t len)
{
    (void)env;
    pvh_log(text, len);
}

struct xen_env xen_machine_env = {
    .carve = carve,
    .carve_io = carve_io,
    .frame = frame,
    .evtchn_alloc = evtchn_alloc,
    .evtchn_close = evtchn_close,
    .evtchn_notify = evtchn_notify,
    .evtchn_mask = evtchn_mask,
    .evtchn_take = evtchn_take,
    .log = say,
};
