# SPDX-License-Identifier: ISC
#
# The appliances.
