# SPDX-License-Identifier: ISC
#
# libtern-unix: the event loop, kernel sockets and TAP.
