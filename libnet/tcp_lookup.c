/* SPDX-License-Identifier: ISC */
/*
 * From four numbers to the entry that has them: one hash table with a secret
 * key over connections, half-open entries and TIME-WAIT entries. Buckets and
 * links are 32-bit references, two bits of kind and an index from one, so the
 * table costs four octets an entry. With a secret key nobody outside can make
 * two tuples meet in a bucket but by luck: a look-up is O(1).
 */
#include "tcp_internal.h"

#include <string.h>

static struct tern_tcp_tuple *tuple_of(const struct tern_tcp *tcp, uint32_t ref)
{
    uint32_t index = (ref & ~TCP_REF_KIND) - 1;
    switch (ref & TCP_REF_KIND) {
    case TCP_REF_CONN:
        return &tcp->config.conns[index].tuple;
    case TCP_REF_HALF:
        return &tcp->config.halves[index].tuple;
    default:
        return &tcp->config.time_waits[index].tuple;
    }
}

static uint32_t *bucket_of(const struct tern_tcp *tcp, const struct tern_addr *local,
                           uint16_t local_port, const struct tern_addr *peer, uint16_t peer_port)
{
    uint64_t words[5];
    memcpy(words, local->octets, 16);
    memcpy(words + 2, peer->octets, 16);
    words[4] = (uint64_t)local_port << 16 | peer_port;
    return &tcp->config.buckets[tern_siphash13_5(tcp->hash_key, words) & tcp->bucket_mask];
}

bool tern_tcp_tuple_is(const struct tern_tcp_tuple *tuple, const struct tern_addr *local,
                       uint16_t local_port, const struct tern_addr *peer, uint16_t peer_port)
{
    return tuple->peer_port == peer_port && tuple->local_port == local_port &&
           memcmp(tuple->peer.octets, peer->octets, 16) == 0 &&
           memcmp(tuple->local.octets, local->octets, 16) == 0;
}

/*
 * With many connections each line of an entry is a cache miss: asked for
 * together, and before the segment is summed, they cost less than one.
 */
static inline void ref_prefetch(const struct tern_tcp *tcp, uint32_t ref)
{
    if ((ref & TCP_REF_KIND) == TCP_REF_CONN)
        tcp_conn_prefetch(&tcp->config.conns[(ref & ~TCP_REF_KIND) - 1]);
}

uint32_t tern_tcp_lookup_begin(const struct tern_tcp *tcp, const struct tern_addr *local,
                               uint16_t local_port, const struct tern_addr *peer,
                               uint16_t peer_port)
{
    uint32_t first = *bucket_of(tcp, local, local_port, peer, peer_port);
    ref_prefetch(tcp, first);
    return first;
}

uint32_t tern_tcp_lookup_from(const struct tern_tcp *tcp, uint32_t first,
                              const struct tern_addr *local, uint16_t local_port,
                              const struct tern_addr *peer, uint16_t peer_port)
{
    uint32_t ref = first;
    while (ref != 0) {
        const struct tern_tcp_tuple *tuple = tuple_of(tcp, ref);
        if (tern_tcp_tuple_is(tuple, local, local_port, peer, peer_port))
            break;
        ref = tuple->next;
        ref_prefetch(tcp, ref);
    }
    return ref;
}

uint32_t tern_tcp_lookup(const struct tern_tcp *tcp, const struct tern_addr *local,
                         uint16_t local_port, const struct tern_addr *peer, uint16_t peer_port)
{
    return tern_tcp_lookup_from(tcp,
                                *bucket_of(tcp, local, local_port, peer, peer_port),
                                local, local_port, peer, peer_port);
}

void tern_tcp_lookup_add(struct tern_tcp *tcp, uint32_t ref)
{
    struct tern_tcp_tuple *tuple = tuple_of(tcp, ref);
    uint32_t *bucket = bucket_of(tcp, &tuple->local, tuple->local_port, &tuple->peer,
                                 tuple->peer_port);
    tuple->next = *bucket;
    *bucket = ref;
}

void tern_tcp_lookup_remove(struct tern_tcp *tcp, uint32_t ref)
{
    struct tern_tcp_tuple *tuple = tuple_of(tcp, ref);
    uint32_t *link = bucket_of(tcp, &tuple->local, tuple->local_port, &tuple->peer,
                               tuple->peer_port);
    while (*link != 0 && *link != ref)
        link = &tuple_of(tcp, *link)->next;
    if (*link == ref)
        *link = tuple->next;
    tuple->next = 0;
}
