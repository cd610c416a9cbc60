/* SPDX-License-Identifier: ISC */
/*
 * One transfer: two hosts on an impaired cable, one to six connections at once
 * that share their pools, octets both ways in every style that the stream
 * contract has, and an end. All from one seed.
 */
#ifndef TERN_TESTS_SIM_TRANSFER_H
#define TERN_TESTS_SIM_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

struct transfer_result {
    char failure[240];      /* "": none */
    uint64_t trace;         /* a hash over every frame of the run and its time */
    uint64_t octets;        /* delivered, both ways */
    uint64_t frames;
    uint64_t virtual_ns;
};

/*
 * Runs the transfer of a seed. six: over IPv6, whose hosts first look whether
 * others have their addresses, which a router gives to some. pcap may be NULL: a file to write its
 * frames to.
 */
void transfer_run(uint64_t seed, bool six, bool verbose, const char *pcap,
                  struct transfer_result *result);

#endif
