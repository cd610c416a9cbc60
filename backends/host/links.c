/* SPDX-License-Identifier: ISC */
/*
 * More links than one: their numbered options, and their place in the stack. With them,
 * in the same place, what is not in every image: route= and secret= (routes.c).
 *
 * Each link's options are read as a host's that has no other link; what is found wrong is
 * then told under the numbered name. The stack has one DHCP client of each family: IPv4's
 * is the first link's that wants it, IPv6's the first link's that learns from routers.
 */
#include <stddef.h>
#include <string.h>

#include "host_internal.h"

static bool key_is(const char *key, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(name, key, len) == 0;
}

const char **tern_host_links_slot(struct tern_host_options *options, const char *key, size_t len)
{
    struct tern_host_links *links = options->links;
    size_t k = len > 0 ? (size_t)(unsigned char)key[len - 1] - '0' : 0;
    bool numbered = k > 0 && k < TERN_NET_LINKS;
    const char **slot = NULL;

    if (numbered)
        len--;
    for (size_t i = 0; i < TERN_LINK_KEYS && numbered; i++)
        if (key_is(key, len, tern_host_schema[i].key))
            slot = &links->given[k][i];
    if (key_is(key, len, "route"))
        slot = &links->route[numbered ? k : 0];
    else if (key_is(key, len, "secret") && !numbered)
        slot = &links->secret;
    if (slot != NULL)
        links->options = options;
    return slot;
}

void tern_host_links_number(char *line, size_t cap, size_t link)
{
    char old[400];
    bool head = true;
    struct tern_text text, was;

    if (link == 0)
        return;
    tern_text_init(&was, old, sizeof old);
    tern_text_add(&was, line);
    tern_text_init(&text, line, cap);
    for (size_t i = 0; i < was.len; i++) {
        if (head && (old[i] == ':' || old[i] == ','))
            tern_text_u64(&text, link);
        head = head && old[i] != ':';
        /* "on the net of ip=" */
        if (i + 1 == was.len && old[i] == '=')
            tern_text_u64(&text, link);
        tern_text_add_n(&text, &old[i], 1);
    }
}

static enum tern_err bad(struct tern_host_options *options, const char *key, size_t link,
                         const char *what)
{
    struct tern_text text;
    tern_text_init(&text, options->error, sizeof options->error);
    tern_text_add(&text, "option ");
    tern_text_add(&text, key);
    if (link != 0)
        tern_text_u64(&text, link);
    tern_text_add(&text, ": ");
    tern_text_add(&text, what);
    return TERN_INVALID;
}

/* The first option that is given of a link, or NULL. */
static const char *given_of(const struct tern_host_links *links, size_t k)
{
    for (size_t i = 0; i < TERN_LINK_KEYS; i++)
        if (links->given[k][i] != NULL)
            return tern_host_schema[i].key;
    return links->route[k] != NULL ? "route" : NULL;
}

static enum tern_err one_settle(struct tern_host_links *links, struct tern_host_options *options,
                                unsigned kind, size_t k)
{
    const char *first[TERN_LINK_KEYS];

    memcpy(first, options->host, sizeof first);
    memcpy(options->host, links->given[k], sizeof first);
    options->link = (uint8_t)k;
    enum tern_err err = tern_host_options_settle(options, kind);
    if (err == TERN_OK)
        err = tern_host_options_settings(options, &links->of[k]);
    memcpy(options->host, first, sizeof first);
    options->link = 0;
    if (err != TERN_OK)
        tern_host_links_number(options->error, sizeof options->error, k);
    return err;
}

/*
 * auto is DHCP as well, where no other link has the client; dhcp insists on it. Link-local
 * addresses are always insisted on.
 */
static enum tern_err dhcp_settle(struct tern_host_links *links, struct tern_host_options *options,
                                 size_t k)
{
    struct tern_host_settings *own = &links->of[k];

    for (size_t i = 0; i < k; i++)
        if (own->link_local && links->of[i].link_local)
            return bad(options, "ip", k, "one link has link-local addresses of IPv4, another one");
    for (size_t i = 0; i < k && own->dhcp; i++) {
        if (!links->of[i].dhcp)
            continue;
        if (own->wants[0])
            return bad(options, "ip", k, "there is one DHCP client, and another link has it");
        own->dhcp = false;
    }
    return TERN_OK;
}

/* Link-local addresses are each link's own. */
static bool shares_address(const struct tern_host_settings *a, const struct tern_host_settings *b)
{
    for (size_t i = 0; i < a->n_addresses; i++)
        for (size_t k = 0; k < b->n_addresses; k++) {
            const uint8_t *octets = a->addresses[i].addr.octets;
            if (tern_addr_equal(&a->addresses[i].addr, &b->addresses[k].addr) &&
                !(octets[0] == 0xfe && octets[1] >> 6 == 2))
                return true;
        }
    return false;
}

static enum tern_err twins_settle(const struct tern_host_links *links,
                                  struct tern_host_options *options, size_t k)
{
    const struct tern_host_settings *own = &links->of[k];

    for (size_t i = 0; i < k; i++) {
        const struct tern_host_settings *other = &links->of[i];
        const char *name = links->given[k][TERN_KEY_LINK];
        const char *also = i == 0 ? options->host[TERN_KEY_LINK] : links->given[i][TERN_KEY_LINK];
        if (own->has_nic && other->has_nic && memcmp(own->nic, other->nic, 6) == 0)
            return bad(options, "nic", k, "another link has that device");
        if (name != NULL && also != NULL && tern_text_equal(name, also))
            return bad(options, "link", k, "another link has that device");
        if (shares_address(own, other))
            return bad(options, "ip", k, "another link has that address");
    }
    return TERN_OK;
}

/* Routes, and the secret, which no line shows. */
static enum tern_err more_settle(struct tern_host_links *links, struct tern_host_options *options,
                                 unsigned kind)
{
    enum tern_err err = TERN_OK;
    uint8_t secret[16];

    links->n_routes = 0;
    links->dhcp_routes = false;
    if (kind == TERN_HOST_SOCKETS && (links->secret != NULL || links->route[0] != NULL))
        return bad(options, links->secret != NULL ? "secret" : "route", 0,
                   tern_host_options_lacks(TERN_HOST_NET, kind));
    for (size_t k = 0; k < links->n && err == TERN_OK; k++)
        err = tern_host_routes_settle(links, options, k);
    if (err == TERN_OK && links->secret != NULL &&
        tern_host_secret_parse(links->secret, secret) != TERN_OK)
        err = bad(options, "secret", 0, "32 hexadecimal digits are wanted");
    return err;
}

enum tern_err tern_host_links_settle(struct tern_host_links *links,
                                     struct tern_host_options *options, unsigned kind,
                                     struct tern_host_settings *settings)
{
    enum tern_err err = TERN_OK;

    links->n = 1;
    links->of[0] = *settings;
    for (size_t k = 1; k < TERN_NET_LINKS && err == TERN_OK; k++) {
        const char *key = given_of(links, k);
        if (key == NULL)
            continue;
        if (kind == TERN_HOST_TAP && links->given[k][TERN_KEY_LINK] == NULL)
            return bad(options, key, k, "there is no such link: its device is wanted, as link1=");
        if (k > links->n)
            return bad(options, key, k, "there is no such link: one with a lower number is free");
        err = one_settle(links, options, kind, k);
        if (err == TERN_OK)
            err = dhcp_settle(links, options, k);
        if (err == TERN_OK)
            err = twins_settle(links, options, k);
        links->n++;
        settings->dhcp |= links->of[k].dhcp;
        settings->slaac |= links->of[k].slaac;
        settings->link_local |= links->of[k].link_local;
        settings->n_addresses |= links->of[k].n_addresses;    /* is there any? */
        for (size_t v6 = 0; v6 < 2; v6++) {
            settings->wants[v6] |= links->of[k].wants[v6];
            settings->has_ip[v6] |= links->of[k].has_ip[v6];
        }
    }
    if (err == TERN_OK)
        err = more_settle(links, options, kind);
    if (links->n > 1 || links->n_routes > 0 || links->dhcp_routes || links->secret != NULL)
        settings->links = links;
    return err;
}

/* ---- After the start of the stack ---- */

static void event_on(void *app, enum tern_net_event event, uint8_t link,
                     const struct tern_addr *addr)
{
    struct tern_net_host *h = app;
    struct tern_text text;

    tern_text_init(&text, h->core.where, sizeof h->core.where);
    tern_text_add(&text, " on ");
    tern_text_add(&text, h->core.options->links->names[link]);
    h->core.options->links->event(app, event, link, addr);
    h->core.where[0] = '\0';
}

/* Each client is on the first link that has a use for it. They have not begun. */
static void parts_tell(const struct tern_host_links *links, const struct tern_net_host *h)
{
    uint8_t v4 = 0, v6 = 0, local = 0;

    while (local + 1u < links->n && !links->of[local].link_local)
        local++;
    while (v4 + 1u < links->n && !links->of[v4].dhcp)
        v4++;
    while (v6 + 1u < links->n && !links->of[v6].slaac)
        v6++;
    for (const struct tern_net_use *u = h->uses; u->part != NULL; u++) {
        struct tern_dhcp4 *dhcp4 = u->context;
        if (tern_text_equal(u->part->name, "dhcp4")) {
            dhcp4->config.link = v4;
            dhcp4->config.routes = links->dhcp_routes;
        } else if (tern_text_equal(u->part->name, "dhcp6")) {
            ((struct tern_dhcp6 *)u->context)->config.link = v6;
        } else if (tern_text_equal(u->part->name, "linklocal4")) {
            struct tern_linklocal4 *l = u->context;
            l->config.link = local;
            l->config.at_once = !links->of[local].dhcp;
        } else if (tern_text_equal(u->part->name, "ipv6") && links->secret != NULL) {
            (void)tern_host_secret_parse(links->secret,
                                         ((struct tern_ipv6 *)u->context)->stable_secret);
        }
    }
}

enum tern_err tern_host_links_start(struct tern_host_links *links, struct tern_net_host *h)
{
    enum tern_err err = TERN_OK;

    parts_tell(links, h);
    if (links->n > 1) {
        links->event = h->net.event;
        h->net.event = event_on;
    }
    for (size_t k = 0; k < links->n && err == TERN_OK; k++) {
        struct tern_text text;
        tern_text_init(&text, links->names[k], sizeof links->names[k]);
        if (links->n > 1) {
            tern_text_add(&text, "net");
            tern_text_u64(&text, k);
        }
        err = tern_net_host_link(h, links->link[k], &links->of[k]);
        if (err != TERN_OK)
            tern_host_links_number(h->error, sizeof h->error, k);
    }
    return err == TERN_OK ? tern_host_routes_start(links, h) : err;
}
