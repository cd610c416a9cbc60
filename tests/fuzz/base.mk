# SPDX-License-Identifier: ISC
#
# Fuzzers of base.
