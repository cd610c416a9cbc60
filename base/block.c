/* SPDX-License-Identifier: ISC */
/*
 * The block pool: equal pieces of one piece of memory. Those given back are on
 * a free list, last given first taken, since that one is still in the cache.
 * Those never taken are not touched: a pool may be far larger than the memory
 * that is ever resident, and start costs the same for any size.
 */
#include "base_internal.h"

#include <string.h>

#define BLOCK_ALIGN 16u

_Static_assert(sizeof(struct tern_block) == BLOCK_ALIGN, "a block's header is its alignment");

TERN_COLD
enum tern_err tern_block_pool_init_sized(struct tern_block_pool *pool, size_t pool_len, void *mem,
                                         size_t mem_len, size_t block_len)
{
    if (pool_len != sizeof *pool)
        return TERN_MISMATCH;
    if (block_len < TERN_BLOCK_LEN_LEAST || block_len % BLOCK_ALIGN != 0 ||
        block_len > UINT32_MAX)
        return TERN_INVALID;
    size_t skip = (BLOCK_ALIGN - (uintptr_t)mem % BLOCK_ALIGN) % BLOCK_ALIGN;
    if (mem == NULL || mem_len < skip || mem_len - skip < block_len)
        return TERN_INVALID;
    memset(pool, 0, sizeof *pool);
    pool->fresh = (uint8_t *)mem + skip;
    pool->n_fresh = pool->n_blocks = (mem_len - skip) / block_len;
    pool->data_cap = block_len - sizeof(struct tern_block);
    pool->n_free = pool->n_low = pool->n_blocks;
    return TERN_OK;
}

struct tern_block *tern_block_take(struct tern_block_pool *pool)
{
    struct tern_block *block = pool->free;
    if (block != NULL) {
        pool->free = block->next;
    } else if (pool->n_fresh > 0) {
        block = (struct tern_block *)(void *)pool->fresh;
        pool->fresh += sizeof(struct tern_block) + pool->data_cap;
        pool->n_fresh--;
    } else {
        pool->n_empty++;
        return NULL;
    }
    pool->n_free--;
    if (pool->n_free < pool->n_low)
        pool->n_low = pool->n_free;
    block->next = NULL;
    block->off = block->len = 0;
    return block;
}

void tern_block_give(struct tern_block_pool *pool, struct tern_block *block)
{
    block->next = pool->free;
    pool->free = block;
    pool->n_free++;
}
