# SPDX-License-Identifier: ISC
#
# How other programs link and drive the libraries.
