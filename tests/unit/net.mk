# SPDX-License-Identifier: ISC
#
# Unit tests of net.
