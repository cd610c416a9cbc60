/* SPDX-License-Identifier: ISC */
/*
 * The archive that a loader passes to a guest as its initial RAM disk: its boot
 * modules, as include/tern/archive.h reads them.
 */
#ifndef TERN_TOOLS_ARCHIVE_H
#define TERN_TOOLS_ARCHIVE_H

#include "work.h"

/*
 * Writes the archive of these modules, each NAME=PATH, to a file. A directory is
 * written with all files in it but hidden ones. The same files make the same
 * archive; SOURCE_DATE_EPOCH is the latest date. False after a message, of the
 * command `tool`, that names the module and the file.
 */
bool archive_write(const char *tool, const char *file, const struct work_words *modules);

#endif
