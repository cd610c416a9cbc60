# SPDX-License-Identifier: ISC
#
# Unit tests of unix.
