# SPDX-License-Identifier: ISC
#
# Fuzzers of http.
