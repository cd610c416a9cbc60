# SPDX-License-Identifier: ISC
#
# The documentation as a web site.
