/* SPDX-License-Identifier: ISC */
/*
 * The tern command: finds the subcommand.
 */
#include <stdio.h>
#include <string.h>

#include "tools.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} tools[] = {
    { "serve", tern_tool_serve, "serve a directory over HTTP" },
    { "image", tern_tool_image, "make a unikernel or a process of an appliance" },
    { "boot", tern_tool_boot, "run a unikernel in QEMU" },
};

#define N_TOOLS (sizeof tools / sizeof tools[0])

static void usage(FILE *to)
{
    fputs("usage: tern COMMAND [ARGUMENT...]\n\n", to);
    for (size_t i = 0; i < N_TOOLS; i++)
        fprintf(to, "  %-8s %s\n", tools[i].name, tools[i].what);
    fputs("\n`tern COMMAND --help` tells more; `tern --version` says which Tern this is.\n", to);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("tern " PACKAGE_VERSION);
        return 0;
    }
    for (size_t i = 0; i < N_TOOLS; i++)
        if (strcmp(argv[1], tools[i].name) == 0)
            return tools[i].run(argc - 1, argv + 1);
    fprintf(stderr, "tern: there is no command '%s'; `tern --help` lists them\n", argv[1]);
    return 2;
}
