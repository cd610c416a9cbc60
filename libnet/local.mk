# SPDX-License-Identifier: ISC
#
# libtern-net: the TCP/IP stack.
