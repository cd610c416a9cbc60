/* SPDX-License-Identifier: ISC */
/*
 * Addresses and errors, the kernel's and ours. A socket of AF_INET6 speaks to
 * IPv4 peers through the mapped form (RFC 4291 section 2.5.5.2), which is our
 * own form of an IPv4 address. Our links are the kernel's interfaces, by number.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "unix_internal.h"

/* An interface whose number is too large for us is any: never another one. */
uint16_t tern_unix_link(unsigned number)
{
    return number <= UINT16_MAX ? (uint16_t)number : 0;
}

uint16_t tern_unix_link_of(void *user, const char *name, size_t name_len)
{
    char text[IF_NAMESIZE];
    (void)user;
    if (name_len >= sizeof text)
        return 0;
    memcpy(text, name, name_len);
    text[name_len] = '\0';
    return tern_unix_link(if_nametoindex(text));
}

socklen_t tern_unix_sockaddr(const struct tern_endpoint_addr *addr, int family,
                             struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (family == AF_INET6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(addr->port);
        memcpy(&in6->sin6_addr, addr->addr.octets, 16);
        in6->sin6_scope_id = addr->link;
        return sizeof *in6;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)to;
    if (!tern_addr_is_v4(&addr->addr) && !tern_addr_is_any(&addr->addr))
        return 0;
    in->sin_family = AF_INET;
    in->sin_port = htons(addr->port);
    memcpy(&in->sin_addr, addr->addr.octets + 12, 4);
    return sizeof *in;
}

void tern_unix_sockaddr_load(const struct sockaddr_storage *from, struct tern_endpoint_addr *addr)
{
    memset(addr, 0, sizeof *addr);
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
        memcpy(addr->addr.octets, &in6->sin6_addr, 16);
        addr->port = ntohs(in6->sin6_port);
        addr->link = tern_unix_link(in6->sin6_scope_id);
    } else if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        addr->addr = tern_addr_v4(ntohl(in->sin_addr.s_addr));
        addr->port = ntohs(in->sin_port);
    }
}

enum tern_err tern_unix_err(int number)
{
    switch (number) {
    case 0:
        return TERN_OK;
    case ECONNREFUSED:
    case EACCES:
    case EPERM:
    case EADDRINUSE:
        return TERN_REFUSED;
    case ECONNRESET:
    case EPIPE:
        return TERN_RESET;
    case ETIMEDOUT:
        return TERN_TIMED_OUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENODEV:
    case EADDRNOTAVAIL:
        return TERN_UNREACHABLE;
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case EOPNOTSUPP:
        return TERN_UNSUPPORTED;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return TERN_FULL;
    case EINVAL:
        return TERN_INVALID;
    default:
        return TERN_ABORTED;
    }
}
