# SPDX-License-Identifier: ISC
#
# The documentation as a web site, in site/ of the build directory. A page is
# made again when any source or the maker changed: they are few and link to each
# other.

site_makers = doc/make-site doc/site.pl doc/contents doc/site.css doc/search.js doc/favicon.svg
site_pages = $(patsubst $(top_srcdir)/%,%,$(wildcard $(top_srcdir)/doc/*.md $(top_srcdir)/doc/*.svg))
site_sources = $(addprefix $(top_srcdir)/,README.md $(site_makers) $(site_pages) man/make-man3 \
	$(dist_man1_MANS) $(dist_man7_MANS) $(man3_MANS:=.in) $(tern_HEADERS))

site: site/index.html
site/index.html: $(site_sources)
	$(AM_V_GEN)$(top_srcdir)/doc/make-site $(top_srcdir) site
.PHONY: site

clean-local-site:
	rm -rf site
clean-local: clean-local-site
.PHONY: clean-local-site

EXTRA_DIST += $(site_makers) $(filter-out doc/favicon.svg,$(site_pages))
