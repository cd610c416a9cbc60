# SPDX-License-Identifier: ISC
#
# What every host shares.
