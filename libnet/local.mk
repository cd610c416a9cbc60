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
    libnet/net_groups.c \
    libnet/eth_wire.h \
    libnet/eth.c \
    libnet/ip_internal.h \
    libnet/ip_path.c \
    libnet/ip_neighbour_cache.c \
    libnet/ip_neighbour.c \
    libnet/ip_output.c \
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
    libnet/forward_internal.h \
    libnet/forward.c \
    libnet/forward_wait.c \
    libnet/forward_output.c \
    libnet/forward4.c \
    libnet/forward6.c \
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
    libnet/net_metrics_forward.c \
    libnet/net_names.c \
    libnet/net_size.c

tern_HEADERS += include/tern/net.h include/tern/ipv4.h include/tern/udp.h \
    include/tern/ipv6.h include/tern/forward.h

libnet/libtern_net_la-%.lo: CFLAGS := $(TERN_SMALL)
