/* SPDX-License-Identifier: ISC */
/*
 * A directory as assets: one assembler file with all octets, the table
 * tern_http_site of <tern/http.h>, and the fields that go with it.
 */
#ifndef TERN_TOOLS_IMAGE_SITE_H
#define TERN_TOOLS_IMAGE_SITE_H

#include "headers.h"

/* A file, or a smaller form of it. */
struct image_form {
    char etag[27];        /* empty: there is no such form */
    size_t off, len;
};

struct image_asset {
    char *path, *file;    /* as requested; where it lies */
    const char *type;
    char last_modified[TERN_HTTP_DATE_LEN + 1];
    struct image_form forms[TERN_HTTP_CODINGS];
};

struct image_site {
    struct image_asset *assets;
    size_t n, cap;
    size_t len;                /* octets of all forms */
    size_t files_len;          /* of the files themselves */
    size_t n_packed;           /* smaller forms */
    struct headers headers;
};

/*
 * Reads the site in dir (NULL: an empty one that gives way to the appliance's
 * own table) and the file of header fields (NULL: the default), and writes
 * site.S and site.bin into the work directory. False after a message that
 * names the file.
 */
bool image_site_read(struct image_site *site, const char *dir, const char *headers);

#endif
