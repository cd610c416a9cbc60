/* SPDX-License-Identifier: ISC */
/*
 * A client and a store in one process.
 */
#include "xen_store_fixture.h"

#include <check.h>
#include <string.h>

struct xen_fake x;
struct xen_store s;
struct xenstore xs;
uint64_t now_ns;

struct asked got[ASKED];

void store_done(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len)
{
    size_t i = (size_t)(uintptr_t)r->user;
    got[i].n_done++;
    got[i].err = err;
    got[i].len = len;
    if (len > 0)
        memcpy(got[i].data, data, len);
}

struct xenstore_request requests[ASKED];
struct xenstore_watch watches[WATCHED];
unsigned n_fired[WATCHED];

static void fired(struct xenstore_watch *w)
{
    n_fired[(size_t)(uintptr_t)w->user]++;
}

void store_setup(void)
{
    memset(got, 0, sizeof got);
    memset(requests, 0, sizeof requests);
    memset(watches, 0, sizeof watches);
    memset(n_fired, 0, sizeof n_fired);
    for (size_t i = 0; i < ASKED; i++)
        requests[i] = (struct xenstore_request){ .done = store_done, .user = (void *)(uintptr_t)i };
    for (size_t i = 0; i < WATCHED; i++)
        watches[i] = (struct xenstore_watch){ .fired = fired, .user = (void *)(uintptr_t)i };
    now_ns = 1000;
    fake_init(&x);
    store_init(&s, &x, 5);
    xenstore_init(&xs, &x.env, s.ring, s.port);
}

void store_teardown(void)
{
    store_free(&s);
    fake_free(&x);
}

void store_run(void)
{
    for (int i = 0; i < 1000; i++) {
        bool worked = store_serve(&s);
        uint32_t cons = xs.rsp_cons, prod = xs.req_prod;
        uint64_t due_ns = xenstore_poll(&xs, now_ns);
        if (!worked && due_ns > now_ns && cons == xs.rsp_cons && prod == xs.req_prod)
            return;
    }
    ck_abort_msg("no end");
}

void store_assert_value(size_t i, const char *value)
{
    ck_assert_uint_eq(got[i].n_done, 1);
    ck_assert_int_eq(got[i].err, TERN_OK);
    ck_assert_uint_eq(got[i].len, strlen(value));
    ck_assert_mem_eq(got[i].data, value, strlen(value));
}
