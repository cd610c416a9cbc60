# SPDX-License-Identifier: ISC
#
# What the hypervisor backends share.
