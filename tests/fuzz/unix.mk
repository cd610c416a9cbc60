# SPDX-License-Identifier: ISC
#
# Fuzzers of unix.
