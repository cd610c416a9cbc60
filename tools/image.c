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
#include <dirent.h>
#include <unistd.h>

#include "archive.h"
#include "image_audit.h"
#include "image_map.h"
#include "image_site.h"
#include "tools.h"
#include "work.h"

static void usage(FILE *to)
{
    fputs("usage: tern image APPLIANCE [--backend kvm|xen|unix] [--site DIR]\n"
          "                  [--headers FILE] [--modules] [-o FILE] [--map]\n"
          "                  [--print-memory]\n"
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
          "  -o FILE          where to; default: the appliance's name, .elf behind a guest's\n"
          "  --map            prints the archive members that were taken, each with the\n"
          "                   SHA-256 of its octets, instead of the sums\n"
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

struct image {
    const char *appliance, *site_dir, *headers;
    const char *backend;       /* "kvm", "xen", "unix" */
    const char *out;
    const char *site_object;   /* --site-object: where to, and nothing else is made */
    const char *audit;         /* --audit: an image, and nothing else is done */
    const char *archive;       /* --archive: where to, and nothing else is made */
    struct work_words modules; /* --module */
    bool takes_modules, map, print_memory;
    char *name;                /* the appliance's, for the default of out */
    struct work_words sources; /* C and object files */
    char *include, *appliances;    /* folders of headers, of appliances' sources */
    char *archives[5], *start, *script;
    struct work_words objects;
    struct image_site site;
};

static bool is_guest(const struct image *image)
{
    return strcmp(image->backend, "unix") != 0;
}

static bool exists(const char *path)
{
    return access(path, R_OK) == 0;
}

static bool is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);
    return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

/* ---- Options ---------------------------------------------------------------- */

/* 0: go on; else the status to end with, plus one. */
static int options(struct image *image, int argc, char **argv)
{
    static const struct option longs[] = {
        { "audit", required_argument, NULL, 'a' }, { "backend", required_argument, NULL, 'b' },
        { "site", required_argument, NULL, 's' },
        { "site-object", required_argument, NULL, 'S' },
        { "headers", required_argument, NULL, 'H' }, { "map", no_argument, NULL, 'm' },
        { "modules", no_argument, NULL, 'M' }, { "module", required_argument, NULL, 'd' },
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
    if (image->audit != NULL && argc == 3)
        return 0;
    if (image->audit != NULL) {
        fputs("tern image: --audit FILE stands alone\n", stderr);
        return 3;
    }
    if (image->site_object != NULL && argc == optind && image->out == NULL && !image->map &&
        !image->print_memory)
        return 0;
    if (image->site_object != NULL) {
        fputs("tern image: --site-object FILE goes with --site and --headers only\n", stderr);
        return 3;
    }
    if (image->archive != NULL || image->modules.n > 0) {
        if (image->archive != NULL && image->modules.n > 0 && argc == optind &&
            image->site_dir == NULL && image->headers == NULL && image->site_object == NULL &&
            image->out == NULL && !image->takes_modules && !image->map && !image->print_memory)
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
    return 0;
}

/* ---- Where things are --------------------------------------------------------- */

static const char *const libraries[4] = { "http", "net", "base", NULL };

/* The first line of a file, or NULL. */
static char *line_of(const char *path)
{
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return NULL;
    char line[4096] = "";
    bool got = fgets(line, sizeof line, f) != NULL;
    fclose(f);
    line[strcspn(line, "\n")] = '\0';
    return got ? work_format("%s", line) : NULL;
}

/* Beside this program, in its build directory, where a file tells of the sources. */
static bool find_built(struct image *image, const char *dir)
{
    static const char *const folders[3] = { "libhttp", "libnet", "base" };
    const char *source = line_of(work_format("%s/tools/source", dir));
    if (source == NULL)
        return false;
    image->archives[0] =
        work_format("%s/backends/%s/.libs/libtern-%s.a", dir, image->backend, image->backend);
    for (size_t i = 0; i < 3; i++)
        image->archives[i + 1] =
            work_format("%s/%s/.libs/libtern-%s.a", dir, folders[i], libraries[i]);
    image->include = work_format("%s/include", source);
    image->appliances = work_format("%s/appliances", source);
    image->start = work_format("%s/backends/pvh/tern/start.o", dir);
    image->script = work_format("%s/backends/pvh/tern.ld", source);
    return true;
}

static char *pkg_variable(const char *module, const char *variable)
{
    const char *argv[] = { "pkg-config", work_format("--variable=%s", variable), module, NULL };
    char *text = NULL;
    if (work_run(argv, &text, false) != 0 || text[0] == '\0') {
        free(text);
        return NULL;
    }
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static bool find_installed(struct image *image)
{
    const char *module = work_format("tern-%s", image->backend);
    char *libdir = pkg_variable(module, "libdir");
    image->include = pkg_variable(module, "includedir");
    image->appliances = pkg_variable("tern-base", "appliancesdir");
    if (libdir == NULL || image->include == NULL || image->appliances == NULL)
        return false;
    image->archives[0] = work_format("%s/libtern-%s.a", libdir, image->backend);
    for (size_t i = 0; i < 3; i++)
        image->archives[i + 1] = work_format("%s/libtern-%s.a", libdir, libraries[i]);
    image->start = work_format("%s/tern/start.o", libdir);
    image->script = work_format("%s/tern/tern.ld", libdir);
    return true;
}

static bool find_tern(struct image *image)
{
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    self[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL)
        *slash = '\0';
    if ((slash != NULL && find_built(image, self)) || find_installed(image))
        return true;
    fprintf(stderr, "tern image: libtern-%s is neither in %s nor known to pkg-config\n",
            image->backend, self);
    return false;
}

static bool find_libraries(const struct image *image)
{
    const char *needed[] = { image->archives[0], image->archives[1], image->archives[2],
                             image->archives[3], is_guest(image) ? image->start : NULL,
                             is_guest(image) ? image->script : NULL };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (needed[i] != NULL && !exists(needed[i])) {
            fprintf(stderr, "tern image: %s: %s\n", needed[i], strerror(errno));
            return false;
        }
    return true;
}

/* ---- The appliance -------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool sources_of(struct image *image, const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *entry;
    while (d != NULL && (entry = readdir(d)) != NULL)
        if (entry->d_name[0] != '.' && has_suffix(entry->d_name, ".c"))
            work_wordf(&image->sources, "%s/%s", dir, entry->d_name);
    if (d != NULL)
        closedir(d);
    if (image->sources.n == 0) {
        fprintf(stderr, "tern image: %s: there is no C file in it\n", dir);
        return false;
    }
    qsort(image->sources.word, image->sources.n, sizeof image->sources.word[0], by_name);
    return true;
}

static void name_take(struct image *image, const char *path)
{
    char *copy = work_format("%s", path);
    size_t len = strlen(copy);
    while (len > 1 && copy[len - 1] == '/')
        copy[--len] = '\0';
    image->name = work_format("%s", image_map_base(copy));
    if (has_suffix(image->name, ".c") || has_suffix(image->name, ".o"))
        image->name[strlen(image->name) - 2] = '\0';
    free(copy);
}

/* A file; a name under appliances/; a folder. */
static bool find_appliance(struct image *image)
{
    const char *given = image->appliance;
    if (given[0] == '-')    /* behind "--": no option of the compiler's */
        given = work_format("./%s", given);
    name_take(image, given);
    if (has_suffix(given, ".c") || has_suffix(given, ".o")) {
        if (!exists(given)) {
            fprintf(stderr, "tern image: %s: %s\n", given, strerror(errno));
            return false;
        }
        work_word(&image->sources, given);
        return true;
    }
    const char *roots[] = { "appliances", image->appliances };
    for (size_t i = 0; i < 2 && strchr(given, '/') == NULL; i++) {
        char *path = work_format("%s/%s", roots[i], given);
        if (is_dir(path))
            return sources_of(image, path);
        char *file = work_format("%s.c", path);
        if (exists(file)) {
            work_word(&image->sources, file);
            return true;
        }
    }
    if (is_dir(given))
        return sources_of(image, given);
    fprintf(stderr,
            "tern image: there is no appliance '%s': a name under appliances/, a folder,\n"
            "a C file or an object file is wanted\n", given);
    return false;
}

/* ---- Compiling and linking -------------------------------------------------------- */

static const char *cc(void)
{
    const char *name = getenv("CC");
    return name != NULL && name[strspn(name, " ")] != '\0' ? name : "cc";
}

/* $CC may be several words, as "ccache gcc" or "gcc -m64". */
static void cc_words(struct work_words *args)
{
    for (const char *p = cc() + strspn(cc(), " "); *p != '\0'; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        work_wordf(args, "%.*s", (int)len, p);
        p += len;
    }
}

/* Runs the compiler; its own words are shown when it fails. */
static bool compile(const struct work_words *args, const char *what)
{
    char *said = NULL;
    int status = work_run(args->word, &said, true);
    if (work_interrupted())
        return false;
    if (status == WORK_NOT_FOUND) {
        fprintf(stderr, "tern image: there is no '%s': Debian has it in the package gcc\n", cc());
        return false;
    }
    if (said != NULL && said[0] != '\0')
        fputs(said, stderr);
    if (status == 0)
        return true;
    if (said != NULL && (strstr(said, "cannot find 'ld'") != NULL ||
                         strstr(said, "cannot execute 'as'") != NULL ||
                         strstr(said, "cannot exec 'as'") != NULL))
        fputs("tern image: the assembler and the linker are in Debian's package binutils\n",
              stderr);
    if (said != NULL && is_dir("/usr/include") && strstr(said, "string.h: No such file") != NULL)
        fputs("tern image: the C library's headers are in Debian's package libc6-dev\n", stderr);
    fprintf(stderr, "tern image: %s: cc ended with status %d\n", what, status);
    return false;
}

/* As the libraries are compiled, so that the object does for both backends. */
static bool compile_sources(struct image *image)
{
    for (size_t i = 0; i < image->sources.n; i++) {
        const char *source = image->sources.word[i];
        if (has_suffix(source, ".o")) {
            work_word(&image->objects, source);
            continue;
        }
        struct work_words args = { 0 };
        const char *object = work_path(work_format("appliance%zu.o", i));
        static const char *const flags[] = {
            "-std=c11", "-O2", "-g", "-fPIC", "-ffreestanding", "-U_FORTIFY_SOURCE",
            "-fstack-protector-strong", "-fstack-clash-protection", "-ffunction-sections",
            "-fdata-sections", "-fno-common", "-Wall", "-Wextra", "-c",
        };
        cc_words(&args);
        for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++)
            work_word(&args, flags[f]);
        work_wordf(&args, "-I%s", image->include);
        if (image->takes_modules)
            work_word(&args, "-DTERN_MODULES=1");
        work_word(&args, source);
        work_word(&args, "-o");
        work_word(&args, object);
        if (!compile(&args, source))
            return false;
        work_word(&image->objects, object);
    }
    return true;
}

static bool assemble_site(struct image *image, const char *object)
{
    if (!image_site_read(&image->site, image->site_dir, image->headers))
        return false;
    struct work_words args = { 0 };
    cc_words(&args);
    work_word(&args, "-c");
    work_word(&args, "-Xassembler");    /* not -Wa: there may be a comma in it */
    work_wordf(&args, "-I%s", work_dir());    /* where .incbin looks */
    work_word(&args, work_path("site.S"));
    work_word(&args, "-o");
    work_word(&args, object);
    work_word(&image->objects, object);
    return compile(&args, "the site");
}

static bool link_image(const struct image *image, const char *order, const char *out)
{
    struct work_words args = { 0 };
    cc_words(&args);
    if (is_guest(image)) {
        static const char *const flags[] = {
            "-static", "-nostdlib", "-Wl,--gc-sections", "-Wl,--build-id=sha1",
            "-Wl,-z,noexecstack", "-Wl,-z,max-page-size=0x200000",
        };
        for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
            work_word(&args, flags[i]);
        work_word(&args, "-T");
        work_word(&args, image->script);
        work_word(&args, image->start);
    } else {
        work_word(&args, "-Wl,--gc-sections");
        work_word(&args, "-Wl,--build-id=sha1");
    }
    work_word(&args, "-Wl,-s");
    if (order != NULL)
        work_word(&args, order);
    work_word(&args, "-Xlinker");
    work_wordf(&args, "-Map=%s", work_path("map"));
    for (size_t i = 0; i < image->objects.n; i++)
        work_word(&args, image->objects.word[i]);
    work_word(&args, "-Wl,--start-group");
    for (size_t i = 0; image->archives[i] != NULL; i++)
        work_word(&args, image->archives[i]);
    work_word(&args, "-Wl,--end-group");
    work_word(&args, "-o");
    work_word(&args, out);
    return compile(&args, "the link");
}

/* ---- The account --------------------------------------------------------------------- */

/* The row of the account in which a part counts. */
static const char *row_of(const struct image *image, const struct image_part *part)
{
    for (size_t i = 0; image->archives[i] != NULL; i++)
        if (strcmp(part->file, image->archives[i]) == 0)
            return image_map_base(image->archives[i]);
    if (strcmp(part->file, work_path("site.o")) == 0)
        return "site";
    if (strcmp(part->file, image->start) == 0)
        return "start.o";
    for (size_t i = 0; i < image->objects.n; i++)
        if (strcmp(part->file, image->objects.word[i]) == 0)
            return "appliance";
    return "the C library's";
}

static void account_print(const struct image *image, const struct image_map *map,
                          const char *out)
{
    const char *rows[16];
    size_t octets[16] = { 0 }, zeroed[16] = { 0 }, n = 0;
    for (size_t i = 0; i < map->n; i++) {
        const char *row = row_of(image, &map->parts[i]);
        size_t r = 0;
        while (r < n && strcmp(rows[r], row) != 0)
            r++;
        if (r == n && n < 15)
            rows[n++] = row;
        octets[r] += map->parts[i].octets;
        zeroed[r] += map->parts[i].zeroed;
    }
    struct stat st;
    printf("%12s %12s  %s\n", "octets", "zeroed", image->out);
    for (size_t r = 0; r < n; r++)
        printf("%12zu %12zu  %s\n", octets[r], zeroed[r], rows[r]);
    if (image->site.n > 0)
        printf("%12zu %12s  in %zu files of %s\n", image->site.files_len, "", image->site.n,
               image->site_dir);
    if (image->site.n_packed > 0)
        printf("%12zu %12s  in %zu smaller forms of them\n",
               image->site.len - image->site.files_len, "", image->site.n_packed);
    if (stat(out, &st) == 0)
        printf("%12lld %12s  the file\n", (long long)st.st_size, "");
}

static int by_place(const void *a, const void *b)
{
    const struct image_part *x = a, *y = b;
    int order = strcmp(image_map_base(x->file), image_map_base(y->file));
    return order != 0 ? order : strcmp(x->member, y->member);
}

static void members_print(const struct image *image, struct image_map *map)
{
    size_t n = 0;
    for (size_t i = 0; i < map->n; i++)
        if (map->parts[i].member != NULL && strcmp(row_of(image, &map->parts[i]),
                                                   "the C library's") != 0)
            map->parts[n++] = map->parts[i];
    qsort(map->parts, n, sizeof map->parts[0], by_place);
    for (size_t i = 0; i < n; i++) {
        char hex[65];
        const struct image_part *part = &map->parts[i];
        printf("%s %s(%s)\n", image_map_hash(part, hex) ? hex : "?", image_map_base(part->file),
               part->member);
    }
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
    const char *argv[] = { program, is_guest(image) ? "--print-memory=guest" : "--print-memory",
                           NULL };
    char *said = NULL;

    process.backend = "unix";
    if (!find_tern(&process) || !find_libraries(&process) || !link_image(&process, NULL, program))
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
        if (!link_image(image, orders[i], out) || !image_map_read(map, work_path("map")))
            return false;
        if (!is_guest(image))
            return true;
        *seal = image_audit_made(out, map, i + 1 == N_ORDERS);
    }
    return *seal != AUDIT_FAILED;
}

/* Complete or not there: a file gets its name, an option's, when all is done. */
static const char *fresh_name(const char *option, const char *name)
{
    if (is_dir(name)) {
        fprintf(stderr, "tern image: %s: %s is a directory\n", option, name);
        return NULL;
    }
    const char *fresh = work_format("%s.%ld", name, (long)getpid());
    work_also(fresh);
    return fresh;
}

static bool fresh_keep(const char *option, const char *fresh, const char *name)
{
    if (work_interrupted())
        return false;
    if (rename(fresh, name) != 0) {
        fprintf(stderr, "tern image: %s: %s: %s\n", option, name, strerror(errno));
        return false;
    }
    work_keep();
    return true;
}

static bool make(struct image *image)
{
    if (!find_tern(image) || !find_appliance(image) || !find_libraries(image) ||
        !compile_sources(image) || !assemble_site(image, work_path("site.o")))
        return false;
    if (image->out == NULL)
        image->out = work_format("%s%s", image->name, is_guest(image) ? ".elf" : "");
    struct image_map map;
    const char *fresh = fresh_name("-o", image->out);
    if (fresh == NULL)
        return false;
    enum audit_verdict seal;
    if (!link_sealed(image, fresh, &map, &seal))
        return false;
    if (image->map)
        members_print(image, &map);
    else
        account_print(image, &map, fresh);
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
    return fresh != NULL && assemble_site(image, fresh) &&
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
