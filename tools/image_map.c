/* SPDX-License-Identifier: ISC */
/*
 * GNU ld's map and ar's archives, as far as an account of an image needs them.
 *
 * In the map, after the line "Linker script and memory map", each section that
 * was taken stands as
 *
 *      .text.name     0x0000000000201000      0x1f2 path/lib.a(member.o)
 *
 * where a long name has a line of its own. Sections at address 0 are not loaded.
 */
#include "image_map.h"

#include <tern/base.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "work.h"

const char *image_map_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static struct image_part *part_of(struct image_map *map, const char *file, const char *member)
{
    for (size_t i = 0; i < map->n; i++) {
        struct image_part *p = &map->parts[i];
        bool same_member = member == NULL ? p->member == NULL
                                          : p->member != NULL && strcmp(p->member, member) == 0;
        if (same_member && strcmp(p->file, file) == 0)
            return p;
    }
    if (map->n == map->cap) {
        size_t cap = map->cap * 2 + 64;
        struct image_part *grown = work_alloc(cap * sizeof *grown);
        if (map->n > 0)
            memcpy(grown, map->parts, map->n * sizeof *grown);
        free(map->parts);
        map->parts = grown;
        map->cap = cap;
    }
    struct image_part *p = &map->parts[map->n++];
    p->file = work_format("%s", file);
    p->member = member != NULL ? work_format("%s", member) : NULL;
    return p;
}

static void place_add(struct image_map *map, const char *section, const char *where, uint64_t at,
                      size_t len)
{
    if (map->n_places == map->places_cap) {
        size_t cap = map->places_cap * 2 + 256;
        struct image_place *grown = work_alloc(cap * sizeof *grown);
        if (map->n_places > 0)
            memcpy(grown, map->places, map->n_places * sizeof *grown);
        free(map->places);
        map->places = grown;
        map->places_cap = cap;
    }
    map->places[map->n_places++] = (struct image_place){
        at, len, work_format("%s of %s", section, image_map_base(where)),
    };
}

const char *image_map_at(const struct image_map *map, uint64_t at)
{
    for (size_t i = 0; i < map->n_places; i++)
        if (at >= map->places[i].at && at - map->places[i].at < map->places[i].len)
            return map->places[i].what;
    return NULL;
}

/* "path/lib.a(member.o)" or "path/object.o". */
static void count(struct image_map *map, const char *section, char *where, size_t len)
{
    size_t end = strlen(where);
    char *member = NULL;
    if (end > 0 && where[end - 1] == ')') {
        member = strrchr(where, '(');
        if (member == NULL)
            return;
        where[end - 1] = '\0';
        *member++ = '\0';
    }
    struct image_part *part = part_of(map, where, member);
    if (strncmp(section, ".bss", 4) == 0 || strcmp(section, "COMMON") == 0 ||
        strncmp(section, ".tbss", 5) == 0)
        part->zeroed += len;
    else
        part->octets += len;
}

/* One line; section is the name that a line of its own may have left. */
static void line_read(struct image_map *map, char *line, char section[256])
{
    line[strcspn(line, "\n")] = '\0';
    if (line[0] != ' ' || line[1] == '*') {    /* an output section, a symbol, a pattern */
        section[0] = '\0';
        return;
    }
    unsigned long long address, len;
    int taken = 0;
    if (line[1] != ' ' && sscanf(line, " %255s %n", section, &taken) < 1)
        return;
    char *rest = line + taken;
    int at = 0;
    if (section[0] == '\0' || sscanf(rest, " 0x%llx 0x%llx %n", &address, &len, &at) < 2 || at == 0)
        return;    /* a name alone: its numbers follow */
    char *where = rest + at;
    if (address != 0 && len != 0 && where[0] != '\0' &&
        strncmp(where, "load address", 12) != 0) {
        place_add(map, section, where, address, (size_t)len);
        count(map, section, where, (size_t)len);
    }
    section[0] = '\0';
}

bool image_map_read(struct image_map *map, const char *path)
{
    *map = (struct image_map){ .parts = NULL };
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fprintf(stderr, "tern image: %s: %s\n", path, strerror(errno));
        return false;
    }
    char *line = NULL, section[256] = "";
    size_t cap = 0;
    bool begun = false;
    while (getline(&line, &cap, f) > 0) {
        if (begun)
            line_read(map, line, section);
        else
            begun = strncmp(line, "Linker script and memory map", 28) == 0;
    }
    free(line);
    fclose(f);
    return true;
}

/* ---- Archives -------------------------------------------------------------- */

enum { AR_MAGIC_LEN = 8, AR_HDR_LEN = 60, AR_NAME_LEN = 16, AR_SIZE = 48, AR_SIZE_LEN = 10 };

static char *file_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    size_t cap = 1 << 16, n;
    char *data = work_alloc(cap);
    *len = 0;
    while ((n = fread(data + *len, 1, cap - *len, f)) > 0) {
        *len += n;
        if (cap - *len > 0)
            continue;
        char *grown = work_alloc(cap * 2);
        memcpy(grown, data, *len);
        free(data);
        data = grown;
        cap *= 2;
    }
    fclose(f);
    return data;
}

/* Is this header's member called that? Long names stand in the member "//". */
static bool is_named(const char *hdr, const char *names, size_t names_len, const char *member)
{
    size_t member_len = strlen(member);
    if (hdr[0] == '/' && hdr[1] >= '0' && hdr[1] <= '9') {
        size_t off = strtoul(hdr + 1, NULL, 10);
        return names != NULL && off < names_len && member_len + 1 <= names_len - off &&
               memcmp(names + off, member, member_len) == 0 && names[off + member_len] == '/';
    }
    return member_len < AR_NAME_LEN && memcmp(hdr, member, member_len) == 0 &&
           hdr[member_len] == '/';
}

static bool member_find(const char *data, size_t len, const char *member, const char **at,
                        size_t *at_len)
{
    const char *names = NULL;
    size_t names_len = 0, off = AR_MAGIC_LEN;
    if (len < AR_MAGIC_LEN || memcmp(data, "!<arch>\n", AR_MAGIC_LEN) != 0)
        return false;
    while (off <= len && len - off >= AR_HDR_LEN) {
        const char *hdr = data + off;
        char digits[AR_SIZE_LEN + 1] = "";
        memcpy(digits, hdr + AR_SIZE, AR_SIZE_LEN);
        size_t member_len = strtoul(digits, NULL, 10);
        off += AR_HDR_LEN;
        if (member_len > len - off)
            return false;
        if (memcmp(hdr, "// ", 3) == 0) {
            names = data + off;
            names_len = member_len;
        } else if (is_named(hdr, names, names_len, member)) {
            *at = data + off;
            *at_len = member_len;
            return true;
        }
        off += member_len + member_len % 2;
    }
    return false;
}

bool image_map_hash(const struct image_part *part, char hex[65])
{
    size_t len;
    char *data = file_read(part->file, &len);
    if (data == NULL)
        return false;
    const char *at = data;
    bool found = part->member == NULL || member_find(data, len, part->member, &at, &len);
    if (found) {
        struct tern_sha256 sum;
        uint8_t digest[TERN_SHA256_LEN];
        tern_sha256_init(&sum);
        tern_sha256_add(&sum, (const uint8_t *)at, len);
        tern_sha256_finish(&sum, digest);
        tern_sha256_hex(digest, hex);
    }
    free(data);
    return found;
}
