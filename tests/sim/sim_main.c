/* SPDX-License-Identifier: ISC */
/*
 * Many transfers: sim [--six] [--transfers N] [--seed S] [--one S] [--pcap FILE] [--verbose]
 *
 * Prints "ok - ..." lines for ./test. A failure names its seed; `sim --one SEED
 * --pcap FILE` runs just that one again, frame by frame the same.
 */
#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t number(const char *option, const char *text)
{
    char *end;
    if (text == NULL || *text == '\0') {
        fprintf(stderr, "sim: %s wants a number\n", option);
        exit(2);
    }
    unsigned long long n = strtoull(text, &end, 0);
    if (*end != '\0') {
        fprintf(stderr, "sim: %s %s: not a number\n", option, text);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    uint64_t transfers = 2000, seed = 1;
    const char *pcap = NULL;
    bool verbose = false, one = false, six = false;
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--transfers") == 0)
            transfers = number(argv[i++], next);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = number(argv[i++], next);
        else if (strcmp(argv[i], "--one") == 0) {
            seed = number(argv[i++], next);
            one = true;
        } else if (strcmp(argv[i], "--pcap") == 0 && next != NULL)
            pcap = argv[++i];
        else if (strcmp(argv[i], "--six") == 0)
            six = true;
        else if (strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else {
            fprintf(stderr, "usage: sim [--six] [--transfers N] [--seed S] [--one S] [--pcap FILE] "
                            "[--verbose]\n");
            return 2;
        }
    }
    if (one)
        transfers = 1;
    uint64_t n_failed = 0, n_differ = 0, octets = 0, frames = 0;
    double virtual_s = 0;
    for (uint64_t i = 0; i < transfers; i++) {
        struct transfer_result r, again;
        transfer_run(seed + i, six, verbose, i == 0 ? pcap : NULL, &r);
        octets += r.octets;
        frames += r.frames;
        virtual_s += (double)r.virtual_ns / 1e9;
        if (r.failure[0] != '\0' && n_failed++ < 20)
            printf("not ok - transfer of seed %llu: %s\n", (unsigned long long)(seed + i),
                   r.failure);
        if (i % 50 != 0)
            continue;
        transfer_run(seed + i, six, false, NULL, &again);
        if (again.trace != r.trace && n_differ++ < 5)
            printf("not ok - seed %llu run twice: the same frames\n",
                   (unsigned long long)(seed + i));
    }
    printf("# %llu transfers from seed %llu: %llu octets, %llu frames, %.0f virtual seconds, "
           "%llu failed\n", (unsigned long long)transfers, (unsigned long long)seed,
           (unsigned long long)octets, (unsigned long long)frames, virtual_s,
           (unsigned long long)n_failed);
    if (n_failed == 0)
        printf("ok - %llu transfers deliver every octet and give every pool back\n",
               (unsigned long long)transfers);
    if (n_differ == 0)
        printf("ok - the same seed gives the same frames\n");
    return n_failed == 0 && n_differ == 0 ? 0 : 1;
}
