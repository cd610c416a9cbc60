# SPDX-License-Identifier: ISC
#
# The documentation as a web site, in site/ of the build directory. A page is
# made again when any source or the maker changed: they are few and link to each
# other.

site_sources = $(top_srcdir)/README.md $(wildcard $(top_srcdir)/doc/*.md)

site: site/index.html
site/index.html: $(site_sources) $(top_srcdir)/doc/make-site $(top_srcdir)/doc/site.css
	$(AM_V_GEN)$(top_srcdir)/doc/make-site $(top_srcdir) site
.PHONY: site

clean-local-site:
	rm -rf site
clean-local: clean-local-site
.PHONY: clean-local-site

EXTRA_DIST += doc/make-site doc/site.css
