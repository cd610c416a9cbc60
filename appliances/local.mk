# SPDX-License-Identifier: ISC
#
# The appliances: installed as sources, of which `tern image` makes programs.

appliancesdir = $(pkgdatadir)/appliances
dist_appliances_DATA = appliances/echo.c
appliances_wwwdir = $(appliancesdir)/www
dist_appliances_www_DATA = appliances/www/www.c appliances/www/given.h \
    appliances/www/given.c
