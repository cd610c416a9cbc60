# SPDX-License-Identifier: ISC
#
# What ./bench measures with.
