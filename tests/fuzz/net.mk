# SPDX-License-Identifier: ISC
#
# Fuzzers of net.
