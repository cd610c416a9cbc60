/* SPDX-License-Identifier: ISC */
/*
 * tern image: specialises an appliance. Compiles it, makes an object of its
 * site, and links both with the libraries: with the backend of a unikernel, or
 * of a process. The library objects are the same for both.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "image_audit.h"
#include "image_internal.h"
#include "tools.h"

static void usage(FILE *to)
{
    fputs("usage: tern image APPLIANCE [--backend kvm|xen|unix] [--site DIR]\n"
          "                  [--headers FILE] [--modules] [--links] [--with PART,...]\n"
          "                  [--without PART,...] [-o FILE] [--map] [--print-memory]\n"
          "       tern image --site-object FILE [--site DIR] [--headers FILE]\n"
          "       tern image --archive FILE --module NAME=PATH...\n"
          "       tern image --audit FILE\n"
          "\n"
          "Makes a unikernel, or a process, of an appliance: a name or folder under\n"
          "appliances/, another folder of C files, or a C or object file.\n"
          "\n"
          "  --backend kvm    a sealed image for QEMU, Firecracker and their like (default)\n"
          "  --backend xen    a sealed image for Xen (type=\"pvh\")\n"
          "  --backend unix   an ordinary program\n"
          "  --site DIR       compiles the files of DIR in, for tern_http_assets_serve;\n"
          "                   names that begin with a dot stay out, but for .well-known\n"
          "  --headers FILE   header fields that go with the site, a line each; \"Name: value\"\n"
          "                   adds or replaces a default, \"Name:\" removes it\n"
          "  --modules        the appliance takes boot modules: its files are compiled with\n"
          "                   TERN_MODULES defined; www takes its site from the module site\n"
          "  --links          a guest has up to four network devices as links, as the options\n"
          "                   nic1=, ip1=, ... say; its files are compiled with TERN_LINKS\n"
          "                   defined. A process has them always\n"
          "  --with PART      a guest's image has these only with this: dhcp6, the client of\n"
          "                   DHCPv6, and linklocal4, IPv4 without a server\n"
          "  --without PART   leaves a part of the network out, and what needs it: ipv4,\n"
          "                   ipv6, udp, dhcp4, dhcp6 or linklocal4; several with commas\n"
          "                   between them\n"
          "  -o FILE          where to; default: the appliance's name, .elf behind a guest's\n"
          "  --map            prints the archive members that were taken, each with the\n"
          "                   SHA-256 of its octets, instead of the sums; then the network's\n"
          "                   parts, each with its octets\n"
          "  --print-memory   lists the pools too, with their octets at the default options\n"
          "  --site-object FILE\n"
          "                   makes nothing but the object that the site is in an image, for\n"
          "                   a link by hand, of either backend\n"
          "  --archive FILE   makes nothing but the archive that a loader passes to an image as\n"
          "                   its initial RAM disk, of each\n"
          "  --module NAME=PATH\n"
          "                   which is a file, or a directory with all files in it; names in\n"
          "                   it that begin with a dot stay out, but for .well-known\n"
          "  --audit FILE     makes nothing: tells what proves, or disproves, that a guest's\n"
          "                   image stays sealed; status 0 if all of it holds\n"
          "  --help           this\n"
          "\n"
          "Uses cc (or $CC) and the linker behind it.\n",
          to);
}

/* ---- Options ---------------------------------------------------------------- */

/* Which options go together; 0, or 3 after a message. */
static int options_agree(struct image *image, int argc, char **argv)
{
    if (image->audit != NULL && argc == 3)
        return 0;
    if (image->audit != NULL) {
        fputs("tern image: --audit FILE stands alone\n", stderr);
        return 3;
    }
    if (image->site_object != NULL && argc == optind && image->out == NULL && !image->map &&
        !image->print_memory && (image->with | image->without) == 0)
        return 0;
    if (image->site_object != NULL) {
        fputs("tern image: --site-object FILE goes with --site and --headers only\n", stderr);
        return 3;
    }
    if (image->archive != NULL || image->modules.n > 0) {
        if (image->archive != NULL && image->modules.n > 0 && argc == optind &&
            image->site_dir == NULL && image->headers == NULL && image->site_object == NULL &&
            image->out == NULL && !image->takes_modules && !image->takes_links && !image->map &&
            !image->print_memory && (image->with | image->without) == 0)
            return 0;
        fputs("tern image: --archive FILE goes with one or more --module NAME=PATH only\n",
              stderr);
        return 3;
    }
    if (argc - optind != 1) {
        fputs(argc == optind ? "tern image: which appliance?\n"
                             : "tern image: one appliance at a time\n", stderr);
        usage(stderr);
        return 3;
    }
    image->appliance = argv[optind];
    return image_parts_settle(image) ? 0 : 3;
}

/* 0: go on; else the status to end with, plus one. */
static int options(struct image *image, int argc, char **argv)
{
    static const struct option longs[] = {
        { "audit", required_argument, NULL, 'a' }, { "backend", required_argument, NULL, 'b' },
        { "site", required_argument, NULL, 's' },
        { "site-object", required_argument, NULL, 'S' },
        { "headers", required_argument, NULL, 'H' }, { "map", no_argument, NULL, 'm' },
        { "modules", no_argument, NULL, 'M' }, { "links", no_argument, NULL, 'L' },
        { "with", required_argument, NULL, 'W' },
        { "without", required_argument, NULL, 'w' }, { "module", required_argument, NULL, 'd' },
        { "archive", required_argument, NULL, 'A' },
        { "print-memory", no_argument, NULL, 'p' }, { "help", no_argument, NULL, 'h' }, { 0 },
    };
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "ho:", longs, NULL)) != -1) {
        switch (c) {
        case 'a':
            image->audit = optarg;
            break;
        case 'b':
            if (strcmp(optarg, "kvm") != 0 && strcmp(optarg, "xen") != 0 &&
                strcmp(optarg, "unix") != 0) {
                fprintf(stderr, "tern image: --backend: '%s' is not kvm, xen or unix\n", optarg);
                return 3;
            }
            image->backend = optarg;
            break;
        case 's':
            image->site_dir = optarg;
            break;
        case 'S':
            image->site_object = optarg;
            break;
        case 'H':
            image->headers = optarg;
            break;
        case 'o':
            image->out = optarg;
            break;
        case 'm':
            image->map = true;
            break;
        case 'M':
            image->takes_modules = true;
            break;
        case 'L':
            image->takes_links = true;
            break;
        case 'w':
            if (!image_parts_take("--without", &image->without, optarg))
                return 3;
            break;
        case 'W':
            if (!image_parts_take("--with", &image->with, optarg))
                return 3;
            break;
        case 'd':
            work_word(&image->modules, optarg);
            break;
        case 'A':
            image->archive = optarg;
            break;
        case 'p':
            image->print_memory = true;
            break;
        case 'h':
            usage(stdout);
            return 1;
        default:
            fputs("`tern image --help` tells more.\n", stderr);
            return 3;
        }
    }
    return options_agree(image, argc, argv);
}

/* ---- The command ------------------------------------------------------------------------ */

/*
 * The budget of the default options, which the appliance's object knows: the
 * same objects as a process tell it, and do nothing else.
 */
static bool budget_print(const struct image *image)
{
    struct image process = *image;
    const char *program = work_path("budget");
    const char *option = image_is_guest(image) ? "--print-memory=guest" : "--print-memory";
    const char *argv[] = { program, option, NULL };
    char *said = NULL;

    process.backend = "unix";
    if (!image_find_tern(&process) || !image_find_libraries(&process) ||
        !image_link(&process, NULL, program))
        return false;
    int status = work_run(argv, &said, true);
    fputs(said != NULL ? said : "", status == 0 ? stdout : stderr);
    free(said);
    return status == 0;
}

/*
 * Links, and audits a unikernel. Octets that would undo the seal may hide in the
 * distance from one function or variable to another: in another order they do not.
 */
static bool link_sealed(const struct image *image, const char *out, struct image_map *map,
                        enum audit_verdict *seal)
{
    static const char *const orders[] = {
        NULL, "-Wl,--sort-section=name", "-Wl,--sort-section=alignment",
    };
    enum { N_ORDERS = sizeof orders / sizeof orders[0] };
    *seal = AUDIT_HIDDEN;
    for (size_t i = 0; i < N_ORDERS && *seal == AUDIT_HIDDEN; i++) {
        if (!image_link(image, orders[i], out) || !image_map_read(map, work_path("map")))
            return false;
        if (!image_is_guest(image))
            return true;
        *seal = image_audit_made(out, map, i + 1 == N_ORDERS);
    }
    return *seal != AUDIT_FAILED;
}

/* A device or a pipe: it is written to, and never replaced (root's /dev/null is one). */
static bool is_special(const char *name)
{
    struct stat st;
    return stat(name, &st) == 0 && !S_ISREG(st.st_mode);
}

/* Complete or not there: a file gets its name, an option's, when all is done. */
static const char *fresh_name(const char *option, const char *name)
{
    if (image_is_dir(name)) {
        fprintf(stderr, "tern image: %s: %s is a directory\n", option, name);
        return NULL;
    }
    if (is_special(name))
        return work_path("fresh");
    const char *fresh = work_format("%s.%ld", name, (long)getpid());
    work_also(fresh);
    return fresh;
}

/* False: errno says why. */
static bool pour(const char *from, const char *to)
{
    char octets[16384];
    size_t n = 0;
    bool good = true;
    FILE *in = fopen(from, "rb"), *out = in != NULL ? fopen(to, "wb") : NULL;
    while (out != NULL && good && (n = fread(octets, 1, sizeof octets, in)) > 0)
        good = fwrite(octets, 1, n, out) == n;
    good = good && out != NULL && ferror(in) == 0;
    if (out != NULL && fclose(out) != 0)
        good = false;
    if (in != NULL)
        (void)fclose(in);
    return good;
}

static bool fresh_keep(const char *option, const char *fresh, const char *name)
{
    if (work_interrupted())
        return false;
    if (is_special(name) ? !pour(fresh, name) : rename(fresh, name) != 0) {
        fprintf(stderr, "tern image: %s: %s: %s\n", option, name, strerror(errno));
        return false;
    }
    work_keep();
    return true;
}

static bool make(struct image *image)
{
    if (!image_find_tern(image) || !image_find_appliance(image) || !image_find_libraries(image) ||
        !image_compile_sources(image) || !image_assemble_site(image, work_path("site.o")) ||
        !image_assemble_parts(image))
        return false;
    if (image->out == NULL)
        image->out = work_format("%s%s", image->name, image_is_guest(image) ? ".elf" : "");
    struct image_map map;
    const char *fresh = fresh_name("-o", image->out);
    if (fresh == NULL)
        return false;
    enum audit_verdict seal;
    if (!link_sealed(image, fresh, &map, &seal))
        return false;
    if (image->map) {
        image_members_print(image, &map);
        image_parts_print(image, &map);
    } else {
        image_account_print(image, &map, fresh);
    }
    if (!image->map && seal == AUDIT_SEALED)
        printf("%12s %12s  sealed: no instruction in it can undo that (--audit)\n", "", "");
    if (image->print_memory && !budget_print(image))
        return false;
    return fresh_keep("-o", fresh, image->out);
}

/* The site alone: data and a table, which know of no backend. */
static bool make_site(struct image *image)
{
    const char *fresh = fresh_name("--site-object", image->site_object);
    return fresh != NULL && image_assemble_site(image, fresh) &&
           fresh_keep("--site-object", fresh, image->site_object);
}

static bool make_archive(struct image *image)
{
    const char *fresh = fresh_name("--archive", image->archive);
    return fresh != NULL && archive_write("tern image", fresh, &image->modules) &&
           fresh_keep("--archive", fresh, image->archive);
}

int tern_tool_image(int argc, char **argv)
{
    struct image image = { .backend = "kvm" };
    int end = options(&image, argc, argv);
    if (end != 0)
        return end - 1;
    if (image.audit != NULL)
        return image_audit_file(image.audit);
    if (!work_begin("tern image"))
        return 1;
    bool good = image.archive != NULL       ? make_archive(&image)
                : image.site_object != NULL ? make_site(&image)
                                            : make(&image);
    work_end();
    return good ? 0 : 1;
}
