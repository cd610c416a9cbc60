/* SPDX-License-Identifier: ISC */
/*
 * What people are told of the options. In an archive member of its own: a
 * guest has nobody to tell it to.
 */
#include "host_internal.h"

static const struct {
    const char *value_name, *help;
} words[TERN_N_KEYS] = {
    [TERN_KEY_LINK] = { "tap:NAME",
        "Tern's own TCP/IP on this device, instead of the kernel's" },
    [TERN_KEY_IP] = { "auto|dhcp|slaac|link-local|ADDR/LEN,...",
        "this host's addresses (default: auto)" },
    [TERN_KEY_GW] = { "ADDR,...",
        "the gateway for all that is not on the link" },
    [TERN_KEY_MTU] = { "OCTETS",
        "the longest IP packet (default: the link's)" },
    [TERN_KEY_MAC] = { "XX:XX:XX:XX:XX:XX",
        "this host's Ethernet address (default: the link's)" },
    [TERN_KEY_NIC] = { "XX:XX:XX:XX:XX:XX",
        "the network device to take, by its address (default: the first)" },
    [TERN_KEY_CONNECTIONS] = { "N",
        "how many at once (default: the appliance's)" },
    [TERN_KEY_MEMORY] = { "SIZE",
        "for pools and payload, as 64M (default: what that takes)" },
    [TERN_KEY_LOG] = { "error|warn|info|debug", "what is logged" },
    [TERN_KEY_DRAIN] = { "SECONDS",
        "how long to finish what is under way when asked to end" },
    [TERN_KEY_USER] = { "NAME|UID[:GID]",
        "whom root becomes (default: sudo's caller, or nobody)" },
    [TERN_KEY_SEAL] = { "on|must|off",
        "give up what is not needed: as far as the kernel can, wholly, not" },
    [TERN_KEY_MODULE] = { "NAME=FILE|NAME=sha256:DIGEST",
        "give the appliance a file; insist on what is in it" },
    [TERN_KEY_EXIT] = { "PORT",
        "the debug-exit device through which to end" },
};

const char *tern_host_options_lacks(unsigned kinds, unsigned kind)
{
    return kind == TERN_HOST_GUEST ? "a guest has no such option"
           : (kinds & TERN_HOST_TAP) != 0
               ? "it needs link=tap:NAME; on kernel sockets there is nothing to set"
               : "only a guest has it";
}

static void help_line(struct tern_text *text, const char *key, const char *value,
                      const char *help, const char *fallback)
{
    tern_text_add(text, "  --");
    tern_text_add(text, key);
    if (value != NULL) {
        tern_text_add(text, " ");
        tern_text_add(text, value);
    }
    tern_text_add(text, "  ");
    tern_text_pad(text, 32);
    tern_text_add(text, help != NULL ? help : "");
    if (fallback != NULL && *fallback != '\0') {
        tern_text_add(text, " (default: ");
        tern_text_add(text, fallback);
        tern_text_add(text, ")");
    }
    tern_text_add(text, "\n");
}

void tern_host_options_help(const struct tern_host_options *options, unsigned kinds,
                            struct tern_text *text)
{
    const struct tern_option *own = options->appliance->options;

    for (size_t i = 0; own != NULL && own[i].key != NULL; i++)
        if (options->operand == NULL || !tern_text_equal(own[i].key, options->operand))
            help_line(text, own[i].key, own[i].value_name, own[i].help, own[i].fallback);
    for (size_t i = 0; i < TERN_N_KEYS; i++) {
        bool hidden = (tern_host_schema[i].kinds & kinds) == 0 ||
                      (i == TERN_KEY_MODULE && options->appliance->modules == NULL);
        for (size_t k = 0; own != NULL && own[k].key != NULL; k++)
            hidden = hidden || tern_text_equal(own[k].key, tern_host_schema[i].key);
        if (!hidden)
            help_line(text, tern_host_schema[i].key, words[i].value_name, words[i].help,
                      tern_host_schema[i].fallback);
    }
    if ((kinds & TERN_HOST_PROCESS) != 0) {
        help_line(text, "route", "dhcp|PREFIX,ADDR[,METRIC],...",
                  "more routes, with their gateways; dhcp: those of DHCP", NULL);
        help_line(text, "secret", "HEX|FILE",
                  "32 digits that keep link-local and slaac's addresses the same", NULL);
        help_line(text, "link1", "tap:NAME",
                  "one more link, with ip1, gw1, route1, mtu1, mac1; up to link3", NULL);
        help_line(text, "no-seal", NULL, "the same as seal=off", NULL);
        help_line(text, "print-memory", NULL, "list the pools and their octets, and end", NULL);
        help_line(text, "help", NULL, "this", NULL);
    }
}
