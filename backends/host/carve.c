/* SPDX-License-Identifier: ISC */
/*
 * The pools of an appliance and of its host, placed once, one after another,
 * in one piece of memory: a mapping of a process, the RAM of a guest.
 */
#include <string.h>

#include "host_internal.h"

#define POOL_ALIGN 64u    /* each pool starts on a cache line */

void tern_carver_init(struct tern_carver *carver)
{
    memset(carver, 0, sizeof *carver);
}

enum tern_err tern_carver_add(struct tern_carver *carver, const char *name, size_t elem_len,
                              size_t align, size_t n)
{
    if (elem_len == 0 || align > POOL_ALIGN || (n != 0 && elem_len > SIZE_MAX / n))
        return TERN_INVALID;
    for (size_t i = 0; i < carver->n_pools; i++)
        if (tern_text_equal(carver->pools[i].name, name))
            return TERN_INVALID;
    if (carver->n_pools == TERN_CARVED_MAX)
        return TERN_FULL;
    carver->pools[carver->n_pools++] =
        (struct tern_carved){ .name = name, .elem_len = elem_len, .align = align, .n = n };
    return TERN_OK;
}

enum tern_err tern_carver_add_appliance(struct tern_carver *carver,
                                        const struct tern_appliance *appliance,
                                        uint32_t connections)
{
    for (const struct tern_pool *p = appliance->pools; p != NULL && p->name != NULL; p++) {
        size_t n = p->fixed;
        if (p->per_connection != 0 && connections > (SIZE_MAX - n) / p->per_connection)
            return TERN_INVALID;
        n += (size_t)p->per_connection * connections;
        enum tern_err err = tern_carver_add(carver, p->name, p->elem_len, p->align, n);
        if (err != TERN_OK)
            return err;
    }
    return TERN_OK;
}

/* Octets of one pool, rounded up to where the next may start. */
static size_t pool_len(const struct tern_carved *pool)
{
    size_t len = pool->elem_len * pool->n;
    if (len > SIZE_MAX - POOL_ALIGN)
        return SIZE_MAX;
    return (len + POOL_ALIGN - 1) & ~(size_t)(POOL_ALIGN - 1);
}

size_t tern_carver_total(const struct tern_carver *carver)
{
    size_t total = 0;
    for (size_t i = 0; i < carver->n_pools; i++) {
        size_t len = pool_len(&carver->pools[i]);
        if (len > SIZE_MAX - total)
            return SIZE_MAX;
        total += len;
    }
    return total;
}

static void say_no_room(struct tern_carver *carver, const struct tern_carved *pool, size_t left)
{
    struct tern_text text;
    tern_text_init(&text, carver->error, sizeof carver->error);
    tern_text_add(&text, "pool ");
    tern_text_add(&text, pool->name);
    tern_text_add(&text, " needs ");
    tern_text_u64(&text, pool_len(pool));
    tern_text_add(&text, " octets (");
    tern_text_u64(&text, pool->n);
    tern_text_add(&text, " of ");
    tern_text_u64(&text, pool->elem_len);
    tern_text_add(&text, "), ");
    tern_text_u64(&text, left);
    tern_text_add(&text, " are left: give more memory= or fewer connections=");
}

enum tern_err tern_carver_place(struct tern_carver *carver, uint8_t *mem, size_t mem_len,
                                bool zeroed, size_t *used)
{
    size_t at = 0;

    for (size_t i = 0; i < carver->n_pools; i++) {
        struct tern_carved *pool = &carver->pools[i];
        size_t len = pool_len(pool);
        if (len > mem_len - at) {
            say_no_room(carver, pool, mem_len - at);
            return TERN_FULL;
        }
        pool->at = mem + at;
        if (!zeroed)
            memset(mem + at, 0, len);
        at += len;
    }
    *used = at;
    return TERN_OK;
}

void *tern_carver_get(const struct tern_carver *carver, const char *name, size_t elem_len,
                      size_t *n)
{
    for (size_t i = 0; i < carver->n_pools; i++) {
        const struct tern_carved *pool = &carver->pools[i];
        if (!tern_text_equal(pool->name, name))
            continue;
        if (pool->elem_len != elem_len)
            return NULL;
        *n = pool->n;
        return pool->at;
    }
    return NULL;
}

void tern_carver_print(const struct tern_carver *carver, struct tern_text *text)
{
    for (size_t i = 0; i < carver->n_pools; i++) {
        const struct tern_carved *pool = &carver->pools[i];
        tern_text_add(text, pool->name);
        tern_text_pad(text, 24);
        tern_text_u64(text, pool->n);
        tern_text_add(text, " x ");
        tern_text_u64(text, pool->elem_len);
        tern_text_pad(text, 44);
        tern_text_u64(text, pool_len(pool));
        tern_text_add(text, "\n");
    }
    tern_text_add(text, "in all");
    tern_text_pad(text, 44);
    tern_text_u64(text, tern_carver_total(carver));
    tern_text_add(text, "\n");
}
