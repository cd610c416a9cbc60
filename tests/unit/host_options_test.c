/* SPDX-License-Identifier: ISC */
/*
 * Options: one schema for command lines and guests.
 */
#include <string.h>

#include "backends/host/host_internal.h"
#include "suites.h"

static const struct tern_option own[] = {
    { .key = "listen", .value_name = "ADDR", .fallback = ":80", .help = "where" },
    { .key = "dir", .value_name = "DIR", .help = "what" },
    { .key = NULL },
};

static const struct tern_appliance appliance = {
    .size = sizeof(struct tern_appliance), .name = "test", .connections = 7, .options = own,
};

static struct tern_host_options options;
static struct tern_host_settings settings;

static void setup(void)
{
    ck_assert_int_eq(tern_host_options_init(&options, &appliance, "dir"), TERN_OK);
}

static enum tern_err args(const char *a, const char *b, const char *c)
{
    char words[3][96];
    char *argv[3] = { words[0], words[1], words[2] };
    static char kept[3][96];    /* values point into the words */
    int n = 0;
    for (const char *const *w = (const char *const[]){ a, b, c, NULL }; *w != NULL; w++, n++) {
        memcpy(kept[n], *w, strlen(*w) + 1);
        argv[n] = kept[n];
    }
    return tern_host_options_args(&options, n, argv);
}

START_TEST(a_process_takes_a_key_in_three_forms)
{
    ck_assert_int_eq(args("--listen", ":81", "--connections=5"), TERN_OK);
    ck_assert_str_eq(tern_host_options_get(&options, "listen"), ":81");
    ck_assert_str_eq(tern_host_options_get(&options, "connections"), "5");
    setup();
    ck_assert_int_eq(args("listen=:82", NULL, NULL), TERN_OK);
    ck_assert_str_eq(tern_host_options_get(&options, "listen"), ":82");
}
END_TEST

START_TEST(a_value_may_hold_equal_signs_and_dashes)
{
    ck_assert_int_eq(args("--dir", "--x=y", NULL), TERN_OK);
    ck_assert_str_eq(tern_host_options_get(&options, "dir"), "--x=y");
}
END_TEST

START_TEST(what_is_not_given_has_its_fallback)
{
    ck_assert_str_eq(tern_host_options_get(&options, "listen"), ":80");
    ck_assert_str_eq(tern_host_options_get(&options, "drain"), "10");
    ck_assert_ptr_null(tern_host_options_get(&options, "dir"));
    ck_assert_ptr_null(tern_host_options_get(&options, "nothing"));
}
END_TEST

START_TEST(a_word_alone_is_the_operand)
{
    ck_assert_int_eq(args("/srv", "--listen", ":1"), TERN_OK);
    ck_assert_str_eq(tern_host_options_get(&options, "dir"), "/srv");
}
END_TEST

static const struct {
    const char *a, *b, *error;
} bad_args[] = {
    { "--nothing", "1", "option --nothing: there is no such option" },
    { "nothing=1", NULL, "option nothing: there is no such option" },
    { "--nothing=1", NULL, "option nothing: there is no such option" },
    { "-x", NULL, "option -x: there is no such option" },
    { "--listen", NULL, "option --listen: its value is missing" },
    { "listen=1", "listen=2", "option listen: given twice" },
    { "/srv", "/other", "option dir: given twice" },
    { "--listen2=1", NULL, "option listen2: there is no such option" },
    { "--liste", "1", "option --liste: there is no such option" },
    { "=1", NULL, "option : there is no such option" },
    { "-listen", ":81", "option -listen: there is no such option" },
    { "--no-seal", "--no-seal", "option seal: given twice" },
    { "--seal=must", "--no-seal", "option seal: given twice" },
};

START_TEST(a_bad_argument_is_named)
{
    ck_assert_int_eq(args(bad_args[_i].a, bad_args[_i].b, NULL), TERN_INVALID);
    ck_assert_str_eq(options.error, bad_args[_i].error);
}
END_TEST

START_TEST(a_guest_takes_words_and_passes_over_those_of_loaders)
{
    char line[] = "  ip=10.0.0.2/24 virtio_mmio.device=4K@0xd0000000:5 console=ttyS0 ro "
                  "listen=:80 pci=off i8042.noaux tern.exit=0x501 ";
    ck_assert_int_eq(tern_host_options_line(&options, line), TERN_OK);
    ck_assert_int_eq(tern_host_options_settle(&options, TERN_HOST_GUEST), TERN_OK);
    ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_OK);
    ck_assert(settings.has_ip[0] && !settings.has_ip[1]);
    ck_assert(!settings.dhcp && !settings.slaac);
    ck_assert_uint_eq(settings.n_addresses, 1);
    ck_assert_uint_eq(settings.addresses[0].prefix_len, 24);
    ck_assert_uint_eq(tern_addr_to_v4(&settings.addresses[0].addr), 0x0a000002);
    ck_assert_uint_eq(settings.exit_port, 0x501);
}
END_TEST

static const struct {
    const char *line, *error;
} bad_lines[] = {
    { "nothing=1", "option nothing: there is no such option" },
    { "listen", "option listen: key=value is wanted" },
    { "rot", "option rot: key=value is wanted" },
    { "ip=1.2.3.4/8 ip=1.2.3.5/8", "option ip: given twice" },
};

START_TEST(a_bad_word_of_a_guest_is_named)
{
    char line[64];
    memcpy(line, bad_lines[_i].line, strlen(bad_lines[_i].line) + 1);
    ck_assert_int_eq(tern_host_options_line(&options, line), TERN_INVALID);
    ck_assert_str_eq(options.error, bad_lines[_i].error);
}
END_TEST

static const struct {
    const char *word;
    unsigned kind;
    bool fits;
} kinds[] = {
    { "ip=10.0.0.2/24", TERN_HOST_SOCKETS, false },
    { "ip=10.0.0.2/24", TERN_HOST_TAP, true },
    { "ip=10.0.0.2/24", TERN_HOST_GUEST, true },
    { "link=tap:t0", TERN_HOST_GUEST, false },
    { "link=tap:t0", TERN_HOST_TAP, true },
    { "tern.exit=1", TERN_HOST_SOCKETS, false },
    { "tern.exit=1", TERN_HOST_TAP, false },
    { "mac=02:00:00:00:00:01", TERN_HOST_SOCKETS, false },
    { "nic=02:00:00:00:00:01", TERN_HOST_TAP, false },
    { "nic=02:00:00:00:00:01", TERN_HOST_GUEST, true },
    { "connections=1", TERN_HOST_SOCKETS, true },
    { "memory=1M", TERN_HOST_GUEST, true },
};

START_TEST(a_key_that_this_host_does_not_have_stops_the_start)
{
    ck_assert_int_eq(args(kinds[_i].word, NULL, NULL), TERN_OK);
    ck_assert_int_eq(tern_host_options_settle(&options, kinds[_i].kind),
                     kinds[_i].fits ? TERN_OK : TERN_INVALID);
    ck_assert(kinds[_i].fits == (options.error[0] == '\0'));
}
END_TEST

static const struct {
    const char *a, *b;
    const char *error;    /* NULL: good */
} values[] = {
    { "ip=dhcp", NULL, NULL },
    { "ip=10.0.0.2", NULL,
      "option ip: '10.0.0.2' is not dhcp, slaac, auto, link-local, or an address "
      "with its prefix, as 10.0.0.2/24 or fd00::2/64" },
    { "ip=10.0.0.2/32", NULL, NULL },
    { "ip=10.0.0.2/33", NULL,
      "option ip: '10.0.0.2/33' is not dhcp, slaac, auto, link-local, or an address "
      "with its prefix, as 10.0.0.2/24 or fd00::2/64" },
    { "ip=2001:db8::1/64", NULL, NULL },
    { "ip=2001:db8::1/129", NULL,
      "option ip: '2001:db8::1/129' is not dhcp, slaac, auto, link-local, or an address "
      "with its prefix, as 10.0.0.2/24 or fd00::2/64" },
    { "ip=ff02::1/64", NULL, "option ip: 'ff02::1/64' is not an address that a host may have" },
    /* The first address of a prefix is its routers' (RFC 4291 section 2.6.1, RFC 6164). */
    { "ip=2001:db8::/64", NULL,
      "option ip: '2001:db8::/64' is not an address that a host may have" },
    { "ip=2001:db8::/32", NULL,
      "option ip: '2001:db8::/32' is not an address that a host may have" },
    { "ip=2001:db8::4/126", NULL,
      "option ip: '2001:db8::4/126' is not an address that a host may have" },
    { "ip=2001:db8::4/127", NULL, NULL },
    { "ip=2001:db8::4/128", NULL, NULL },
    { "ip=2001:db9::/31", NULL, NULL },
    { "ip=2001:db8:0:1::/63", NULL, NULL },
    { "ip=2001:db8::4/125", NULL, NULL },
    { "ip=2001:db8::4/64", "gw=2001:db8::", NULL },
    { "ip=auto", NULL, NULL },
    { "ip=dhcp,slaac", NULL, NULL },
    { "ip=slaac,10.0.0.2/24", "gw=10.0.0.1", NULL },
    { "ip=10.0.0.2/24,2001:db8::1/64", "gw=10.0.0.1,fe80::1", NULL },
    { "ip=10.0.0.2/24,2001:db8::1/64", "gw=2001:db8::fe", NULL },
    { "ip=2001:db8::1/64", "gw=fe80::1,fe80::2",
      "option gw: 'fe80::1,fe80::2' is not one address a family" },
    { "ip=2001:db8::1/64,fd00::2/64", "gw=fd00::1,2001:db8::2",
      "option gw: 'fd00::1,2001:db8::2' is not one address a family" },
    { "ip=10.0.0.2/24,2001:db8::1/64", "gw=10.0.0.1,fe80::1,10.0.0.3",
      "option gw: '10.0.0.1,fe80::1,10.0.0.3' is not one address a family" },
    { "ip=link-local", NULL, NULL },
    { "ip=dhcp,link-local", NULL, NULL },
    { "ip=slaac,link-local,2001:db8::4/64", NULL, NULL },
    { "ip=link-local,10.0.0.2/24", NULL,
      "option ip: 'link-local,10.0.0.2/24' is not an IPv4 address, or dhcp or link-local" },
    { "ip=link-local", "gw=169.254.1.1", "option gw: '169.254.1.1' is not on the net of ip=" },
    { "ip=2001:db8::1/64,2001:DB8:0::1/56", NULL,
      "option ip: '2001:db8::1/64,2001:DB8:0::1/56' is not without repeats" },
    { "ip=2001:db8::1/64", "gw=fe80::1%1", NULL },
    { "ip=2001:db8::1/64", "gw=2001:db8:1::1",
      "option gw: '2001:db8:1::1' is not on the net of ip=" },
    { "ip=2001:db8::1/64", "gw=2001:db8::1",
      "option gw: '2001:db8::1' is not another host: it is our own address" },
    { "ip=dhcp,10.0.0.2/24", NULL,
      "option ip: 'dhcp,10.0.0.2/24' is not an IPv4 address, or dhcp or link-local" },
    { "ip=10.0.0.2/24,10.0.0.3/24", NULL,
      "option ip: '10.0.0.2/24,10.0.0.3/24' is not one IPv4 address: there are two" },
    { "ip=slaac,", NULL,
      "option ip: 'slaac,' is not dhcp, slaac, auto, link-local, or an address "
      "with its prefix, as 10.0.0.2/24 or fd00::2/64" },
    { "ip=fd00::1/64,fd00::2/64,fd00::3/64,fd00::4/64", NULL,
      "option ip: 'fd00::1/64,fd00::2/64,fd00::3/64,fd00::4/64' is not a list of at most three "
      "addresses" },
    { "ip=10.0.0.2/24", "gw=10.0.0.1", NULL },
    { "ip=10.0.0.255/24", NULL,
      "option ip: '10.0.0.255/24' is not an address that a host may have" },
    { "ip=10.0.0.0/24", NULL,
      "option ip: '10.0.0.0/24' is not an address that a host may have" },
    { "ip=10.0.0.0/31", "gw=10.0.0.1", NULL },
    { "ip=10.0.0.255/32", "gw=10.9.0.1", NULL },
    { "ip=127.0.0.1/8", NULL, "option ip: '127.0.0.1/8' is not an address that a host may have" },
    { "ip=224.0.0.1/24", NULL,
      "option ip: '224.0.0.1/24' is not an address that a host may have" },
    { "ip=10.0.0.2/24", "gw=10.9.0.1", "option gw: '10.9.0.1' is not on the net of ip=" },
    { "ip=10.0.0.2/24", "gw=10.0.0.255",
      "option gw: '10.0.0.255' is not an address that a host may have" },
    { "ip=10.0.0.2/24", "gw=0.0.0.0", "option gw: '0.0.0.0' is not on the net of ip=" },
    { "ip=10.0.0.2/32", "gw=0.0.0.0",
      "option gw: '0.0.0.0' is not an address that a host may have" },
    { "ip=10.0.0.2/24", "gw=10.0.0.2",
      "option gw: '10.0.0.2' is not another host: it is our own address" },
    { "mac=00:00:00:00:00:00", NULL,
      "option mac: '00:00:00:00:00:00' is not a station's address, as 02:00:00:00:00:01" },
    { "gw=10.0.0.1", NULL,
      "option gw: with dhcp or slaac the network says it" },
    { "ip=10.0.0.2/24", "gw=2001:db8::1",
      "option gw: '2001:db8::1' is not of the family of an address of ip=" },
    { "ip=10.0.0.2/24", "gw=x",
      "option gw: 'x' is not an address on this link" },
    { "mtu=575", NULL, "option mtu: '575' is not a number of octets from 576 to 65535" },
    { "mtu=576", NULL, NULL },
    { "mtu=65536", NULL, "option mtu: '65536' is not a number of octets from 576 to 65535" },
    { "mac=02:00:00:00:00:01", NULL, NULL },
    { "mac=03:00:00:00:00:01", NULL,
      "option mac: '03:00:00:00:00:01' is not a station's address, as 02:00:00:00:00:01" },
    { "mac=0200:00:00:00:00:1", NULL,
      "option mac: '0200:00:00:00:00:1' is not a station's address, as 02:00:00:00:00:01" },
    { "mac=02-00-00-00-00-01", NULL,
      "option mac: '02-00-00-00-00-01' is not a station's address, as 02:00:00:00:00:01" },
    { "mac=02:00:00:00:00:012", NULL,
      "option mac: '02:00:00:00:00:012' is not a station's address, as 02:00:00:00:00:01" },
    { "mac=g2:00:00:00:00:01", NULL,
      "option mac: 'g2:00:00:00:00:01' is not a station's address, as 02:00:00:00:00:01" },
    { "mac=02:00:00:00:00:0g", NULL,
      "option mac: '02:00:00:00:00:0g' is not a station's address, as 02:00:00:00:00:01" },
    { "nic=02:00:00:00:00:01", "mac=02:00:00:00:00:02", NULL },
    { "nic=02:00:00:00:00", "mac=02:00:00:00:00:02",
      "option nic: '02:00:00:00:00' is not a station's address, as 02:00:00:00:00:01" },
    { "connections=0", NULL, "option connections: '0' is not a number from 1 to 10000000" },
    { "connections=10000000", NULL, NULL },
    { "mtu=1500", "connections=x", "option connections: 'x' is not a number from 1 to 10000000" },
    { "connections=99999999999999999999999", NULL,
      "option connections: '99999999999999999999999' is not a number from 1 to 10000000" },
    { "memory=8M", NULL, NULL },
    { "memory=8MB", NULL, "option memory: '8MB' is not a size, as 64M" },
    { "memory=8X", NULL, "option memory: '8X' is not a size, as 64M" },
    { "memory=0", NULL, "option memory: '0' is not a size, as 64M" },
    { "memory=99999999999G", NULL, "option memory: '99999999999G' is not a size, as 64M" },
    { "log=debug", NULL, NULL },
    { "log=loud", NULL, "option log: 'loud' is not error, warn, info or debug" },
    { "drain=0", NULL, NULL },
    { "drain=", NULL, "option drain: '' is not a number of seconds up to 86400" },
    { "drain=86401", NULL, "option drain: '86401' is not a number of seconds up to 86400" },
    { "seal=must", NULL, NULL },
    { "seal=x", NULL, "option seal: 'x' is not on, must or off" },
    { "drain=x", NULL, "option drain: 'x' is not a number of seconds up to 86400" },
    { "tern.exit=0x10000", NULL, "option tern.exit: '0x10000' is not an I/O port, as 0x501" },
    { "tern.exit=0", NULL, "option tern.exit: '0' is not an I/O port, as 0x501" },
    { "tern.exit=0x", NULL, "option tern.exit: '0x' is not an I/O port, as 0x501" },
    { "tern.exit=1x501", NULL, "option tern.exit: '1x501' is not an I/O port, as 0x501" },
    { "tern.exit=0x5g1", NULL, "option tern.exit: '0x5g1' is not an I/O port, as 0x501" },
    { "tern.exit=0x10000000000000501", NULL,
      "option tern.exit: '0x10000000000000501' is not an I/O port, as 0x501" },
    { "tern.exit=", NULL, "option tern.exit: '' is not an I/O port, as 0x501" },
};

START_TEST(values_are_checked_and_named)
{
    ck_assert_int_eq(args(values[_i].a, values[_i].b, NULL), TERN_OK);
    enum tern_seal_wish seal;
    enum tern_err err = tern_host_options_settings(&options, &settings);
    if (err == TERN_OK)
        err = tern_host_options_seal(&options, &seal);
    ck_assert_int_eq(err, values[_i].error == NULL ? TERN_OK : TERN_INVALID);
    ck_assert_str_eq(options.error, values[_i].error == NULL ? "" : values[_i].error);
}
END_TEST

START_TEST(sizes_have_suffixes_and_connections_a_default)
{
    ck_assert_int_eq(args("memory=3K", NULL, NULL), TERN_OK);
    ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_OK);
    ck_assert_uint_eq(settings.memory, 3072);
    ck_assert_uint_eq(settings.connections, 7);
    ck_assert(settings.dhcp);
    ck_assert_uint_eq(settings.drain_ns, 10 * TERN_SECOND_NS);
}
END_TEST

START_TEST(a_port_is_decimal_or_hexadecimal)
{
    static const struct {
        const char *word;
        uint16_t port;
    } ports[] = { { "tern.exit=0x501", 0x501 }, { "tern.exit=0501", 501 },
                  { "tern.exit=0xFfFf", 0xffff }, { "tern.exit=65535", 65535 } };
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        setup();
        ck_assert_int_eq(args(ports[i].word, NULL, NULL), TERN_OK);
        ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_OK);
        ck_assert_uint_eq(settings.exit_port, ports[i].port);
    }
}
END_TEST

START_TEST(words_without_a_value_are_taken)
{
    static const char *const helps[] = { "--help", "-h" };
    for (size_t i = 0; i < 2; i++) {
        setup();
        /* What follows is not read. */
        ck_assert_int_eq(args(helps[i], "--nothing", NULL), TERN_OK);
        ck_assert(options.help && !options.print_memory);
    }
    setup();
    ck_assert_int_eq(args("--print-memory", "--listen", ":81"), TERN_OK);
    ck_assert(options.print_memory && !options.of_guest && !options.help);
    ck_assert_str_eq(tern_host_options_get(&options, "listen"), ":81");
    setup();
    ck_assert_int_eq(args("--print-memory=guest", "--listen", ":81"), TERN_OK);
    ck_assert(options.print_memory && options.of_guest);
    ck_assert_str_eq(tern_host_options_get(&options, "listen"), ":81");
    setup();
    ck_assert_int_eq(args("--no-seal", "--listen", ":81"), TERN_OK);
    ck_assert_str_eq(tern_host_options_get(&options, "seal"), "off");
    ck_assert_str_eq(tern_host_options_get(&options, "listen"), ":81");
    setup();
    char line[] = "print-memory listen=:81";
    ck_assert_int_eq(tern_host_options_line(&options, line), TERN_OK);
    ck_assert(options.print_memory && !options.of_guest);
    ck_assert_str_eq(tern_host_options_get(&options, "listen"), ":81");
}
END_TEST

START_TEST(an_appliance_has_no_options_or_as_many_as_there_is_room_for)
{
    static struct tern_option many[TERN_APPLIANCE_OPTIONS_MAX + 2];
    struct tern_appliance other = appliance;
    other.options = NULL;
    ck_assert_int_eq(tern_host_options_init(&options, &other, NULL), TERN_OK);
    ck_assert_int_eq(args("listen=:81", NULL, NULL), TERN_INVALID);
    other.options = many;
    for (size_t i = 0; i < TERN_APPLIANCE_OPTIONS_MAX; i++)
        many[i].key = "key";
    ck_assert_int_eq(tern_host_options_init(&options, &other, NULL), TERN_OK);
    many[TERN_APPLIANCE_OPTIONS_MAX].key = "key";
    ck_assert_int_eq(tern_host_options_init(&options, &other, NULL), TERN_INVALID);
}
END_TEST

static const char *check(const char *key, const char *value)
{
    if (value == NULL)
        return strcmp(key, "dir") == 0 ? "is missing" : NULL;
    return strcmp(key, "listen") == 0 && value[0] != ':' ? "is not a port" : NULL;
}

START_TEST(an_appliance_judges_its_own_values)
{
    struct tern_appliance other = appliance;
    other.check = check;
    ck_assert_int_eq(tern_host_options_init(&options, &other, "dir"), TERN_OK);
    ck_assert_int_eq(args("listen=:81", "/var", NULL), TERN_OK);
    ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_OK);
    ck_assert_int_eq(tern_host_options_init(&options, &other, "dir"), TERN_OK);
    ck_assert_int_eq(args("listen=81", "/var", NULL), TERN_OK);
    ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_INVALID);
    ck_assert_str_eq(options.error, "option listen: '81' is not a port");
    /* The fallback of listen= will do; dir has none. */
    ck_assert_int_eq(tern_host_options_init(&options, &other, "dir"), TERN_OK);
    ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_INVALID);
    ck_assert_str_eq(options.error, "option dir: is missing");
    /* The host's own are told of first. */
    ck_assert_int_eq(args("listen=81", "log=loud", NULL), TERN_OK);
    ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_INVALID);
    ck_assert_str_eq(options.error, "option log: 'loud' is not error, warn, info or debug");
    other.options = NULL;
    ck_assert_int_eq(tern_host_options_init(&options, &other, NULL), TERN_OK);
    ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_OK);
}
END_TEST

static const struct {
    const char *listen, *stats;    /* NULL: what stands when nothing is given, :80 and none */
    unsigned kind;
    const char *said;              /* NULL: both will do */
} places[] = {
    { NULL, NULL, TERN_HOST_SOCKETS, NULL },
    { "listen=127.0.0.1:80", "stats=127.0.0.1:81", TERN_HOST_SOCKETS, NULL },
    { "listen=127.0.0.1:0", "stats=127.0.0.1:0", TERN_HOST_SOCKETS, NULL },
    { "listen=127.0.0.1:80", "stats=127.0.0.2:80", TERN_HOST_SOCKETS, NULL },
    { "listen=127.0.0.1:80", "stats=[::1]:80", TERN_HOST_SOCKETS, NULL },
    { "listen=0.0.0.0:80", "stats=[::1]:80", TERN_HOST_SOCKETS, NULL },
    { NULL, "stats=site", TERN_HOST_SOCKETS, NULL },
    { "listen=127.0.0.1:80", "stats=127.0.0.1:80", TERN_HOST_SOCKETS,
      "option stats: '127.0.0.1:80' is taken, by option listen: '127.0.0.1:80'" },
    { NULL, "stats=80", TERN_HOST_SOCKETS, "option stats: '80' is taken, by option listen: ':80'" },
    { NULL, "stats=127.0.0.1:80", TERN_HOST_SOCKETS,
      "option stats: '127.0.0.1:80' is taken, by option listen: ':80'" },
    { "listen=[::1]:80", "stats=:80", TERN_HOST_SOCKETS,
      "option stats: ':80' is taken, by option listen: '[::1]:80'" },
    { "listen=10.0.0.1:80", "stats=0.0.0.0:80", TERN_HOST_SOCKETS,
      "option stats: '0.0.0.0:80' is taken, by option listen: '10.0.0.1:80'" },
    /* Tern's own stack: a listener for one address, and one for any. */
    { NULL, "stats=10.0.0.1:80", TERN_HOST_TAP, NULL },
    { NULL, "stats=80", TERN_HOST_TAP, "option stats: '80' is taken, by option listen: ':80'" },
    { "listen=10.0.0.1:80", "stats=10.0.0.1:80", TERN_HOST_GUEST,
      "option stats: '10.0.0.1:80' is taken, by option listen: '10.0.0.1:80'" },
    { "listen=[::]:80", NULL, TERN_HOST_TAP, NULL },
    { "listen=[::1]:80", NULL, TERN_HOST_SOCKETS, NULL },
    { NULL, "stats=[2001:db8::1]:9090", TERN_HOST_GUEST, NULL },
    { "listen=[::]:80", "stats=[fe80::1%2]:80", TERN_HOST_SOCKETS,
      "option stats: '[fe80::1%2]:80' is taken, by option listen: '[::]:80'" },
    { "listen=[fe80::1%2]:80", "stats=[fe80::1%3]:80", TERN_HOST_SOCKETS, NULL },
    /* A link-local address is of a link (RFC 4007 section 6); of one there is one. */
    { "listen=[fe80::1]:80", NULL, TERN_HOST_SOCKETS,
      "option listen: '[fe80::1]:80' wants a link, as [fe80::1%eth0]:80: each has such addresses" },
    { "listen=[2001:db8::1%2]:80", NULL, TERN_HOST_SOCKETS,
      "option listen: '[2001:db8::1%2]:80' has a link: only link-local addresses do" },
    { "listen=[2001:db8::1%1]:80", NULL, TERN_HOST_TAP,
      "option listen: '[2001:db8::1%1]:80' has a link: only link-local addresses do" },
    { "listen=[::%1]:80", NULL, TERN_HOST_GUEST, NULL },
    { "listen=[::%2]:80", NULL, TERN_HOST_SOCKETS,
      "option listen: '[::%2]:80' has a link: only link-local addresses do" },
    { "listen=[fe80::1%1]:80", "stats=[fe80::1]:81", TERN_HOST_TAP, NULL },
    { "listen=[::]:80", "stats=0.0.0.0:80", TERN_HOST_TAP,
      "option stats: '0.0.0.0:80' is taken, by option listen: '[::]:80'" },
    { "listen=[fe80::1%2]:80", NULL, TERN_HOST_TAP,
      "option listen: '[fe80::1%2]:80' is on a link that this host has not" },
    /* What ip= gives no address of, nobody listens at. */
    { "listen=[2001:db8::1]:80", "ip=10.0.0.2/24", TERN_HOST_TAP,
      "option listen: '[2001:db8::1]:80' is an IPv6 address, and ip= gives this host none" },
    { "listen=10.0.0.2:80", "ip=slaac", TERN_HOST_TAP,
      "option listen: '10.0.0.2:80' is an IPv4 address, and ip= gives this host none" },
    { "listen=0.0.0.0:80", "ip=2001:db8::2/64", TERN_HOST_TAP,
      "option listen: '0.0.0.0:80' is an IPv4 address, and ip= gives this host none" },
    { "listen=10.0.0.2:80", "ip=dhcp", TERN_HOST_TAP, NULL },
    { "listen=[2001:db8::2]:80", "ip=2001:db8::2/64", TERN_HOST_TAP, NULL },
    { "listen=[::]:80", "ip=10.0.0.2/24", TERN_HOST_TAP, NULL },
};

START_TEST(places_where_nobody_can_listen_are_named)
{
    static const char *const listens[] = { "listen", "stats", NULL };
    static const struct tern_option of_places[] = { { .key = "listen", .fallback = ":80" },
                                                    { .key = "stats" }, { .key = NULL } };
    struct tern_appliance other = appliance;
    other.options = of_places;
    other.listens = listens;
    ck_assert_int_eq(tern_host_options_init(&options, &other, NULL), TERN_OK);
    const char *first = places[_i].listen, *second = places[_i].stats;
    ck_assert_int_eq(first != NULL ? args(first, second, NULL) : args(second, NULL, NULL), TERN_OK);
    ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_OK);
    enum tern_err err = tern_host_options_listens(&options, places[_i].kind, &settings);
    if (places[_i].said == NULL) {
        ck_assert_msg(err == TERN_OK, "%s", options.error);
        return;
    }
    ck_assert_int_eq(err, TERN_INVALID);
    ck_assert_str_eq(options.error, places[_i].said);
    other.listens = NULL;
    ck_assert_int_eq(tern_host_options_listens(&options, places[_i].kind, &settings), TERN_OK);
}
END_TEST

START_TEST(an_appliances_key_hides_the_hosts)
{
    static const struct tern_option log[] = { { .key = "log", .help = "mine" }, { .key = NULL } };
    static const struct tern_appliance with_log = { .size = sizeof(struct tern_appliance),
                                                    .name = "test", .options = log };
    static char help[8192];
    struct tern_text text;

    ck_assert_int_eq(tern_host_options_init(&options, &with_log, NULL), TERN_OK);
    ck_assert_int_eq(args("log=/var/x", NULL, NULL), TERN_OK);
    ck_assert_str_eq(tern_host_options_get(&options, "log"), "/var/x");
    ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_OK);
    ck_assert_int_eq(settings.log, TERN_LOG_INFO);
    tern_text_init(&text, help, sizeof help);
    tern_host_options_help(&options, TERN_HOST_PROCESS, &text);
    ck_assert_ptr_nonnull(strstr(help, "mine"));
    ck_assert_ptr_null(strstr(help, "what is logged"));
    ck_assert_ptr_null(strstr(help, "tern.exit"));
}
END_TEST

START_TEST(an_appliance_of_another_version_is_refused)
{
    struct tern_appliance other = appliance;
    other.size = sizeof other - 8;
    ck_assert_int_eq(tern_host_options_init(&options, &other, NULL), TERN_MISMATCH);
}
END_TEST

Suite *host_options_suite(void)
{
    Suite *suite = suite_create("host_options");
    TCase *tc = tcase_create("options");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, a_process_takes_a_key_in_three_forms);
    tcase_add_test(tc, a_value_may_hold_equal_signs_and_dashes);
    tcase_add_test(tc, what_is_not_given_has_its_fallback);
    tcase_add_test(tc, a_word_alone_is_the_operand);
    tcase_add_loop_test(tc, a_bad_argument_is_named, 0, sizeof bad_args / sizeof bad_args[0]);
    tcase_add_test(tc, a_guest_takes_words_and_passes_over_those_of_loaders);
    tcase_add_loop_test(tc, a_bad_word_of_a_guest_is_named, 0,
                        sizeof bad_lines / sizeof bad_lines[0]);
    tcase_add_loop_test(tc, a_key_that_this_host_does_not_have_stops_the_start, 0,
                        sizeof kinds / sizeof kinds[0]);
    tcase_add_loop_test(tc, values_are_checked_and_named, 0, sizeof values / sizeof values[0]);
    tcase_add_test(tc, sizes_have_suffixes_and_connections_a_default);
    tcase_add_test(tc, a_port_is_decimal_or_hexadecimal);
    tcase_add_test(tc, words_without_a_value_are_taken);
    tcase_add_test(tc, an_appliance_has_no_options_or_as_many_as_there_is_room_for);
    tcase_add_test(tc, an_appliance_judges_its_own_values);
    tcase_add_loop_test(tc, places_where_nobody_can_listen_are_named, 0,
                        sizeof places / sizeof places[0]);
    tcase_add_test(tc, an_appliances_key_hides_the_hosts);
    tcase_add_test(tc, an_appliance_of_another_version_is_refused);
    suite_add_tcase(suite, tc);
    return suite;
}
