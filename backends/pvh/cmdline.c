/* SPDX-License-Identifier: ISC */
/*
 * The command line, split into words at blanks. One is this layer's own, others
 * may be the machine's:
 *
 *   tern.exit=PORT      leave by writing the status to this port
 *
 * The rest are the appliance's, as they are.
 */
#include <string.h>

#include "backends/pvh/pvh_internal.h"

enum { WORDS_MAX = 64 };

static const char *words[WORDS_MAX] PVH_SEALED;
static size_t n_words PVH_SEALED;
static uint16_t exit_port PVH_SEALED;

bool pvh_number_parse(const char **text, uint64_t *value)
{
    const char *p = *text;
    unsigned base = 10;
    if (p[0] == '0' && p[1] == 'x') {
        base = 16;
        p += 2;
    }
    uint64_t v = 0;
    size_t n = 0;
    for (;; p++, n++) {
        unsigned digit;
        if (*p >= '0' && *p <= '9')
            digit = (unsigned)(*p - '0');
        else if (base == 16 && *p >= 'a' && *p <= 'f')
            digit = (unsigned)(*p - 'a') + 10;
        else if (base == 16 && *p >= 'A' && *p <= 'F')
            digit = (unsigned)(*p - 'A') + 10;
        else
            break;
        if (v > (UINT64_MAX - digit) / base)
            return false;
        v = v * base + digit;
    }
    *text = p;
    *value = v;
    return n > 0;
}

/* What follows "key=" in the word, NULL if it is another key. */
PVH_BOOT const char *pvh_word_value(const char *word, const char *key)
{
    size_t len = strlen(key);
    return strlen(word) >= len && memcmp(word, key, len) == 0 ? word + len : NULL;
}

PVH_BOOT static void take_exit(const char *value)
{
    uint64_t port;
    if (!pvh_number_parse(&value, &port) || *value != '\0' || port == 0 || port > UINT16_MAX)
        pvh_fail(PVH_STATUS_USAGE, "boot: tern.exit= takes a port number\n");
    if (exit_port != 0)
        pvh_fail(PVH_STATUS_USAGE, "boot: tern.exit= is given twice\n");
    exit_port = (uint16_t)port;
}

PVH_BOOT static void take_word(const char *word)
{
    const char *port = pvh_word_value(word, "tern.exit=");
    if (port != NULL)
        take_exit(port);
    if (port != NULL || pvh_machine_word(word))
        return;
    if (n_words == WORDS_MAX)
        pvh_fail(PVH_STATUS_USAGE, "boot: the command line has more than %u words\n",
                 (unsigned)WORDS_MAX);
    words[n_words++] = word;
}

PVH_BOOT static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

PVH_BOOT void pvh_cmdline_init(void)
{
    char *p = pvh_boot.cmdline;
    while (*p != '\0') {
        while (blank(*p))
            p++;
        const char *word = p;
        while (*p != '\0' && !blank(*p))
            p++;
        bool last = *p == '\0';
        *p = '\0';
        if (p != word)
            take_word(word);
        if (last)
            break;
        p++;
    }
    if (pvh_boot.cmdline_cut)
        pvh_fail(PVH_STATUS_USAGE, "boot: the command line has more than %u octets\n",
                 (unsigned)PVH_CMDLINE_CAP);
}

uint16_t pvh_cmdline_exit_port(void)
{
    return exit_port;
}

size_t pvh_word_count(void)
{
    return n_words;
}

const char *pvh_word(size_t i)
{
    return i < n_words ? words[i] : NULL;
}
