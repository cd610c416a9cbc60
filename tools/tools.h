/* SPDX-License-Identifier: ISC */
/*
 * The tern command: tern.c finds the subcommand, each of which is a file or
 * a few. A subcommand gets its arguments without "tern", its own name first,
 * and returns the exit status: 0, 1 for a failure, 2 for bad usage.
 */
#ifndef TERN_TOOLS_H
#define TERN_TOOLS_H

int tern_tool_serve(int argc, char **argv);    /* serve.c */
int tern_tool_image(int argc, char **argv);    /* image.c */
int tern_tool_boot(int argc, char **argv);     /* boot.c */

#endif
