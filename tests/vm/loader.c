/* SPDX-License-Identifier: ISC */
/*
 * The loader's work (loader.S): places the segments of the ELF file in its
 * module, and makes of the start info a struct boot_params (Linux,
 * Documentation/arch/x86/zero-page.rst), with the same command line, memory map,
 * module and ACPI root, where Firecracker has them. A first word "loader=X"
 * bends one of these:
 *
 *   no-magic     there is no "HdrS"
 *   nowhere      rsi points above 4 GiB
 *   map          129 entries of the memory map
 *   no-map       none
 *   full-map     128 entries, most of which say nothing
 *   line         the command line lies where no memory is
 *   high-line    ... above 4 GiB
 *   short-line   its longest length ends it after the first word
 *   disk         the RAM disk does not end in RAM
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARAMS_AT = 0x7000, LINE_AT = 0x20000, LINE_CAP = 0x8000 };

struct entry_and_params {
    uint64_t entry, params;
};

struct entry_and_params loader_main(const uint32_t *info);

static void copy(volatile uint8_t *to, const uint8_t *from, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++)
        to[i] = from[i];
}

static void fill(volatile uint8_t *to, uint8_t octet, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++)
        to[i] = octet;
}

static void say(const char *text)
{
    for (; *text != '\0'; text++)
        __asm__ volatile("outb %0, %1" : : "a"(*text), "d"((uint16_t)0x3f8));
}

static uint64_t get(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

static void put(volatile uint8_t *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint8_t *at(uint64_t address)
{
    return (uint8_t *)(uintptr_t)address;
}

/* The memory that a segment has and the file does not is left as rubbish. */
static uint64_t elf_load(const uint8_t *elf)
{
    uint64_t headers = get(elf + 32, 8);
    unsigned n = (unsigned)get(elf + 56, 2);
    if (get(elf, 4) != 0x464c457f)
        say("loader: the module is no ELF file\r\n");
    for (unsigned i = 0; i < n; i++) {
        const uint8_t *h = elf + headers + 56 * i;
        uint64_t file_len = get(h + 32, 8);
        if (get(h, 4) != 1)
            continue;
        copy(at(get(h + 24, 8)), elf + get(h + 8, 8), file_len);
        fill(at(get(h + 24, 8) + file_len), 0xa5, get(h + 40, 8) - file_len);
    }
    return get(elf + 24, 8);
}

/* What the first word of the line asks for; the line behind it. */
static const char *wish_take(const char **line)
{
    static char wish[16];
    static const char key[] = "loader=";
    size_t n = 0;
    for (size_t i = 0; key[i] != '\0'; i++)
        if ((*line)[i] != key[i])
            return wish;
    *line += sizeof key - 1;
    for (; **line != ' ' && **line != '\0'; ++*line)
        if (n < sizeof wish - 1)
            wish[n++] = **line;
    return wish;
}

static bool is(const char *wish, const char *word)
{
    while (*wish == *word && *word != '\0') {
        wish++;
        word++;
    }
    return *wish == *word;
}

struct entry_and_params loader_main(const uint32_t *info)
{
    const uint8_t *start = (const uint8_t *)info;
    const uint8_t *module = at(get(start + 16, 8));
    const uint8_t *map = at(get(start + 40, 8));
    unsigned n_map = (unsigned)get(start + 48, 4);
    const char *line = (const char *)at(get(start + 24, 8));
    const char *wish = wish_take(&line);
    static uint8_t params[4096];    /* before any memory is used that may hold the start info */
    static uint8_t text[LINE_CAP];
    size_t line_len = 0;
    while (line[line_len] != '\0' && line_len < LINE_CAP - 1) {
        text[line_len] = (uint8_t)line[line_len];
        line_len++;
    }

    put(params + 0x70, get(start + 32, 8), 8);
    put(params + 0x1fe, 0xaa55, 2);
    put(params + 0x202, is(wish, "no-magic") ? 0 : 0x53726448, 4);
    put(params + 0x210, 0xff, 1);
    put(params + 0x218, is(wish, "null-disk") ? 0 : is(wish, "image-disk") ? 0x200000
                                                                        : get(module, 8), 4);
    put(params + 0x21c, get(module + 8, 8) + (is(wish, "disk") ? 0x10000000 : 0), 4);
    put(params + 0x228, is(wish, "line") ? 0xd0000000 : LINE_AT, 4);
    put(params + 0xc8, is(wish, "high-line"), 4);
    put(params + 0x238, is(wish, "short-line") ? 17 : line_len + 1, 4);
    for (unsigned i = 0; i < n_map && i < 128; i++)
        for (unsigned k = 0; k < 20; k++)
            params[0x2d0 + 20 * i + k] = map[24 * i + k];
    if (is(wish, "full-map"))
        n_map = 128;
    if (is(wish, "map"))
        n_map = 129;
    if (is(wish, "no-map"))
        n_map = 0;
    put(params + 0x1e8, n_map, 1);

    uint64_t entry = elf_load(at(get(module, 8)));
    copy(at(PARAMS_AT), params, sizeof params);
    copy(at(LINE_AT), text, line_len + 1);
    say("loader: enters\r\n");
    return (struct entry_and_params){
        entry, PARAMS_AT | (is(wish, "nowhere") ? UINT64_C(1) << 32 : 0)
    };
}
