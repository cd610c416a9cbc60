/* SPDX-License-Identifier: ISC */
/*
 * Every unit test suite, one line each, in the order of the tree. The programs
 * that run them are <area>_main.c beside this file.
 */
#ifndef TERN_TESTS_SUITES_H
#define TERN_TESTS_SUITES_H

#include <check.h>

Suite *err_suite(void);
Suite *addr_suite(void);
Suite *dial_order_suite(void);
Suite *wheel_suite(void);
Suite *turn_suite(void);
Suite *block_suite(void);
Suite *siphash_suite(void);
Suite *checksum_suite(void);
Suite *drbg_suite(void);
Suite *archive_suite(void);
Suite *feed_suite(void);
Suite *feed_write_suite(void);
Suite *feed_end_suite(void);
Suite *metrics_suite(void);
Suite *conform_suite(void);

Suite *http_request_suite(void);
Suite *http_pure_suite(void);
Suite *http_server_suite(void);
Suite *http_answer_suite(void);
Suite *http_exchange_suite(void);
Suite *http_assets_suite(void);
Suite *http_archive_suite(void);
Suite *http_metrics_suite(void);
Suite *http_choice_suite(void);
Suite *http_select_suite(void);
Suite *http_hostile_suite(void);
Suite *http_hostile_server_suite(void);
Suite *http_trace_suite(void);

Suite *net_suite(void);
Suite *net_group_suite(void);
Suite *net_route_suite(void);
Suite *forward_suite(void);
Suite *forward_refuse_suite(void);
Suite *forward_policy_suite(void);
Suite *forward_cut_suite(void);
Suite *eth_suite(void);
Suite *ip_neighbour_suite(void);
Suite *arp_conflict_suite(void);
Suite *arp_suite(void);
Suite *ipv4_suite(void);
Suite *ipv4_output_suite(void);
Suite *ipv4_reassembly_suite(void);
Suite *icmp4_suite(void);
Suite *igmp_suite(void);
Suite *udp_suite(void);
Suite *udp_batch_suite(void);
Suite *dhcp4_suite(void);
Suite *dhcp4_answer_suite(void);
Suite *dhcp4_lease_suite(void);
Suite *linklocal4_suite(void);
Suite *net_metrics_suite(void);

Suite *nd_suite(void);
Suite *ipv6_suite(void);
Suite *ipv6_addr_suite(void);
Suite *nd_router_suite(void);
Suite *nd_router_hostile_suite(void);
Suite *nd_redirect_suite(void);
Suite *slaac_suite(void);
Suite *mld_suite(void);
Suite *dhcp6_suite(void);
Suite *dhcp6_lease_suite(void);
Suite *dhcp6_answer_suite(void);
Suite *ipv6_wire_suite(void);
Suite *icmp6_wire_suite(void);
Suite *icmp6_suite(void);
Suite *names_wire_suite(void);
Suite *nd_wire_suite(void);
Suite *group_wire_suite(void);
Suite *dhcp6_wire_suite(void);

Suite *virtio_bus_suite(void);
Suite *virtio_mmio_suite(void);
Suite *virtio_queue_suite(void);
Suite *virtio_pieces_suite(void);
Suite *virtio_net_suite(void);
Suite *virtio_net_frames_suite(void);
Suite *virtio_net_hostile_suite(void);
Suite *virtio_again_suite(void);
Suite *virtio_tcp_suite(void);
Suite *virtio_rng_suite(void);
Suite *pvh_acpi_suite(void);
Suite *pvh_words_suite(void);
Suite *pvh_mem_suite(void);

Suite *xen_gnttab_suite(void);
Suite *xen_store_suite(void);
Suite *xen_store_watch_suite(void);
Suite *xen_store_update_suite(void);
Suite *xen_store_hostile_suite(void);
Suite *xen_value_suite(void);
Suite *xen_bus_suite(void);
Suite *xen_life_suite(void);
Suite *xen_reopen_suite(void);
Suite *xen_resume_suite(void);
Suite *xen_net_rx_suite(void);
Suite *xen_net_tx_suite(void);
Suite *xen_net_link_suite(void);
Suite *xen_net_group_suite(void);
Suite *xen_net_hostile_suite(void);
Suite *xen_net_hostile_rx_suite(void);
Suite *xen_net_race_suite(void);
Suite *xen_tcp_suite(void);
Suite *xen_console_suite(void);
Suite *xen_clock_suite(void);
Suite *xen_guest_suite(void);

Suite *host_options_suite(void);
Suite *host_links_suite(void);
Suite *host_carve_suite(void);
Suite *host_core_suite(void);
Suite *host_modules_suite(void);
Suite *unix_loop_suite(void);
Suite *unix_sockets_suite(void);
Suite *unix_dgram_suite(void);
Suite *unix_vnet_suite(void);
Suite *unix_tap_suite(void);
Suite *unix_checksum_suite(void);

Suite *notes_suite(void);
Suite *audit_suite(void);
Suite *audit_search_suite(void);
Suite *x86_suite(void);

Suite *tcp_wire_suite(void);
Suite *tcp_open_suite(void);
Suite *tcp_input_suite(void);
Suite *tcp_close_suite(void);
Suite *tcp_hostile_suite(void);
Suite *tcp_rules_suite(void);
Suite *tcp_pool_suite(void);
Suite *tcp_recv_suite(void);
Suite *tcp_ack_suite(void);
Suite *tcp_output_suite(void);
Suite *tcp_timer_suite(void);

#endif
