/* SPDX-License-Identifier: ISC */
/* Files for the audit; see the header. */
#include "image_audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 30 };    /* an image ends below 1 GiB */

/* Opened and its length told, if it is a file; -1 after a message. */
static int file_open(const char *path, size_t *len)
{
    struct stat st;
    const char *why = NULL;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);    /* a pipe may have no writer */
    if (fd < 0 || fstat(fd, &st) != 0) {
        fprintf(stderr, "tern image: %s: %s\n", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (S_ISDIR(st.st_mode))
        why = strerror(EISDIR);
    else if (!S_ISREG(st.st_mode))
        why = "not a regular file";
    else if (st.st_size > FILE_MAX)
        why = "more than 1 GiB, which no image has";
    if (why == NULL) {
        *len = (size_t)st.st_size;
        return fd;
    }
    fprintf(stderr, "tern image: %s: %s\n", path, why);
    close(fd);
    return -1;
}

/* The whole file, for free(). NULL after a message. */
static uint8_t *file_read(const char *path, size_t *len)
{
    size_t whole = 0;
    *len = 0;
    int fd = file_open(path, &whole);
    if (fd < 0)
        return NULL;
    uint8_t *data = malloc(whole + 1);
    int err = data == NULL ? ENOMEM : 0;
    while (err == 0 && *len < whole) {
        ssize_t n = read(fd, data + *len, whole - *len);
        if (n == 0)
            break;    /* somebody has cut it meanwhile */
        if (n > 0)
            *len += (size_t)n;
        else if (errno != EINTR)
            err = errno;
    }
    close(fd);
    if (err == 0)
        return data;
    fprintf(stderr, "tern image: %s: %s\n", path, strerror(err));
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
