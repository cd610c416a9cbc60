/* SPDX-License-Identifier: ISC */
/*
 * A guest's machine, and the hypervisor's view of it.
 */
#include "xen_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void fake_wrong(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: the guest did not hold: %s\n", file, line, what);
    abort();
}

/* Of the last fake, zeroed where it was used: a fuzzer makes hundreds a second. */
static uint8_t *io_kept;

static struct xen_fake *of(struct xen_env *env)
{
    return TERN_CONTAINER_OF(env, struct xen_fake, env);
}

/* ---- Memory ---- */

/* Every piece is one of malloc's, so that AddressSanitizer knows its ends. */
static void *carve(struct xen_env *env, size_t len, size_t align)
{
    struct xen_fake *x = of(env);
    FAKE_HOLD(len > 0 && align > 0 && (align & (align - 1)) == 0 && align <= 64);
    FAKE_HOLD(x->n_carves < FAKE_CARVES);
    if (x->fail_in > 0 && --x->fail_in == 0)
        return NULL;
    void *p = calloc(1, len);
    FAKE_HOLD(p != NULL);
    x->carves[x->n_carves++] = p;
    return p;
}

static void *carve_io(struct xen_env *env, size_t len)
{
    struct xen_fake *x = of(env);
    len = (len + XEN_PAGE_LEN - 1) & ~(size_t)(XEN_PAGE_LEN - 1);
    if (x->fail_in > 0 && --x->fail_in == 0)
        return NULL;
    FAKE_HOLD(len <= (size_t)FAKE_PAGES * XEN_PAGE_LEN - x->io_used);
    uint8_t *p = x->io + x->io_used;
    x->io_used += len;
    return p;
}

static uint32_t frame(struct xen_env *env, const void *page)
{
    struct xen_fake *x = of(env);
    size_t off = (size_t)((const uint8_t *)page - x->io);
    FAKE_HOLD(off < x->io_used && off % XEN_PAGE_LEN == 0);
    return (uint32_t)(FAKE_FRAME_BASE + off / XEN_PAGE_LEN);
}

/* ---- Event channels ---- */

static struct fake_port *port_of(struct xen_fake *x, uint32_t port)
{
    FAKE_HOLD(port > 0 && port < FAKE_PORTS && x->ports[port].open);
    return &x->ports[port];
}

static enum tern_err evtchn_alloc(struct xen_env *env, uint16_t domid, uint32_t *port)
{
    struct xen_fake *x = of(env);
    for (uint32_t i = 1; i < FAKE_PORTS && x->n_ports_left > 0; i++) {
        if (x->ports[i].open)
            continue;
        x->ports[i] = (struct fake_port){ .open = true, .domid = domid };
        x->n_ports_left--;
        x->n_open++;
        *port = i;
        return TERN_OK;
    }
    return TERN_FULL;
}

static void evtchn_close(struct xen_env *env, uint32_t port)
{
    struct xen_fake *x = of(env);
    port_of(x, port)->open = false;
    x->n_open--;
    x->n_closed++;
    x->n_ports_left++;
}

static void evtchn_notify(struct xen_env *env, uint32_t port)
{
    struct xen_fake *x = of(env);
    port_of(x, port)->n_notified++;
    if (x->notified != NULL)
        x->notified(x, port);
}

static void evtchn_mask(struct xen_env *env, uint32_t port, bool masked)
{
    port_of(of(env), port)->masked = masked;
}

static bool evtchn_take(struct xen_env *env, uint32_t port)
{
    struct fake_port *p = port_of(of(env), port);
    bool raised = p->raised;
    p->raised = false;
    return raised;
}

void fake_raise(struct xen_fake *x, uint32_t port)
{
    if (port >= FAKE_PORTS || !x->ports[port].open)
        return;
    x->ports[port].raised = true;
    x->ports[port].n_raised++;
}

bool fake_awake(const struct xen_fake *x)
{
    for (unsigned i = 0; i < FAKE_PORTS; i++)
        if (x->ports[i].open && x->ports[i].raised && !x->ports[i].masked)
            return true;
    return false;
}

static void logged(struct xen_env *env, const char *text, size_t len)
{
    struct xen_fake *x = of(env);
    FAKE_HOLD(len > 0 && text[len - 1] == '\n');
    if (len < sizeof x->log - x->log_len) {
        memcpy(x->log + x->log_len, text, len);
        x->log_len += len;
        x->log[x->log_len] = '\0';
    }
}

/* ---- Grants ---- */

uint8_t *fake_page(struct xen_fake *x, uint16_t domid, uint32_t ref, bool write)
{
    if (ref < GNTTAB_NR_RESERVED_ENTRIES || ref >= FAKE_GRANTS)
        return NULL;
    struct grant_entry_v1 *e = &x->table[ref];
    if ((e->flags & GTF_type_mask) != GTF_permit_access || e->domid != domid ||
        (write && (e->flags & GTF_readonly) != 0))
        return NULL;
    FAKE_HOLD(e->frame >= FAKE_FRAME_BASE &&
              (e->frame - FAKE_FRAME_BASE) < x->io_used / XEN_PAGE_LEN);
    return x->io + (size_t)(e->frame - FAKE_FRAME_BASE) * XEN_PAGE_LEN;
}

uint8_t *fake_map(struct xen_fake *x, uint16_t domid, uint32_t ref, bool write)
{
    uint8_t *page = fake_page(x, domid, ref, write);
    if (page != NULL)
        x->table[ref].flags |= (uint16_t)(GTF_reading | (write ? GTF_writing : 0));
    return page;
}

void fake_unmap(struct xen_fake *x, uint32_t ref)
{
    if (ref < FAKE_GRANTS)
        x->table[ref].flags &= (uint16_t)~(GTF_reading | GTF_writing);
}

unsigned fake_n_granted(const struct xen_fake *x)
{
    unsigned n = 0;
    for (unsigned i = 0; i < FAKE_GRANTS; i++)
        n += (x->table[i].flags & GTF_type_mask) != GTF_invalid;
    return n;
}

void fake_restore(struct xen_fake *x)
{
    memset(x->table, 0, FAKE_GRANTS * sizeof *x->table);
    memset(x->ports, 0, sizeof x->ports);
    x->n_open = 0;
    gnttab_restart(&x->grants);
}

void fake_init(struct xen_fake *x)
{
    memset(x, 0, sizeof *x);
    x->env = (struct xen_env){
        .carve = carve, .carve_io = carve_io, .frame = frame,
        .evtchn_alloc = evtchn_alloc, .evtchn_close = evtchn_close,
        .evtchn_notify = evtchn_notify, .evtchn_mask = evtchn_mask,
        .evtchn_take = evtchn_take, .log = logged,
    };
    x->n_ports_left = FAKE_PORTS - 1;
    x->table = aligned_alloc(XEN_PAGE_LEN, FAKE_GRANTS * sizeof *x->table);
    x->io = io_kept;
    io_kept = NULL;
    if (x->io == NULL)
        x->io = mmap(NULL, (size_t)FAKE_PAGES * XEN_PAGE_LEN, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);    /* zeroed, where it is touched */
    FAKE_HOLD(x->table != NULL && x->io != MAP_FAILED);
    memset(x->table, 0, FAKE_GRANTS * sizeof *x->table);
    FAKE_HOLD(gnttab_init(&x->grants, &x->env, x->table, FAKE_GRANTS) == TERN_OK);
}

void fake_free(struct xen_fake *x)
{
    for (size_t i = 0; i < x->n_carves; i++)
        free(x->carves[i]);
    free(x->table);
    if (io_kept != NULL) {
        munmap(x->io, (size_t)FAKE_PAGES * XEN_PAGE_LEN);
        return;
    }
    memset(x->io, 0, x->io_used);
    io_kept = x->io;
}
