/* SPDX-License-Identifier: ISC */
/*
 * libnet's TCP as a provider: two stacks on a simulated cable in virtual time,
 * one that is good, and one that delays, reorders and doubles frames. Frames
 * are not lost: a reset is sent once, and what the other side would see if it
 * were lost is no matter of the stream contract.
 */
#include "conform.h"

#include "tests/sim/hosts.h"

#include <check.h>

#define PORT 7
#define PUMP_NS (20 * TERN_SECOND_NS)    /* no timer that a script waits for is shorter */
#define LINGER_S 600u

static const struct tern_tcp_options options = { .linger_ms = LINGER_S * 1000 };

static struct sim sim;
static struct host hosts[2];    /* who connects, who accepts */
static struct tern_tcp_listener *listener;

static bool never(void *user)
{
    (void)user;
    return false;
}

static void run_for(uint64_t ns)
{
    sim_kick(&sim, 0);
    sim_kick(&sim, 1);
    (void)sim_run(&sim, sim.now_ns + ns, never, NULL);
    for (size_t i = 0; i < 2; i++)
        ck_assert_msg(hosts[i].broken == NULL, "%s", hosts[i].broken);
}

static void setup(const struct impair_rates *rates, uint32_t window_max, tern_accept_fn *accept,
                  void *app)
{
    struct tern_tcp_listen listen = { .local = { .port = PORT }, .options = options };
    sim_init(&sim, 1);
    sim_cable(&sim, &hosts[0].cable, 0, &hosts[1].cable, 1, 1500, 0);
    for (uint32_t i = 0; i < 2; i++) {
        struct host_config config = { .addr = 0x0a000001 + i, .out = *rates };
        hosts[i].cable.delay_ns = TERN_MILLISECOND_NS;
        host_init(&hosts[i], &sim, &config, 2 + i);
        hosts[i].tcp.config.window_max = window_max;
    }
    ck_assert_int_eq(tern_tcp_listen(&hosts[1].net, &listen, accept, app, &listener), TERN_OK);
}

static void setup_good(tern_accept_fn *accept, void *app)
{
    static const struct impair_rates rates = { .loss_ppm = 0 };
    setup(&rates, 1 << 20, accept, app);
}

/*
 * The window is small enough for the blocks even when each small or early
 * segment takes one of its own: what has to be dropped for want of a block
 * comes again by a timer that has backed off further than a pump is long.
 */
static void setup_rough(tern_accept_fn *accept, void *app)
{
    static const struct impair_rates rates = {
        .duplicate_ppm = 50000, .delay_ppm = 100000, .delay_max_ns = 20 * TERN_MILLISECOND_NS,
    };
    setup(&rates, 48 << 10, accept, app);
}

static struct tern_stream *net_connect(const struct tern_stream_events *events, void *user,
                                       bool refused)
{
    struct tern_endpoint_addr peer = { .addr = tern_addr_v4(0x0a000002), .port = PORT };
    struct tern_stream *s = NULL;
    if (refused)
        peer.port++;
    ck_assert_int_eq(tern_tcp_connect(&hosts[0].net, &peer, NULL, &options, events, user, &s),
                     TERN_OK);
    return s;
}

static void net_pump(void)
{
    run_for(PUMP_NS);
}

static const char *net_teardown(void)
{
    tern_tcp_listener_close(listener);
    run_for(2 * LINGER_S * TERN_SECOND_NS);    /* TIME-WAIT ends, too */
    const char *leak = host_leaks(&hosts[0]);
    if (leak == NULL)
        leak = host_leaks(&hosts[1]);
    host_free(&hosts[0]);
    host_free(&hosts[1]);
    sim_uncable(&hosts[0].cable, &hosts[1].cable);
    sim_free(&sim);
    return leak;
}

#define NET_DRIVER(driver_name, driver_setup)               \
    {                                                       \
        .name = driver_name,                                \
        .setup = driver_setup,                              \
        .connect = net_connect,                             \
        .pump = net_pump,                                   \
        .wait = run_for,                                    \
        .teardown = net_teardown,                           \
        .linger_ns = LINGER_S * TERN_SECOND_NS,             \
        .long_ns = 3600 * TERN_SECOND_NS,                   \
        .much = 3 << 20,                                    \
    }

const struct conform_driver conform_net = NET_DRIVER("tcp", setup_good);
const struct conform_driver conform_net_rough = NET_DRIVER("tcp, rough", setup_rough);
