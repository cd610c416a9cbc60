/* SPDX-License-Identifier: ISC */
/*
 * The host over libnet: its table, its start, and what it tells of the network.
 * A process on a TAP device and a guest are this same code.
 */
#include <string.h>

#include "host_internal.h"

static struct tern_net_host *host_of(struct tern_host *host)
{
    return TERN_CONTAINER_OF(host, struct tern_net_host, core.host);
}

static const struct tern_host_ops net_ops = {
    .listen = tern_net_host_listen,
    .listener_pause = tern_net_host_listener_pause,
    .listener_close = tern_net_host_listener_close,
    .listener_local = tern_net_host_listener_local,
    .wall_ns = tern_host_core_wall_ns,
    .random = tern_host_core_random,
    .log = tern_host_core_log,
    .option = tern_host_core_option,
    .module = tern_host_core_module,
    .pool = tern_host_core_pool,
    .on_event = tern_host_core_on_event,
    .drained = tern_host_core_drained,
};

static size_t net_count_streams(struct tern_host_core *core)
{
    const struct tern_net_host *h = host_of(&core->host);
    return h->tcp != NULL ? h->tcp->config.n_conns - h->tcp->n_conns_free : 0;
}

static void net_event(void *app, enum tern_net_event event, uint8_t link,
                      const struct tern_addr *addr)
{
    static const enum tern_host_event events[] = {
        [TERN_NET_LINK_UP] = TERN_HOST_NETWORK_UP,
        [TERN_NET_LINK_DOWN] = TERN_HOST_NETWORK_DOWN,
        [TERN_NET_ADDRESS] = TERN_HOST_ADDRESS,
        [TERN_NET_ADDRESS_LOST] = TERN_HOST_ADDRESS_LOST,
    };
    struct tern_net_host *h = app;

    (void)link;
    if (event != TERN_NET_CONFLICT) {
        bool of_address = event == TERN_NET_ADDRESS || event == TERN_NET_ADDRESS_LOST;
        tern_host_core_event(&h->core, events[event], of_address ? addr : NULL);
        return;
    }
    char line[96];
    struct tern_text text;
    tern_text_init(&text, line, sizeof line);
    tern_text_add(&text, "another host uses ");
    tern_text_addr(&text, addr);
    h->core.host.ops->log(&h->core.host, TERN_LOG_WARN, text.at, text.len);
}

static enum tern_err say(struct tern_net_host *h, const char *words, enum tern_err err)
{
    struct tern_text text;
    if (err == TERN_OK)
        return err;
    tern_text_init(&text, h->error, sizeof h->error);
    tern_text_add(&text, words);
    return err;
}

enum tern_err tern_net_host_link(struct tern_net_host *h, struct tern_link *link,
                                 const struct tern_host_settings *settings)
{
    uint8_t number = (uint8_t)h->net.n_links;

    if (settings->mtu > link->mtu)
        return say(h, "option mtu: the link takes no packets of that length", TERN_INVALID);
    if (settings->mtu != 0)
        link->mtu = settings->mtu;
    if (settings->has_mac)
        memcpy(link->mac, settings->mac, 6);
    bool narrow = link->mtu < 1280;    /* for IPv6 (RFC 8200 section 5) */
    if (narrow && (settings->wants[1] || settings->has_ip[1]))
        return say(h, "option mtu: IPv6 wants 1280 at least", TERN_INVALID);
    enum tern_err err = tern_net_attach(&h->net, link);
    if (err == TERN_OK && settings->slaac)
        err = tern_net_auto(&h->net, number, TERN_IPV6_AUTO);
    if (err == TERN_INVALID && narrow) {
        (void)say(h, "net0: no IPv6: its MTU is below 1280", err);
        h->error[3] = (char)('0' + number);
        tern_host_core_log(&h->core.host, TERN_LOG_WARN, h->error, strlen(h->error));
        err = TERN_UNSUPPORTED;
    }
    if (err == TERN_UNSUPPORTED)
        err = TERN_OK;    /* auto: as far as this image and its link can */
    for (size_t i = 0; i < settings->n_addresses && err == TERN_OK; i++)
        err = tern_net_address_set(&h->net, number, &settings->addresses[i]);
    return say(h, "options ip, gw: no such address", err);
}

enum tern_err tern_net_host_start(struct tern_net_host **host,
                                  const struct tern_net_host_config *config)
{
    const struct tern_host_settings *settings = config->settings;
    struct tern_net_host_listener *listeners;
    size_t one, n_listeners;
    struct tern_net_host *h = tern_carver_get(config->carver, "net.host", sizeof *h, &one);

    *host = h;
    listeners = tern_carver_get(config->carver, "net.listener", sizeof *listeners, &n_listeners);
    if (h == NULL || listeners == NULL)
        return TERN_BUG;
    memset(h, 0, sizeof *h);
    tern_host_core_init(&h->core, &net_ops, config->turn, &h->blocks, "libnet");
    h->core.options = config->options;
    h->core.carver = config->carver;
    h->core.level = settings->log;
    h->core.drain_ns = settings->drain_ns;
    h->core.stop_listening = tern_net_host_stop_listening;
    h->core.count_streams = net_count_streams;
    h->link = config->link;
    config->prepare(&h->core);
    for (size_t i = n_listeners; i-- > 0;) {
        listeners[i].next = h->free_listeners;
        h->free_listeners = &listeners[i];
    }
    tern_drbg_init(&h->core.drbg, config->seed);
    enum tern_err err = say(h, "memory= leaves nothing for payload",
                            tern_block_pool_init(&h->blocks, config->blocks_mem,
                                                 config->blocks_len, TERN_NET_BLOCK_LEN));
    if (err == TERN_OK)
        err = tern_net_host_parts(h, config->carver, settings);
    if (err != TERN_OK)
        return err;
    struct tern_net_config net = { .turn = config->turn, .drbg = &h->core.drbg,
                                   .blocks = &h->blocks, .checksum = config->checksum,
                                   .parts = h->uses, .event = net_event, .app = h };
    err = tern_net_init(&h->net, &net);
    if (err == TERN_OK)
        err = settings->links != NULL ? settings->links->start(settings->links, h)
                                      : tern_net_host_link(h, h->link, settings);
    return err;
}
