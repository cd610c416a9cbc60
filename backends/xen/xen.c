/* SPDX-License-Identifier: ISC */
/*
 * What the drivers say in the log.
 */
#include "xen.h"

#include <string.h>

void xen_say(struct xen_env *env, const char *who, const char *text)
{
    char line[160];
    size_t len = 0;
    const char *const pieces[] = { who, ": ", text, "\n" };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t n = strlen(pieces[i]);
        if (n > sizeof line - len)
            n = sizeof line - len;
        memcpy(line + len, pieces[i], n);
        len += n;
    }
    env->log(env, line, len);
}
