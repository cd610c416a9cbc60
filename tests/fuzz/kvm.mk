# SPDX-License-Identifier: ISC
#
# Fuzzers of kvm.
