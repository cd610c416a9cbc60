# SPDX-License-Identifier: ISC
#
# The man pages. Those of section 3 are made from a frame and the public header
# of the same name, so that they say what the header says.

dist_man1_MANS = man/tern.1 man/tern-serve.1 man/tern-image.1 man/tern-boot.1
dist_man7_MANS = man/tern.7 man/tern_appliance.7 man/tern_guest.7
man3_MANS = man/tern_base.3 man/tern_metrics.3 man/tern_stream.3 \
	man/tern_feed.3 man/tern_feed_socket.3 man/tern_dgram.3 \
	man/tern_host.3 man/tern_link.3 man/tern_net.3 man/tern_tcp.3 man/tern_http.3 \
	man/tern_unix.3

man/tern_%.3: $(top_srcdir)/man/tern_%.3.in $(top_srcdir)/include/tern/%.h \
		$(top_srcdir)/man/make-man3
	$(AM_V_GEN)$(MKDIR_P) man && \
	perl $(top_srcdir)/man/make-man3 $(top_srcdir) man/$(@F).in >$@.new && mv $@.new $@

CLEANFILES += $(man3_MANS)
EXTRA_DIST += man/make-man3 $(man3_MANS:=.in)
