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

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool xenstore_mac(const uint8_t *data, size_t len, uint8_t mac[6])
{
    uint8_t octets[6], any = 0;
    if (len != 17)
        return false;
    for (size_t i = 0; i < 6; i++) {
        int high = hex_value(data[3 * i]), low = hex_value(data[3 * i + 1]);
        if (high < 0 || low < 0 || (i < 5 && data[3 * i + 2] != ':'))
            return false;
        octets[i] = (uint8_t)(high << 4 | low);
        any |= octets[i];
    }
    if (any == 0 || (octets[0] & 1) != 0)
        return false;
    memcpy(mac, octets, 6);
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
    char digits[10];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text[0] = '\0';
    if (n >= cap)
        return;
    for (size_t i = 0; i < n; i++)
        text[i] = digits[n - 1 - i];
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
