/* SPDX-License-Identifier: ISC */
/*
 * Every unit test suite, one line each, in the order of the tree. The programs
 * that run them are <area>_main.c beside this file.
 */
#ifndef TERN_TESTS_SUITES_H
#define TERN_TESTS_SUITES_H

#include <check.h>

#endif
