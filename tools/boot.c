/* SPDX-License-Identifier: ISC */
/*
 * tern boot: runs an image in QEMU. Options and what they mean.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <tern/unix.h>

#include "archive.h"
#include "boot.h"
#include "tools.h"

static void usage(FILE *to)
{
    fputs("usage: tern boot IMAGE [OPTION...] [-- KEY=VALUE...]\n"
          "\n"
          "Runs a unikernel in QEMU and shows its console until it ends. What stands\n"
          "behind -- is the guest's command line.\n"
          "\n"
          "  --mem M               memory of the guest, in MiB or with K, M or G; 64\n"
          "  --publish HOST:GUEST  passes a TCP port of this host (HOST may be ADDR:PORT or\n"
          "                        [ADDR]:PORT, otherwise 127.0.0.1) to the guest's;\n"
          "                        GUEST/udp: UDP, over IPv4\n"
          "  --tap NAME            joins the guest to this TAP device instead\n"
          "  --mac ADDR            the address of the guest's network device\n"
          "  --nic ADDR            one more network device, with this address and a user\n"
          "                        network of its own; may be repeated. The guest is told\n"
          "                        to take the first one, unless nic= stands behind --\n"
          "  --module NAME=PATH    gives the guest a file, or a directory with all files in it,\n"
          "                        as a boot module of this name; may be repeated\n"
          "  --initrd FILE         gives it this file instead: an archive of modules (cpio), or\n"
          "                        one module, that it calls 0\n"
          "  --machine NAME        pc, q35 or microvm (default)\n"
          "  --accel HOW           kvm, tcg, or auto (default): kvm if it proves itself\n"
          "                        with a probe within a second; the verdict is kept\n"
          "  --drain S             how long the guest may take to end after Ctrl-C; 10\n"
          "  --help                this\n"
          "\n"
          "The exit status is the guest's, 0 to 127; 125 if it or QEMU ended otherwise,\n"
          "and then a line says how. Ctrl-C presses the guest's power button; a second\n"
          "one kills it.\n",
          to);
}

static int bad(const char *option, const char *value, const char *wanted)
{
    fprintf(stderr, "tern boot: --%s: '%s' is not %s\n", option, value, wanted);
    return 2;
}

/* Digits only, at most max. */
static bool number(const char *text, const char **end, unsigned long max, unsigned long *n)
{
    *n = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        unsigned long digit = (unsigned long)(*p - '0');
        if (*n > (max - digit) / 10)
            return false;
        *n = *n * 10 + digit;
    }
    *end = p;
    return p != text;
}

/* "8", "8M", "8192K", "1G": in KiB for QEMU. */
static const char *mem_parse(const char *text)
{
    unsigned long n, unit = 1024;
    const char *end;
    if (!number(text, &end, 1ul << 30, &n) || n == 0)
        return NULL;
    if (*end == 'K' || *end == 'k')
        unit = 1;
    else if (*end == 'G' || *end == 'g')
        unit = 1024 * 1024;
    else if (*end != 'M' && *end != 'm' && *end != '\0')
        return NULL;
    if ((*end != '\0' && end[1] != '\0') || n > (1ul << 40) / unit)
        return NULL;
    return work_format("%luK", n * unit);
}

static bool port_parse(const char *text, unsigned long *port, const char **end)
{
    return number(text, end, 65535, port) && *port != 0;
}

/* "8080" and "127.0.0.1:8080", for QEMU; "[::1]:8080", for a relay. */
static bool publish_at(struct boot *boot, const char *where, const char *protocol,
                       unsigned long guest)
{
    char text[TERN_ENDPOINT_TEXT_CAP];
    struct tern_endpoint_addr at;
    unsigned long port;
    const char *end;

    if (port_parse(where, &port, &end) && *end == '\0') {
        work_wordf(&boot->publish, "%s:127.0.0.1:%lu-:%lu", protocol, port, guest);
        return true;
    }
    if (tern_endpoint_addr_parse_zone(where, strlen(where), tern_unix_link_of, NULL, &at) !=
            TERN_OK ||
        at.port == 0 || where[0] == ':')
        return false;
    if (tern_addr_is_v4(&at.addr)) {
        (void)tern_addr_format(&at.addr, text);
        work_wordf(&boot->publish, "%s:%s:%u-:%lu", protocol, text, at.port, guest);
        return true;
    }
    if (strcmp(protocol, "tcp") != 0 || boot->n_relays == BOOT_RELAYS)
        return false;
    boot->relays[boot->n_relays++] = (struct boot_relay){ .at = at, .guest = (unsigned)guest };
    return true;
}

static bool publish_take(struct boot *boot, const char *text)
{
    const char *last = strrchr(text, ':'), *end;
    unsigned long guest;
    if (last == NULL || !port_parse(last + 1, &guest, &end))
        return false;
    const char *protocol = strcmp(end, "/udp") == 0 ? "udp" : "tcp";
    if (*end != '\0' && strcmp(end + 1, protocol) != 0)
        return false;
    char *where = work_format("%.*s", (int)(last - text), text);
    bool good = publish_at(boot, where, protocol, guest);
    free(where);
    return good;
}

/* A station's address: six octets of two digits, of one station, and not all zero. */
static bool mac_is_good(const char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    for (size_t i = 0; i < 17; i++)
        if (text[i] == '\0' || (i % 3 == 2 ? text[i] != ':' : strchr(digits, text[i]) == NULL))
            return false;
    return text[17] == '\0' && strchr("02468aceACE", text[1]) != NULL &&
           strspn(text, "0:") < 17;
}

/* No two devices may have one address: nic= and the network tell them apart by it. */
static bool macs_differ(const struct boot *boot)
{
    const char *first = boot->mac != NULL ? boot->mac : BOOT_MAC_DEFAULT;
    for (size_t i = 0; i < boot->nics.n; i++) {
        const char *mac = boot->nics.word[i];
        bool again = strcasecmp(mac, first) == 0;
        for (size_t k = 0; k < i; k++)
            again |= strcasecmp(mac, boot->nics.word[k]) == 0;
        if (again) {
            fprintf(stderr, "tern boot: --nic: '%s' is another device's address already%s\n", mac,
                    boot->mac == NULL && strcasecmp(mac, first) == 0 ? ", the first one's" : "");
            return false;
        }
    }
    return true;
}

static bool one_of(const char *value, const char *const names[])
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(value, names[i]) == 0)
            return true;
    return false;
}

/* One option's value; 0 or 2 after a message. */
static int option_take(struct boot *boot, int option, const char *value)
{
    static const char *const machines[] = { "pc", "q35", "microvm", NULL };
    static const char *const accels[] = { "auto", "kvm", "tcg", NULL };
    const char *end;
    unsigned long n;
    switch (option) {
    case 'm':
        boot->mem = mem_parse(value);
        return boot->mem != NULL ? 0 : bad("mem", value, "an amount of memory like 8M");
    case 'p':
        return publish_take(boot, value)
                   ? 0 : bad("publish", value, "HOST:GUEST, two ports, or over IPv6 eight of TCP");
    case 't':
        boot->tap = value;
        return strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
                               strlen(value) &&
                       value[0] != '\0' && strlen(value) < 16
                   ? 0
                   : bad("tap", value, "a device's name");
    case 'c':
        boot->mac = value;
        return mac_is_good(value) ? 0 : bad("mac", value, "a station's address");
    case 'n':
        work_word(&boot->nics, value);
        return mac_is_good(value) ? 0 : bad("nic", value, "a station's address");
    case 'o':
        work_word(&boot->modules, value);
        return 0;
    case 'i':
        boot->initrd = value;
        return access(value, R_OK) == 0 ? 0 : bad("initrd", value, "a file that can be read");
    case 'M':
        boot->machine = value;
        return one_of(value, machines) ? 0 : bad("machine", value, "pc, q35 or microvm");
    case 'a':
        boot->accel = value;
        return one_of(value, accels) ? 0 : bad("accel", value, "auto, kvm or tcg");
    default:
        if (!number(value, &end, 86400, &n) || *end != '\0')
            return bad("drain", value, "a number of seconds");
        boot->drain_s = (unsigned)n;
        return 0;
    }
}

/* 0: go on; else the status to end with, plus one. */
static int options(struct boot *boot, int argc, char **argv)
{
    static const struct option longs[] = {
        { "mem", required_argument, NULL, 'm' },     { "publish", required_argument, NULL, 'p' },
        { "tap", required_argument, NULL, 't' },     { "mac", required_argument, NULL, 'c' },
        { "nic", required_argument, NULL, 'n' },     { "machine", required_argument, NULL, 'M' },
        { "accel", required_argument, NULL, 'a' },   { "drain", required_argument, NULL, 'd' },
        { "module", required_argument, NULL, 'o' },  { "initrd", required_argument, NULL, 'i' },
        { "help", no_argument, NULL, 'h' },          { 0 },
    };
    /* What stands behind -- is the guest's, options and images before it ours. */
    int n_ours = 1;
    while (n_ours < argc && strcmp(argv[n_ours], "--") != 0)
        n_ours++;
    for (int i = n_ours + 1; i < argc; i++)
        work_word(&boot->words, argv[i]);
    int c;
    optind = 0;
    while ((c = getopt_long(n_ours, argv, "h", longs, NULL)) != -1) {
        if (c == 'h') {
            usage(stdout);
            return 1;
        }
        if (c == '?') {
            fputs("`tern boot --help` tells more.\n", stderr);
            return 3;
        }
        if (option_take(boot, c, optarg) != 0)
            return 3;
    }
    if (n_ours - optind != 1) {
        fputs(n_ours == optind ? "tern boot: which image?\n" : "tern boot: one image at a time\n",
              stderr);
        usage(stderr);
        return 3;
    }
    boot->image = argv[optind];
    if (!macs_differ(boot))
        return 3;
    if (boot->initrd != NULL && boot->modules.n > 0) {
        fputs("tern boot: --initrd: there is one already, made of --module\n", stderr);
        return 3;
    }
    if (boot->tap != NULL && boot->publish.n + boot->n_relays > 0) {
        fputs("tern boot: --publish: a TAP device passes all ports, there is nothing to publish\n",
              stderr);
        return 3;
    }
    return 0;
}

static int boot_all(struct boot *boot)
{
    int status = boot_image_check(boot);
    if (status != 0)
        return status;
    if (boot->modules.n > 0) {
        boot->initrd = work_path("modules");
        if (!archive_write("tern boot", boot->initrd, &boot->modules))
            return 1;
    }
    boot->accel = boot_accel_choose(boot);
    if (boot->accel == NULL)
        return boot_qemu_missing(boot->qemu);
    if (work_interrupted() || !boot_relay_start(boot))
        return 1;
    return boot_qemu_run(boot);
}

int tern_tool_boot(int argc, char **argv)
{
    struct boot boot = { .qemu = "qemu-system-x86_64", .machine = "microvm", .accel = "auto",
                         .mem = "65536K", .drain_s = 10 };
    int end = options(&boot, argc, argv);
    if (end != 0)
        return end - 1;
    if (!work_begin("tern boot"))
        return 1;
    int status = boot_all(&boot);
    work_end();
    return status;
}
