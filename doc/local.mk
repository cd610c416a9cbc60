# SPDX-License-Identifier: ISC
#
# The documentation as a web site, in site/ of the build directory. A page is
# made again when any source or the maker changed: they are few and link to each
# other.

site_makers = doc/make-site doc/site.pl doc/contents doc/site.css doc/search.js doc/favicon.svg
site_sources = $(top_srcdir)/README.md $(wildcard $(top_srcdir)/doc/*.md) \
	$(wildcard $(top_srcdir)/doc/*.svg) $(addprefix $(top_srcdir)/,$(site_makers))

site: site/index.html
site/index.html: $(site_sources)
	$(AM_V_GEN)$(top_srcdir)/doc/make-site $(top_srcdir) site
.PHONY: site

clean-local-site:
	rm -rf site
clean-local: clean-local-site
.PHONY: clean-local-site

EXTRA_DIST += $(site_makers)
