/* SPDX-License-Identifier: ISC */
/*
 * What an image is made of, from GNU ld's map: octets an archive or object, and
 * the members that were taken.
 */
#ifndef TERN_TOOLS_IMAGE_MAP_H
#define TERN_TOOLS_IMAGE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_part {
    char *file, *member;    /* member NULL: an object */
    size_t octets, zeroed;  /* in the file; only in memory */
};

/* Where a section of an object went. */
struct image_place {
    uint64_t at;
    size_t len;
    char *what;             /* ".text.tern_main of www.o" */
};

struct image_map {
    struct image_part *parts;
    size_t n, cap;
    struct image_place *places;
    size_t n_places, places_cap;
};

/* Reads a map file. False after a message. */
bool image_map_read(struct image_map *map, const char *path);

/* What lies at an address, or NULL. */
const char *image_map_at(const struct image_map *map, uint64_t at);

/*
 * The hash (SHA-256, 64 digits and a zero) of a member of an archive, or of a
 * whole file if member is NULL. False: it cannot be read.
 */
bool image_map_hash(const struct image_part *part, char hex[65]);

/* The last component of a path. */
const char *image_map_base(const char *path);

#endif
