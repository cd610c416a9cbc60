/* SPDX-License-Identifier: ISC */
/*
 * As much of Check's interface as the unit tests use, for machines for which
 * Debian's Check is not at hand: a cross compiler's, run by an emulator. The
 * same tests, one process, no limits of time. It prints what the part `unit`
 * reads of Check: "ok N - file:case:test: Passed".
 *
 * A test that fails ends by longjmp; what it holds is lost with the process.
 */
#ifndef TERN_TESTS_CROSS_CHECK_H
#define TERN_TESTS_CROSS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct check_test {
    const char *name, *file;
    void (*fn)(int i);
    int first, end;
} TTest;

struct check_case {
    const char *name;
    void (*setup)(void), (*teardown)(void);
    TTest tests[128];
    size_t n_tests;
};

typedef struct check_case TCase;

typedef struct check_suite {
    const char *name;
    TCase *cases[32];
    size_t n_cases;
} Suite;

typedef struct check_runner {
    Suite *suites[32];
    size_t n_suites;
    int n_run, n_failed;
} SRunner;

enum print_output { CK_ENV };

/* What a failed assertion needs; in check_run.c. */
extern jmp_buf check_jump;
extern char check_said[1024];

_Noreturn void check_fail(const char *file, int line, const char *form, ...)
    __attribute__((format(printf, 3, 4)));

Suite *suite_create(const char *name);
TCase *tcase_create(const char *name);
void suite_add_tcase(Suite *suite, TCase *tcase);
void tcase_add_loop_test(TCase *tcase, const TTest *test, int first, int end);
void tcase_add_checked_fixture(TCase *tcase, void (*setup)(void), void (*teardown)(void));
void tcase_set_timeout(TCase *tcase, double seconds);
SRunner *srunner_create(Suite *suite);
void srunner_add_suite(SRunner *runner, Suite *suite);
void srunner_run_all(SRunner *runner, enum print_output how);
int srunner_ntests_failed(const SRunner *runner);
void srunner_free(SRunner *runner);

#define START_TEST(name)                                                       \
    static void name##_fn(int _i);                                             \
    static const TTest name##_ttest = { #name, __FILE__, name##_fn, 0, 1 };    \
    static const TTest *const name = &name##_ttest;                            \
    static void name##_fn(int _i __attribute__((unused)))
#define END_TEST

#define tcase_add_test(tcase, test) tcase_add_loop_test(tcase, test, 0, 1)

#define ck_abort_msg(...) check_fail(__FILE__, __LINE__, __VA_ARGS__)
#define ck_assert(x)                                       \
    do {                                                   \
        if (!(x))                                          \
            check_fail(__FILE__, __LINE__, "%s", #x);      \
    } while (0)
#define ck_assert_msg(x, ...)                              \
    do {                                                   \
        if (!(x))                                          \
            check_fail(__FILE__, __LINE__, __VA_ARGS__);   \
    } while (0)

#define CHECK_NUMBERS(type, form, a, op, b)                                         \
    do {                                                                            \
        type check_a = (type)(a), check_b = (type)(b);                              \
        if (!(check_a op check_b))                                                  \
            check_fail(__FILE__, __LINE__, "%s " #op " %s: " form ", " form, #a, #b, \
                       check_a, check_b);                                           \
    } while (0)
#define CHECK_UINTS(a, op, b) CHECK_NUMBERS(unsigned long long, "%llu", a, op, b)
#define CHECK_INTS(a, op, b) CHECK_NUMBERS(long long, "%lld", a, op, b)

#define ck_assert_uint_eq(a, b) CHECK_UINTS(a, ==, b)
#define ck_assert_uint_ne(a, b) CHECK_UINTS(a, !=, b)
#define ck_assert_uint_lt(a, b) CHECK_UINTS(a, <, b)
#define ck_assert_uint_le(a, b) CHECK_UINTS(a, <=, b)
#define ck_assert_uint_gt(a, b) CHECK_UINTS(a, >, b)
#define ck_assert_uint_ge(a, b) CHECK_UINTS(a, >=, b)
#define ck_assert_int_eq(a, b) CHECK_INTS(a, ==, b)
#define ck_assert_int_ne(a, b) CHECK_INTS(a, !=, b)
#define ck_assert_int_lt(a, b) CHECK_INTS(a, <, b)
#define ck_assert_int_le(a, b) CHECK_INTS(a, <=, b)
#define ck_assert_int_gt(a, b) CHECK_INTS(a, >, b)
#define ck_assert_int_ge(a, b) CHECK_INTS(a, >=, b)

#define ck_assert_ptr_eq(a, b) \
    ck_assert_msg((const void *)(a) == (const void *)(b), "%s == %s", #a, #b)
#define ck_assert_ptr_null(a) ck_assert_msg((a) == NULL, "%s is not NULL", #a)
#define ck_assert_ptr_nonnull(a) ck_assert_msg((a) != NULL, "%s is NULL", #a)

#define CHECK_STRINGS(a, op, b)                                                            \
    do {                                                                                   \
        const char *check_a = (a), *check_b = (b);                                         \
        if (check_a == NULL || check_b == NULL || !(strcmp(check_a, check_b) op 0))        \
            check_fail(__FILE__, __LINE__, "%s " #op " %s: \"%s\", \"%s\"", #a, #b,        \
                       check_a != NULL ? check_a : "NULL", check_b != NULL ? check_b : "NULL"); \
    } while (0)
#define ck_assert_str_eq(a, b) CHECK_STRINGS(a, ==, b)
#define ck_assert_str_ne(a, b) CHECK_STRINGS(a, !=, b)
#define ck_assert_mem_eq(a, b, len) \
    ck_assert_msg(memcmp((a), (b), (len)) == 0, "%s == %s", #a, #b)
#define ck_assert_mem_ne(a, b, len) \
    ck_assert_msg(memcmp((a), (b), (len)) != 0, "%s != %s", #a, #b)

#endif
