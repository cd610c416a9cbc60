/* SPDX-License-Identifier: ISC */
/*
 * Archives: many named files in one run of octets, read where they lie. The
 * format is cpio's "newc", which loaders pass to kernels as an initial RAM disk
 * and which `find . -type f | cpio -o -H newc` writes: "070701", and "070702",
 * whose entries have checksums.
 *
 * Nothing is copied and nothing is remembered: a reader is an offset. An archive
 * may come from anybody. Every length is checked before it is used, and a name
 * that is not a plain relative path ends the reading.
 *
 *     struct tern_archive archive;
 *     struct tern_archive_file file;
 *     tern_archive_init(&archive, data, len);
 *     while ((err = tern_archive_next(&archive, &file)) == TERN_OK && file.name != NULL)
 *         take(file.name, file.data, file.len);
 */
#ifndef TERN_ARCHIVE_H
#define TERN_ARCHIVE_H

#include <tern/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TERN_ARCHIVE_NAME_MAX 1023u    /* octets of a name, without its zero */

/* A reader. Its members may be read at any time. */
struct tern_archive {
    const uint8_t *data;    /* placed as long as the reader is used */
    size_t len;
    size_t off;             /* of the next entry; after an error, of the one that is wrong */
    bool complete;          /* what was read last is the entry that ends an archive */
    const char *why;        /* after an error: what is wrong, for people; else NULL. Constant */
};

/* A regular file. What it points to lies in the archive. */
struct tern_archive_file {
    const char *name;       /* ended by a zero; NULL: there are no more files */
    size_t name_len;
    const uint8_t *data;
    size_t len;
    uint32_t mtime_s;       /* when it was changed, seconds since 1970 */
    size_t off;             /* of its entry */
};

/* Does it begin as an archive does, of this format or of cpio's older one? */
bool tern_archive_is(const uint8_t *data, size_t len);

/* Starts to read len octets, which stay where they are. */
void tern_archive_init(struct tern_archive *archive, const uint8_t *data, size_t len);

/*
 * The next regular file. Directories are passed over, as are zeros behind an
 * archive's end and that end itself where another archive follows, on a multiple
 * of 4 octets: loaders put several behind one another.
 *
 * Names are relative paths: one or more parts with single slashes between them, no
 * part "." or "..", no control characters. A leading "./", as find writes it, is
 * left out. One name may come twice: who keeps a table has to look.
 *
 * The octets may end without the entry that ends an archive, so that a run of
 * entries can be read by itself; archive->complete says whether it was there.
 *
 * A call reads each octet of headers and names that it passes once, and of files
 * with checksums all; over a whole archive that is O(len).
 *
 * TERN_OK           *file is a file, or file->name is NULL at the end.
 * TERN_TRUNCATED    an entry runs past the end.
 * TERN_MALFORMED    no entry, a number that is none, a name as above or too long,
 *                   a wrong checksum.
 * TERN_UNSUPPORTED  the older format; a link, device, pipe or socket; a hard link
 *                   whose octets stand at another name.
 *
 * After an error archive->why and archive->off say what is wrong and where, and
 * further calls return the same.
 */
enum tern_err tern_archive_next(struct tern_archive *archive, struct tern_archive_file *file);

#ifdef __cplusplus
}
#endif

#endif
