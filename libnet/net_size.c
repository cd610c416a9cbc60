/* SPDX-License-Identifier: ISC */
/*
 * The sizes of what a caller of libnet places, for languages that
 * cannot read its headers. They are a part of the ABI, as the structs are.
 */
#include <tern/ipv6.h>
#include <tern/tcp.h>

size_t tern_net_size(void)
{
    return sizeof(struct tern_net);
}

size_t tern_net_config_size(void)
{
    return sizeof(struct tern_net_config);
}

size_t tern_net_use_size(void)
{
    return sizeof(struct tern_net_use);
}

size_t tern_ipv4_size(void)
{
    return sizeof(struct tern_ipv4);
}

size_t tern_neighbour_size(void)
{
    return sizeof(struct tern_neighbour);
}

size_t tern_reassembly_size(void)
{
    return sizeof(struct tern_reassembly);
}

size_t tern_udp_size(void)
{
    return sizeof(struct tern_udp);
}

size_t tern_udp_endpoint_size(void)
{
    return sizeof(struct tern_udp_endpoint);
}

size_t tern_dhcp4_size(void)
{
    return sizeof(struct tern_dhcp4);
}

size_t tern_ipv6_size(void)
{
    return sizeof(struct tern_ipv6);
}

size_t tern_dhcp6_size(void)
{
    return sizeof(struct tern_dhcp6);
}

size_t tern_linklocal4_size(void)
{
    return sizeof(struct tern_linklocal4);
}

size_t tern_tcp_size(void)
{
    return sizeof(struct tern_tcp);
}

size_t tern_tcp_conn_size(void)
{
    return sizeof(struct tern_tcp_conn);
}

size_t tern_tcp_half_size(void)
{
    return sizeof(struct tern_tcp_half);
}

size_t tern_tcp_time_wait_size(void)
{
    return sizeof(struct tern_tcp_time_wait);
}

size_t tern_tcp_work_size(void)
{
    return sizeof(struct tern_tcp_work);
}

size_t tern_tcp_flight_size(void)
{
    return sizeof(struct tern_tcp_flight);
}

size_t tern_tcp_listener_size(void)
{
    return sizeof(struct tern_tcp_listener);
}

size_t tern_net_parts_mark(void)
{
    return TERN_NET_PARTS_MARK;
}

size_t tern_net_tcp_mark(void)
{
    return TERN_NET_TCP_MARK;
}
