/* SPDX-License-Identifier: ISC */
/*
 * The sizes of what a caller of the unix backend places, for languages that
 * cannot read its headers. They are a part of the ABI, as the structs are.
 */
#include <tern/unix.h>

size_t tern_unix_loop_size(void)
{
    return sizeof(struct tern_unix_loop);
}

size_t tern_unix_watch_size(void)
{
    return sizeof(struct tern_unix_watch);
}

size_t tern_unix_signal_size(void)
{
    return sizeof(struct tern_unix_signal);
}

size_t tern_sockets_config_size(void)
{
    return sizeof(struct tern_sockets_config);
}

size_t tern_tap_size(void)
{
    return sizeof(struct tern_tap);
}

size_t tern_tap_config_size(void)
{
    return sizeof(struct tern_tap_config);
}
