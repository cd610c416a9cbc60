/* SPDX-License-Identifier: ISC */
/*
 * A directory as assets: one assembler file with all octets and the table
 * tern_http_site of <tern/http.h>.
 */
#ifndef TERN_TOOLS_IMAGE_SITE_H
#define TERN_TOOLS_IMAGE_SITE_H

#include <stdbool.h>
#include <stddef.h>

struct image_asset {
    char *path, *file;    /* as requested; where it lies */
    const char *type;
    char etag[35];
    size_t off, len;
};

struct image_site {
    struct image_asset *assets;
    size_t n, cap, len;    /* len: octets in all */
};

/*
 * Reads the site in dir (NULL: an empty one that gives way to the appliance's
 * own table) and writes site.S and site.bin into the work directory. False
 * after a message that names the file.
 */
bool image_site_read(struct image_site *site, const char *dir);

#endif
