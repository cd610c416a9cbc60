/* SPDX-License-Identifier: ISC */
/*
 * Where an image's parts are: Tern's libraries, and the appliance.
 */
#include "image_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool image_exists(const char *path)
{
    return access(path, R_OK) == 0;
}

bool image_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool image_has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);
    return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
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

bool image_find_tern(struct image *image)
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

bool image_find_libraries(const struct image *image)
{
    const char *needed[] = { image->archives[0], image->archives[1], image->archives[2],
                             image->archives[3], image_is_guest(image) ? image->start : NULL,
                             image_is_guest(image) ? image->script : NULL };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (needed[i] != NULL && !image_exists(needed[i])) {
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
        if (entry->d_name[0] != '.' && image_has_suffix(entry->d_name, ".c"))
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
    if (image_has_suffix(image->name, ".c") || image_has_suffix(image->name, ".o"))
        image->name[strlen(image->name) - 2] = '\0';
    free(copy);
}

/* A file; a name under appliances/; a folder. */
bool image_find_appliance(struct image *image)
{
    const char *given = image->appliance;
    if (given[0] == '-')    /* behind "--": no option of the compiler's */
        given = work_format("./%s", given);
    name_take(image, given);
    if (image_has_suffix(given, ".c") || image_has_suffix(given, ".o")) {
        if (!image_exists(given)) {
            fprintf(stderr, "tern image: %s: %s\n", given, strerror(errno));
            return false;
        }
        work_word(&image->sources, given);
        return true;
    }
    const char *roots[] = { "appliances", image->appliances };
    for (size_t i = 0; i < 2 && strchr(given, '/') == NULL; i++) {
        char *path = work_format("%s/%s", roots[i], given);
        if (image_is_dir(path))
            return sources_of(image, path);
        char *file = work_format("%s.c", path);
        if (image_exists(file)) {
            work_word(&image->sources, file);
            return true;
        }
    }
    if (image_is_dir(given))
        return sources_of(image, given);
    fprintf(stderr,
            "tern image: there is no appliance '%s': a name under appliances/, a folder,\n"
            "a C file or an object file is wanted\n", given);
    return false;
}
