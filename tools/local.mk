# SPDX-License-Identifier: ISC
#
# The tern command.
