# SPDX-License-Identifier: ISC
#
# libtern-base: what all libraries share.
