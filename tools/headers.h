/* SPDX-License-Identifier: ISC */
/*
 * The file of --headers: fields that go with what is served, instead of and
 * besides those of tern_http_policy_default.
 */
#ifndef TERN_TOOLS_HEADERS_H
#define TERN_TOOLS_HEADERS_H

#include <tern/http.h>

#define HEADERS_TEXT_CAP 4096u

struct headers {
    struct tern_http_policy policy;    /* of the members below */
    struct tern_http_field every[TERN_HTTP_POLICY_MAX], documents[TERN_HTTP_POLICY_MAX];
    char text[HEADERS_TEXT_CAP];
    char why[256];                     /* after an error: "FILE:3: ..." */
};

/*
 * Reads lines "Name: value"; empty ones and those that begin with # say
 * nothing. A name of the default replaces it, without a value removes it;
 * other names are added. file NULL: the default. False: headers->why.
 */
bool headers_read(struct headers *headers, const char *file);

#endif
