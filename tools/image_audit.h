/* SPDX-License-Identifier: ISC */
/* `tern image --audit`, and the same for what has just been linked. */
#ifndef TERN_TOOLS_IMAGE_AUDIT_H
#define TERN_TOOLS_IMAGE_AUDIT_H

#include <stdbool.h>

#include "audit.h"
#include "image_map.h"

/* The command: a line for each property. Returns its exit status. */
int image_audit_file(const char *path);

/*
 * Of a fresh image, with the linker's map for names. What does not hold is told, but
 * what is merely hidden only if `say`.
 */
enum audit_verdict image_audit_made(const char *path, const struct image_map *map, bool say);

#endif
