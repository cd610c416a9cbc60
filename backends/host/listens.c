/* SPDX-License-Identifier: ISC */
/*
 * Where an appliance would listen: what must fail there is found out before anything
 * is placed, opened or told of.
 */
#include <string.h>

#include "host_internal.h"

/* The option's value, if it is an address with a port; else NULL. */
static const char *place_of(const struct tern_host_options *options, const char *key,
                            struct tern_endpoint_addr *at)
{
    const char *value = tern_host_options_get(options, key);
    if (value == NULL || tern_endpoint_addr_parse(value, strlen(value), at) != TERN_OK)
        return NULL;
    return value;
}

static bool is_any(const struct tern_addr *a)
{
    return tern_addr_is_any(a) || (tern_addr_is_v4(a) && tern_addr_to_v4(a) == 0);
}

/*
 * Would a listener at a be in the way of one at b? The kernel's for any address is in that
 * of each (of its family, which is both for ::). Tern's own stack prefers one for the
 * very address, and takes both.
 */
static bool is_taken(const struct tern_endpoint_addr *a, const struct tern_endpoint_addr *b,
                     unsigned kind)
{
    if (a->port != b->port || a->port == 0 || a->link != b->link)
        return false;
    if (tern_addr_equal(&a->addr, &b->addr))
        return true;
    return kind == TERN_HOST_SOCKETS && (is_any(&a->addr) || is_any(&b->addr)) &&
           (tern_addr_is_any(&a->addr) || tern_addr_is_any(&b->addr) ||
            tern_addr_is_v4(&a->addr) == tern_addr_is_v4(&b->addr));
}

enum tern_err tern_host_options_listens(struct tern_host_options *options, unsigned kind)
{
    const char *const *keys = options->appliance->listens;
    for (size_t i = 0; keys != NULL && keys[i] != NULL; i++) {
        struct tern_endpoint_addr at, other;
        const char *value = place_of(options, keys[i], &at);
        if (value == NULL)
            continue;
        for (size_t k = 0; k < i; k++) {
            char words[96];
            struct tern_text text;
            const char *taken = place_of(options, keys[k], &other);
            if (taken == NULL || !is_taken(&at, &other, kind))
                continue;
            tern_text_init(&text, words, sizeof words);
            tern_text_add(&text, "is taken, by option ");
            tern_text_add(&text, keys[k]);
            tern_text_add(&text, ": '");
            tern_text_add(&text, taken);
            tern_text_add(&text, "'");
            return tern_host_options_bad_own(options, keys[i], value, words);
        }
    }
    return TERN_OK;
}
