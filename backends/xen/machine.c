/* SPDX-License-Identifier: ISC */
/*
 * The domain: hypercalls, the shared information page, the memory map, grants,
 * the console, and the ways out.
 *
 * Xen itself is believed as far as a guest cannot do without it, but a bad
 * number from it costs no memory safety: what it names as its own lies outside of
 * the image and, from when RAM is known, of RAM.
 */
#include <string.h>

#include "xen_public.h"
#include <xen/arch-x86/cpuid.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>

#include "backends/pvh/cpu.h"
#include "backends/pvh/note.h"
#include "backends/pvh/pvh_internal.h"

#include "machine.h"
#include "xen_console.h"

enum { GRANT_FRAMES_MAX = 8, MAP_MAX = PVH_MAP_MAX };

PVH_NOTE_OF(PVH_NOTE_XEN);

extern uint8_t xen_hypercall_page[];

/* Xen puts its own page in this one's place; what was here is gone. */
union xen_shared_page xen_shared __attribute__((aligned(XEN_PAGE_LEN)));

static uint32_t cpuid_base PVH_SEALED;    /* 0: this is no Xen that could be called */
static uint32_t msr PVH_SEALED;           /* takes the hypercall page */
static bool no_page PVH_SEALED;           /* it is a Xen without one */
static bool uart PVH_SEALED;
static struct xen_console console;
static void *console_page PVH_SEALED;    /* NULL: there is none */
static void *grants PVH_SEALED;
static uint32_t n_grant_frames PVH_SEALED;
static bool reboots;
static char hypervisor[13] PVH_SEALED;

/* ---- The start ---- */

/* Other hypervisors' interfaces may stand before Xen's. The boot pages are full without it. */
__attribute__((noinline)) static uint32_t cpuid_find(void)
{
    if ((cpu_id(1).ecx >> 31 & 1) == 0)
        return 0;
    for (uint32_t leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100) {
        struct cpu_id id = cpu_id(leaf);
        if (leaf == 0x40000000) {
            memcpy(hypervisor, &id.ebx, 4);
            memcpy(hypervisor + 4, &id.ecx, 4);
            memcpy(hypervisor + 8, &id.edx, 4);
        }
        if (id.ebx == XEN_CPUID_SIGNATURE_EBX && id.ecx == XEN_CPUID_SIGNATURE_ECX &&
            id.edx == XEN_CPUID_SIGNATURE_EDX) {
            id = cpu_id(leaf + 2);
            msr = id.ebx;
            no_page = id.eax == 0;
            return no_page ? 0 : leaf;
        }
    }
    return 0;
}

const char *pvh_hypervisor(void)
{
    return hypervisor;
}

static void console_open(void)
{
    uint64_t page = xen_machine_param(HVM_PARAM_CONSOLE_PFN) * XEN_PAGE_LEN;
    uint64_t port = xen_machine_param(HVM_PARAM_CONSOLE_EVTCHN);
    bool ours = page >= pvh_mem_phys(pvh_image) && page < pvh_mem_phys(pvh_image_end);
    if (page == 0 || page > UINT32_MAX || port > UINT32_MAX || ours)
        return;
    /* start.S has mapped it; pvh_machine_init asks that it stays, and is no RAM. */
    console_page = (void *)(uintptr_t)page;
    xen_console_init(&console, &xen_machine_env, console_page, (uint32_t)port);
}

PVH_BOOT void pvh_machine_hello(void)
{
    cpuid_base = cpuid_find();
    if (cpuid_base == 0) {
        uart = pvh_uart_open();
        return;
    }
    xen_env_start();
    pvh_boot_wrmsr(msr, pvh_mem_phys(xen_hypercall_page));
    console_open();
}

PVH_BOOT bool pvh_machine_word(const char *word)
{
    (void)word;
    return false;
}

/* The entries of an E820 map are packed: 20 octets. */
PVH_BOOT static void map_ask(void)
{
    static uint8_t packed[MAP_MAX * 20];
    struct xen_memory_map map = { .nr_entries = MAP_MAX };
    set_xen_guest_handle(map.buffer, packed);
    if (xen_hypercall(__HYPERVISOR_memory_op, XENMEM_memory_map, xen_arg(&map), 0) == 0)
        pvh_boot_map(packed, map.nr_entries < MAP_MAX ? map.nr_entries : MAP_MAX, 20);
}

PVH_BOOT void pvh_machine_early(void)
{
    if (cpuid_base == 0)
        pvh_fail(PVH_STATUS_SETUP, "xen: this image is made for Xen, and under it there is %s\n",
                 no_page ? "one without a hypercall page"
                         : hypervisor[0] != '\0' ? hypervisor : "no hypervisor");
    if (pvh_boot.n_ram == 0)
        map_ask();
    /*
     * With maxmem above memory the map lists what the domain may be given one day, and
     * Xen ends a domain that touches more than it has. What it has is RAM from 0 on
     * and less than a MiB elsewhere. (An error is a number beyond all addresses.)
     */
    domid_t self = DOMID_SELF;
    uint64_t end = (uint64_t)xen_hypercall(__HYPERVISOR_memory_op, XENMEM_current_reservation,
                                           xen_arg(&self), 0) >> 8 << 20;
    for (size_t i = 0; i < pvh_boot.n_ram; i++)
        if (pvh_boot.ram[i].end > end)
            pvh_boot.ram[i].end = end;
}

static int64_t place(uint32_t space, uint32_t idx, const volatile void *page)
{
    struct xen_add_to_physmap at = {
        .domid = DOMID_SELF, .space = space, .idx = idx,
        .gpfn = xen_arg(page) / XEN_PAGE_LEN,
    };
    return xen_hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, xen_arg(&at), 0);
}

/*
 * A vector for events, though none is ever let in: by it the toolstack knows a
 * guest that can tell a suspend that was cancelled from another life.
 */
static void vector_say(void)
{
    struct xen_hvm_param param = {
        .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ,
        .value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | PVH_VECTOR_SPURIOUS,
    };
    (void)xen_hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, xen_arg(&param), 0);
}

static void shared_start(void)
{
    if (place(XENMAPSPACE_shared_info, 0, &xen_shared) != 0)
        pvh_fail(PVH_STATUS_SETUP, "xen: the shared information page cannot be had\n");
    xen_events_start();
    vector_say();
    if (console.page != NULL)
        xen_machine_listen(console.event.port);
}

PVH_BOOT void pvh_machine_init(void)
{
    if (console_page != NULL && pvh_page_map(pvh_mem_phys(console_page)) == NULL)
        console_page = console.page = NULL;
    shared_start();
    xen_clock_start();
}

uint64_t xen_machine_param(uint32_t index)
{
    struct xen_hvm_param param = { .domid = DOMID_SELF, .index = index };
    if (xen_hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, xen_arg(&param), 0) != 0)
        return 0;
    return param.value;
}

void *xen_machine_page(uint32_t pfn_param)
{
    uint64_t pfn = xen_machine_param(pfn_param);
    return pfn == 0 || pfn > UINT32_MAX / XEN_PAGE_LEN ? NULL : pvh_page_map(pfn * XEN_PAGE_LEN);
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
    if (xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, xen_arg(&size), 1) != 0 ||
        size.status != GNTST_okay)
        return NULL;
    /* An older Xen knows but one version. */
    (void)xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_set_version, xen_arg(&version), 1);
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

/* ---- The console ---- */

size_t pvh_machine_put(const char *text, size_t len)
{
    if (cpuid_base == 0)
        return uart ? pvh_uart_put(text, len) : len;
    if (console.page == NULL)
        return len;
    size_t n = xen_console_write(&console, text, len);
    /* Whoever waits for room waits for another domain. */
    if (n == 0)
        (void)xen_hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    return n;
}

uint64_t xen_machine_console_breaches(void)
{
    return console.breaches;
}

size_t xen_machine_typed(char *to, size_t cap, uint64_t now_ns)
{
    return xen_console_poll(&console, to, cap, now_ns);
}

uint64_t xen_machine_typed_due(void)
{
    return xen_console_due(&console);
}

/* ---- The end, and other lives ---- */

static _Noreturn void shut_down(unsigned reason)
{
    struct sched_shutdown shutdown = { .reason = reason };
    (void)xen_hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, xen_arg(&shutdown), 0);
    for (;;)
        __asm__ volatile("cli; hlt");
}

void xen_machine_reboots(void)
{
    reboots = true;
}

/* The toolstack sees a reason, not a status: whatever is not 0 is a crash. */
_Noreturn void pvh_leave(int status)
{
    if (cpuid_base != 0)
        shut_down(status != 0 ? SHUTDOWN_crash : reboots ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
    uint16_t port = pvh_cmdline_exit_port();
    if (port != 0)
        cpu_out8(port, (uint8_t)status);
    pvh_reset();
}

/* No channel is bound to a vector, and interrupts are never let in. */
void pvh_interrupt(uint64_t vector)
{
    (void)vector;
    pvh_counters.irq_spurious++;
}

bool xen_machine_suspend(void)
{
    struct sched_shutdown shutdown = { .reason = SHUTDOWN_suspend };
    /* 0 in another life, 1 when it was cancelled; what failed has changed nothing either. */
    return xen_hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, xen_arg(&shutdown), 0) != 0;
}

void xen_machine_resume(void)
{
    /* The toolstack has emptied the console's page: all begins anew, what broke too. */
    uint64_t breaches = console.breaches;
    xen_console_init(&console, &xen_machine_env, console_page,
                     (uint32_t)xen_machine_param(HVM_PARAM_CONSOLE_EVTCHN));
    console.breaches = breaches;
    shared_start();
    xen_clock_resume();
    if (n_grant_frames > 0 && grants_place() != 0)
        pvh_fail(PVH_STATUS_SETUP, "xen: the grant table did not come back\n");
}
