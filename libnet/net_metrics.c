/* SPDX-License-Identifier: ISC */
/*
 * The names of the stack's counters: RFC 4022 (TCP), RFC 4113 (UDP), RFC 4293
 * (IP, ICMP) in small letters where those have an object, one label "reason"
 * for each cause of a drop.
 *
 * In an object of its own, which is linked only where someone asks. Parts are
 * known by role and number, not by name: to ask for counters links none.
 */
#include <string.h>

#include <tern/ipv6.h>
#include <tern/metrics.h>
#include <tern/net.h>
#include <tern/tcp.h>

#define NET_METRICS(X, T)                                                                     \
    X(T, rx_frames, TERN_COUNTER("in_frames", "Frames received"))                             \
    X(T, rx_octets, TERN_COUNTER("in_bytes", "Octets of frames received"))                    \
    X(T, tx_frames, TERN_COUNTER("out_frames", "Frames sent"))                                \
    X(T, tx_octets, TERN_COUNTER("out_bytes", "Octets of frames sent"))                       \
    X(T, tx_full, TERN_COUNTER("out_waits", "Slots the driver had not: sent later"))          \
    X(T, eth_short, TERN_COUNTER_BY("in_drops", "reason", "short", "Frames dropped"))         \
    X(T, eth_other_host, TERN_METRIC_ALSO("other_host"))                                      \
    X(T, eth_bad_source, TERN_METRIC_ALSO("bad_source"))                                      \
    X(T, eth_unknown_type, TERN_METRIC_ALSO("unknown_type"))                                  \
    X(T, eth_bad_vlan, TERN_METRIC_ALSO("bad_vlan"))                                          \
    X(T, ipv6_unsupported, TERN_METRIC_ALSO("ipv6_unsupported"))                              \
    X(T, eth_nested, TERN_METRIC_ALSO("nested"))                                              \
    X(T, events_lost, TERN_COUNTER("events_lost", "Network events not told"))

#define IP_METRICS(X, T)                                                                      \
    X(T, frag_in, TERN_COUNTER("reasm_stored", "Fragments kept for reassembly"))              \
    X(T, frag_reassembled, TERN_COUNTER("reasm_oks", "Datagrams reassembled"))                \
    X(T, frag_bad_offset, TERN_COUNTER_BY("reasm_fails", "reason", "bad_offset",              \
                                          "Fragments or datagrams not reassembled"))          \
    X(T, frag_bad_len, TERN_METRIC_ALSO("bad_len"))                                           \
    X(T, frag_overlap, TERN_METRIC_ALSO("overlap"))                                           \
    X(T, frag_duplicate, TERN_METRIC_ALSO("duplicate"))                                       \
    X(T, frag_too_large, TERN_METRIC_ALSO("too_large"))                                       \
    X(T, frag_no_buffer, TERN_METRIC_ALSO("no_buffer"))                                       \
    X(T, frag_too_many, TERN_METRIC_ALSO("too_many"))                                         \
    X(T, frag_dead, TERN_METRIC_ALSO("dead"))                                                 \
    X(T, frag_bad_ecn, TERN_METRIC_ALSO("bad_ecn"))                                           \
    X(T, frag_timed_out, TERN_METRIC_ALSO("timed_out"))                                       \
    X(T, frag_evicted, TERN_METRIC_ALSO("evicted"))                                           \
    X(T, frag_cleared, TERN_METRIC_ALSO("cleared"))                                           \
    X(T, out_packets, TERN_COUNTER("out_transmits", "Packets sent"))                          \
    X(T, out_fragments, TERN_COUNTER("out_frag_creates", "Fragments made"))                   \
    X(T, out_dont_fragment, TERN_COUNTER_BY("out_frag_fails", "reason", "dont_fragment",      \
                                            "Packets not to be fragmented, and too long"))    \
    X(T, out_no_route, TERN_COUNTER_BY("out_no_routes", "reason", "no_route",                 \
                                       "Packets without a route"))                            \
    X(T, out_no_neighbour, TERN_COUNTER_BY("out_discards", "reason", "no_neighbour",          \
                                           "Packets not sent"))                               \
    X(T, out_full, TERN_METRIC_ALSO("full"))                                                  \
    X(T, out_waiting_full, TERN_METRIC_ALSO("waiting_full"))                                  \
    X(T, out_too_long, TERN_METRIC_ALSO("too_long"))                                          \
    X(T, out_link_down, TERN_METRIC_ALSO("link_down"))                                        \
    X(T, neigh_rate_limited, TERN_COUNTER("neigh_rate_limited", "Questions not asked again")) \
    X(T, neigh_failed, TERN_COUNTER("neigh_failed", "Neighbours that do not answer"))         \
    X(T, neigh_cache_full, TERN_COUNTER("neigh_cache_full", "Neighbours without a place"))    \
    X(T, icmp_rate_limited, TERN_COUNTER("icmp_rate_limited", "Errors not sent so often"))    \
    X(T, pmtu_lowered, TERN_COUNTER("pmtu_lowered", "Path MTUs learned"))                     \
    X(T, pmtu_refused, TERN_COUNTER("pmtu_refused", "Path MTUs not believed"))                \
    X(T, group_queries, TERN_COUNTER("group_in_queries", "Questions after groups"))           \
    X(T, group_heard, TERN_COUNTER("group_in_reports", "Groups that others report"))          \
    X(T, group_ignored, TERN_COUNTER_BY("group_drops", "reason", "ignored",                   \
                                        "IGMP and MLD messages not used"))                    \
    X(T, group_not_local, TERN_METRIC_ALSO("not_local"))                                      \
    X(T, group_malformed, TERN_METRIC_ALSO("malformed"))                                      \
    X(T, group_reports, TERN_COUNTER("group_out_reports", "Reports and leaves sent"))         \
    X(T, group_full, TERN_COUNTER("group_unsent", "Reports without a slot"))

#define IPV4_METRICS(X, T)                                                                    \
    X(T, in_packets, TERN_COUNTER("in_receives", "Packets received"))                         \
    X(T, in_delivered, TERN_COUNTER("in_delivers", "Packets delivered"))                      \
    X(T, in_bad_version, TERN_COUNTER_BY("in_hdr_errors", "reason", "bad_version",            \
                                         "Packets dropped for their header"))                 \
    X(T, in_bad_hdr_len, TERN_METRIC_ALSO("bad_hdr_len"))                                     \
    X(T, in_bad_checksum, TERN_METRIC_ALSO("bad_checksum"))                                   \
    X(T, in_bad_options, TERN_METRIC_ALSO("bad_options"))                                     \
    X(T, in_source_route, TERN_METRIC_ALSO("source_route"))                                   \
    X(T, in_short, TERN_COUNTER_BY("in_truncated_pkts", "reason", "short",                    \
                                   "Packets dropped, octets missing"))                        \
    X(T, in_bad_total_len, TERN_METRIC_ALSO("bad_total_len"))                                 \
    X(T, in_bad_source, TERN_COUNTER_BY("in_addr_errors", "reason", "bad_source",             \
                                        "Packets dropped for their addresses"))               \
    X(T, in_not_ours, TERN_METRIC_ALSO("not_ours"))                                           \
    X(T, in_wrong_link, TERN_METRIC_ALSO("wrong_link"))                                       \
    X(T, in_loopback, TERN_METRIC_ALSO("loopback"))                                           \
    X(T, in_link_group, TERN_METRIC_ALSO("link_group"))                                       \
    X(T, in_unknown_protocol, TERN_COUNTER_BY("in_unknown_protos", "reason",                  \
                                              "unknown_protocol", "Packets nobody wants"))    \
    X(T, arp_in, TERN_COUNTER("arp_in", "ARP packets received"))                              \
    X(T, arp_asked, TERN_COUNTER("arp_asked", "Questions for an address of ours"))            \
    X(T, arp_learned, TERN_COUNTER("arp_learned", "Answers and news taken"))                  \
    X(T, arp_conflict, TERN_COUNTER("arp_conflicts", "Others with our address"))              \
    X(T, arp_bad, TERN_COUNTER_BY("arp_drops", "reason", "bad", "ARP packets not used"))      \
    X(T, arp_not_ours, TERN_METRIC_ALSO("not_ours"))                                          \
    X(T, arp_unsolicited, TERN_METRIC_ALSO("unsolicited"))                                    \
    X(T, arp_replies, TERN_COUNTER("arp_replies", "Answers sent"))                            \
    X(T, arp_requests, TERN_COUNTER("arp_requests", "Questions sent"))                        \
    X(T, arp_announcements, TERN_COUNTER("arp_announcements", "Announcements sent"))          \
    X(T, arp_full, TERN_COUNTER("arp_unsent", "ARP packets without a slot"))                  \
    X(T, icmp_in, TERN_COUNTER("icmp_in_msgs", "ICMP messages received"))                     \
    X(T, icmp_echo_in, TERN_COUNTER("icmp_in_echos", "Echo requests received"))               \
    X(T, icmp_errors_in, TERN_COUNTER("icmp_in_errors_used", "Errors told to a transport"))   \
    X(T, icmp_short, TERN_COUNTER_BY("icmp_drops", "reason", "short",                         \
                                     "ICMP messages dropped"))                                \
    X(T, icmp_bad_checksum, TERN_METRIC_ALSO("bad_checksum"))                                 \
    X(T, icmp_unknown_type, TERN_METRIC_ALSO("unknown_type"))                                 \
    X(T, icmp_broadcast, TERN_METRIC_ALSO("broadcast"))                                       \
    X(T, icmp_ignored, TERN_METRIC_ALSO("ignored"))                                           \
    X(T, icmp_errors_bad, TERN_METRIC_ALSO("error_bad"))                                      \
    X(T, icmp_errors_unmatched, TERN_METRIC_ALSO("error_unmatched"))                          \
    X(T, icmp_echo_replies, TERN_COUNTER("icmp_out_echo_reps", "Echo replies sent"))          \
    X(T, icmp_errors_out, TERN_COUNTER("icmp_out_errors_sent", "Errors sent"))                \
    X(T, icmp_full, TERN_COUNTER_BY("icmp_out_errors", "reason", "full",                      \
                                    "ICMP messages not sent"))                                \
    X(T, icmp_not_allowed, TERN_METRIC_ALSO("not_allowed"))                                   \
    X(T, igmp_in, TERN_COUNTER("igmp_in_msgs", "IGMP messages received"))                     \
    X(T, igmp_bad_checksum, TERN_COUNTER("igmp_in_bad_checksums", "IGMP messages dropped"))

#define IPV6_METRICS(X, T)                                                                    \
    X(T, in_packets, TERN_COUNTER("in_receives", "Packets received"))                         \
    X(T, in_delivered, TERN_COUNTER("in_delivers", "Packets delivered"))                      \
    X(T, in_forwarded, TERN_COUNTER("in_forwarded", "Packets handed on"))                     \
    X(T, in_short, TERN_COUNTER_BY("in_hdr_errors", "reason", "short",                        \
                                   "Packets dropped for their headers"))                      \
    X(T, in_bad_version, TERN_METRIC_ALSO("bad_version"))                                     \
    X(T, in_bad_payload_len, TERN_METRIC_ALSO("bad_payload_len"))                             \
    X(T, in_jumbo, TERN_METRIC_ALSO("jumbo"))                                                 \
    X(T, in_long_chain, TERN_METRIC_ALSO("long_chain"))                                       \
    X(T, in_bad_hdr, TERN_METRIC_ALSO("bad_hdr"))                                             \
    X(T, in_bad_option, TERN_METRIC_ALSO("bad_option"))                                       \
    X(T, in_bad_routing, TERN_METRIC_ALSO("bad_routing"))                                     \
    X(T, in_bad_fragment, TERN_METRIC_ALSO("bad_fragment"))                                   \
    X(T, in_cut_chain, TERN_METRIC_ALSO("cut_chain"))                                         \
    X(T, in_bad_next, TERN_METRIC_ALSO("bad_next"))                                           \
    X(T, in_no_next, TERN_METRIC_ALSO("no_next"))                                             \
    X(T, in_bad_source, TERN_COUNTER_BY("in_addr_errors", "reason", "bad_source",             \
                                        "Packets dropped for their addresses"))               \
    X(T, in_mapped, TERN_METRIC_ALSO("mapped"))                                               \
    X(T, in_not_ours, TERN_METRIC_ALSO("not_ours"))                                           \
    X(T, in_wrong_link, TERN_METRIC_ALSO("wrong_link"))                                       \
    X(T, in_tentative, TERN_METRIC_ALSO("tentative"))                                         \
    X(T, in_link_group, TERN_METRIC_ALSO("link_group"))                                       \
    X(T, in_unknown_protocol, TERN_COUNTER_BY("in_unknown_protos", "reason",                  \
                                              "unknown_protocol", "Packets nobody wants"))    \
    X(T, icmp_in, TERN_COUNTER("icmp_in_msgs", "ICMP messages received"))                     \
    X(T, icmp_echo_in, TERN_COUNTER("icmp_in_echos", "Echo requests received"))               \
    X(T, icmp_errors_in, TERN_COUNTER("icmp_in_errors_used", "Errors told to a transport"))   \
    X(T, icmp_nd_in, TERN_COUNTER("icmp_in_nd", "Neighbour Discovery received"))              \
    X(T, icmp_mld_in, TERN_COUNTER("icmp_in_mld", "MLD messages received"))                   \
    X(T, icmp_short, TERN_COUNTER_BY("icmp_drops", "reason", "short",                         \
                                     "ICMP messages dropped"))                                \
    X(T, icmp_bad_checksum, TERN_METRIC_ALSO("bad_checksum"))                                 \
    X(T, icmp_unknown_type, TERN_METRIC_ALSO("unknown_type"))                                 \
    X(T, icmp_ignored, TERN_METRIC_ALSO("ignored"))                                           \
    X(T, icmp_errors_bad, TERN_METRIC_ALSO("error_bad"))                                      \
    X(T, icmp_errors_unmatched, TERN_METRIC_ALSO("error_unmatched"))                          \
    X(T, icmp_echo_replies, TERN_COUNTER("icmp_out_echo_reps", "Echo replies sent"))          \
    X(T, icmp_errors_out, TERN_COUNTER("icmp_out_errors_sent", "Errors sent"))                \
    X(T, icmp_full, TERN_COUNTER_BY("icmp_out_errors", "reason", "full",                      \
                                    "ICMP messages not sent"))                                \
    X(T, icmp_not_allowed, TERN_METRIC_ALSO("not_allowed"))                                   \
    X(T, nd_solicitations, TERN_COUNTER("nd_in_solicits", "Questions for an address of ours"))\
    X(T, nd_advertisements, TERN_COUNTER("nd_in_adverts", "Answers and news taken"))          \
    X(T, nd_routers, TERN_COUNTER("nd_in_routers", "Router advertisements taken"))            \
    X(T, nd_redirects, TERN_COUNTER("nd_in_redirects", "Redirects taken"))                    \
    X(T, nd_not_local, TERN_COUNTER_BY("nd_drops", "reason", "not_local",                     \
                                       "Neighbour Discovery not used"))                       \
    X(T, nd_fragmented, TERN_METRIC_ALSO("fragmented"))                                       \
    X(T, nd_malformed, TERN_METRIC_ALSO("malformed"))                                         \
    X(T, nd_bad_addr, TERN_METRIC_ALSO("bad_addr"))                                           \
    X(T, nd_not_ours, TERN_METRIC_ALSO("not_ours"))                                           \
    X(T, nd_unsolicited, TERN_METRIC_ALSO("unsolicited"))                                     \
    X(T, nd_bad_options, TERN_COUNTER("nd_bad_options", "Options passed over"))               \
    X(T, nd_asked, TERN_COUNTER("nd_out_solicits", "Questions sent"))                         \
    X(T, nd_answered, TERN_COUNTER("nd_out_adverts", "Answers and announcements sent"))       \
    X(T, nd_full, TERN_COUNTER("nd_unsent", "Neighbour Discovery without a slot"))            \
    X(T, dad_conflicts, TERN_COUNTER("dad_conflicts", "Others with our address"))             \
    X(T, dad_looped, TERN_COUNTER("dad_looped", "Our own questions heard"))                   \
    X(T, router_no_room, TERN_COUNTER_BY("router_drops", "reason", "no_room",                 \
                                         "What routers say, not followed"))                   \
    X(T, prefix_no_room, TERN_METRIC_ALSO("prefix_no_room"))                                  \
    X(T, mtu_refused, TERN_METRIC_ALSO("mtu"))                                                \
    X(T, hop_limit_refused, TERN_METRIC_ALSO("hop_limit"))                                    \
    X(T, redirect_refused, TERN_METRIC_ALSO("redirect"))

#define UDP_METRICS(X, T)                                                                     \
    X(T, in_dgrams, TERN_COUNTER("in_receives", "Datagrams received"))                        \
    X(T, in_delivered, TERN_COUNTER("in_datagrams", "Datagrams delivered"))                   \
    X(T, out_dgrams, TERN_COUNTER("out_datagrams", "Datagrams sent"))                         \
    X(T, in_no_port, TERN_COUNTER_BY("no_ports", "reason", "no_port",                         \
                                     "Datagrams to no endpoint"))                             \
    X(T, in_short, TERN_COUNTER_BY("in_errors", "reason", "short", "Datagrams dropped"))      \
    X(T, in_bad_len, TERN_METRIC_ALSO("bad_len"))                                             \
    X(T, in_bad_checksum, TERN_METRIC_ALSO("bad_checksum"))                                   \
    X(T, in_no_room, TERN_METRIC_ALSO("no_room"))                                             \
    X(T, in_port_zero, TERN_METRIC_ALSO("port_zero"))                                         \
    X(T, in_closed, TERN_METRIC_ALSO("closed"))                                               \
    X(T, out_full, TERN_COUNTER("out_waits", "Datagrams without room: told the sender"))      \
    X(T, out_refused, TERN_COUNTER("out_refused", "Datagrams that cannot be sent"))           \
    X(T, errors_in, TERN_COUNTER("icmp_errors", "ICMP errors for an endpoint"))               \
    X(T, errors_unmatched, TERN_COUNTER_BY("icmp_drops", "reason", "unmatched",               \
                                           "ICMP errors not told"))                           \
    X(T, errors_lost, TERN_METRIC_ALSO("superseded"))

#define DHCP4_METRICS(X, T)                                                                   \
    X(T, discovers, TERN_COUNTER("discovers", "DISCOVERs sent"))                              \
    X(T, requests, TERN_COUNTER("requests", "REQUESTs sent"))                                 \
    X(T, offers, TERN_COUNTER("offers", "OFFERs taken"))                                      \
    X(T, acks, TERN_COUNTER("acks", "ACKs taken"))                                            \
    X(T, naks, TERN_COUNTER("naks", "NAKs taken"))                                            \
    X(T, declines, TERN_COUNTER("declines", "DECLINEs sent"))                                 \
    X(T, renewals, TERN_COUNTER("renewals", "Leases up for renewal"))                         \
    X(T, rebinds, TERN_COUNTER("rebinds", "Leases up for rebinding"))                         \
    X(T, expiries, TERN_COUNTER("expiries", "Leases that ran out"))                           \
    X(T, in_short, TERN_COUNTER_BY("in_drops", "reason", "short", "Datagrams dropped"))       \
    X(T, in_malformed, TERN_METRIC_ALSO("malformed"))                                         \
    X(T, in_not_ours, TERN_METRIC_ALSO("not_ours"))                                           \
    X(T, in_unexpected, TERN_METRIC_ALSO("unexpected"))                                       \
    X(T, repaired, TERN_COUNTER("repaired", "Lease values put right"))                        \
    X(T, conflicts, TERN_COUNTER("conflicts", "Addresses found in use"))

#define DHCP6_METRICS(X, T)                                                                   \
    X(T, solicits, TERN_COUNTER("solicits", "SOLICITs sent"))                                 \
    X(T, requests, TERN_COUNTER("requests", "REQUESTs sent"))                                 \
    X(T, confirms, TERN_COUNTER("confirms", "CONFIRMs sent"))                                 \
    X(T, renews, TERN_COUNTER("renews", "RENEWs sent"))                                       \
    X(T, rebinds, TERN_COUNTER("rebinds", "REBINDs sent"))                                    \
    X(T, information_requests, TERN_COUNTER("information_requests",                           \
                                            "INFORMATION-REQUESTs sent"))                     \
    X(T, releases, TERN_COUNTER("releases", "RELEASEs sent"))                                 \
    X(T, declines, TERN_COUNTER("declines", "DECLINEs sent"))                                 \
    X(T, expiries, TERN_COUNTER("expiries", "Leases that ran out"))                           \
    X(T, advertises, TERN_COUNTER("advertises", "ADVERTISEs taken"))                          \
    X(T, replies, TERN_COUNTER("replies", "REPLYs taken"))                                    \
    X(T, refusals, TERN_COUNTER("refusals", "Answers that grant nothing"))                    \
    X(T, in_short, TERN_COUNTER_BY("in_drops", "reason", "short", "Datagrams dropped"))       \
    X(T, in_malformed, TERN_METRIC_ALSO("malformed"))                                         \
    X(T, in_not_ours, TERN_METRIC_ALSO("not_ours"))                                           \
    X(T, in_unexpected, TERN_METRIC_ALSO("unexpected"))                                       \
    X(T, repaired, TERN_COUNTER("repaired", "Lease values put right"))                        \
    X(T, conflicts, TERN_COUNTER("conflicts", "Addresses found in use"))

#define LINKLOCAL4_METRICS(X, T)                                                              \
    X(T, probes, TERN_COUNTER("probes", "Questions after an address"))                        \
    X(T, claims, TERN_COUNTER("claims", "Addresses put to use"))                              \
    X(T, conflicts, TERN_COUNTER("conflicts", "Addresses that others have"))

TERN_METRICS_TABLE(NET_METRICS, tern_net_stats, sizeof(struct tern_net_stats), "link");
TERN_METRICS_TABLE(IP_METRICS, tern_ip_stats, sizeof(struct tern_ip_stats), "ip");
TERN_METRICS_TABLE(IPV4_METRICS, tern_ipv4_stats, offsetof(struct tern_ipv4_stats, ip), "ipv4");
TERN_METRICS_TABLE(IPV6_METRICS, tern_ipv6_stats, offsetof(struct tern_ipv6_stats, ip), "ipv6");
TERN_METRICS_TABLE(UDP_METRICS, tern_udp_stats, sizeof(struct tern_udp_stats), "udp");
TERN_METRICS_TABLE(DHCP4_METRICS, tern_dhcp4_stats, sizeof(struct tern_dhcp4_stats), "dhcp4");
TERN_METRICS_TABLE(DHCP6_METRICS, tern_dhcp6_stats, sizeof(struct tern_dhcp6_stats), "dhcp6");
TERN_METRICS_TABLE(LINKLOCAL4_METRICS, tern_linklocal4_stats,
                   sizeof(struct tern_linklocal4_stats), "linklocal4");

#define TCP_METRICS(X, T)                                                                     \
    X(T, active_opens, TERN_COUNTER("active_opens", "Connections we opened"))                 \
    X(T, passive_opens, TERN_COUNTER("passive_opens", "Connections peers opened"))            \
    X(T, attempt_fails, TERN_COUNTER("attempt_fails", "Handshakes that failed"))              \
    X(T, estab_resets, TERN_COUNTER("estab_resets", "Connections reset"))                     \
    X(T, curr_estab, TERN_GAUGE("curr_estab", "Connections established now"))                 \
    X(T, in_segs, TERN_COUNTER("in_segs", "Segments received"))                               \
    X(T, out_segs, TERN_COUNTER("out_segs", "Segments sent, each once"))                      \
    X(T, retrans_segs, TERN_COUNTER("retrans_segs", "Segments retransmitted"))                \
    X(T, in_errs, TERN_COUNTER("in_errs", "Broken segments, in drops too"))                   \
    X(T, out_rsts, TERN_COUNTER("out_rsts", "RST segments sent"))                             \
    X(T, drop_short, TERN_COUNTER_BY("drops", "reason", "short", "Segments dropped"))         \
    X(T, drop_bad_offset, TERN_METRIC_ALSO("bad_offset"))                                     \
    X(T, drop_bad_checksum, TERN_METRIC_ALSO("bad_checksum"))                                 \
    X(T, drop_bad_options, TERN_METRIC_ALSO("bad_options"))                                   \
    X(T, drop_port_zero, TERN_METRIC_ALSO("port_zero"))                                       \
    X(T, drop_bad_flags, TERN_METRIC_ALSO("bad_flags"))                                       \
    X(T, drop_bad_source, TERN_METRIC_ALSO("bad_source"))                                     \
    X(T, drop_no_conn, TERN_METRIC_ALSO("no_conn"))                                           \
    X(T, drop_listen_ack, TERN_METRIC_ALSO("listen_ack"))                                     \
    X(T, drop_listen_rst, TERN_METRIC_ALSO("listen_rst"))                                     \
    X(T, drop_backlog, TERN_METRIC_ALSO("backlog"))                                           \
    X(T, drop_paused, TERN_METRIC_ALSO("paused"))                                             \
    X(T, drop_no_conn_free, TERN_METRIC_ALSO("no_conn_free"))                                 \
    X(T, drop_half_seq, TERN_METRIC_ALSO("half_seq"))                                         \
    X(T, drop_half_rst, TERN_METRIC_ALSO("half_rst"))                                         \
    X(T, drop_half_paws, TERN_METRIC_ALSO("half_paws"))                                       \
    X(T, drop_syn_sent_ack, TERN_METRIC_ALSO("syn_sent_ack"))                                 \
    X(T, drop_syn_sent_rst, TERN_METRIC_ALSO("syn_sent_rst"))                                 \
    X(T, drop_syn_sent_no_syn, TERN_METRIC_ALSO("syn_sent_no_syn"))                           \
    X(T, drop_out_of_window, TERN_METRIC_ALSO("out_of_window"))                               \
    X(T, drop_paws, TERN_METRIC_ALSO("paws"))                                                 \
    X(T, drop_rst_challenged, TERN_METRIC_ALSO("rst_challenged"))                             \
    X(T, drop_syn_challenged, TERN_METRIC_ALSO("syn_challenged"))                             \
    X(T, drop_no_ack, TERN_METRIC_ALSO("no_ack"))                                             \
    X(T, drop_ack_old, TERN_METRIC_ALSO("ack_old"))                                           \
    X(T, drop_ack_unsent, TERN_METRIC_ALSO("ack_unsent"))                                     \
    X(T, drop_after_fin, TERN_METRIC_ALSO("after_fin"))                                       \
    X(T, drop_time_wait, TERN_METRIC_ALSO("time_wait"))                                       \
    X(T, drop_time_wait_rst, TERN_METRIC_ALSO("time_wait_rst"))                               \
    X(T, drop_no_block, TERN_METRIC_ALSO("no_block"))                                         \
    X(T, drop_no_work, TERN_METRIC_ALSO("no_work"))                                           \
    X(T, drop_no_range, TERN_METRIC_ALSO("no_range"))                                         \
    X(T, in_data_octets, TERN_COUNTER("in_data_bytes", "Octets received in order"))           \
    X(T, in_out_of_order, TERN_COUNTER("in_out_of_order", "Segments ahead of their turn"))    \
    X(T, in_duplicate, TERN_COUNTER("in_duplicates", "Segments with octets we had"))          \
    X(T, in_urgent, TERN_COUNTER("in_urgent", "Segments with URG"))                           \
    X(T, in_rst, TERN_COUNTER("in_rsts", "RST segments that ended a connection"))             \
    X(T, in_syn_data, TERN_COUNTER("in_syn_data", "SYN segments with octets"))                \
    X(T, in_ack_only, TERN_COUNTER("in_acks", "Segments with nothing but an ACK"))            \
    X(T, in_dup_acks, TERN_COUNTER("in_dup_acks", "Duplicate ACKs received"))                 \
    X(T, in_window_probes, TERN_COUNTER("in_window_probes", "Window probes received"))        \
    X(T, out_data_octets, TERN_COUNTER("out_data_bytes", "Octets sent, each once"))           \
    X(T, out_acks, TERN_COUNTER("out_acks", "ACKs sent alone"))                               \
    X(T, out_dup_acks, TERN_COUNTER("out_dup_acks", "Duplicate ACKs sent"))                   \
    X(T, out_challenge_acks, TERN_COUNTER("out_challenge_acks", "Challenge ACKs sent"))       \
    X(T, out_window_updates, TERN_COUNTER("out_window_updates", "Window updates sent"))       \
    X(T, challenge_limited, TERN_COUNTER("challenge_limited", "Challenge ACKs not sent"))     \
    X(T, reply_lost, TERN_COUNTER("replies_lost", "Answers sent nowhere"))                    \
    X(T, timeouts_rto, TERN_COUNTER_BY("timeouts", "timer", "rto", "Timers that fired"))      \
    X(T, timeouts_delayed_ack, TERN_METRIC_ALSO("delayed_ack"))                               \
    X(T, timeouts_persist, TERN_METRIC_ALSO("persist"))                                       \
    X(T, timeouts_keepalive, TERN_METRIC_ALSO("keepalive"))                                   \
    X(T, timeouts_user, TERN_METRIC_ALSO("user"))                                             \
    X(T, timeouts_linger, TERN_METRIC_ALSO("linger"))                                         \
    X(T, fast_retransmits, TERN_COUNTER("fast_retransmits", "Fast retransmits"))              \
    X(T, recoveries, TERN_COUNTER("recoveries", "Recoveries from loss begun"))                \
    X(T, partial_acks, TERN_COUNTER("partial_acks", "Partial ACKs in recovery"))              \
    X(T, limited_transmits, TERN_COUNTER("limited_transmits", "Limited transmits"))           \
    X(T, half_open, TERN_GAUGE("half_open", "Handshakes under way now"))                      \
    X(T, half_completed, TERN_COUNTER("half_completed", "Handshakes completed"))              \
    X(T, half_evicted, TERN_COUNTER("half_evicted", "Handshakes given up for others"))        \
    X(T, half_timed_out, TERN_COUNTER("half_timed_out", "Handshakes timed out"))              \
    X(T, half_retransmits, TERN_COUNTER("half_retransmits", "SYN-ACKs sent again"))           \
    X(T, time_wait, TERN_GAUGE("time_wait", "Connections in TIME-WAIT now"))                  \
    X(T, time_wait_evicted, TERN_COUNTER("time_wait_evicted", "TIME-WAITs ended early"))      \
    X(T, time_wait_expired, TERN_COUNTER("time_wait_expired", "TIME-WAITs ended"))            \
    X(T, time_wait_reused, TERN_COUNTER("time_wait_reused", "TIME-WAITs reopened by a SYN"))  \
    X(T, work_waits, TERN_COUNTER("work_waits", "Connections that waited for a work block"))  \
    X(T, flight_merges, TERN_COUNTER("flight_merges", "Records of segments joined"))          \
    X(T, accept_aborts, TERN_COUNTER("accept_aborts", "Connections nobody took"))             \
    X(T, tx_waits, TERN_COUNTER("out_waits", "Segments that waited for a slot"))              \
    X(T, icmp_unmatched, TERN_COUNTER_BY("icmp_errors", "effect", "unmatched",                \
                                         "ICMP errors told to TCP"))                          \
    X(T, icmp_out_of_window, TERN_METRIC_ALSO("out_of_window"))                               \
    X(T, icmp_soft, TERN_METRIC_ALSO("soft"))                                                 \
    X(T, icmp_hard, TERN_METRIC_ALSO("hard"))                                                 \
    X(T, icmp_pmtu, TERN_METRIC_ALSO("pmtu"))                                                 \
    X(T, icmp_pmtu_bad, TERN_METRIC_ALSO("pmtu_bad"))

TERN_METRICS_TABLE(TCP_METRICS, tern_tcp_stats, sizeof(struct tern_tcp_stats), "tcp");

/* TCP's pools: how many elements, and how many of them are free. */
static const char pools_text[] = "tcp\0"
    TERN_GAUGE_BY("pool", "of", "conn", "Elements there are")
    TERN_METRIC_ALSO("half") TERN_METRIC_ALSO("time_wait") TERN_METRIC_ALSO("work")
    TERN_METRIC_ALSO("flight")
    TERN_GAUGE_BY("pool_free", "of", "conn", "Elements not in use")
    TERN_METRIC_ALSO("half") TERN_METRIC_ALSO("time_wait") TERN_METRIC_ALSO("work")
    TERN_METRIC_ALSO("flight");

static void pools_set(const struct tern_tcp *tcp, struct tern_metrics *set)
{
    const uint64_t n[] = {
        tcp->config.n_conns, tcp->config.n_halves, tcp->config.n_time_waits,
        tcp->config.n_works, tcp->config.n_flights, tcp->n_conns_free, tcp->n_halves_free,
        tcp->n_time_waits_free, tcp->n_works_free, tcp->n_flights_free,
    };
    memcpy(set->own, n, sizeof n);
    set->text = pools_text;
    set->values = set->own;
}

enum { ID_IPV4 = 0x0800, ID_IPV6 = 0x86dd, ID_TCP = 6, ID_UDP = 17, ID_NONE = 0 };

/* The caller's own part with such a number may keep something else: then it is not named. */
static const void *context_find(const struct tern_net_slot *slots, size_t n, uint16_t id,
                                const char *name, size_t context_len)
{
    for (size_t i = 0; i < n; i++) {
        const struct tern_net_part *part = slots[i].part;
        if (part->id == id && part->context_len == context_len &&
            strlen(part->name) == strlen(name) && memcmp(part->name, name, strlen(name)) == 0)
            return slots[i].context;
    }
    return NULL;
}

bool tern_net_metrics(const struct tern_net *net, size_t i, struct tern_metrics *set)
{
    const struct tern_ipv4 *ip =
        context_find(net->networks, net->n_networks, ID_IPV4, "ipv4", sizeof *ip);
    const struct tern_ipv6 *ip6 =
        context_find(net->networks, net->n_networks, ID_IPV6, "ipv6", sizeof *ip6);
    const struct tern_tcp *tcp =
        context_find(net->transports, net->n_transports, ID_TCP, "tcp", sizeof *tcp);
    const struct tern_udp *udp =
        context_find(net->transports, net->n_transports, ID_UDP, "udp", sizeof *udp);
    const struct tern_dhcp4 *dhcp =
        context_find(net->clients, net->n_clients, ID_NONE, "dhcp4", sizeof *dhcp);
    const struct tern_dhcp6 *dhcp6 =
        context_find(net->clients, net->n_clients, ID_NONE, "dhcp6", sizeof *dhcp6);
    const struct tern_linklocal4 *local =
        context_find(net->clients, net->n_clients, ID_NONE, "linklocal4", sizeof *local);
    const struct {
        const char *text;
        const void *values;    /* NULL: this stack has no such part */
        const char *area;
    } sets[] = {
        { tern_net_stats_text, &net->stats, NULL },
        { tern_ipv4_stats_text, ip != NULL ? &ip->stats : NULL, NULL },
        { tern_ip_stats_text, ip != NULL ? &ip->stats.ip : NULL, "ipv4" },
        { tern_ipv6_stats_text, ip6 != NULL ? &ip6->stats : NULL, NULL },
        { tern_ip_stats_text, ip6 != NULL ? &ip6->stats.ip : NULL, "ipv6" },
        { tern_udp_stats_text, udp != NULL ? &udp->stats : NULL, NULL },
        { tern_dhcp4_stats_text, dhcp != NULL ? &dhcp->stats : NULL, NULL },
        { tern_dhcp6_stats_text, dhcp6 != NULL ? &dhcp6->stats : NULL, NULL },
        { tern_linklocal4_stats_text, local != NULL ? &local->stats : NULL, NULL },
        { tern_tcp_stats_text, tcp != NULL ? &tcp->stats : NULL, NULL },
        { pools_text, tcp, NULL },
    };
    set->labels[0].name = NULL;
    for (size_t at = 0; at < sizeof sets / sizeof sets[0]; at++) {
        if (sets[at].values == NULL || i-- > 0)
            continue;
        set->text = sets[at].text;
        set->values = sets[at].values;
        set->area = sets[at].area;
        if (set->text == pools_text)
            pools_set(tcp, set);
        return true;
    }
    return false;
}
