# SPDX-License-Identifier: ISC
#
# libtern-net: the TCP/IP stack.

lib_LTLIBRARIES += libnet/libtern-net.la

include libnet/tcp.mk

libnet_libtern_net_la_CFLAGS = $(TERN_LIB_CFLAGS)
libnet_libtern_net_la_LDFLAGS = -no-undefined -version-info 0:0:0 \
    -export-symbols-regex '^tern_'
libnet_libtern_net_la_LIBADD = base/libtern-base.la
# In reading order.
libnet_libtern_net_la_SOURCES = \
    libnet/net_internal.h \
    libnet/net.c \
    libnet/net_link.c \
    libnet/net_group.c \
    libnet/net_route.c \
    libnet/net_packet.c \
    libnet/eth_wire.h \
    libnet/eth.c \
    libnet/ip_internal.h \
    libnet/ip_path.c \
    libnet/ip_neighbour_cache.c \
    libnet/ip_neighbour.c \
    libnet/ip_held.c \
    libnet/ip_reassembly.c \
    libnet/ip_group.c \
    libnet/ipv4_internal.h \
    libnet/arp_wire.h \
    libnet/arp_wire.c \
    libnet/arp.c \
    libnet/ipv4_wire.h \
    libnet/ipv4_wire.c \
    libnet/ipv4.c \
    libnet/ipv4_route.c \
    libnet/ipv4_output.c \
    libnet/ipv4_fragment.c \
    libnet/icmp4_wire.h \
    libnet/icmp4_wire.c \
    libnet/icmp4.c \
    libnet/igmp.c \
    libnet/ipv6_internal.h \
    libnet/ipv6.c \
    libnet/ipv6_source.c \
    libnet/ipv6_output.c \
    libnet/ipv6_fragment.c \
    libnet/icmp6.c \
    libnet/ipv6_addr.c \
    libnet/nd.c \
    libnet/nd_router.c \
    libnet/nd_redirect.c \
    libnet/slaac.c \
    libnet/mld.c \
    libnet/udp_wire.h \
    libnet/udp_wire.c \
    libnet/udp_internal.h \
    libnet/udp.c \
    libnet/udp_input.c \
    libnet/udp_output.c \
    libnet/dhcp4_wire.h \
    libnet/dhcp4_wire.c \
    libnet/dhcp4_internal.h \
    libnet/dhcp4.c \
    libnet/dhcp4_answer.c \
    libnet/linklocal4.c \
    libnet/ipv6_wire.h \
    libnet/ipv6_wire.c \
    libnet/icmp6_wire.h \
    libnet/icmp6_wire.c \
    libnet/names_wire.h \
    libnet/names_wire.c \
    libnet/nd_wire.h \
    libnet/nd_wire.c \
    libnet/group_wire.h \
    libnet/group_wire.c \
    libnet/mld_wire.h \
    libnet/mld_wire.c \
    libnet/igmp_wire.h \
    libnet/igmp_wire.c \
    libnet/dhcp6_wire.h \
    libnet/dhcp6_wire.c \
    libnet/dhcp6_internal.h \
    libnet/dhcp6.c \
    libnet/dhcp6_answer.c \
    $(TERN_TCP_SOURCES) \
    libnet/net_metrics.h \
    libnet/net_metrics.c \
    libnet/net_metrics_ipv4.c \
    libnet/net_metrics_ipv6.c \
    libnet/net_metrics_udp.c \
    libnet/net_metrics_dhcp4.c \
    libnet/net_metrics_dhcp6.c \
    libnet/net_metrics_linklocal4.c \
    libnet/net_metrics_tcp.c \
    libnet/net_names.c \
    libnet/net_size.c

tern_HEADERS += include/tern/net.h include/tern/ipv6.h

# Leases, neighbours, fragments, errors, and the beginning and end of a port or a
# connection are rare beside segments: their octets matter, not their speed. Nor
# does it to what only passes a packet on. What divides at each segment is not
# among them: -Os divides by constants with the slow instruction.
# CFLAGS stands last on the command line and says otherwise.
libnet/libtern_net_la-dhcp4.lo libnet/libtern_net_la-dhcp4_%.lo \
    libnet/libtern_net_la-linklocal4.lo \
    libnet/libtern_net_la-arp.lo libnet/libtern_net_la-ip_%.lo \
    libnet/libtern_net_la-ipv4_fragment.lo libnet/libtern_net_la-ipv4_route.lo \
    libnet/libtern_net_la-icmp4.lo libnet/libtern_net_la-igmp.lo libnet/libtern_net_la-mld.lo \
    libnet/libtern_net_la-net.lo \
    libnet/libtern_net_la-icmp6_wire.lo libnet/libtern_net_la-names_wire.lo \
    libnet/libtern_net_la-group_wire.lo \
    libnet/libtern_net_la-mld_wire.lo libnet/libtern_net_la-igmp_wire.lo \
    libnet/libtern_net_la-ipv6_wire.lo \
    libnet/libtern_net_la-ipv6_addr.lo libnet/libtern_net_la-nd.lo \
    libnet/libtern_net_la-ipv6_source.lo libnet/libtern_net_la-ipv6_fragment.lo \
    libnet/libtern_net_la-icmp6.lo libnet/libtern_net_la-linklocal4.lo \
    libnet/libtern_net_la-igmp.lo libnet/libtern_net_la-mld.lo \
    libnet/libtern_net_la-nd_%.lo libnet/libtern_net_la-slaac.lo \
    libnet/libtern_net_la-dhcp6.lo libnet/libtern_net_la-dhcp6_%.lo \
    libnet/libtern_net_la-net_metrics.lo \
    libnet/libtern_net_la-net_link.lo libnet/libtern_net_la-net_group.lo \
    libnet/libtern_net_la-net_packet.lo libnet/libtern_net_la-net_route.lo \
    libnet/libtern_net_la-udp.lo libnet/libtern_net_la-udp_input.lo \
    libnet/libtern_net_la-udp_output.lo \
    libnet/libtern_net_la-tcp_listen.lo libnet/libtern_net_la-tcp_input_synsent.lo \
    libnet/libtern_net_la-tcp_isn.lo libnet/libtern_net_la-tcp_challenge.lo \
    libnet/libtern_net_la-tcp_pmtu.lo libnet/libtern_net_la-tcp_keepalive.lo \
    libnet/libtern_net_la-tcp_close.lo libnet/libtern_net_la-tcp_conn.lo \
    libnet/libtern_net_la-tcp_reply.lo \
    libnet/libtern_net_la-tcp_half.lo libnet/libtern_net_la-tcp_work.lo \
    libnet/libtern_net_la-udp_wire.lo libnet/libtern_net_la-arp_wire.lo \
    libnet/libtern_net_la-icmp4_wire.lo libnet/libtern_net_la-tcp_lookup.lo \
    libnet/libtern_net_la-tcp_timewait.lo: CFLAGS := $(patsubst -O2,-Os,$(CFLAGS))
