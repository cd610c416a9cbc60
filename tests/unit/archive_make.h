/* SPDX-License-Identifier: ISC */
/*
 * Archives of cpio's format newc, right and wrong ones.
 */
#ifndef TERN_TESTS_ARCHIVE_MAKE_H
#define TERN_TESTS_ARCHIVE_MAKE_H

#include <stddef.h>
#include <stdint.h>

struct archive_made {
    size_t len;
    char octets[65536];
};

enum { ARCHIVE_DIRECTORY = 0040755, ARCHIVE_FILE = 0100644, ARCHIVE_LINK = 0120777 };

/* What an entry is; what is zero is a regular file's without octets. */
struct archive_entry {
    const char *magic;    /* "070701" */
    const char *name;
    uint32_t mode, n_links, mtime_s, check;
    const char *data;
    size_t len;
};

/* Puts an entry behind the others; returns its offset. */
size_t archive_put(struct archive_made *made, const struct archive_entry *entry);
size_t archive_put_file(struct archive_made *made, const char *name, const char *text);
/* The entry that ends an archive. */
size_t archive_put_end(struct archive_made *made);

/* A copy of exactly these octets: what is read behind it is noticed. The caller frees it. */
uint8_t *archive_copy(const struct archive_made *made, size_t off, size_t len);

#endif
