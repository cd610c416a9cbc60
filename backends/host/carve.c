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

/* For people: the pool, how many octets it would be, and why it is not. */
static enum tern_err refuse(struct tern_carver *carver, enum tern_err err, const char *name,
                            size_t elem_len, size_t n, const char *why)
{
    struct tern_text text;
    tern_text_init(&text, carver->error, sizeof carver->error);
    tern_text_add(&text, "pool ");
    tern_text_add(&text, name);
    tern_text_add(&text, ", ");
    tern_text_u64(&text, n);
    tern_text_add(&text, " of ");
    tern_text_u64(&text, elem_len);
    tern_text_add(&text, " octets: ");
    tern_text_add(&text, why);
    return err;
}

enum tern_err tern_carver_add(struct tern_carver *carver, const char *name, size_t elem_len,
                              size_t align, size_t n)
{
    if (elem_len == 0 || align > POOL_ALIGN)
        return refuse(carver, TERN_INVALID, name, elem_len, n, "no such element can be placed");
    if (n != 0 && elem_len > SIZE_MAX / n)
        return refuse(carver, TERN_INVALID, name, elem_len, n, "more than can be addressed");
    for (size_t i = 0; i < carver->n_pools; i++)
        if (tern_text_equal(carver->pools[i].name, name))
            return refuse(carver, TERN_INVALID, name, elem_len, n, "there is one of that name");
    if (carver->n_pools == TERN_CARVED_MAX)
        return refuse(carver, TERN_FULL, name, elem_len, n, "one pool too many");
    carver->pools[carver->n_pools++] =
        (struct tern_carved){ .name = name, .elem_len = elem_len, .align = align, .n = n };
    return TERN_OK;
}

void tern_carver_scales(struct tern_carver *carver)
{
    carver->pools[carver->n_pools - 1].scales = true;
}

enum tern_err tern_carver_add_appliance(struct tern_carver *carver,
                                        const struct tern_appliance *appliance,
                                        uint32_t connections)
{
    for (const struct tern_pool *p = appliance->pools; p != NULL && p->name != NULL; p++) {
        size_t n = p->fixed;
        if (p->per_connection != 0 && connections > (SIZE_MAX - n) / p->per_connection)
            return refuse(carver, TERN_INVALID, p->name, p->elem_len, connections,
                          "more than can be addressed");
        n += (size_t)p->per_connection * connections;
        enum tern_err err = tern_carver_add(carver, p->name, p->elem_len, p->align, n);
        if (err != TERN_OK)
            return err;
        if (p->per_connection != 0)
            tern_carver_scales(carver);
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

/* With fewer connections there would be room: what does not depend on them has it. */
static bool fixed_fit(const struct tern_carver *carver, size_t mem_len, size_t least)
{
    size_t left = mem_len;
    for (size_t i = 0; i < carver->n_pools; i++) {
        size_t len = carver->pools[i].scales ? 0 : pool_len(&carver->pools[i]);
        if (len > left)
            return false;
        left -= len;
    }
    return left >= least;
}

static enum tern_err say_no_room(struct tern_carver *carver, const struct tern_carved *pool,
                                 size_t mem_len, size_t left, size_t least)
{
    struct tern_text text;
    tern_text_init(&text, carver->error, sizeof carver->error);
    tern_text_add(&text, "pool ");
    tern_text_add(&text, pool != NULL ? pool->name : "blocks");
    tern_text_add(&text, " needs ");
    tern_text_u64(&text, pool != NULL ? pool_len(pool) : least);
    tern_text_add(&text, " octets ");
    if (pool != NULL) {
        tern_text_add(&text, "(");
        tern_text_u64(&text, pool->n);
        tern_text_add(&text, " of ");
        tern_text_u64(&text, pool->elem_len);
        tern_text_add(&text, ")");
    } else {
        tern_text_add(&text, "or more");
    }
    tern_text_add(&text, ", ");
    tern_text_u64(&text, left);
    tern_text_add(&text, " are left: give more memory=");
    if (fixed_fit(carver, mem_len, least))
        tern_text_add(&text, " or fewer connections=");
    return TERN_FULL;
}

enum tern_err tern_carver_place(struct tern_carver *carver, uint8_t *mem, size_t mem_len,
                                bool zeroed, size_t *used)
{
    size_t at = 0;

    for (size_t i = 0; i < carver->n_pools; i++) {
        struct tern_carved *pool = &carver->pools[i];
        size_t len = pool_len(pool);
        if (len > mem_len - at)
            return say_no_room(carver, pool, mem_len, mem_len - at, 0);
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

enum tern_err tern_carver_rest(struct tern_carver *carver, size_t mem_len, size_t least,
                               size_t *rest)
{
    size_t left = mem_len;

    for (size_t i = 0; i < carver->n_pools; i++) {
        const struct tern_carved *pool = &carver->pools[i];
        size_t len = pool_len(pool);
        if (len > left)
            return say_no_room(carver, pool, mem_len, left, least);
        left -= len;
    }
    *rest = left;
    return left >= least ? TERN_OK : say_no_room(carver, NULL, mem_len, left, least);
}

static void print_row(struct tern_text *text, const char *name, size_t n, size_t elem_len,
                      size_t len)
{
    tern_text_add(text, name);
    tern_text_pad(text, 24);
    tern_text_u64(text, n);
    tern_text_add(text, " x ");
    tern_text_u64(text, elem_len);
    tern_text_pad(text, 44);
    tern_text_u64(text, len);
    tern_text_add(text, "\n");
}

void tern_carver_print(const struct tern_carver *carver, size_t rest, size_t block_len,
                       struct tern_text *text)
{
    for (size_t i = 0; i < carver->n_pools; i++) {
        const struct tern_carved *pool = &carver->pools[i];
        print_row(text, pool->name, pool->n, pool->elem_len, pool_len(pool));
    }
    if (rest != 0) {
        print_row(text, "blocks", rest / block_len, block_len, rest);
    } else {
        tern_text_add(text, "blocks");
        tern_text_pad(text, 24);
        tern_text_add(text, "what is left of the machine's memory\n");
    }
    tern_text_add(text, "in all");
    tern_text_pad(text, 44);
    tern_text_u64(text, tern_carver_total(carver) + rest);
    tern_text_add(text, "\n");
}
