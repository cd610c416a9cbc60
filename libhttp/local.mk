# SPDX-License-Identifier: ISC
#
# libtern-http: the HTTP server.
