/* SPDX-License-Identifier: ISC */
/*
 * What a backend of the fuzzer's does while the driver is at work: at notifications,
 * while the stack has the frames, and after single accesses.
 */
#include <tests/unit/access_watch.h>

#include <string.h>

#include "driver_stack.h"
#include "input.h"
#include "netfront_fuzz.h"

enum { ACCESSES = 64 };

struct xen_fake x;
struct netfront nf;
struct netback nb;
bool attached, ambush;
static enum { WATCH_ONE, WATCH_READS, WATCH_SOME } watching;
static unsigned strike_at, n_accesses;

void backend_lied(void)
{
    nb.lies = true;
    driver_stack_lied();
}

static uint8_t *ring(bool rx)
{
    return (uint8_t *)(uintptr_t)(rx ? nb.rx : nb.tx);
}

void backend_strike(void)
{
    uint8_t where = next8(), value = next8();
    uint8_t *r = ring((where & 1) != 0);
    if (r == NULL)
        return;
    backend_lied();
    switch (where >> 1 & 3) {
    case 0:
        r[next8() % 16] = value;
        break;
    case 1:
        r[64 + next16() % (256 * 12)] = value;
        break;
    case 2:    /* near where the driver reads next */
        r[64 + ((((where & 1) != 0 ? nf.rx.rsp_cons : nf.tx.rsp_cons) + next8() % 4) & 255) *
                   ((where & 1) != 0 ? 8u : 12u) + next8() % 8] = value;
        break;
    default:
        nf.io[next32() % ((uint32_t)nf.n_any * XEN_PAGE_LEN)] = value;
    }
}

/* Pages that the driver has posted anew, of which it has just copied. */
static void fair_strike(void)
{
    for (uint32_t i = nf.rx.req_shown, n = 0; i != nb.rx_req_cons && n < 8; n++)
        memset(netfront_page_at(&nf, nf.rx_slot[--i & (XEN_RING_SLOTS - 1)]), 0xee, 64);
}

static void unfair_strike(void)
{
    for (uint16_t page = 0; page < nf.n_any; page++) {
        uint8_t *p = netfront_page_at(&nf, page);
        if (p != ring(true) && p != ring(false))
            memset(p, 0xee, 64);
    }
}

void backend_moment(void)
{
    access_watch_pause(true);
    driver_stack_guard(true);
    if (ambush) {
        ambush = false;
        backend_strike();
    }
    if (attached && nb.rx != NULL && nf.state == NETFRONT_CONNECTED) {
        if (driver_stack_honest())
            fair_strike();
        else
            unfair_strike();
    }
    driver_stack_guard(false);
    access_watch_pause(false);
}

/* ---- Single accesses ------------------------------------------------------------- */

/* The page that is being copied; its end shows in an access elsewhere. */
static uint8_t *copied;

/* What has just been read becomes other. What must be read again is left alone. */
static void spoil(uint8_t *addr, bool written)
{
    enum { REQ_PROD = 0, RSP_EVENT = 12, SLOTS = 64 };
    uint8_t *page = nf.io + (size_t)(addr - nf.io) / XEN_PAGE_LEN * XEN_PAGE_LEN;
    if (copied != NULL && copied != page)
        memset(copied, 0xee, XEN_PAGE_LEN);
    copied = NULL;
    if (written)
        return;
    if (page == ring(true) || page == ring(false)) {
        HOLD(addr - page != REQ_PROD && addr - page != RSP_EVENT);    /* ours */
        for (size_t i = 0; i < 4 && addr - page >= SLOTS; i++)
            addr[i] ^= 0xff;
    } else {
        copied = page;
    }
}

/* Of all that the backend can write: not what the driver sends from. */
static void on_access(uint8_t *addr, bool written)
{
    unsigned n = n_accesses++;
    switch (watching) {
    case WATCH_ONE:
        if (n == strike_at)
            backend_strike();
        break;
    case WATCH_READS:
        spoil(addr, written);
        break;
    case WATCH_SOME:
        if (n % 4 == strike_at % 4 && input_left() > 0) {
            *addr = next8();
            backend_lied();
        }
        break;
    }
    if (n_accesses == ACCESSES || (watching == WATCH_ONE && n == strike_at))
        access_watch_end();
}

void backend_watch(uint8_t how)
{
    n_accesses = 0;
    copied = NULL;
    watching = how % 4 == 0 ? WATCH_ONE : how % 4 == 1 ? WATCH_SOME : WATCH_READS;
    strike_at = how >> 2;
    access_watch(nf.io, (size_t)nf.n_any * XEN_PAGE_LEN, on_access);
}

void backend_watch_end(void)
{
    access_watch_end();
}
