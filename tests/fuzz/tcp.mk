# SPDX-License-Identifier: ISC
#
# Fuzzers of tcp.
