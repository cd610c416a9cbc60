/* SPDX-License-Identifier: ISC */
/*
 * Runs the tests that check.h describes, one after the other in this process.
 * CK_TAP_LOG_FILE_NAME names the file of results, as with Check.
 */
#include "check.h"

jmp_buf check_jump;
char check_said[1024];

static void *make(size_t size)
{
    void *p = calloc(1, size);
    if (p == NULL)
        abort();
    return p;
}

void check_fail(const char *file, int line, const char *form, ...)
{
    va_list args;
    int n = snprintf(check_said, sizeof check_said, "%s:%d: ", file, line);
    va_start(args, form);
    (void)vsnprintf(check_said + n, sizeof check_said - (size_t)n, form, args);
    va_end(args);
    longjmp(check_jump, 1);
}

Suite *suite_create(const char *name)
{
    Suite *suite = make(sizeof *suite);
    suite->name = name;
    return suite;
}

TCase *tcase_create(const char *name)
{
    TCase *tcase = make(sizeof *tcase);
    tcase->name = name;
    return tcase;
}

void suite_add_tcase(Suite *suite, TCase *tcase)
{
    if (suite->n_cases == sizeof suite->cases / sizeof suite->cases[0])
        abort();
    suite->cases[suite->n_cases++] = tcase;
}

void tcase_add_loop_test(TCase *tcase, const TTest *test, int first, int end)
{
    if (tcase->n_tests == sizeof tcase->tests / sizeof tcase->tests[0])
        abort();
    TTest *added = &tcase->tests[tcase->n_tests++];
    *added = *test;
    added->first = first;
    added->end = end;
}

void tcase_add_checked_fixture(TCase *tcase, void (*setup)(void), void (*teardown)(void))
{
    tcase->setup = setup;
    tcase->teardown = teardown;
}

void tcase_set_timeout(TCase *tcase, double seconds)
{
    (void)tcase, (void)seconds;
}

SRunner *srunner_create(Suite *suite)
{
    SRunner *runner = make(sizeof *runner);
    srunner_add_suite(runner, suite);
    return runner;
}

void srunner_add_suite(SRunner *runner, Suite *suite)
{
    if (runner->n_suites == sizeof runner->suites / sizeof runner->suites[0])
        abort();
    runner->suites[runner->n_suites++] = suite;
}

/* One run of a test with its fixture; false: check_said tells why it failed. */
static bool run_one(const TCase *tcase, const TTest *test, int i)
{
    if (setjmp(check_jump) != 0)
        return false;
    if (tcase->setup != NULL)
        tcase->setup();
    test->fn(i);
    if (tcase->teardown != NULL)
        tcase->teardown();
    return true;
}

static void run_case(SRunner *runner, const TCase *tcase, FILE *tap)
{
    for (size_t t = 0; t < tcase->n_tests; t++) {
        const TTest *test = &tcase->tests[t];
        for (int i = test->first; i < test->end; i++) {
            bool passed = run_one(tcase, test, i);
            runner->n_run++;
            runner->n_failed += !passed;
            fprintf(tap, "%sok %d - %s:%s:%s: %s\n", passed ? "" : "not ", runner->n_run,
                    test->file, tcase->name, test->name, passed ? "Passed" : check_said);
            fflush(tap);
        }
    }
}

void srunner_run_all(SRunner *runner, enum print_output how)
{
    const char *name = getenv("CK_TAP_LOG_FILE_NAME");
    FILE *tap = name != NULL ? fopen(name, "w") : stdout;
    (void)how;
    if (tap == NULL) {
        perror(name);
        exit(EXIT_FAILURE);
    }
    for (size_t s = 0; s < runner->n_suites; s++)
        for (size_t c = 0; c < runner->suites[s]->n_cases; c++)
            run_case(runner, runner->suites[s]->cases[c], tap);
    fprintf(tap, "1..%d\n", runner->n_run);
    if (tap != stdout)
        fclose(tap);
    printf("%d checks, %d failed\n", runner->n_run, runner->n_failed);
}

int srunner_ntests_failed(const SRunner *runner)
{
    return runner->n_failed;
}

void srunner_free(SRunner *runner)
{
    for (size_t s = 0; s < runner->n_suites; s++) {
        for (size_t c = 0; c < runner->suites[s]->n_cases; c++)
            free(runner->suites[s]->cases[c]);
        free(runner->suites[s]);
    }
    free(runner);
}
