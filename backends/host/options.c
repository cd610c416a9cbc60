/* SPDX-License-Identifier: ISC */
/*
 * One schema of options for command lines and guests.
 *
 * A process takes --key value, --key=value and key=value, a guest key=value.
 * The keys are the host's (the table below, with the kinds of host that have
 * each) and the appliance's; where both have one, it is the appliance's.
 */
#include <string.h>

#include "host_internal.h"

const struct tern_host_schema tern_host_schema[TERN_N_KEYS] = {
    [TERN_KEY_LINK] = { "link", "", TERN_HOST_TAP },
    [TERN_KEY_IP] = { "ip", "", TERN_HOST_NET },
    [TERN_KEY_GW] = { "gw", "", TERN_HOST_NET },
    [TERN_KEY_MTU] = { "mtu", "", TERN_HOST_NET },
    [TERN_KEY_MAC] = { "mac", "", TERN_HOST_NET },
    [TERN_KEY_NIC] = { "nic", "", TERN_HOST_GUEST },
    [TERN_KEY_CONNECTIONS] = { "connections", "", TERN_HOST_ALL },
    [TERN_KEY_MEMORY] = { "memory", "", TERN_HOST_ALL },
    [TERN_KEY_LOG] = { "log", "info", TERN_HOST_ALL },
    [TERN_KEY_DRAIN] = { "drain", "10", TERN_HOST_ALL },
    [TERN_KEY_USER] = { "user", "", TERN_HOST_PROCESS },
    [TERN_KEY_SEAL] = { "seal", "on", TERN_HOST_PROCESS },
    [TERN_KEY_MODULE] = { "module", "", TERN_HOST_ALL },
    [TERN_KEY_EXIT] = { "tern.exit", "", TERN_HOST_GUEST },
};

/*
 * What Firecracker, Cloud Hypervisor and QEMU put on the command line for
 * Linux. A word is passed over if it opens with one of these.
 */
static const char foreign[] =
    "virtio_mmio.device=\0console=\0earlyprintk=\0reboot=\0panic=\0pci=\0root=\0rootfstype=\0"
    "ro\0rw\0quiet\0nomodule\0i8042.\0" "8250.\0acpi=\0init=\0random.trust_cpu=\0swiotlb=\0"
    "loglevel=\0";

enum tern_err tern_host_options_init(struct tern_host_options *options,
                                     const struct tern_appliance *appliance, const char *operand)
{
    memset(options, 0, sizeof *options);
    options->appliance = appliance;
    options->operand = operand;
    options->links = appliance->links;
    if (appliance->size != sizeof *appliance)
        return TERN_MISMATCH;
    if (appliance->options == NULL)
        return TERN_OK;
    for (size_t i = 0; appliance->options[i].key != NULL; i++)
        if (i >= TERN_APPLIANCE_OPTIONS_MAX)
            return TERN_INVALID;
    return TERN_OK;
}

/* Says what is wrong with a key or its value (or NULL), in the one place that people see. */
static enum tern_err refuse(struct tern_host_options *options, const char *key, size_t key_len,
                            const char *value, const char *verb, const char *what)
{
    struct tern_text text;
    tern_text_init(&text, options->error, sizeof options->error);
    tern_text_add(&text, "option ");
    tern_text_add_n(&text, key, key_len);
    tern_text_add(&text, ": ");
    if (value != NULL) {
        tern_text_add(&text, "'");
        tern_text_add(&text, value);
        tern_text_add(&text, "' ");
    }
    tern_text_add(&text, verb);
    tern_text_add(&text, what);
    return TERN_INVALID;
}

static enum tern_err bad(struct tern_host_options *options, const char *key, size_t key_len,
                         const char *what)
{
    return refuse(options, key, key_len, NULL, "", what);
}

enum tern_err tern_host_options_bad_own(struct tern_host_options *options, const char *key,
                                        const char *value, const char *wrong)
{
    return refuse(options, key, strlen(key), value, "", wrong);
}

static bool key_is(const char *key, const char *word, size_t len)
{
    return strlen(key) == len && memcmp(key, word, len) == 0;
}

/* Where the value of a key goes; NULL: nobody knows the key. */
static const char **slot_of(struct tern_host_options *options, const char *key, size_t len)
{
    const struct tern_option *own = options->appliance->options;
    for (size_t i = 0; own != NULL && own[i].key != NULL; i++)
        if (key_is(own[i].key, key, len))
            return &options->own[i];
    for (size_t i = 0; i < TERN_N_KEYS; i++)
        if (key_is(tern_host_schema[i].key, key, len) &&
            (i != TERN_KEY_MODULE || options->appliance->modules != NULL))
            return &options->host[i];
    return options->links != NULL ? options->links->slot(options, key, len) : NULL;
}

static enum tern_err set(struct tern_host_options *options, const char *key, size_t len,
                         const char *value)
{
    const char **slot = slot_of(options, key, len);
    if (slot == NULL)
        return bad(options, key, len, "there is no such option");
    if (slot == &options->host[TERN_KEY_MODULE]) {
        if (options->n_modules == TERN_MODULES_MAX)
            return bad(options, key, len, "given more than 16 times");
        options->modules[options->n_modules++] = value;
    } else if (*slot != NULL) {
        return bad(options, key, len, "given twice");
    }
    *slot = value;
    return TERN_OK;
}

/* The length of a word's key: up to its first '=', or the whole word. */
static size_t key_len_of(const char *word)
{
    size_t len = 0;
    while (word[len] != '\0' && word[len] != '=')
        len++;
    return len;
}

static bool is_foreign(const char *word)
{
    for (const char *at = foreign; *at != '\0';) {
        size_t len = strlen(at);
        bool whole = at[len - 1] != '=' && at[len - 1] != '.';
        if (strlen(word) >= len && memcmp(word, at, len) == 0 && (!whole || word[len] == '\0'))
            return true;
        at += len + 1;
    }
    return false;
}

enum tern_err tern_host_options_word(struct tern_host_options *options, const char *word)
{
    size_t len = key_len_of(word);

    if (tern_text_equal(word, "print-memory")) {
        options->print_memory = true;
        return TERN_OK;
    }
    if (word[len] == '=' && slot_of(options, word, len) != NULL)
        return set(options, word, len, word + len + 1);
    if (is_foreign(word))
        return TERN_OK;
    return bad(options, word, len,
               word[len] == '=' ? "there is no such option" : "key=value is wanted");
}

enum tern_err tern_host_options_line(struct tern_host_options *options, char *line)
{
    size_t at = 0;

    while (line[at] != '\0') {
        if (line[at] == ' ') {
            at++;
            continue;
        }
        char *word = line + at;
        while (line[at] != '\0' && line[at] != ' ')
            at++;
        if (line[at] == ' ')
            line[at++] = '\0';
        enum tern_err err = tern_host_options_word(options, word);
        if (err != TERN_OK)
            return err;
    }
    return TERN_OK;
}

enum tern_err tern_host_options_args(struct tern_host_options *options, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        bool dashed = word[0] == '-';
        const char *key = word + (dashed ? 1 + (word[1] == '-') : 0);
        size_t len = key_len_of(key);
        enum tern_err err;

        if (tern_text_equal(word, "--help") || tern_text_equal(word, "-h")) {
            options->help = true;
            return TERN_OK;
        }
        if (tern_text_equal(word, "--print-memory")) {
            options->print_memory = true;
            continue;
        }
        if (tern_text_equal(word, "--print-memory=guest")) {
            options->print_memory = options->of_guest = true;
            continue;
        }
        if (tern_text_equal(word, "--no-seal")) {
            err = set(options, "seal", 4, "off");
            if (err != TERN_OK)
                return err;
            continue;
        }
        if (dashed && word[1] != '-')
            return bad(options, word, strlen(word), "there is no such option");
        if (key[len] == '=') {
            err = set(options, key, len, key + len + 1);
        } else if (dashed) {
            if (slot_of(options, key, len) == NULL)
                return bad(options, word, strlen(word), "there is no such option");
            if (i + 1 == argc)
                return bad(options, word, strlen(word), "its value is missing");
            err = set(options, key, len, argv[++i]);
        } else if (options->operand != NULL) {
            err = set(options, options->operand, strlen(options->operand), word);
        } else {
            return bad(options, word, strlen(word), "an option is wanted: --key value");
        }
        if (err != TERN_OK)
            return err;
    }
    return TERN_OK;
}

const char *tern_host_options_digest(const char *module)
{
    static const char sha256[] = "=sha256:";
    const char *value = module + key_len_of(module);
    size_t i = 0;
    while (sha256[i] != '\0' && value[i] == sha256[i])
        i++;
    return sha256[i] == '\0' ? value + i : NULL;
}

enum tern_err tern_host_options_settle(struct tern_host_options *options, unsigned kind)
{
    for (size_t i = 0; i < TERN_N_KEYS; i++) {
        if (options->host[i] == NULL || (tern_host_schema[i].kinds & kind) != 0)
            continue;
        return bad(options, tern_host_schema[i].key, strlen(tern_host_schema[i].key),
                   options->lacks != NULL ? options->lacks(tern_host_schema[i].kinds, kind)
                                          : "a guest has no such option");
    }
    for (size_t i = 0; kind == TERN_HOST_GUEST && i < options->n_modules; i++) {
        if (tern_host_options_digest(options->modules[i]) == NULL)
            return bad(options, "module", 6, "of a guest it is NAME=sha256:DIGEST");
    }
    return TERN_OK;
}

const char *tern_host_options_host(const struct tern_host_options *options,
                                   enum tern_host_key key)
{
    const char *fallback = tern_host_schema[key].fallback;
    return options->host[key] != NULL ? options->host[key] : *fallback != '\0' ? fallback : NULL;
}

const char *tern_host_options_get(const struct tern_host_options *options, const char *key)
{
    const struct tern_option *own = options->appliance->options;
    for (size_t i = 0; own != NULL && own[i].key != NULL; i++)
        if (tern_text_equal(own[i].key, key))
            return options->own[i] != NULL ? options->own[i] : own[i].fallback;
    for (size_t i = 0; i < TERN_N_KEYS; i++)
        if (tern_text_equal(tern_host_schema[i].key, key))
            return tern_host_options_host(options, (enum tern_host_key)i);
    return NULL;
}

/* ---- Values ---------------------------------------------------------------- */

/* A decimal number with an optional K, M or G (of 1,024); all of the text. */
static bool number_parse(const char *s, bool suffixes, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;
    size_t i = 0;

    for (; s[i] >= '0' && s[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(s[i] - '0');
        if (v > (max - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (i == 0)
        return false;
    if (suffixes && s[i] != '\0') {
        unsigned shift = s[i] == 'K' || s[i] == 'k'   ? 10
                         : s[i] == 'M' || s[i] == 'm' ? 20
                         : s[i] == 'G' || s[i] == 'g' ? 30
                                                      : 0;
        if (shift == 0 || v > max >> shift)
            return false;
        v <<= shift;
        i++;
    }
    *value = v;
    return s[i] == '\0';
}

static bool mac_parse(const char *s, uint8_t mac[6])
{
    return tern_mac_parse(s, strlen(s), mac);
}

static bool hex_parse(const char *s, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;
    if (s[0] != '0' || s[1] != 'x' || s[2] == '\0')
        return number_parse(s, false, max, value);
    for (s += 2; *s != '\0'; s++) {
        int digit = tern_hex_value(*s);
        if (digit < 0 || v > max >> 4)
            return false;
        v = v << 4 | (uint64_t)digit;
    }
    *value = v;
    return v <= max;
}

static enum tern_err bad_value(struct tern_host_options *options, enum tern_host_key key,
                               const char *wanted)
{
    const char *name = tern_host_schema[key].key;
    return refuse(options, name, strlen(name), tern_host_options_host(options, key), "is not ",
                  wanted);
}

/* What the appliance itself says of the values of its options. */
static enum tern_err own_settle(struct tern_host_options *options)
{
    const struct tern_appliance *appliance = options->appliance;
    const struct tern_option *own = appliance->options;

    for (size_t i = 0; appliance->check != NULL && own != NULL && own[i].key != NULL; i++) {
        const char *value = options->own[i] != NULL ? options->own[i] : own[i].fallback;
        const char *wrong = appliance->check(own[i].key, value);
        if (wrong != NULL)
            return tern_host_options_bad_own(options, own[i].key, value, wrong);
    }
    return TERN_OK;
}

bool tern_host_bits_are(const struct tern_addr *a, unsigned from, unsigned to, unsigned bit)
{
    for (; from < to; from++)
        if ((a->octets[from / 8] >> (7 - from % 8) & 1u) != bit)
            return false;
    return true;
}

/*
 * What of a net's addresses is a host's (RFC 1122 section 3.2.1.3, RFC 4291 section 2.4; the
 * first of an IPv6 prefix is all its routers', section 2.6.1, but for RFC 6164's links).
 */
static bool is_of_a_host(const struct tern_addr *a, unsigned len)
{
    bool v4 = tern_addr_is_v4(a);
    unsigned first = a->octets[12];
    len += v4 ? 96 : 0;
    if (len < 127 && (tern_host_bits_are(a, len, 128, 0) ||
                      (v4 && tern_host_bits_are(a, len, 128, 1))))
        return false;
    return v4 ? first != 0 && first != 127 && first < 224
              : a->octets[0] != 0xff && !tern_host_bits_are(a, 0, 127, 0);
}

static bool is_v6_link_local(const struct tern_addr *a)
{
    return a->octets[0] == 0xfe && a->octets[1] >> 6 == 2;
}

/* Is it on the address's net? To an IPv4 address without a net anybody is. */
static bool is_on_net(const struct tern_net_address *at, const struct tern_addr *gw)
{
    unsigned len = at->prefix_len + (tern_addr_is_v4(&at->addr) ? 96u : 0u);
    if (len == 128 || is_v6_link_local(gw))
        return true;
    struct tern_addr differs;
    for (size_t i = 0; i < 16; i++)
        differs.octets[i] = at->addr.octets[i] ^ gw->octets[i];
    return tern_host_bits_are(&differs, 0, len, 0);
}

bool tern_host_word_next(const char **at, const char **word, size_t *len)
{
    if (*at == NULL)
        return false;
    *word = *at;
    for (*len = 0; (*word)[*len] != '\0' && (*word)[*len] != ','; ++*len)
        ;
    *at = (*word)[*len] == ',' ? *word + *len + 1 : NULL;
    return true;
}

/* Which of some words it is, from 0; as many as there are: none. */
static size_t choice(const char *words, const char *value, size_t value_len)
{
    size_t i = 0, len;
    for (; (len = strlen(words)) != 0 && !(len == value_len && memcmp(words, value, len) == 0); i++)
        words += len + 1;
    return i;
}

static bool has_slash(const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (word[i] == '/')
            return true;
    return false;
}

static enum tern_err ip_settle(struct tern_host_options *options, struct tern_host_settings *to,
                               const char *word, size_t len)
{
    struct tern_net_address *at = &to->addresses[to->n_addresses];
    enum { DHCP = 1, SLAAC = 2, LINK_LOCAL = 4, OTHER = 5 };    /* 3 is two of them */
    size_t mode = 1 + choice("dhcp\0slaac\0auto\0link-local\0", word, len);
    if (mode != OTHER) {
        to->dhcp |= (mode & DHCP) != 0;
        to->slaac |= (mode & SLAAC) != 0;
        to->wants[0] |= mode == DHCP;
        to->wants[1] |= mode == SLAAC;
        to->link_local |= mode == LINK_LOCAL;
        return TERN_OK;
    }
    /* An address alone would be a net of one host, that reaches nobody and says nothing. */
    if (!has_slash(word, len) ||
        tern_prefix_parse(word, len, &at->addr, &at->prefix_len) != TERN_OK)
        return bad_value(options, TERN_KEY_IP, "dhcp, slaac, auto, link-local, or an address "
                                               "with its prefix, as 10.0.0.2/24 or fd00::2/64");
    if (to->n_addresses == TERN_HOST_ADDRESSES - 1u)
        return bad_value(options, TERN_KEY_IP, "a list of at most three addresses");
    if (!is_of_a_host(&at->addr, at->prefix_len))
        return bad_value(options, TERN_KEY_IP, "an address that a host may have");
    bool v6 = !tern_addr_is_v4(&at->addr);
    if (!v6 && to->has_ip[0])
        return bad_value(options, TERN_KEY_IP, "one IPv4 address: there are two");
    for (size_t i = 0; i < to->n_addresses; i++)
        if (tern_addr_equal(&at->addr, &to->addresses[i].addr))
            return bad_value(options, TERN_KEY_IP, "without repeats");
    to->has_ip[v6] = true;
    to->n_addresses++;
    return TERN_OK;
}

enum tern_err tern_host_gateway_parse(const char *word, size_t len, size_t link,
                                      struct tern_addr *gw)
{
    bool has_zone = len > 2 && word[len - 2] == '%';
    if (has_zone && word[len - 1] != (char)('1' + link))
        return TERN_UNREACHABLE;
    enum tern_err err = tern_addr_parse(word, has_zone ? len - 2 : len, gw);
    return err == TERN_OK && has_zone && !is_v6_link_local(gw) ? TERN_INVALID : err;
}

/*
 * A gateway belongs to the first address whose net it is on. The first address of an IPv6
 * prefix will do: one of its routers hears it (RFC 4291 section 2.6.1).
 */
static enum tern_err gw_settle(struct tern_host_options *options, struct tern_host_settings *to,
                               const char *word, size_t len)
{
    struct tern_addr gw;
    if (tern_host_gateway_parse(word, len, options->link, &gw) != TERN_OK)
        return bad_value(options, TERN_KEY_GW, "an address on this link");
    bool v4 = tern_addr_is_v4(&gw);
    if (to->has_gw[!v4])
        return bad_value(options, TERN_KEY_GW, "one address a family");
    for (size_t i = 0; i < to->n_addresses; i++) {
        struct tern_net_address *at = &to->addresses[i];
        if (tern_addr_is_v4(&at->addr) != v4 || !is_on_net(at, &gw))
            continue;
        if (tern_addr_equal(&gw, &at->addr))
            return bad_value(options, TERN_KEY_GW, "another host: it is our own address");
        if (!is_of_a_host(&gw, v4 ? at->prefix_len : 128u))
            return bad_value(options, TERN_KEY_GW, "an address that a host may have");
        at->gateway = gw;
        to->has_gw[!v4] = true;
        return TERN_OK;
    }
    if (!to->has_ip[!v4] && (v4 ? to->dhcp : to->slaac))
        return bad(options, "gw", 2, "with dhcp or slaac the network says it");
    if (!to->has_ip[!v4])
        return bad_value(options, TERN_KEY_GW, "of the family of an address of ip=");
    return bad_value(options, TERN_KEY_GW, "on the net of ip=");
}

static enum tern_err addresses_settle(struct tern_host_options *options,
                                      struct tern_host_settings *to)
{
    const char *ip = options->host[TERN_KEY_IP], *gw = options->host[TERN_KEY_GW], *word;
    size_t len;
    enum tern_err err = TERN_OK;

    if (ip == NULL)
        to->dhcp = to->slaac = true;
    while (err == TERN_OK && tern_host_word_next(&ip, &word, &len))
        err = ip_settle(options, to, word, len);
    if (err == TERN_OK && (to->dhcp || to->link_local) && to->has_ip[0])
        err = bad_value(options, TERN_KEY_IP, "an IPv4 address, or dhcp or link-local");
    to->has_ip[0] |= to->link_local;
    while (err == TERN_OK && tern_host_word_next(&gw, &word, &len))
        err = gw_settle(options, to, word, len);
    return err;
}

static size_t choice_of(const char *words, const struct tern_host_options *options,
                        enum tern_host_key key)
{
    const char *value = tern_host_options_host(options, key);
    return choice(words, value, strlen(value));
}

enum tern_err tern_host_options_seal(struct tern_host_options *options, enum tern_seal_wish *seal)
{
    size_t wish = choice_of("on\0must\0off\0", options, TERN_KEY_SEAL);
    *seal = (enum tern_seal_wish)wish;
    return wish == 3 ? bad_value(options, TERN_KEY_SEAL, "on, must or off") : TERN_OK;
}

enum tern_err tern_host_options_settings(struct tern_host_options *options,
                                         struct tern_host_settings *set_to)
{
    const char *const *host = options->host;
    uint64_t n = 0;

    memset(set_to, 0, sizeof *set_to);
    enum tern_err err = addresses_settle(options, set_to);
    if (err != TERN_OK)
        return err;
    if (host[TERN_KEY_MTU] != NULL) {
        if (!number_parse(host[TERN_KEY_MTU], false, 65535, &n) || n < 576)
            return bad_value(options, TERN_KEY_MTU, "a number of octets from 576 to 65535");
        set_to->mtu = (uint16_t)n;
    }
    const char *mac = host[TERN_KEY_MAC], *nic = host[TERN_KEY_NIC];
    set_to->has_mac = mac != NULL;
    set_to->has_nic = nic != NULL;
    bool good = mac == NULL || mac_parse(mac, set_to->mac);
    if (!good || (nic != NULL && !mac_parse(nic, set_to->nic)))
        return bad_value(options, good ? TERN_KEY_NIC : TERN_KEY_MAC,
                         "a station's address, as 02:00:00:00:00:01");
    set_to->connections = options->appliance->connections;
    if (set_to->connections == 0)
        set_to->connections = 1024;
    if (host[TERN_KEY_CONNECTIONS] != NULL) {
        if (!number_parse(host[TERN_KEY_CONNECTIONS], false, 10000000, &n) || n == 0)
            return bad_value(options, TERN_KEY_CONNECTIONS, "a number from 1 to 10000000");
        set_to->connections = (uint32_t)n;
    }
    if (host[TERN_KEY_MEMORY] != NULL &&
        (!number_parse(host[TERN_KEY_MEMORY], true, SIZE_MAX / 2, &set_to->memory) ||
         set_to->memory == 0))
        return bad_value(options, TERN_KEY_MEMORY, "a size, as 64M");
    size_t level = choice_of("error\0warn\0info\0debug\0", options, TERN_KEY_LOG);
    if (level == 4)
        return bad_value(options, TERN_KEY_LOG, "error, warn, info or debug");
    set_to->log = (enum tern_log_level)level;
    if (!number_parse(tern_host_options_host(options, TERN_KEY_DRAIN), false, 86400, &n))
        return bad_value(options, TERN_KEY_DRAIN, "a number of seconds up to 86400");
    set_to->drain_ns = n * TERN_SECOND_NS;
    if (host[TERN_KEY_EXIT] != NULL) {
        if (!hex_parse(host[TERN_KEY_EXIT], 0xffff, &n) || n == 0)
            return bad_value(options, TERN_KEY_EXIT, "an I/O port, as 0x501");
        set_to->exit_port = (uint16_t)n;
    }
    return own_settle(options);
}
