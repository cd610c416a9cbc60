/* SPDX-License-Identifier: ISC */
/* The file of --headers becomes a policy; see the header. */
#include "headers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What libhttp and the representation say themselves. */
static const char *const owned[] = {
    "accept-ranges", "connection", "content-encoding", "content-length", "content-range",
    "content-type", "date", "etag", "last-modified", "location", "transfer-encoding", "vary",
};

static bool is_named(const struct tern_http_field *field, const struct tern_http_field *other)
{
    return field->name.len == other->name.len &&
           strncasecmp(field->name.data, other->name.data, field->name.len) == 0;
}

static bool is_owned(const struct tern_http_field *field)
{
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        if (strlen(owned[i]) == field->name.len &&
            strncasecmp(owned[i], field->name.data, field->name.len) == 0)
            return true;
    return false;
}

/* Replaces or removes it where it is; false: it is not among them. */
static bool replace(struct tern_http_field *fields, size_t *n, const struct tern_http_field *field)
{
    for (size_t i = 0; i < *n; i++) {
        if (!is_named(&fields[i], field))
            continue;
        if (field->value.len > 0)
            fields[i] = *field;
        else
            memmove(&fields[i], &fields[i + 1], (--*n - i) * sizeof fields[0]);
        return true;
    }
    return false;
}

static const char *field_apply(struct headers *h, const struct tern_http_field *field)
{
    struct tern_http_policy *policy = &h->policy;
    if (!tern_http_field_sane(field))
        return "not a field that can be sent";
    if (is_owned(field))
        return "a field that Tern says itself";
    if (replace(h->every, &policy->n_every, field) ||
        replace(h->documents, &policy->n_documents, field) || field->value.len == 0)
        return NULL;
    if (policy->n_every + policy->n_documents == TERN_HTTP_POLICY_MAX)
        return "too many fields";
    h->every[policy->n_every++] = *field;
    return NULL;
}

/* One line of the text, without its end. NULL, or what is wrong with it. */
static const char *line_apply(struct headers *h, char *line)
{
    size_t len = strlen(line), name_len = strcspn(line, ":");
    while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
        line[--len] = '\0';
    if (len == 0 || line[0] == '#')
        return NULL;
    if (name_len >= len)
        return "no colon";
    char *value = line + name_len + 1;
    value += strspn(value, " \t");
    const struct tern_http_field field = { { line, name_len }, { value, strlen(value) } };
    return field_apply(h, &field);
}

static bool text_read(struct headers *h, const char *file)
{
    FILE *f = fopen(file, "r");
    if (f == NULL) {
        snprintf(h->why, sizeof h->why, "%s: %s", file, strerror(errno));
        return false;
    }
    size_t len = fread(h->text, 1, sizeof h->text, f);
    bool bad = ferror(f) != 0 || len == sizeof h->text || memchr(h->text, '\0', len) != NULL;
    fclose(f);
    if (bad) {
        snprintf(h->why, sizeof h->why, "%s: not a text of less than %u octets", file,
                 HEADERS_TEXT_CAP);
        return false;
    }
    h->text[len] = '\0';
    return true;
}

bool headers_read(struct headers *h, const char *file)
{
    const struct tern_http_policy *fallback = &tern_http_policy_default;
    memcpy(h->every, fallback->every, fallback->n_every * sizeof h->every[0]);
    memcpy(h->documents, fallback->documents, fallback->n_documents * sizeof h->documents[0]);
    h->policy = (struct tern_http_policy){ h->every, h->documents, fallback->n_every,
                                           fallback->n_documents };
    if (file == NULL)
        return true;
    if (!text_read(h, file))
        return false;
    unsigned number = 0;
    for (char *line = h->text, *end; *line != '\0'; line = end) {
        end = line + strcspn(line, "\n");
        if (*end == '\n')
            *end++ = '\0';
        number++;
        const char *why = line_apply(h, line);
        if (why != NULL) {
            snprintf(h->why, sizeof h->why, "%s:%u: %s", file, number, why);
            return false;
        }
    }
    return true;
}
