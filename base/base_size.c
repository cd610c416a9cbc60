/* SPDX-License-Identifier: ISC */
/*
 * The sizes of what a caller of base places, for languages that
 * cannot read its headers. They are a part of the ABI, as the structs are.
 */
#include <tern/base.h>
#include <tern/feed.h>

size_t tern_timer_size(void)
{
    return sizeof(struct tern_timer);
}

size_t tern_turn_size(void)
{
    return sizeof(struct tern_turn);
}

size_t tern_turn_config_size(void)
{
    return sizeof(struct tern_turn_config);
}

size_t tern_provider_size(void)
{
    return sizeof(struct tern_provider);
}

size_t tern_block_pool_size(void)
{
    return sizeof(struct tern_block_pool);
}

size_t tern_drbg_size(void)
{
    return sizeof(struct tern_drbg);
}

size_t tern_feed_size(void)
{
    return sizeof(struct tern_feed);
}

size_t tern_feed_config_size(void)
{
    return sizeof(struct tern_feed_config);
}

size_t tern_feed_set_size(void)
{
    return sizeof(struct tern_feed_set);
}
