# SPDX-License-Identifier: ISC
#
# TCP's part of libtern-net.

TERN_TCP_SOURCES =
