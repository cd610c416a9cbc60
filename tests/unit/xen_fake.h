/* SPDX-License-Identifier: ISC */
/*
 * A Xen in one process: a guest's memory, its grant table and its event
 * channels, as the drivers of backends/xen see them, and as the other side does.
 */
#ifndef TERN_TESTS_XEN_FAKE_H
#define TERN_TESTS_XEN_FAKE_H

#include <backends/xen/gnttab.h>
#include <backends/xen/xen_public.h>

enum { FAKE_PORTS = 64, FAKE_GRANTS = 1024, FAKE_PAGES = 1024, FAKE_CARVES = 64 };
enum { FAKE_FRAME_BASE = 0x4000 };

#define FAKE_HOLD(condition)                                                       \
    do {                                                                           \
        if (!(condition))                                                          \
            fake_wrong(__FILE__, __LINE__, #condition);                            \
    } while (0)

/* What the guest must not do: says so, and ends the program. */
_Noreturn void fake_wrong(const char *file, int line, const char *what);

struct fake_port {
    bool open, raised, masked;
    uint16_t domid;                  /* who may bind to it */
    unsigned n_raised, n_notified;   /* by the other side; by the guest */
};

struct xen_fake {
    struct xen_env env;
    struct gnttab grants;
    struct grant_entry_v1 *table;
    uint8_t *io;                     /* FAKE_PAGES pages, all that others can reach */
    size_t io_used;
    void *carves[FAKE_CARVES];
    size_t n_carves;
    unsigned fail_in;                /* the so many-th carve from now fails; 0: none does */
    struct fake_port ports[FAKE_PORTS];
    unsigned n_ports_left;           /* how many more may be opened */
    unsigned n_open, n_closed;
    void (*notified)(struct xen_fake *x, uint32_t port);    /* may be NULL */
    void *user;
    char log[8192];
    size_t log_len;
};

void fake_init(struct xen_fake *x);
void fake_free(struct xen_fake *x);

/* The other side raises a port. */
void fake_raise(struct xen_fake *x, uint32_t port);
/* Would the guest's wait return? */
bool fake_awake(const struct xen_fake *x);

/* The page that a grant lets a domain read or write; NULL: it lets it not. */
uint8_t *fake_page(struct xen_fake *x, uint16_t domid, uint32_t ref, bool write);
/* The same, and the domain holds it from now on. */
uint8_t *fake_map(struct xen_fake *x, uint16_t domid, uint32_t ref, bool write);
void fake_unmap(struct xen_fake *x, uint32_t ref);

/* Grants that are given at this moment. */
unsigned fake_n_granted(const struct xen_fake *x);

/*
 * The domain is another one, restored from an image: nobody holds anything, no
 * port is open, and the grant table is empty.
 */
void fake_restore(struct xen_fake *x);

#endif
