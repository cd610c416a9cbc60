/* SPDX-License-Identifier: ISC */
/*
 * Under what an image for Xen finds itself, by CPUID (xen/arch-x86/cpuid.h): what it
 * says where it cannot go on. And the console's page: where it may lie, and that it
 * comes back in another life. The source is included; processor, Xen's answers and way
 * out are the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "backends/pvh/cpu.h"
#include "suites.h"

static struct cpu_id fake_cpu_id(uint32_t leaf);
#define cpu_id(leaf) fake_cpu_id(leaf)
#include "backends/pvh/pvh_internal.h"
static char *image_from, *image_to;    /* where the test wants it */
#define pvh_image image_from
#define pvh_image_end image_to
#include "backends/xen/machine.c"

#include <xen/io/console.h>

enum { PORT = 5 };

static uint32_t base, n_pages;    /* where Xen's leaves are; 0: no Xen */
static bool kvm_first;
static uint64_t page_at;
static uint32_t page_msr;
static char said[256];
static jmp_buf failed;
static struct xencons_interface *ring;    /* the console's; NULL: there is none */
static bool mappable;
static uint32_t listened, dropped;

uint8_t xen_hypercall_page[4096];
struct pvh_boot pvh_boot;
struct pvh_stats pvh_counters;
struct xen_env xen_machine_env;

static struct cpu_id fake_cpu_id(uint32_t leaf)
{
    static const struct cpu_id xen_is = { 0x40000004, XEN_CPUID_SIGNATURE_EBX,
                                          XEN_CPUID_SIGNATURE_ECX, XEN_CPUID_SIGNATURE_EDX };
    if (leaf == 1)
        return (struct cpu_id){ .ecx = UINT32_C(1) << 31 };
    if (base != 0 && leaf == base)
        return xen_is;
    if (base != 0 && leaf == base + 2)
        return (struct cpu_id){ .eax = n_pages, .ebx = 0x40000200 };
    if (kvm_first && leaf == 0x40000000)
        return (struct cpu_id){ .ebx = 0x4b4d564b, .ecx = 0x564b4d56, .edx = 0x4d };
    return (struct cpu_id){ 0 };
}

void pvh_fail(int status, const char *format, ...)
{
    va_list args;
    ck_assert_int_eq(status, PVH_STATUS_SETUP);
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    longjmp(failed, 1);
}

void pvh_boot_wrmsr(uint32_t number, uint64_t value)
{
    page_msr = number;
    page_at = value;
}

/* Without the page every hypercall would be a jump to nowhere. */
int64_t xen_hypercall(unsigned n, uintptr_t a, uintptr_t b, uintptr_t c)
{
    struct xen_hvm_param *param = (struct xen_hvm_param *)b;
    (void)c;
    ck_assert_uint_ne(page_at, 0);
    if (ring == NULL)
        return -1;
    if (n == __HYPERVISOR_hvm_op && a == HVMOP_get_param)
        param->value = param->index == HVM_PARAM_CONSOLE_PFN ? (uintptr_t)ring / XEN_PAGE_LEN
                                                             : PORT;
    return 0;
}

static void mask(struct xen_env *env, uint32_t port, bool masked)
{
    (void)env;
    if (masked)
        dropped = port;
}

static void notify(struct xen_env *env, uint32_t port)
{
    (void)env;
    (void)port;
}

bool pvh_uart_open(void) { return true; }
void xen_env_start(void) { }
void xen_events_start(void) { listened = 0; }
void xen_clock_start(void) { }
void xen_clock_resume(void) { }
void xen_machine_listen(uint32_t port) { listened = port; }
void *pvh_page_map(uint64_t phys) { return mappable ? (void *)(uintptr_t)phys : NULL; }
void *pvh_mem_carve_io(size_t len) { (void)len; return NULL; }
uint16_t pvh_cmdline_exit_port(void) { return 0; }
void pvh_reset(void) { abort(); }
size_t pvh_uart_put(const char *text, size_t len) { (void)text; return len; }

void pvh_boot_map(const uint8_t *map, uint32_t n, size_t entry_len)
{
    (void)map;
    (void)n;
    (void)entry_len;
}

/* What is said, or "" when it goes on. */
static const char *start(void)
{
    said[0] = '\0';
    page_at = 0;
    pvh_machine_hello();
    if (setjmp(failed) == 0)
        pvh_machine_early();
    return said;
}

START_TEST(test_machine_says_under_what_it_cannot_go_on)
{
    ck_assert_str_eq(start(), "xen: this image is made for Xen, "
                              "and under it there is no hypervisor\n");
    kvm_first = true;
    ck_assert_str_eq(start(), "xen: this image is made for Xen, and under it there is KVMKVMKVM\n");
    ck_assert_uint_eq(page_at, 0);
}
END_TEST

/* It ends with words on the serial port, by no hypercall, and not in a trap. */
START_TEST(test_machine_says_that_a_xen_has_no_hypercall_page)
{
    base = _i == 0 ? 0x40000000 : 0x40000100;
    kvm_first = _i != 0;
    ck_assert_str_eq(start(), "xen: this image is made for Xen, "
                              "and under it there is one without a hypercall page\n");
    ck_assert_uint_eq(page_at, 0);
    ck_assert_uint_eq(pvh_machine_put("words", 5), 5);
    n_pages = 1;
    ck_assert_str_eq(start(), "");
    ck_assert_uint_eq(page_msr, 0x40000200);
    ck_assert_uint_eq(page_at, (uintptr_t)xen_hypercall_page);
}
END_TEST

static void console_setup(void)
{
    ring = mmap(NULL, XEN_PAGE_LEN, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    ck_assert_ptr_ne(ring, MAP_FAILED);
    cpuid_base = 0x40000000;
    page_at = 1;
    mappable = true;
    xen_machine_env = (struct xen_env){ .evtchn_mask = mask, .evtchn_notify = notify };
    console_page = NULL;
    image_from = image_to = NULL;
    memset(&console, 0, sizeof console);
    listened = dropped = 0;
}

static void console_teardown(void)
{
    ck_assert_int_eq(munmap(ring, XEN_PAGE_LEN), 0);
    ring = NULL;
}

/* A console that broke is not listened to, and another life has a console again. */
START_TEST(hostile_net_55_console_that_broke_is_back_in_another_life)
{
    console_open();
    pvh_machine_init();
    ck_assert_uint_eq(listened, PORT);
    ring->out_cons = 77;
    ck_assert_uint_eq(pvh_machine_put("abc", 3), 0);
    ck_assert_uint_eq(xen_machine_console_breaches(), 1);
    ck_assert_uint_eq(dropped, PORT);
    ck_assert_uint_eq(pvh_machine_put("abc", 3), 3);    /* nowhere */
    ring->out_cons = 0;
    xen_machine_resume();
    ck_assert_uint_eq(listened, PORT);
    ck_assert_uint_eq(pvh_machine_put("abc", 3), 3);
    ck_assert_mem_eq(ring->out, "abc", 3);
    ck_assert_uint_eq(xen_machine_console_breaches(), 1);    /* it is told still */
}
END_TEST

/* Nobody listens for a console that broke while the start said hello. */
START_TEST(hostile_net_55_console_that_broke_early_is_never_listened_to)
{
    console_open();
    ring->out_cons = 77;
    ck_assert_uint_eq(pvh_machine_put("abc", 3), 0);
    pvh_machine_init();
    ck_assert_uint_eq(listened, 0);
}
END_TEST

/* Before it is known what RAM is, the image is. */
START_TEST(hostile_net_55_console_in_the_image_is_none)
{
    ring->out_prod = ring->out_cons = 3;
    image_from = (char *)ring - XEN_PAGE_LEN;
    image_to = (char *)ring + XEN_PAGE_LEN;
    console_open();
    ck_assert_ptr_null(console.page);
    ck_assert_uint_eq(pvh_machine_put("abc", 3), 3);
    ck_assert_uint_eq(ring->out_prod, 3);
}
END_TEST

/* What is RAM is refused when that is known, for good. */
START_TEST(hostile_net_55_console_in_ram_is_none)
{
    mappable = false;
    console_open();
    pvh_machine_init();
    ck_assert_uint_eq(listened, 0);
    ck_assert_uint_eq(pvh_machine_put("abc", 3), 3);
    xen_machine_resume();
    ck_assert_uint_eq(pvh_machine_put("abc", 3), 3);
    ck_assert_uint_eq(ring->out_prod, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xen_machine");
    TCase *tc = tcase_create("machine");
    tcase_add_test(tc, test_machine_says_under_what_it_cannot_go_on);
    tcase_add_loop_test(tc, test_machine_says_that_a_xen_has_no_hypercall_page, 0, 2);
    suite_add_tcase(suite, tc);
    tc = tcase_create("console");
    tcase_add_checked_fixture(tc, console_setup, console_teardown);
    tcase_add_test(tc, hostile_net_55_console_that_broke_is_back_in_another_life);
    tcase_add_test(tc, hostile_net_55_console_that_broke_early_is_never_listened_to);
    tcase_add_test(tc, hostile_net_55_console_in_the_image_is_none);
    tcase_add_test(tc, hostile_net_55_console_in_ram_is_none);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
