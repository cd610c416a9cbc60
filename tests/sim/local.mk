# SPDX-License-Identifier: ISC
#
# The simulator: stacks under virtual time.
