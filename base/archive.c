/* SPDX-License-Identifier: ISC */
/*
 * Reads cpio archives of the format "newc" (Linux: Documentation/driver-api/
 * early-userspace/buffer-format.rst). An entry is
 *
 *     header, 110 octets of ASCII
 *       0  "070701", or "070702": with a checksum
 *       6  13 numbers of 8 hexadecimal digits: ino, mode, uid, gid, nlink, mtime,
 *          filesize, 4 of devices, namesize (with its zero), check
 *     name and its zero, then up to a multiple of 4
 *     the file's octets, then up to a multiple of 4
 *
 * and one of the name "TRAILER!!!" ends an archive. The checksum is the sum of
 * the file's octets.
 */
#include <tern/archive.h>

#include <string.h>

enum { MAGIC_LEN = 6, NUMBER_LEN = 8, N_NUMBERS = 13 };
enum { HEADER_LEN = MAGIC_LEN + NUMBER_LEN * N_NUMBERS };
enum { MODE = 1, N_LINKS = 4, MTIME = 5, FILE_LEN = 6, NAME_LEN = 11, CHECK = 12 };
enum { KIND_MASK = 0170000, KIND_DIRECTORY = 0040000, KIND_FILE = 0100000 };

/* An entry whose lengths are checked. Only entry_read makes one. */
struct entry {
    uint32_t number[N_NUMBERS];
    const char *name;    /* ended by a zero */
    size_t name_len;
    size_t data_off, end;
};

static enum tern_err bad(struct tern_archive *archive, enum tern_err err, const char *why)
{
    archive->why = why;
    return err;
}

static bool number_load(const uint8_t *p, uint32_t *value)
{
    uint32_t v = 0;
    for (size_t i = 0; i < NUMBER_LEN; i++) {
        unsigned c = p[i], digit = c - '0';
        if (digit > 9)
            digit = (c | 0x20) - 'a' + 10 < 16 && (c | 0x20) >= 'a' ? (c | 0x20) - 'a' + 10 : 16;
        if (digit > 15)
            return false;
        v = v << 4 | digit;
    }
    *value = v;
    return true;
}

/* off <= len, moved up to a multiple of 4, or to the end if that comes first. */
static size_t aligned(size_t off, size_t len)
{
    size_t pad = (4 - off % 4) % 4;
    return pad < len - off ? off + pad : len;
}

static uint32_t sum_of(const uint8_t *data, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += data[i];
    return sum;
}

static enum tern_err entry_read(struct tern_archive *a, struct entry *e)
{
    const uint8_t *p = a->data + a->off;
    size_t rest = a->len - a->off;

    if (rest >= MAGIC_LEN && !tern_archive_is(p, rest))
        return bad(a, TERN_MALFORMED, "no header of the format newc");
    if (rest < HEADER_LEN)
        return bad(a, TERN_TRUNCATED, "a header is cut off");
    if (p[MAGIC_LEN - 1] == '7')
        return bad(a, TERN_UNSUPPORTED, "cpio's old format: cpio -H newc is wanted");
    for (size_t i = 0; i < N_NUMBERS; i++)
        if (!number_load(p + MAGIC_LEN + i * NUMBER_LEN, &e->number[i]))
            return bad(a, TERN_MALFORMED, "a number has a digit that is not hexadecimal");
    size_t name_len = e->number[NAME_LEN];
    if (name_len < 2 || name_len - 1 > TERN_ARCHIVE_NAME_MAX)
        return bad(a, TERN_MALFORMED, "a name is empty or too long");
    if (name_len > rest - HEADER_LEN)
        return bad(a, TERN_TRUNCATED, "a name is cut off");
    e->name = (const char *)p + HEADER_LEN;
    for (e->name_len = 0; e->name_len < name_len && e->name[e->name_len] != '\0';)
        e->name_len++;
    if (e->name_len != name_len - 1)
        return bad(a, TERN_MALFORMED, "a name does not end where it says");

    e->data_off = aligned(a->off + HEADER_LEN + name_len, a->len);
    if (e->number[FILE_LEN] > a->len - e->data_off)
        return bad(a, TERN_TRUNCATED, "a file is cut off");
    e->end = aligned(e->data_off + e->number[FILE_LEN], a->len);
    if (p[MAGIC_LEN - 1] == '2' && e->number[CHECK] !=
        sum_of(a->data + e->data_off, e->number[FILE_LEN]))
        return bad(a, TERN_MALFORMED, "a file has not the checksum that its entry says");
    return TERN_OK;
}

/* What is wrong with a file's name, or NULL. */
static const char *name_fault(const char *name, size_t len)
{
    size_t start = 0;    /* of the part that i stands in */
    for (size_t i = 0; i <= len; i++) {
        unsigned char c = i < len ? (unsigned char)name[i] : '/';
        if (c < 0x20 || c == 0x7f)
            return "a name with a control character in it";
        if (c != '/')
            continue;
        size_t n = i - start;
        if (n == 0)
            return "a name that is absolute or has an empty part";
        if (name[start] == '.' && (n == 1 || (n == 2 && name[start + 1] == '.')))
            return "a name with . or .. in it";
        start = i + 1;
    }
    return NULL;
}

static enum tern_err file_take(struct tern_archive *a, const struct entry *e,
                               struct tern_archive_file *file)
{
    size_t skip = e->name_len > 2 && e->name[0] == '.' && e->name[1] == '/' ? 2 : 0;

    if ((e->number[MODE] & KIND_MASK) != KIND_FILE)
        return bad(a, TERN_UNSUPPORTED, "neither a file nor a directory");
    if (e->number[N_LINKS] > 1 && e->number[FILE_LEN] == 0)
        return bad(a, TERN_UNSUPPORTED, "a hard link whose octets stand at another name");
    file->name = e->name + skip;
    file->name_len = e->name_len - skip;
    const char *why = name_fault(file->name, file->name_len);
    if (why != NULL)
        return bad(a, TERN_MALFORMED, why);
    file->data = a->data + e->data_off;
    file->len = e->number[FILE_LEN];
    file->mtime_s = e->number[MTIME];
    file->off = a->off;
    a->off = e->end;
    return TERN_OK;
}

bool tern_archive_is(const uint8_t *data, size_t len)
{
    return len >= MAGIC_LEN && memcmp(data, "07070", MAGIC_LEN - 1) == 0 &&
           (data[5] == '1' || data[5] == '2' || data[5] == '7');
}

void tern_archive_init(struct tern_archive *archive, const uint8_t *data, size_t len)
{
    *archive = (struct tern_archive){ .data = data, .len = len };
}

enum tern_err tern_archive_next(struct tern_archive *archive, struct tern_archive_file *file)
{
    static const char trailer[] = "TRAILER!!!";
    struct entry e;

    *file = (struct tern_archive_file){ .name = NULL };
    /* Each turn passes a zero, or an entry of more than HEADER_LEN octets. */
    while (archive->off < archive->len) {
        if (archive->complete && archive->data[archive->off] == 0) {
            archive->off++;
            continue;
        }
        if (archive->complete && archive->off % 4 != 0)
            return bad(archive, TERN_MALFORMED, "what follows an archive is not aligned");
        enum tern_err err = entry_read(archive, &e);
        if (err != TERN_OK)
            return err;
        bool ends = e.name_len == sizeof trailer - 1 &&
                    memcmp(e.name, trailer, sizeof trailer - 1) == 0;
        if (!ends && (e.number[MODE] & KIND_MASK) != KIND_DIRECTORY) {
            err = file_take(archive, &e, file);
            if (err != TERN_OK)
                *file = (struct tern_archive_file){ .name = NULL };
            else
                archive->complete = false;
            return err;
        }
        archive->complete = ends;
        archive->off = e.end;
    }
    return TERN_OK;
}
