/* SPDX-License-Identifier: ISC */
/*
 * What an image is made of, octet for octet and member for member.
 */
#include "image_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The row of the account in which a part counts. */
static const char *row_of(const struct image *image, const struct image_part *part)
{
    for (size_t i = 0; image->archives[i] != NULL; i++)
        if (strcmp(part->file, image->archives[i]) == 0)
            return image_map_base(image->archives[i]);
    if (strcmp(part->file, work_path("site.o")) == 0)
        return "site";
    if (strcmp(part->file, image->start) == 0)
        return "start.o";
    for (size_t i = 0; i < image->objects.n; i++)
        if (strcmp(part->file, image->objects.word[i]) == 0)
            return "appliance";
    return "the C library's";
}

void image_account_print(const struct image *image, const struct image_map *map,
                         const char *out)
{
    const char *rows[16];
    size_t octets[16] = { 0 }, zeroed[16] = { 0 }, n = 0;
    for (size_t i = 0; i < map->n; i++) {
        const char *row = row_of(image, &map->parts[i]);
        size_t r = 0;
        while (r < n && strcmp(rows[r], row) != 0)
            r++;
        if (r == n && n < 15)
            rows[n++] = row;
        octets[r] += map->parts[i].octets;
        zeroed[r] += map->parts[i].zeroed;
    }
    struct stat st;
    printf("%12s %12s  %s\n", "octets", "zeroed", image->out);
    for (size_t r = 0; r < n; r++)
        printf("%12zu %12zu  %s\n", octets[r], zeroed[r], rows[r]);
    if (image->site.n > 0)
        printf("%12zu %12s  in %zu files of %s\n", image->site.files_len, "", image->site.n,
               image->site_dir);
    if (image->site.n_packed > 0)
        printf("%12zu %12s  in %zu smaller forms of them\n",
               image->site.len - image->site.files_len, "", image->site.n_packed);
    if (stat(out, &st) == 0)
        printf("%12lld %12s  the file\n", (long long)st.st_size, "");
}

static int by_place(const void *a, const void *b)
{
    const struct image_part *x = a, *y = b;
    int order = strcmp(image_map_base(x->file), image_map_base(y->file));
    return order != 0 ? order : strcmp(x->member, y->member);
}

void image_members_print(const struct image *image, struct image_map *map)
{
    size_t n = 0;
    for (size_t i = 0; i < map->n; i++)
        if (map->parts[i].member != NULL && strcmp(row_of(image, &map->parts[i]),
                                                   "the C library's") != 0)
            map->parts[n++] = map->parts[i];
    map->n = n;
    qsort(map->parts, n, sizeof map->parts[0], by_place);
    for (size_t i = 0; i < n; i++) {
        char hex[65];
        const struct image_part *part = &map->parts[i];
        printf("%s %s(%s)\n", image_map_hash(part, hex) ? hex : "?", image_map_base(part->file),
               part->member);
    }
}
