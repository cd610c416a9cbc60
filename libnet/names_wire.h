/* SPDX-License-Identifier: ISC */
/*
 * Domain names as configuration options hold them: the labels of RFC 1035
 * section 3.1, never compressed (RFC 8106 section 5.2, RFC 8415 section 10).
 */
#ifndef TERN_NET_NAMES_WIRE_H
#define TERN_NET_NAMES_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum { NAME_MAX_LEN = 255, NAME_LABEL_MAX = 63 };

/*
 * How long the name at data is, its root label included: 1..255. 0: it runs
 * past len, is longer than a name may be, or has other characters than
 * letters, digits, hyphens and underscores: it would end up in a search list.
 */
size_t tern_name_len(const uint8_t *data, size_t len);

/*
 * Is this a list of names, at least one, padded with zeros? Such a list is read
 * with tern_name_len until its end or until it gives 1, the padding.
 */
bool tern_names_ok(const uint8_t *data, size_t len);

#pragma GCC visibility pop

#endif
