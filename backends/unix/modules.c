/* SPDX-License-Identifier: ISC */
/*
 * The modules of a process: files that are read at the start. They are copied, not
 * mapped: what was listed with its digest can then neither change nor shrink, and
 * nothing can write to the copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unix_internal.h"

static enum tern_err complain(const struct tern_host_options *options, const char *file,
                              const char *why)
{
    fprintf(stderr, "%s: option module: %s: %s\n", options->appliance->name, file, why);
    return TERN_INVALID;
}

/* Fills len octets at data; what the file has less is an error, what it has more is not read. */
static const char *fill(int fd, uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, data + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return strerror(errno);
        if (n == 0)
            return "it became shorter while it was read";
        at += (size_t)n;
    }
    return NULL;
}

/* What is wrong, or NULL. Nobody else holds the mapping, so nobody frees it. */
static const char *read_whole(int fd, struct tern_module *module)
{
    static const uint8_t nothing[1];
    struct stat st;

    if (fstat(fd, &st) != 0)
        return strerror(errno);
    if (S_ISDIR(st.st_mode))
        return "a directory; an archive of one is made by: find . -type f | cpio -o -H newc";
    if (!S_ISREG(st.st_mode))
        return "not a regular file";
    if ((uint64_t)st.st_size > SIZE_MAX / 2)
        return "longer than there is memory";
    module->data = nothing;
    module->len = (size_t)st.st_size;
    if (module->len == 0)
        return NULL;
    void *data =
        mmap(NULL, module->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return strerror(errno);
    const char *why = fill(fd, data, module->len);
    if (why == NULL && mprotect(data, module->len, PROT_READ) != 0)
        why = strerror(errno);
    module->data = data;
    return why;
}

static enum tern_err load(const struct tern_host_options *options, const char *word,
                          struct tern_module *module, char name[TERN_MODULE_NAME_CAP])
{
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : 0;

    if (len == 0 || len >= TERN_MODULE_NAME_CAP || equals[1] == '\0')
        return complain(options, word, "NAME=FILE is wanted");
    memcpy(name, word, len);
    name[len] = '\0';
    module->name = name;
    int fd = open(equals + 1, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return complain(options, equals + 1, strerror(errno));
    const char *why = read_whole(fd, module);
    close(fd);
    return why == NULL ? TERN_OK : complain(options, equals + 1, why);
}

enum tern_err tern_unix_modules(struct tern_host_core *core, struct tern_modules *modules,
                                const struct tern_host_options *options)
{
    struct tern_module given[TERN_MODULES_MAX];
    char names[TERN_MODULES_MAX][TERN_MODULE_NAME_CAP];
    size_t n = 0;

    for (size_t i = 0; i < options->n_modules; i++) {
        if (tern_host_options_digest(options->modules[i]) != NULL)
            continue;
        if (load(options, options->modules[i], &given[n], names[n]) != TERN_OK)
            return TERN_INVALID;
        n++;
    }
    enum tern_err err = tern_host_core_modules(core, modules, given, n);
    if (err != TERN_OK)
        fprintf(stderr, "%s: %s\n", options->appliance->name, modules->error);
    return err;
}
