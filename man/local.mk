# SPDX-License-Identifier: ISC
#
# The man pages. Those of section 3 are made from a frame and the public header
# of the same name, so that they say what the header says.

dist_man1_MANS = man/tern.1 man/tern-serve.1 man/tern-image.1 man/tern-boot.1
dist_man7_MANS = man/tern.7 man/tern_appliance.7 man/tern_guest.7
man3_MANS = man/tern_base.3 man/tern_archive.3 man/tern_metrics.3 man/tern_stream.3 \
	man/tern_feed.3 man/tern_feed_socket.3 man/tern_dgram.3 \
	man/tern_host.3 man/tern_link.3 man/tern_net.3 man/tern_ipv4.3 man/tern_udp.3 man/tern_ipv6.3 \
	man/tern_forward.3 man/tern_tcp.3 man/tern_http.3 \
	man/tern_http_message.3 man/tern_http_select.3 \
	man/tern_unix.3

man/tern_%.3: $(top_srcdir)/man/tern_%.3.in $(top_srcdir)/include/tern/%.h \
		$(top_srcdir)/man/make-man3
	$(AM_V_GEN)$(MKDIR_P) man && \
	perl $(top_srcdir)/man/make-man3 $(top_srcdir) man/$(@F).in >$@.new && mv $@.new $@

# Each function's name leads to the page of its header, unless it is that page's name.
man3_functions = sed -n 's/^\.Fo \(tern_[a-z0-9_]*\)$$/\1/p' $$page | LC_ALL=C sort -u | \
	while read name; do case " $(man3_MANS) " in *" man/$$name.3 "*) ;; *) echo $$name ;; esac; done
install-data-hook: $(man3_MANS)
	@$(MKDIR_P) "$(DESTDIR)$(man3dir)"
	@for page in $(man3_MANS); do for name in `$(man3_functions)`; do \
	    echo ".so man3/$${page##*/}" >"$(DESTDIR)$(man3dir)/$$name.3" || exit 1; \
	done; done
uninstall-local: $(man3_MANS)
	@for page in $(man3_MANS); do for name in `$(man3_functions)`; do \
	    rm -f "$(DESTDIR)$(man3dir)/$$name.3"; \
	done; done

CLEANFILES += $(man3_MANS)
EXTRA_DIST += man/make-man3 $(man3_MANS:=.in)
