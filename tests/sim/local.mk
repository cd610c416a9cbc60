# SPDX-License-Identifier: ISC
#
# The simulator: stacks under virtual time.

check_PROGRAMS += tests/sim/sim

tests_sim_sim_SOURCES = \
    tests/sim/sim.h tests/sim/sim.c \
    tests/sim/impair.h tests/sim/impair.c \
    tests/sim/hosts.h tests/sim/hosts.c \
    tests/sim/end.h tests/sim/end.c \
    tests/sim/transfer.h tests/sim/transfer.c \
    tests/sim/sim_main.c
tests_sim_sim_CFLAGS = $(TERN_CFLAGS)
tests_sim_sim_LDADD = libnet/libtern-net.la base/libtern-base.la
