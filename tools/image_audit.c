/* SPDX-License-Identifier: ISC */
/* Files for the audit; see the header. */
#include "image_audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole file, for free(). NULL after a message. */
static uint8_t *file_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t cap = 0;
    *len = 0;
    errno = f != NULL ? 0 : errno;
    while (f != NULL && !feof(f) && errno == 0) {
        if (*len == cap) {
            cap = cap * 2 + 65536;
            uint8_t *grown = realloc(data, cap);
            if (grown == NULL)
                break;
            data = grown;
        }
        *len += fread(data + *len, 1, cap - *len, f);
        if (ferror(f) && errno == 0)
            errno = EIO;
    }
    int err = errno;
    if (f != NULL)
        fclose(f);
    if (err == 0 && data != NULL)
        return data;
    fprintf(stderr, "tern image: %s: %s\n", path, strerror(err != 0 ? err : ENOMEM));
    free(data);
    return NULL;
}

int image_audit_file(const char *path)
{
    size_t len;
    uint8_t *file = file_read(path, &len);
    if (file == NULL)
        return 1;
    enum audit_verdict verdict = audit_elf(file, len, NULL, NULL, stdout, 0);
    free(file);
    printf("%s: %s\n", path,
           verdict == AUDIT_SEALED ? "nothing in it can undo the seal of its start"
           : verdict == AUDIT_HIDDEN
               ? "a jump into the middle of an instruction could undo its seal"
               : "not sealed");
    return verdict == AUDIT_SEALED && fflush(stdout) == 0 ? 0 : 1;
}

static const char *name_of(void *arg, uint64_t at)
{
    return image_map_at(arg, at);
}

enum audit_verdict image_audit_made(const char *path, const struct image_map *map, bool say)
{
    size_t len, said_len = 0;
    char *said = NULL;
    uint8_t *file = file_read(path, &len);
    FILE *to = open_memstream(&said, &said_len);
    enum audit_verdict verdict = AUDIT_FAILED;
    if (file != NULL && to != NULL) {
        struct image_map names = *map;
        verdict = audit_elf(file, len, name_of, &names, to, 1);
    }
    if (to != NULL && fclose(to) == 0 && (say || verdict == AUDIT_FAILED))
        fputs(said, stderr);
    free(said);
    free(file);
    if (verdict == AUDIT_FAILED)
        fputs("tern image: the image would not be sealed, and is not made\n", stderr);
    else if (verdict == AUDIT_HIDDEN && say)
        fputs("tern image: a jump into the middle of an instruction could undo the seal\n",
              stderr);
    return verdict;
}
