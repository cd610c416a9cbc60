/* SPDX-License-Identifier: ISC */
/*
 * Modules: what an appliance finds by name, what is logged, what is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive_make.h"
#include "backends/host/host_internal.h"
#include "suites.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const struct tern_appliance takes = {
    .size = sizeof(struct tern_appliance), .name = "test", .modules = &tern_host_modules,
};
static const struct tern_appliance takes_none = {
    .size = sizeof(struct tern_appliance), .name = "test",
};

static struct tern_turn turn;
static struct tern_host_core core;
static struct tern_host_options options;
static struct tern_modules modules;
static struct archive_made made;
static uint8_t *copy;
static char logged[8192];
static size_t logged_len;

static const struct tern_host_ops ops = { .log = tern_host_core_log,
                                          .module = tern_host_core_module };

static void log_line(struct tern_host_core *c, const char *line, size_t len)
{
    (void)c;
    ck_assert_uint_lt(logged_len + len, sizeof logged);
    memcpy(logged + logged_len, line, len);
    logged_len += len;
    logged[logged_len] = '\0';
}

static void setup(void)
{
    tern_turn_init(&turn, NULL, 1000);
    tern_host_core_init(&core, &ops, &turn, NULL, "test");
    core.log_line = log_line;
    ck_assert_int_eq(tern_host_options_init(&options, &takes, NULL), TERN_OK);
    core.options = &options;
    memset(&modules, 0, sizeof modules);
    made.len = 0;
    free(copy);
    copy = NULL;
    logged_len = 0;
    logged[0] = '\0';
}

static void teardown(void)
{
    free(copy);
    copy = NULL;
}

static struct tern_module given(const char *name, const char *text)
{
    return (struct tern_module){ name, (const uint8_t *)text, strlen(text) };
}

static enum tern_err take_one(const char *name, const char *text)
{
    struct tern_module one = given(name, text);
    return tern_host_core_modules(&core, &modules, &one, 1);
}

/* The archive that was made, as a loader gives it: without a name. */
static enum tern_err take_made(void)
{
    free(copy);
    copy = archive_copy(&made, 0, made.len);
    struct tern_module one = { NULL, copy, made.len };
    return tern_host_core_modules(&core, &modules, &one, 1);
}

static void is_module(const char *name, const char *text)
{
    const struct tern_module *m = tern_host_module(&core.host, name);
    ck_assert_ptr_nonnull(m);
    ck_assert_str_eq(m->name, name);
    ck_assert_uint_eq(m->len, strlen(text));
    ck_assert_mem_eq(m->data, text, m->len);
}

static void is_wrong(enum tern_err got, enum tern_err err, const char *why)
{
    ck_assert_int_eq(got, err);
    ck_assert_str_eq(modules.error, why);
    ck_assert_ptr_null(core.modules);
}

START_TEST(a_module_is_found_by_name_and_logged_with_its_digest)
{
    struct tern_module two[] = { given("keys", "abc"), given("", "nothing") };
    ck_assert_int_eq(tern_host_core_modules(&core, &modules, two, 2), TERN_OK);
    is_module("keys", "abc");
    is_module("1", "nothing");
    ck_assert_ptr_null(tern_host_module(&core.host, "0"));
    ck_assert_ptr_null(tern_host_module(&core.host, "key"));
    ck_assert_ptr_null(tern_host_module(&core.host, ""));
    static const char line[] = "info  module keys: 3 octets, sha256:" ABC "\n";
    ck_assert_int_eq(strncmp(logged, line, sizeof line - 1), 0);
    ck_assert_ptr_nonnull(strstr(logged, "\ninfo  module 1: 7 octets, sha256:"));
}
END_TEST

START_TEST(without_modules_there_are_none_and_nothing_is_said)
{
    ck_assert_int_eq(tern_host_core_modules(&core, &modules, NULL, 0), TERN_OK);
    ck_assert_ptr_null(tern_host_module(&core.host, "0"));
    ck_assert_str_eq(logged, "");
}
END_TEST

START_TEST(an_appliance_that_takes_none_has_none)
{
    options.appliance = &takes_none;
    ck_assert_int_eq(take_one("keys", "abc"), TERN_OK);
    ck_assert_ptr_null(tern_host_module(&core.host, "keys"));
    ck_assert_str_eq(logged, "warn  modules were given to an appliance that takes none\n");
    core.options = NULL;
    logged_len = 0;
    ck_assert_int_eq(tern_host_core_modules(&core, &modules, NULL, 0), TERN_OK);
    ck_assert_uint_eq(logged_len, 0);
}
END_TEST

START_TEST(an_archive_without_a_name_is_the_modules_in_it)
{
    archive_put_file(&made, "keys", "abc");
    archive_put(&made, &(struct archive_entry){ .name = "site", .mode = ARCHIVE_DIRECTORY });
    size_t from = archive_put_file(&made, "site/index.html", "<p>");
    archive_put(&made, &(struct archive_entry){ .name = "site/d", .mode = ARCHIVE_DIRECTORY });
    archive_put_file(&made, "site/d/x", "y");
    size_t to = archive_put_file(&made, "./zone", "");
    archive_put_end(&made);
    ck_assert_int_eq(take_made(), TERN_OK);
    is_module("keys", "abc");
    is_module("zone", "");
    const struct tern_module *site = tern_host_module(&core.host, "site");
    ck_assert_ptr_nonnull(site);
    ck_assert_ptr_eq(site->data, copy + from);
    ck_assert_uint_eq(site->len, to - from);
    const struct tern_module *whole = tern_host_module(&core.host, "0");
    ck_assert_ptr_eq(whole->data, copy);
    ck_assert_uint_eq(whole->len, made.len);
    ck_assert_ptr_nonnull(strstr(logged, "info  module keys: 3 octets, sha256:" ABC "\n"));
    char line[80];
    snprintf(line, sizeof line, "info  module site: %zu octets, 2 files of the archive\n",
             to - from);
    ck_assert_ptr_nonnull(strstr(logged, line));
}
END_TEST

START_TEST(an_archive_with_a_name_is_one_module)
{
    archive_put_file(&made, "a", "abc");
    archive_put_end(&made);
    copy = archive_copy(&made, 0, made.len);
    struct tern_module one = { "site", copy, made.len };
    ck_assert_int_eq(tern_host_core_modules(&core, &modules, &one, 1), TERN_OK);
    ck_assert_ptr_null(tern_host_module(&core.host, "a"));
    ck_assert_uint_eq(tern_host_module(&core.host, "site")->len, made.len);
}
END_TEST

START_TEST(an_archive_that_is_wrong_is_refused_with_the_place)
{
    archive_put_file(&made, "a", "abc");
    archive_put_file(&made, "/b", "abc");
    archive_put_end(&made);
    is_wrong(take_made(), TERN_MALFORMED, "module 0: an archive, at octet 116: "
                                          "a name that is absolute or has an empty part");
    setup();
    archive_put_file(&made, "a", "abc");
    is_wrong(take_made(), TERN_TRUNCATED,
             "module 0: an archive, at octet 116: the entry that ends it is missing");
}
END_TEST

START_TEST(names_that_come_twice_are_refused)
{
    struct tern_module two[] = { given("1", "abc"), given(NULL, "x") };
    is_wrong(tern_host_core_modules(&core, &modules, two, 2), TERN_INVALID,
             "module 1: there are two of this name");
    setup();
    archive_put_file(&made, "a", "1");    /* that it is an archive does not matter then */
    archive_put_end(&made);
    copy = archive_copy(&made, 0, made.len);
    struct tern_module again[] = { given("1", "abc"), { NULL, copy, made.len } };
    is_wrong(tern_host_core_modules(&core, &modules, again, 2), TERN_INVALID,
             "module 1: there are two of this name");
    setup();
    archive_put_file(&made, "d/a", "1");
    archive_put_file(&made, "b", "2");
    archive_put_file(&made, "d/c", "3");
    archive_put_end(&made);
    is_wrong(take_made(), TERN_INVALID, "module d: there are two of this name");
    setup();
    archive_put_file(&made, "d", "1");    /* a file is not a directory that goes on */
    archive_put_file(&made, "d/a", "2");
    archive_put_end(&made);
    is_wrong(take_made(), TERN_INVALID, "module d: there are two of this name");
    setup();
    archive_put_file(&made, "0", "1");
    archive_put_end(&made);
    is_wrong(take_made(), TERN_INVALID, "module 0: there are two of this name");
}
END_TEST

START_TEST(directories_whose_names_begin_alike_are_two)
{
    archive_put_file(&made, "d/a", "1");
    archive_put_file(&made, "dd/a", "2");
    archive_put_file(&made, "de/a", "2");
    archive_put_file(&made, "f/a", "2");
    archive_put_end(&made);
    ck_assert_int_eq(take_made(), TERN_OK);
    ck_assert_ptr_nonnull(tern_host_module(&core.host, "d"));
    ck_assert_ptr_nonnull(tern_host_module(&core.host, "dd"));
    ck_assert_ptr_nonnull(tern_host_module(&core.host, "de"));
    ck_assert_ptr_nonnull(tern_host_module(&core.host, "f"));
}
END_TEST

START_TEST(names_are_words_of_a_bounded_length)
{
    static const char *const wrong[] = { "a b", "a\tb", "a=b", "a\x7f" };
    char name[50], why[128];
    for (size_t i = 0; i < 4; i++) {
        setup();
        snprintf(why, sizeof why, "module %s: a name is 1 to 47 octets without spaces or =",
                 wrong[i]);
        is_wrong(take_one(wrong[i], "x"), TERN_INVALID, why);
    }
    setup();
    memset(name, 'n', sizeof name);
    name[47] = '\0';
    ck_assert_int_eq(take_one(name, "x"), TERN_OK);
    is_module(name, "x");
    setup();
    snprintf(why, sizeof why, "module %s: a name is 1 to 47 octets without spaces or =", name);
    name[47] = 'n';
    name[48] = '\0';
    is_wrong(take_one(name, "x"), TERN_INVALID, why);
}
END_TEST

START_TEST(sixteen_modules_are_taken_and_no_more)
{
    char names[16][4];
    for (int n = 15; n <= 16; n++) {
        setup();
        for (int i = 0; i < n; i++) {
            snprintf(names[i], sizeof names[i], "m%d", i);
            archive_put_file(&made, names[i], "x");
        }
        archive_put_end(&made);
        if (n == 15)
            ck_assert_int_eq(take_made(), TERN_OK);
        else
            is_wrong(take_made(), TERN_FULL, "module m15: there are more than 16: files of one "
                                             "purpose belong into a directory");
        free(copy);
        copy = NULL;
    }
}
END_TEST

static void ask(char *word)
{
    ck_assert_int_eq(tern_host_options_word(&options, word), TERN_OK);
}

START_TEST(a_digest_that_is_asked_for_is_compared)
{
    static char right[] = "module=keys=sha256:" ABC;
    static char upper[] = "module=keys=sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410"
                          "FF61F20015AD";
    ask(right);
    ask(upper);
    ck_assert_int_eq(tern_host_options_settle(&options, TERN_HOST_GUEST), TERN_OK);
    ck_assert_int_eq(take_one("keys", "abc"), TERN_OK);
    is_module("keys", "abc");
}
END_TEST

START_TEST(another_digest_than_was_asked_for_is_refused)
{
    static char right[] = "module=keys=sha256:" ABC, wrong[] = "module=keys=sha256:" ABC;
    static char cut[] = "module=keys=sha256:", longer[] = "module=keys=sha256:" ABC "0";
    static const char why[] =
        "module keys: is sha256:" ABC ", which is not what was asked for";
    for (size_t i = 0; i < 64; i += 9) {
        setup();
        memcpy(wrong, right, sizeof wrong);
        wrong[sizeof wrong - 2 - i] ^= 1;
        ask(wrong);
        core.level = TERN_LOG_ERROR;    /* it is summed although it is not shown */
        is_wrong(take_one("keys", "abc"), TERN_UNTRUSTED, why);
        ck_assert_uint_eq(logged_len, 0);
    }
    setup();
    ask(right);
    ask(cut);
    is_wrong(take_one("keys", "abc"), TERN_UNTRUSTED, why);
    setup();
    ask(longer);
    is_wrong(take_one("keys", "abc"), TERN_UNTRUSTED, why);
}
END_TEST

START_TEST(a_module_that_is_asked_for_is_there)
{
    static char word[] = "module=keys=sha256:" ABC;
    ask(word);
    is_wrong(take_one("key", "abc"), TERN_INVALID,
             "module keys=sha256:" ABC ": asked for, as NAME=sha256:DIGEST, and not there");
    setup();
    ask(word);
    is_wrong(take_one("keyss", "abc"), TERN_INVALID,
             "module keys=sha256:" ABC ": asked for, as NAME=sha256:DIGEST, and not there");
}
END_TEST

START_TEST(a_directory_has_no_digest)
{
    static char word[] = "module=d=sha256:" ABC;
    archive_put_file(&made, "d/a", "abc");
    archive_put_end(&made);
    ask(word);
    is_wrong(take_made(), TERN_INVALID,
             "module d: a directory has no digest: ask for its archive's");
}
END_TEST

START_TEST(a_guest_is_told_digests_and_not_files)
{
    static char word[] = "module=site=site.cpio", none[] = "module=site";
    ask(word);
    ck_assert_int_eq(tern_host_options_settle(&options, TERN_HOST_GUEST), TERN_INVALID);
    ck_assert_str_eq(options.error, "option module: of a guest it is NAME=sha256:DIGEST");
    ck_assert_int_eq(tern_host_options_settle(&options, TERN_HOST_SOCKETS), TERN_OK);
    setup();
    ask(none);
    ck_assert_int_eq(tern_host_options_settle(&options, TERN_HOST_GUEST), TERN_INVALID);
}
END_TEST

START_TEST(the_option_is_there_for_an_appliance_that_takes_modules)
{
    static char word[] = "module=a=b";
    options.appliance = &takes_none;
    ck_assert_int_eq(tern_host_options_word(&options, word), TERN_INVALID);
    ck_assert_str_eq(options.error, "option module: there is no such option");
    setup();
    for (size_t i = 0; i < TERN_MODULES_MAX; i++)
        ask(word);
    ck_assert_uint_eq(options.n_modules, TERN_MODULES_MAX);
    ck_assert_int_eq(tern_host_options_word(&options, word), TERN_INVALID);
    ck_assert_str_eq(options.error, "option module: given more than 16 times");
}
END_TEST

Suite *host_modules_suite(void)
{
    Suite *suite = suite_create("host_modules");
    TCase *tc = tcase_create("host_modules");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_module_is_found_by_name_and_logged_with_its_digest);
    tcase_add_test(tc, without_modules_there_are_none_and_nothing_is_said);
    tcase_add_test(tc, an_appliance_that_takes_none_has_none);
    tcase_add_test(tc, an_archive_without_a_name_is_the_modules_in_it);
    tcase_add_test(tc, an_archive_with_a_name_is_one_module);
    tcase_add_test(tc, an_archive_that_is_wrong_is_refused_with_the_place);
    tcase_add_test(tc, names_that_come_twice_are_refused);
    tcase_add_test(tc, directories_whose_names_begin_alike_are_two);
    tcase_add_test(tc, names_are_words_of_a_bounded_length);
    tcase_add_test(tc, sixteen_modules_are_taken_and_no_more);
    tcase_add_test(tc, a_digest_that_is_asked_for_is_compared);
    tcase_add_test(tc, another_digest_than_was_asked_for_is_refused);
    tcase_add_test(tc, a_module_that_is_asked_for_is_there);
    tcase_add_test(tc, a_directory_has_no_digest);
    tcase_add_test(tc, a_guest_is_told_digests_and_not_files);
    tcase_add_test(tc, the_option_is_there_for_an_appliance_that_takes_modules);
    suite_add_tcase(suite, tc);
    return suite;
}
