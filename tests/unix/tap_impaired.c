/* SPDX-License-Identifier: ISC */
/*
 * The appliance of bulk.c on a TAP device whose network is bad: between device
 * and stack stands the simulator's filter, which loses, doubles, damages and
 * delays frames both ways, while the other side is the Linux kernel.
 *
 *     tap_impaired DEVICE SEED PPM OPTION...
 *
 * PPM is how many frames of a million are lost; as many are doubled, damaged
 * and cut, ten times as many are late. Frames are plain ones here, with sums
 * that show damage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "backends/unix/unix_internal.h"
#include "tests/sim/impair.h"

#define MEMORY_LEN (64u << 20)
#define LATE_NS (3 * TERN_MILLISECOND_NS)

static struct tern_unix_loop loop;
static struct tern_tap tap;
static struct impair impair;
static struct tern_host_options options;
static struct tern_host_settings settings;
static struct tern_carver carver;
static struct tern_net_host *host;

static int die(const char *what, enum tern_err err)
{
    fprintf(stderr, "tap_impaired: error: %s: %s\n", what, tern_err_text(err));
    return 1;
}

static void core_prepare(struct tern_host_core *core)
{
    core->log_line = tern_unix_log_line;
    core->ended = tern_unix_ended;
}

static enum tern_err host_open(void)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 1 };
    size_t used;
    uint8_t *mem = mmap(NULL, MEMORY_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);

    if (mem == MAP_FAILED)
        return TERN_FULL;
    tern_carver_init(&carver);
    enum tern_err err =
        tern_carver_add_appliance(&carver, &tern_appliance, settings.connections);
    if (err == TERN_OK)
        err = tern_net_host_plan(&carver, &settings);
    if (err == TERN_OK)
        err = tern_carver_place(&carver, mem, MEMORY_LEN, true, &used);
    if (err != TERN_OK)
        return err;
    struct tern_net_host_config config = {
        .turn = &loop.turn, .link = &impair.link, .settings = &settings, .carver = &carver,
        .options = &options, .seed = seed, .blocks_mem = mem + used,
        .blocks_len = MEMORY_LEN - used, .prepare = core_prepare,
    };
    return tern_net_host_start(&host, &config);
}

static void caught(struct tern_unix_signal *signal, int number)
{
    (void)signal;
    (void)number;
    tern_host_core_drain(&host->core);
}

int main(int argc, char **argv)
{
    static struct tern_unix_signal interrupt = { .caught = caught, .number = 2 };
    struct tern_tap_config plain = { .no_offloads = true };

    if (argc < 4)
        return 2;
    uint32_t ppm = (uint32_t)atoi(argv[3]);
    enum tern_err err = tern_host_options_init(&options, &tern_appliance, NULL);
    if (err == TERN_OK)
        err = tern_host_options_args(&options, argc - 4, argv + 4);
    if (err == TERN_OK)
        err = tern_host_options_settings(&options, &settings);
    if (err != TERN_OK)
        return die(options.error, err);
    err = tern_unix_loop_init(&loop, NULL);
    if (err == TERN_OK)
        err = tern_unix_loop_signal(&loop, &interrupt);
    if (err == TERN_OK)
        err = tern_tap_open(&tap, &loop, argv[1], &plain);
    if (err != TERN_OK)
        return die(argv[1], err);
    impair_init(&impair, &tap.link, strtoull(argv[2], NULL, 10));
    impair.in = (struct impair_rates){ .loss_ppm = ppm, .duplicate_ppm = ppm, .corrupt_ppm = ppm,
                                       .truncate_ppm = ppm, .delay_ppm = 10 * ppm,
                                       .delay_max_ns = LATE_NS };
    impair.out = impair.in;
    impair.out.full_ppm = ppm;
    err = host_open();
    if (err == TERN_OK)
        err = (enum tern_err)tern_main(&host->core.host);
    if (err != TERN_OK)
        return die("start", err);
    for (uint64_t due_ns = 0; !loop.stop;) {
        (void)tern_unix_loop_step(&loop, due_ns);
        due_ns = impair_poll(&impair, loop.turn.now_ns, tern_unix_loop_deadline(&loop));
    }
    fprintf(stderr, "lost %llu doubled %llu damaged %llu late %llu full %llu\n",
            (unsigned long long)impair.n_lost, (unsigned long long)impair.n_duplicated,
            (unsigned long long)impair.n_corrupted, (unsigned long long)impair.n_delayed,
            (unsigned long long)impair.n_full);
    impair_free(&impair);
    tern_tap_close(&tap);
    tern_unix_loop_close(&loop);
    return host->core.status;
}
