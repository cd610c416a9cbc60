/* SPDX-License-Identifier: ISC */
/*
 * What is believed of values from the store, and how ours are written. Pure
 * functions.
 */
#include "xenstore.h"

#include <string.h>

bool xenstore_number(const uint8_t *data, size_t len, uint32_t most, uint32_t *number)
{
    uint64_t value = 0;
    if (len == 0 || len > 10)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (data[i] < '0' || data[i] > '9')
            return false;
        value = value * 10 + (data[i] - (uint8_t)'0');
    }
    if (value > most)
        return false;
    *number = (uint32_t)value;
    return true;
}

bool xenstore_mac(const uint8_t *data, size_t len, uint8_t mac[6])
{
    uint8_t octets[6];
    if (!tern_mac_parse((const char *)data, len, octets))
        return false;
    memcpy(mac, octets, sizeof octets);
    return true;
}

static bool is_path_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || c == '@' || c == '/';
}

bool xenstore_path(const uint8_t *data, size_t len, char path[XENSTORE_PATH_CAP])
{
    if (len < 2 || len > XENSTORE_PATH_CAP - 1 || data[0] != '/' || data[len - 1] == '/')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_path_char(data[i]) || (i > 0 && data[i] == '/' && data[i - 1] == '/'))
            return false;
    memcpy(path, data, len);
    path[len] = '\0';
    return true;
}

void xenstore_text(char *text, size_t cap, uint32_t number)
{
    char digits[20];
    size_t n = tern_decimal_format(number, digits);
    text[0] = '\0';
    if (n >= cap)
        return;
    memcpy(text, digits, n);
    text[n] = '\0';
}

void xenstore_join(char *path, size_t cap, const char *dir, const char *name)
{
    size_t dir_len = strlen(dir), name_len = strlen(name);
    path[0] = '\0';
    if (dir_len >= cap || name_len + 2 > cap - dir_len)
        return;
    memcpy(path, dir, dir_len);
    path[dir_len] = '/';
    memcpy(path + dir_len + 1, name, name_len + 1);
}
