/* SPDX-License-Identifier: ISC */
/*
 * A site that comes in an archive: the table that is made of it.
 */
#include <tern/http.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive_make.h"
#include "suites.h"

enum { CAP = 64 };

static struct archive_made made;
static struct tern_http_asset assets[CAP];
static char *text;
static uint8_t *copy;
static struct tern_http_archive site;

static void setup(void)
{
    made.len = 0;
    copy = NULL;
    text = NULL;
    site = (struct tern_http_archive){ .assets = assets, .cap = CAP, .text_cap = 8192 };
}

static void teardown(void)
{
    free(copy);
    free(text);
}

static enum tern_err read_made(const char *root)
{
    free(copy);
    free(text);
    copy = archive_copy(&made, 0, made.len);
    text = malloc(site.text_cap > 0 ? site.text_cap : 1);
    ck_assert_ptr_nonnull(text);
    site.text = text;
    return tern_http_archive_read(&site, copy, made.len, root);
}

static const struct tern_http_asset *found(const char *path)
{
    return tern_http_asset_find(site.assets, site.n, path, strlen(path));
}

static void is_wrong(const char *root, enum tern_err err, const char *name, const char *why)
{
    ck_assert_int_eq(read_made(root), err);
    ck_assert_str_eq(site.why, why);
    ck_assert_uint_eq(site.n, 0);
    if (name == NULL)
        ck_assert_ptr_null(site.name);
    else
        ck_assert_str_eq(site.name, name);
}

START_TEST(test_an_archive_makes_the_table_that_a_build_makes)
{
    archive_put(&made, &(struct archive_entry){ .name = "img", .mode = ARCHIVE_DIRECTORY });
    archive_put(&made, &(struct archive_entry){ .name = "img/a.png", .data = "abc", .len = 3,
                                                .mtime_s = 784111777 });
    archive_put_file(&made, "./index.html", "");
    archive_put_end(&made);
    ck_assert_int_eq(read_made("site"), TERN_OK);
    ck_assert_uint_eq(site.n, 2);
    const struct tern_http_asset *a = found("/img/a.png");
    ck_assert_ptr_nonnull(a);
    ck_assert_str_eq(a->content_type, "image/png");
    ck_assert_str_eq(a->etag, "\"ba7816bf8f01cfea414140de\"");
    ck_assert_str_eq(a->last_modified, "Sun, 06 Nov 1994 08:49:37 GMT");
    ck_assert_uint_eq(a->len, 3);
    ck_assert_mem_eq(a->data, "abc", 3);
    ck_assert_ptr_null(a->gzip.data);
    ck_assert_ptr_null(a->brotli.data);
    a = found("/index.html");
    ck_assert_ptr_nonnull(a);
    ck_assert_str_eq(a->etag, "\"e3b0c44298fc1c149afbf4c8\"");
    ck_assert_str_eq(a->content_type, "text/html; charset=utf-8");
    ck_assert_uint_eq(a->len, 0);
}
END_TEST

START_TEST(test_an_archive_in_any_order_makes_a_sorted_table)
{
    /* 61 names, each order a different step through them. */
    for (unsigned step = 1; step < 61; step++) {
        made.len = 0;
        for (unsigned i = 0; i < 61; i++) {
            char name[8];
            snprintf(name, sizeof name, "%u", i * step % 61);
            archive_put_file(&made, name, name);
        }
        archive_put_end(&made);
        ck_assert_int_eq(read_made(NULL), TERN_OK);
        ck_assert_uint_eq(site.n, 61);
        for (size_t i = 0; i < site.n; i++) {
            ck_assert(i == 0 || strcmp(assets[i - 1].path, assets[i].path) < 0);
            ck_assert_uint_eq(assets[i].len, strlen(assets[i].path) - 1);
            ck_assert_mem_eq(assets[i].data, assets[i].path + 1, assets[i].len);
        }
    }
}
END_TEST

START_TEST(test_names_are_sorted_as_lookups_compare_them)
{
    archive_put_file(&made, "\xc3\xa9", "1");
    archive_put_file(&made, "z", "2");
    archive_put_file(&made, "zz", "3");
    archive_put_end(&made);
    ck_assert_int_eq(read_made(NULL), TERN_OK);
    ck_assert_ptr_nonnull(found("/\xc3\xa9"));
    ck_assert_ptr_nonnull(found("/z"));
    ck_assert_ptr_nonnull(found("/zz"));
}
END_TEST

START_TEST(test_smaller_forms_beside_a_file_are_its_forms)
{
    archive_put_file(&made, "a.txt", "0123456789");
    archive_put_file(&made, "a.txt.gz", "01234");
    archive_put_file(&made, "a.txt.br", "0123");
    archive_put_file(&made, "b.txt", "0123456789");
    archive_put_file(&made, "b.txt.gz", "0123456789");    /* not smaller */
    archive_put_file(&made, "c.txt.gz", "0");             /* of nothing */
    archive_put_file(&made, "d.txt", "0123456789");
    archive_put_file(&made, "d.txt.gx", "0");             /* no form */
    archive_put_file(&made, "d.txtgz", "0");
    archive_put_file(&made, ".gz/.br", "0");              /* hidden */
    archive_put_end(&made);
    ck_assert_int_eq(read_made(NULL), TERN_OK);
    const struct tern_http_asset *a = found("/a.txt"), *packed = found("/a.txt.gz");
    ck_assert_ptr_nonnull(packed);
    ck_assert_str_eq(packed->content_type, "application/gzip");
    ck_assert_ptr_eq(a->gzip.data, packed->data);
    ck_assert_uint_eq(a->gzip.len, 5);
    ck_assert_str_eq(a->gzip.etag, packed->etag);
    ck_assert_ptr_eq(a->brotli.data, found("/a.txt.br")->data);
    ck_assert_uint_eq(a->brotli.len, 4);
    ck_assert_ptr_null(found("/b.txt")->gzip.data);
    ck_assert_ptr_null(found("/d.txt")->gzip.data);
    ck_assert_ptr_null(found("/d.txt")->brotli.data);
    ck_assert_ptr_nonnull(found("/c.txt.gz"));
}
END_TEST

START_TEST(test_names_that_are_too_short_for_a_form_are_files)
{
    archive_put_file(&made, "gz", "1");
    archive_put_file(&made, "a", "2");
    archive_put_file(&made, "b/gz", "2");
    archive_put_end(&made);
    ck_assert_int_eq(read_made(NULL), TERN_OK);
    ck_assert_uint_eq(site.n, 3);
}
END_TEST

START_TEST(test_hidden_names_stay_out_but_for_well_known)
{
    archive_put_file(&made, ".git/config", "x");
    archive_put_file(&made, "a/.b", "x");
    archive_put_file(&made, "a/.well-knownx/b", "x");
    archive_put_file(&made, ".well-known/a", "x");
    archive_put_file(&made, ".well-known/.a", "x");
    archive_put_file(&made, "a.b/c.", "x");
    archive_put_end(&made);
    ck_assert_int_eq(read_made(NULL), TERN_OK);
    ck_assert_uint_eq(site.n, 2);
    ck_assert_uint_eq(site.n_hidden, 4);
    ck_assert_ptr_nonnull(found("/.well-known/a"));
    ck_assert_ptr_nonnull(found("/a.b/c."));
}
END_TEST

START_TEST(test_a_directory_of_the_modules_name_is_the_root)
{
    archive_put_file(&made, "site/index.html", "x");
    archive_put_file(&made, "site/site/a", "x");
    ck_assert_int_eq(read_made("site"), TERN_OK);    /* a part of an archive: without its end */
    ck_assert_ptr_nonnull(found("/index.html"));
    ck_assert_ptr_nonnull(found("/site/a"));
    is_wrong("sit", TERN_TRUNCATED, NULL, "the entry that ends it is missing");
    is_wrong(NULL, TERN_TRUNCATED, NULL, "the entry that ends it is missing");
    is_wrong("", TERN_TRUNCATED, NULL, "the entry that ends it is missing");
    /* One file that is elsewhere, and it is none. */
    archive_put_file(&made, "sitebar", "x");
    archive_put_end(&made);
    ck_assert_int_eq(read_made("site"), TERN_OK);
    ck_assert_ptr_nonnull(found("/site/index.html"));
    ck_assert_ptr_nonnull(found("/sitebar"));
    made.len = 0;
    archive_put_file(&made, "site", "x");
    archive_put_end(&made);
    ck_assert_int_eq(read_made("site"), TERN_OK);
    ck_assert_ptr_nonnull(found("/site"));
}
END_TEST

START_TEST(test_one_name_twice_is_refused)
{
    archive_put_file(&made, "a", "1");
    archive_put_file(&made, "b", "2");
    archive_put_file(&made, "./a", "3");
    archive_put_end(&made);
    is_wrong(NULL, TERN_MALFORMED, "/a", "two files of one name");
}
END_TEST

START_TEST(test_names_that_no_request_has_are_refused)
{
    archive_put_file(&made, "a", "1");
    size_t at = archive_put_file(&made, "b\\c", "2");
    archive_put_end(&made);
    is_wrong(NULL, TERN_MALFORMED, "b\\c", "no URL leads to a name with \\ in it");
    ck_assert_uint_eq(site.off, at);
}
END_TEST

START_TEST(test_what_is_wrong_with_an_archive_is_told)
{
    archive_put_file(&made, "a", "1");
    size_t at = archive_put_file(&made, "../b", "2");
    archive_put_end(&made);
    is_wrong(NULL, TERN_MALFORMED, NULL, "a name with . or .. in it");
    ck_assert_uint_eq(site.off, at);
    made.len = 0;
    archive_put_end(&made);
    is_wrong(NULL, TERN_MALFORMED, NULL, "there is no file in it");
    made.len = 0;
    archive_put_file(&made, ".a", "1");
    archive_put_end(&made);
    is_wrong(NULL, TERN_MALFORMED, NULL, "there is no file in it but hidden ones");
}
END_TEST

START_TEST(test_more_than_there_is_room_for_is_refused_and_nothing_is_overwritten)
{
    size_t at = 0;
    for (int i = 0; i < 5; i++) {
        char name[4];
        snprintf(name, sizeof name, "%d", i);
        at = archive_put_file(&made, name, "x");
    }
    archive_put_end(&made);
    site.cap = 4;
    assets[4].path = "untouched";
    is_wrong(NULL, TERN_FULL, "4", "more files than there is room for");
    ck_assert_uint_eq(site.off, at);
    ck_assert_str_eq(assets[4].path, "untouched");
    site.cap = 5;
    site.text_cap = (1 + 1 + 1 + 27 + 30) * 5;    /* 60 a file, and its name */
    ck_assert_int_eq(read_made(NULL), TERN_OK);
    for (size_t less = 1; less < 60; less++) {
        site.text_cap = 60 * 5 - less;
        is_wrong(NULL, TERN_FULL, "4", "longer names than there is room for");
    }
    site.text_cap = 0;
    is_wrong(NULL, TERN_FULL, "0", "longer names than there is room for");
}
END_TEST

Suite *http_archive_suite(void)
{
    Suite *suite = suite_create("http_archive");
    TCase *tc = tcase_create("http_archive");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_an_archive_makes_the_table_that_a_build_makes);
    tcase_add_test(tc, test_an_archive_in_any_order_makes_a_sorted_table);
    tcase_add_test(tc, test_names_are_sorted_as_lookups_compare_them);
    tcase_add_test(tc, test_smaller_forms_beside_a_file_are_its_forms);
    tcase_add_test(tc, test_names_that_are_too_short_for_a_form_are_files);
    tcase_add_test(tc, test_hidden_names_stay_out_but_for_well_known);
    tcase_add_test(tc, test_a_directory_of_the_modules_name_is_the_root);
    tcase_add_test(tc, test_one_name_twice_is_refused);
    tcase_add_test(tc, test_names_that_no_request_has_are_refused);
    tcase_add_test(tc, test_what_is_wrong_with_an_archive_is_told);
    tcase_add_test(tc, test_more_than_there_is_room_for_is_refused_and_nothing_is_overwritten);
    suite_add_tcase(suite, tc);
    return suite;
}
