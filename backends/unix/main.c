/* SPDX-License-Identifier: ISC */
/*
 * The main of an appliance. In an archive member of its own: a program that
 * has a main does not get this one.
 */
#include <tern/unix.h>

int main(int argc, char **argv)
{
    return tern_unix_main(&tern_appliance, tern_main, NULL, argc, argv);
}
