/* SPDX-License-Identifier: ISC */
/*
 * A tool's temporary work: a private directory, children that it waits for, and
 * the promise that neither outlives it, on Ctrl-C either.
 */
#ifndef TERN_TOOLS_WORK_H
#define TERN_TOOLS_WORK_H

#include <stdbool.h>
#include <stddef.h>

/* Makes the directory; false after a message. name: the command's, for messages. */
bool work_begin(const char *name);

/* The directory; and a path in it, in storage of its own until work_end. */
const char *work_dir(void);
const char *work_path(const char *file);

/* A file elsewhere that goes too unless work_keep is called. At most one. */
void work_also(const char *path);
void work_keep(void);

/*
 * Removes all. If a signal asked for the end, ends the program by that signal.
 */
void work_end(void);

/* Has a signal asked for the end? */
bool work_interrupted(void);

enum { WORK_NOT_FOUND = 127 };

/*
 * Runs a program (found in PATH) and returns its exit status, WORK_NOT_FOUND if
 * there is none of that name, 128 plus the number of a signal that ended it.
 * *output, if not NULL, receives all that it wrote to standard output, and to
 * standard error unless errors_too is false, ended by a zero; the caller frees it.
 */
int work_run(const char *const argv[], char **output, bool errors_too);

/* Does path lead to what is in the directory root, itself an absolute path without links? */
bool work_is_inside(const char *root, const char *path);

/* A list of words that grows; out of memory ends the program. */
struct work_words {
    const char **word;
    size_t n, cap;
};
void work_word(struct work_words *words, const char *word);    /* copied */
__attribute__((format(printf, 2, 3))) void work_wordf(struct work_words *words, const char *format,
                                                     ...);

/* malloc and asprintf that end the program when there is no memory. */
void *work_alloc(size_t len);
__attribute__((format(printf, 1, 2))) char *work_format(const char *format, ...);

#endif
