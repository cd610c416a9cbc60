/* SPDX-License-Identifier: ISC */
/*
 * Compiles an appliance, assembles its site, and links both with the libraries.
 */
#include "image_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    if (said != NULL && image_is_dir("/usr/include") &&
        strstr(said, "string.h: No such file") != NULL)
        fputs("tern image: the C library's headers are in Debian's package libc6-dev\n", stderr);
    fprintf(stderr, "tern image: %s: cc ended with status %d\n", what, status);
    return false;
}

/* As the libraries are compiled, so that the object does for both backends. */
bool image_compile_sources(struct image *image)
{
    for (size_t i = 0; i < image->sources.n; i++) {
        const char *source = image->sources.word[i];
        if (image_has_suffix(source, ".o")) {
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
        if (image->takes_links)
            work_word(&args, "-DTERN_LINKS=1");
        work_word(&args, source);
        work_word(&args, "-o");
        work_word(&args, object);
        if (!compile(&args, source))
            return false;
        work_word(&image->objects, object);
    }
    return true;
}

bool image_assemble_site(struct image *image, const char *object)
{
    return image_site_read(&image->site, image->site_dir, image->headers) &&
           image_assemble(image, work_path("site.S"), object, "the site");
}

bool image_assemble(struct image *image, const char *source, const char *object,
                    const char *what)
{
    struct work_words args = { 0 };
    cc_words(&args);
    work_word(&args, "-c");
    work_word(&args, "-Xassembler");    /* not -Wa: there may be a comma in it */
    work_wordf(&args, "-I%s", work_dir());    /* where .incbin looks */
    work_word(&args, source);
    work_word(&args, "-o");
    work_word(&args, object);
    work_word(&image->objects, object);
    return compile(&args, what);
}

bool image_link(const struct image *image, const char *order, const char *out)
{
    struct work_words args = { 0 };
    cc_words(&args);
    if (image_is_guest(image)) {
        static const char *const flags[] = {
            "-static", "-nostdlib", "-Wl,--gc-sections", "-Wl,--build-id=sha1",
            "-Wl,-z,noexecstack", "-Wl,-n",
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
