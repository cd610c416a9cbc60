/* SPDX-License-Identifier: ISC */
/*
 * Conditional requests (RFC 9110 section 13): which conditions there are, how
 * they are compared, and in which order (section 13.2.2).
 */
#include "http_internal.h"

/* Does a list, of one line or more, name the tag? "*" names whatever there is. */
static bool tag_listed(const struct http_asked *a, enum http_name name, const char *etag,
                       bool strong)
{
    const char *tag = etag != NULL ? etag : "";
    for (size_t i = 0; i < a->r->n_fields; i++) {
        const struct tern_http_line *line = &a->r->fields[i];
        if (line->name != name)
            continue;
        const char *list = asked_value(a, line);
        if (strong ? tern_http_etag_match_strong(list, line->value_len, tag, strlen(tag))
                   : tern_http_etag_match(list, line->value_len, tag, strlen(tag)))
            return true;
    }
    return false;
}

/*
 * Both dates: the representation's and the client's. False: the condition is
 * to be ignored, because there is no date, or not exactly one valid one.
 */
static bool dates_read(const struct http_asked *a, const struct tern_http_line *line,
                       unsigned n_lines, const char *last_modified, uint64_t now_s,
                       int64_t *ours, int64_t *theirs)
{
    return n_lines == 1 && last_modified != NULL &&
           tern_http_date_parse(last_modified, TERN_HTTP_DATE_LEN, now_s, ours) == TERN_OK &&
           tern_http_date_parse(asked_value(a, line), line->value_len, now_s, theirs) == TERN_OK;
}

uint16_t tern_http_conditions_check(const struct http_asked *a, const char *etag,
                                    const char *last_modified, uint64_t now_s)
{
    int64_t ours, theirs;
    if (a->match) {
        if (!tag_listed(a, NAME_IF_MATCH, etag, true))
            return 412;
    } else if (dates_read(a, a->unmodified, a->n_unmodified, last_modified, now_s, &ours,
                          &theirs) && ours > theirs) {
        return 412;
    }
    if (a->none_match) {
        if (tag_listed(a, NAME_IF_NONE_MATCH, etag, false))
            return 304;
    } else if (dates_read(a, a->modified, a->n_modified, last_modified, now_s, &ours, &theirs) &&
               ours <= theirs) {
        return 304;
    }
    return 200;
}

/*
 * RFC 9110 section 13.1.5: a tag is compared strongly. A date is compared
 * exactly, and only where there is one form: it cannot tell a coded one from
 * another. One of this very second is weak (section 8.8.2.2): the next version
 * may have it too.
 */
bool tern_http_range_is_wanted(const struct http_asked *a, const char *etag,
                               const char *last_modified, bool one_form, uint64_t now_s)
{
    int64_t ours, theirs;
    if (a->n_if_range == 0)
        return true;
    if (a->n_if_range > 1 || a->if_range->value_len == 0)
        return false;
    const char *value = asked_value(a, a->if_range);
    size_t len = a->if_range->value_len;
    /* A weak tag never is the same, and is no date either. */
    if (value[0] == '"')
        return etag != NULL && len == strlen(etag) &&
               tern_http_etag_match_strong(value, len, etag, len);
    return one_form &&
           dates_read(a, a->if_range, 1, last_modified, now_s, &ours, &theirs) && ours == theirs &&
           (now_s == 0 || ours < 0 || (uint64_t)ours < now_s);
}
