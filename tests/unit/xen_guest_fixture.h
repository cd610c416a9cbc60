/* SPDX-License-Identifier: ISC */
/*
 * The machine of a guest of Xen, and its store, for tests that include guest_net.c or
 * guest_links.c before this. Each such file of tests has them for itself.
 */
#ifndef TERN_TESTS_XEN_GUEST_FIXTURE_H
#define TERN_TESTS_XEN_GUEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "suites.h"

enum { GUEST = 5, STORE_PORT = 1, STORE_FRAME = 4 };

static struct xen_store s;
static struct tern_net_host host;
static struct tern_host_settings settings;
static uint64_t now_ns;
static uint32_t pending;
static bool silent;           /* the store answers nothing */
static bool cancelled;
static int64_t wall_ns;
static char typed[8], said[2048];
static uint64_t typed_due_ns;
static unsigned n_reboots, n_suspends, n_resumes, n_renewed, n_listens;
static bool quiet_at_suspend;
static jmp_buf stopped;

/* ---- The machine ------------------------------------------------------------- */

uint64_t pvh_now_ns(void) { return now_ns; }
size_t pvh_mem_total(void) { return (size_t)64 << 20; }
void pvh_pending_set(uint32_t bits) { pending |= bits; }
void pvh_log_flush(void) { }
bool pvh_entropy_renew(void) { return n_renewed++ == 0; }
void pvh_entropy(uint8_t *out, size_t len) { memset(out, 0x77, len); }
void xen_machine_reboots(void) { n_reboots++; }
void xen_machine_resume(void) { n_resumes++; }
void *xen_machine_page(uint32_t param) { return param == HVM_PARAM_STORE_PFN ? s.ring : NULL; }

void xen_machine_listen(uint32_t port)
{
    ck_assert_uint_eq(port, s.port);
    n_listens++;
}

bool pvh_wall_offset_ns(int64_t *offset_ns)
{
    *offset_ns = wall_ns;
    return wall_ns != 0;
}

uint64_t xen_machine_param(uint32_t index)
{
    return index == HVM_PARAM_STORE_EVTCHN ? s.port
         : index == HVM_PARAM_STORE_PFN ? (uintptr_t)s.ring / XEN_PAGE_LEN : 0;
}

void *xen_machine_grants(uint32_t *n_frames)
{
    ck_assert_uint_eq(*n_frames, n_links());
    ck_assert_uint_le(*n_frames * (XEN_PAGE_LEN / sizeof *x.table), FAKE_GRANTS);
    return x.table;
}

uint64_t xen_machine_console_breaches(void) { return 1; }

size_t xen_machine_typed(char *to, size_t cap, uint64_t at_ns)
{
    (void)at_ns;
    size_t len = strlen(typed);
    ck_assert_uint_le(len, cap);
    memcpy(to, typed, len);
    typed[0] = '\0';
    return len;
}

uint64_t xen_machine_typed_due(void) { return typed_due_ns; }

bool xen_machine_suspend(void)
{
    n_suspends++;
    quiet_at_suspend = xenstore_is_quiet(&xen.store);
    for (size_t i = 0; i < n_links(); i++)
        quiet_at_suspend &= nics[i].net.suspended;
    return cancelled;
}

void pvh_wait(uint64_t deadline_ns)
{
    if (silent || !store_serve(&s))
        now_ns = deadline_ns;
}

static inline void say(const char *format, va_list args)
{
    size_t len = strlen(said);
    (void)vsnprintf(said + len, sizeof said - len, format, args);
}

void pvh_logf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

_Noreturn void pvh_fail(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    longjmp(stopped, status);
}

/* ---- The test's ----------------------------------------------------------------- */

static inline void key(const char *name, const char *value)
{
    char path[STORE_PATH];
    (void)snprintf(path, sizeof path, "/local/domain/%d/%s", GUEST, name);
    store_set(&s, path, value);
}

static inline const char *key_of(const char *name)
{
    char path[STORE_PATH];
    (void)snprintf(path, sizeof path, "/local/domain/%d/%s", GUEST, name);
    return store_get(&s, path);
}

static inline void setup(void)
{
    memset(&xen, 0, sizeof xen);
    memset(nics, 0, sizeof nics);
    memset(&host, 0, sizeof host);
    memset(&settings, 0, sizeof settings);
    ck_assert_int_eq(tern_drbg_init(&host.core.drbg, (const uint8_t[TERN_SEED_LEN]){ 1 }),
                     TERN_OK);
    fake_init(&x);
    store_init(&s, &x, GUEST);
    now_ns = TERN_SECOND_NS;
    pending = n_reboots = n_suspends = n_resumes = n_renewed = n_listens = 0;
    silent = cancelled = false;
    wall_ns = 0;
    typed[0] = said[0] = '\0';
    typed_due_ns = TERN_NEVER;
    key("device/vif/0/mac", "00:16:3e:00:00:01");
}

static inline void teardown(void)
{
    store_free(&s);
    fake_free(&x);
}

/* 0, or the status with which the start ends. */
static inline int start(void)
{
    int status = setjmp(stopped);
    if (status == 0)
        ck_assert_ptr_eq(guest_net_start(&settings), &nics->net.link);
    return status;
}

/* The loop, until nobody has anything to do. */
static inline void run(void)
{
    uint64_t deadline_ns;
    bool served;
    do {
        (void)guest_net_poll(now_ns, &deadline_ns);
        served = store_serve(&s);
    } while (served || guest_net_until(now_ns, UINT64_MAX) <= now_ns);
}

static inline void started(void)
{
    ck_assert_int_eq(start(), 0);
    guest_started(&host);
    run();
}

#endif
