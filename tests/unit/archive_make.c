/* SPDX-License-Identifier: ISC */
/*
 * Archives of cpio's format newc, right and wrong ones.
 */
#include "archive_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct archive_made *made, const void *octets, size_t len)
{
    if (len > sizeof made->octets - made->len)
        abort();
    if (len > 0)
        memcpy(made->octets + made->len, octets, len);
    made->len += len;
}

static void pad(struct archive_made *made)
{
    while (made->len % 4 != 0)
        put(made, "", 1);
}

size_t archive_put(struct archive_made *made, const struct archive_entry *e)
{
    size_t at = made->len;
    char head[111];
    uint32_t mode = e->mode != 0 ? e->mode : ARCHIVE_FILE;
    snprintf(head, sizeof head, "%s%08x%08x%08x%08X%08x%08x%08x%08x%08x%08x%08x%08x%08x",
             e->magic != NULL ? e->magic : "070701", 1u, mode, 0xABCDEF01u, 0u,
             e->n_links != 0 ? e->n_links : 1, e->mtime_s, (unsigned)e->len, 0u, 0u, 0u, 0u,
             (unsigned)strlen(e->name) + 1, e->check);
    put(made, head, 110);
    put(made, e->name, strlen(e->name) + 1);
    pad(made);
    put(made, e->data, e->len);
    pad(made);
    return at;
}

size_t archive_put_file(struct archive_made *made, const char *name, const char *text)
{
    return archive_put(made, &(struct archive_entry){ .name = name, .data = text,
                                                      .len = strlen(text) });
}

size_t archive_put_end(struct archive_made *made)
{
    return archive_put(made, &(struct archive_entry){ .name = "TRAILER!!!" });
}

uint8_t *archive_copy(const struct archive_made *made, size_t off, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, made->octets + off, len);
    return copy;
}
