/* SPDX-License-Identifier: ISC */
/*
 * The parts of libnet that an image is made of: tables that take the places of
 * backends/host/net_uses.c and libnet/net_names.c, without the parts that are not
 * wanted; and the octets of each.
 */
#include "image_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IPV4, IPV6, TCP, NEWRENO, UDP, DHCP4, DHCP6, LINKLOCAL4, N_PARTS };

/* In the order in which a host lists them. */
static const struct {
    const char *name;
    unsigned needs;              /* a bit for each of these parts */
    bool stays;
    bool asked;                  /* in a guest only if --with asks for it */
    const char *members[8];      /* of libtern-net.a: how the names of its objects begin */
} parts[N_PARTS] = {
    [IPV4] = { "ipv4", 0, false, false, { "ipv4", "arp", "icmp4", "igmp" } },
    [IPV6] = { "ipv6", 0, false, false,
               { "ipv6", "icmp6", "nd_", "nd.", "slaac", "mld", "names" } },
    [TCP] = { "tcp", 0, true, false, { "tcp" } },
    [NEWRENO] = { "newreno", 1u << TCP, true, false, { "tcp_cc_newreno" } },
    [UDP] = { "udp", 0, false, false, { "udp" } },
    [DHCP4] = { "dhcp4", 1u << IPV4 | 1u << UDP, false, false, { "dhcp4" } },
    [DHCP6] = { "dhcp6", 1u << IPV6 | 1u << UDP, false, true, { "dhcp6" } },
    [LINKLOCAL4] = { "linklocal4", 1u << IPV4, false, true, { "linklocal4" } },
};

static bool refuse(const char *option, const char *name, size_t len, const char *why)
{
    const char *between = "";
    fprintf(stderr, "tern image: %s: '%.*s' %s: ", option, (int)len, name, why);
    for (size_t i = 0; i < N_PARTS; i++) {
        if (parts[i].stays)
            continue;
        fprintf(stderr, "%s%s", between, parts[i].name);
        between = ", ";
    }
    fputs(" can be chosen\n", stderr);
    return false;
}

static bool one_take(const char *option, unsigned *taken, const char *name, size_t len)
{
    for (size_t i = 0; i < N_PARTS; i++) {
        if (strlen(parts[i].name) != len || memcmp(parts[i].name, name, len) != 0)
            continue;
        if (parts[i].stays)
            return refuse(option, name, len, "is in each image");
        *taken |= 1u << i;
        return true;
    }
    return refuse(option, name, len, "is no part");
}

bool image_parts_take(const char *option, unsigned *taken, const char *names)
{
    for (;;) {
        size_t len = strcspn(names, ",");
        if (!one_take(option, taken, names, len))
            return false;
        if (names[len] == '\0')
            return true;
        names += len + 1;
    }
}

bool image_parts_settle(struct image *image)
{
    for (size_t i = 0; i < N_PARTS && image_is_guest(image); i++)
        if (parts[i].asked && (image->with & 1u << i) == 0)
            image->without |= 1u << i;
    for (size_t i = 0; i < N_PARTS; i++)
        if ((parts[i].needs & image->without) != 0)
            image->without |= 1u << i;
    for (size_t i = 0; i < N_PARTS; i++)
        if ((image->with & image->without & 1u << i) != 0) {
            fprintf(stderr, "tern image: --with %s: --without leaves it, or what it needs, out\n",
                    parts[i].name);
            return false;
        }
    if ((image->without & (1u << IPV4 | 1u << IPV6)) != (1u << IPV4 | 1u << IPV6))
        return true;
    fputs("tern image: --without: without ipv4 and ipv6 there is no network\n", stderr);
    return false;
}

/* The tables as assembly, which needs no header: struct tern_net_use of net.h, and pointers. */
bool image_assemble_parts(struct image *image)
{
    static const char *const word = sizeof(void *) == 8 ? ".quad" : ".long";
    const char *source = work_path("parts.S"), *object = work_path("parts.o");
    FILE *f = fopen(source, "w");
    if (f == NULL) {
        perror("tern image");
        return false;
    }
    fputs("\t.section .data.rel.ro.tern_net_uses,\"aw\",%progbits\n"
          "\t.globl tern_net_uses\n\t.balign 8\ntern_net_uses:\n", f);
    for (size_t i = 0; i < N_PARTS; i++)
        if ((image->without & 1u << i) == 0)
            fprintf(f, "\t%s tern_%s, 0\n", word, parts[i].name);
    fprintf(f, "\t%s 0, 0\n"
               "\t.section .data.rel.ro.tern_net_names,\"aw\",%%progbits\n"
               "\t.globl tern_net_names\n\t.balign 8\ntern_net_names:\n", word);
    for (size_t i = 0; i < N_PARTS; i++)
        if ((image->without & 1u << i) == 0 && i != NEWRENO)
            fprintf(f, "\t%s tern_net_names_%s\n", word, parts[i].name);
    fprintf(f, "\t%s 0\n"
               "\t.section .data.rel.ro.tern_net_groups,\"aw\",%%progbits\n"
               "\t.globl tern_net_groups\n\t.balign 8\ntern_net_groups:\n", word);
    for (size_t i = IPV4; i <= IPV6; i++)
        if ((image->without & 1u << i) == 0)
            fprintf(f, "\t%s tern_net_groups_%s\n", word, parts[i].name);
    fprintf(f, "\t%s 0\n\t.section .note.GNU-stack,\"\",%%progbits\n", word);
    if (fclose(f) != 0) {
        perror("tern image");
        return false;
    }
    return image_assemble(image, source, object, "the table of parts");
}

/* Of two that fit the one that says more: newreno's object is TCP's as well. */
static size_t part_of(const char *member)
{
    const char *name = strstr(member, "la-");
    size_t best = N_PARTS, best_len = 0;
    name = name != NULL ? name + 3 : member;
    for (size_t i = 0; i < N_PARTS; i++)
        for (size_t m = 0; m < 8 && parts[i].members[m] != NULL; m++) {
            size_t len = strlen(parts[i].members[m]);
            if (len > best_len && strncmp(name, parts[i].members[m], len) == 0) {
                best = i;
                best_len = len;
            }
        }
    return best;
}

void image_parts_print(const struct image *image, const struct image_map *map)
{
    size_t octets[N_PARTS] = { 0 };
    for (size_t i = 0; i < map->n; i++) {
        const struct image_part *p = &map->parts[i];
        if (p->member == NULL || strcmp(p->file, image->archives[2]) != 0)
            continue;
        size_t part = part_of(p->member);
        if (part < N_PARTS)
            octets[part] += p->octets;
    }
    for (size_t i = 0; i < N_PARTS; i++)
        if (octets[i] > 0)
            printf("part %s %zu\n", parts[i].name, octets[i]);
}
