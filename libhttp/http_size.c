/* SPDX-License-Identifier: ISC */
/*
 * The sizes of what a caller of libhttp places, for languages that
 * cannot read its headers. They are a part of the ABI, as the structs are.
 */
#include <tern/http.h>

size_t tern_http_server_size(void)
{
    return sizeof(struct tern_http_server);
}

size_t tern_http_config_size(void)
{
    return sizeof(struct tern_http_config);
}

size_t tern_http_conn_size(void)
{
    return sizeof(struct tern_http_conn);
}

size_t tern_http_head_size(void)
{
    return sizeof(struct tern_http_head);
}

size_t tern_http_request_size(void)
{
    return sizeof(struct tern_http_request);
}

size_t tern_http_chunked_size(void)
{
    return sizeof(struct tern_http_chunked);
}

size_t tern_http_metrics_size(void)
{
    return sizeof(struct tern_http_metrics);
}

size_t tern_http_metrics_port_size(void)
{
    return sizeof(struct tern_http_metrics_port);
}
