/* SPDX-License-Identifier: ISC */
/*
 * Kernel sockets as a provider: one host that connects to itself over the
 * loop-back interface. Time is real here, so "quiet" is a while without news.
 */
#include "conform.h"

#include <tern/unix.h>

#include <check.h>

#define QUIET_NS (4 * TERN_MILLISECOND_NS)    /* loop-back delivers within the system call */
#define LINGER_NS (300 * TERN_MILLISECOND_NS)

static struct tern_unix_loop loop;
static struct tern_host *host;
static struct tern_endpoint_addr open_at, closed_at;

static struct tern_listener *listen_somewhere(tern_accept_fn *accept, void *app,
                                              struct tern_endpoint_addr *at)
{
    struct tern_listen listen = { .local = { .addr = tern_addr_v4(0x7f000001) } };
    struct tern_listener *listener = NULL;
    ck_assert_int_eq(tern_listen_at(host, &listen, accept, app, &listener), TERN_OK);
    tern_listener_local(listener, at);
    return listener;
}

static void sockets_setup(tern_accept_fn *accept, void *app)
{
    struct tern_sockets_config config = { .n_conns = 8, .linger_ns = LINGER_NS };
    ck_assert_int_eq(tern_unix_loop_init(&loop, NULL), TERN_OK);
    ck_assert_int_eq(tern_sockets_open(&loop, &config, &host), TERN_OK);
    (void)listen_somewhere(accept, app, &open_at);
    tern_listener_close(listen_somewhere(accept, app, &closed_at));
}

static struct tern_stream *sockets_connect(const struct tern_stream_events *events, void *user,
                                           bool refused)
{
    struct tern_stream *s = NULL;
    ck_assert_int_eq(tern_connect(host, refused ? &closed_at : &open_at, events, user, &s),
                     TERN_OK);
    return s;
}

static void sockets_pump(void)
{
    tern_unix_loop_wake(&loop);
    for (unsigned n_quiet = 0; n_quiet < 2;) {
        uint64_t before = loop.n_events + loop.turn.n_visits + loop.turn.n_timers;
        ck_assert_int_eq(tern_unix_loop_step(&loop, tern_unix_now_ns() + QUIET_NS), TERN_OK);
        bool quiet = before == loop.n_events + loop.turn.n_visits + loop.turn.n_timers;
        n_quiet = quiet ? n_quiet + 1 : 0;
    }
}

static void sockets_wait(uint64_t ns)
{
    uint64_t until_ns = tern_unix_now_ns() + ns;
    while (tern_unix_now_ns() < until_ns)
        ck_assert_int_eq(tern_unix_loop_step(&loop, until_ns), TERN_OK);
    sockets_pump();
}

static const char *sockets_teardown(void)
{
    uint64_t n_open = tern_sockets_stats(host)->n_open;
    size_t n_blocks = host->blocks->n_blocks - host->blocks->n_free;
    tern_sockets_close(host);
    tern_unix_loop_close(&loop);
    return n_open > 0 ? "a connection" : n_blocks > 0 ? "blocks" : NULL;
}

const struct conform_driver conform_sockets = {
    .name = "sockets",
    .setup = sockets_setup,
    .connect = sockets_connect,
    .pump = sockets_pump,
    .wait = sockets_wait,
    .teardown = sockets_teardown,
    .linger_ns = LINGER_NS,
    .long_ns = 20 * TERN_MILLISECOND_NS,
    .much = 24 << 20,    /* more than the kernel's largest buffers */
};
