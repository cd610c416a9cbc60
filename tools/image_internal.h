/* SPDX-License-Identifier: ISC */
/*
 * What the files of `tern image` share. In reading order:
 *
 *   image.c            the command: its options, and what is made of them
 *   image_find.c       where libraries and appliances are
 *   image_site.h       the site, as an object
 *   image_parts.c      which parts of libnet are linked
 *   image_link.c       compiles and links
 *   image_map.h        what the linker says of its work
 *   image_account.c    says it in turn
 *   image_audit.h      what proves that an image stays sealed
 */
#ifndef TERN_TOOLS_IMAGE_INTERNAL_H
#define TERN_TOOLS_IMAGE_INTERNAL_H

#include <stdbool.h>
#include <string.h>

#include "image_map.h"
#include "image_site.h"
#include "work.h"

struct image {
    const char *appliance, *site_dir, *headers;
    const char *backend;       /* "kvm", "xen", "unix" */
    const char *out;
    const char *site_object;   /* --site-object: where to, and nothing else is made */
    const char *audit;         /* --audit: an image, and nothing else is done */
    const char *archive;       /* --archive: where to, and nothing else is made */
    struct work_words modules; /* --module */
    bool takes_modules, takes_links, map, print_memory;
    unsigned with, without;    /* --with, --without: a bit for each part, of image_parts.c */
    char *name;                /* the appliance's, for the default of out */
    struct work_words sources; /* C and object files */
    char *include, *appliances;    /* folders of headers, of appliances' sources */
    char *archives[5], *start, *script;
    struct work_words objects;
    struct image_site site;
};

static inline bool image_is_guest(const struct image *image)
{
    return strcmp(image->backend, "unix") != 0;
}

/* Can it be read? Is it a folder? Does a longer name end so? */
bool image_exists(const char *path);
bool image_is_dir(const char *path);
bool image_has_suffix(const char *name, const char *suffix);

/*
 * Set where things are: Tern's archives and headers, beside this program in its build
 * directory or where pkg-config knows of them; the appliance's sources. False after a
 * message, also if one of the libraries is not there.
 */
bool image_find_tern(struct image *image);
bool image_find_libraries(const struct image *image);
bool image_find_appliance(struct image *image);

/* Each adds to image->objects; false after a message. */
bool image_compile_sources(struct image *image);
bool image_assemble_site(struct image *image, const char *object);
bool image_assemble_parts(struct image *image);

/* One file of assembly; what: for a message. */
bool image_assemble(struct image *image, const char *source, const char *object,
                    const char *what);

/* Takes names of parts, which commas part. False after a message. */
bool image_parts_take(const char *option, unsigned *taken, const char *names);

/*
 * What is without, after all options: what needs a part that is, and of a guest what
 * nobody has asked for and is large. False after a message.
 */
bool image_parts_settle(struct image *image);

/* Links all of it; order is an option of the linker's, or NULL. False after a message. */
bool image_link(const struct image *image, const char *order, const char *out);

/* Octets of each library, the appliance and its site in `out`; or their members. */
void image_account_print(const struct image *image, const struct image_map *map,
                         const char *out);
void image_members_print(const struct image *image, struct image_map *map);

/* A line for each part that is in it: its name, its octets. */
void image_parts_print(const struct image *image, const struct image_map *map);

#endif
