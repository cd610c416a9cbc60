/* SPDX-License-Identifier: ISC */
/*
 * Archives: what is in them, and everything that can be wrong with one.
 */
#include <tern/archive.h>

#include <stdlib.h>
#include <string.h>

#include "archive_make.h"
#include "suites.h"

static struct archive_made made;
static struct tern_archive archive;
static struct tern_archive_file file;
static uint8_t *copy;

static void setup(void)
{
    made.len = 0;
    copy = NULL;
}

static void teardown(void)
{
    free(copy);
}

static void open_octets(size_t off, size_t len)
{
    free(copy);
    copy = archive_copy(&made, off, len);
    tern_archive_init(&archive, copy, len);
}

static void open_made(void)
{
    open_octets(0, made.len);
}

static void next_is(const char *name, const char *text)
{
    ck_assert_int_eq(tern_archive_next(&archive, &file), TERN_OK);
    ck_assert_ptr_nonnull(file.name);
    ck_assert_str_eq(file.name, name);
    ck_assert_uint_eq(file.name_len, strlen(name));
    ck_assert_uint_eq(file.len, strlen(text));
    ck_assert_mem_eq(file.data, text, file.len);
}

static void ends(bool complete)
{
    ck_assert_int_eq(tern_archive_next(&archive, &file), TERN_OK);
    ck_assert_ptr_null(file.name);
    ck_assert(archive.complete == complete);
    ck_assert_ptr_null(archive.why);
}

/* The next is wrong, at `off` and for this reason, and stays so. */
static void is_wrong(enum tern_err err, size_t off, const char *why)
{
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(tern_archive_next(&archive, &file), err);
        ck_assert_ptr_null(file.name);
        ck_assert_uint_eq(archive.off, off);
        ck_assert_str_eq(archive.why, why);
    }
}

START_TEST(test_archive_gives_its_files_in_order_and_where_they_lie)
{
    archive_put(&made, &(struct archive_entry){ .name = "img", .mode = ARCHIVE_DIRECTORY });
    size_t at = archive_put(&made, &(struct archive_entry){
        .name = "img/a.png", .data = "octets", .len = 6, .mtime_s = 784111777 });
    archive_put_file(&made, "empty", "");
    archive_put_end(&made);
    open_made();
    next_is("img/a.png", "octets");
    ck_assert_uint_eq(file.mtime_s, 784111777);
    ck_assert_uint_eq(file.off, at);
    ck_assert_ptr_eq(file.data, copy + at + 110 + 10);
    next_is("empty", "");
    ends(true);
    ends(true);
}
END_TEST

START_TEST(test_archive_of_names_as_find_writes_them_has_them_without_the_dot)
{
    archive_put(&made, &(struct archive_entry){ .name = ".", .mode = ARCHIVE_DIRECTORY });
    archive_put_file(&made, "./index.html", "x");
    archive_put_file(&made, "./.well-known/a", "y");
    archive_put_end(&made);
    open_made();
    next_is("index.html", "x");
    next_is(".well-known/a", "y");
    ends(true);
}
END_TEST

START_TEST(test_archive_may_end_with_zeros_or_be_followed_by_another)
{
    archive_put_file(&made, "a", "1");
    archive_put_end(&made);
    made.len += 512;
    memset(made.octets + made.len - 512, 0, 512);
    archive_put_file(&made, "b", "2");
    archive_put_end(&made);
    made.len++;
    made.octets[made.len - 1] = 0;
    open_made();
    next_is("a", "1");
    ck_assert(!archive.complete);
    next_is("b", "2");
    ends(true);
}
END_TEST

START_TEST(test_archive_without_its_end_is_read_and_says_so)
{
    size_t at = archive_put_file(&made, "a", "123");
    open_made();
    next_is("a", "123");
    ends(false);
    /* The padding of the last octets may be missing too. */
    open_octets(0, at + 110 + 2 + 3);
    next_is("a", "123");
    ends(false);
    open_octets(0, 0);
    ends(false);
}
END_TEST

START_TEST(test_archive_zeros_before_its_end_are_no_entry)
{
    archive_put_file(&made, "a", "1");
    size_t at = made.len;
    memset(made.octets + made.len, 0, 200);
    made.len += 200;
    open_made();
    next_is("a", "1");
    is_wrong(TERN_MALFORMED, at, "no header of the format newc");
}
END_TEST

START_TEST(test_archive_behind_another_stands_on_a_multiple_of_four)
{
    archive_put_end(&made);
    made.octets[made.len++] = '0';    /* 4 is passed: one is missing */
    made.octets[made.len - 1] = 0;
    size_t at = made.len;
    archive_put_file(&made, "a", "");
    open_made();
    is_wrong(TERN_MALFORMED, at, "what follows an archive is not aligned");
}
END_TEST

START_TEST(test_archive_of_each_length_but_the_right_one_is_refused)
{
    archive_put_file(&made, "first", "12");
    size_t second = archive_put_file(&made, "second", "345678");
    size_t end = archive_put_end(&made);
    for (size_t len = 1; len < end; len++) {
        if (len == second)
            continue;    /* that is an entry less */
        open_octets(0, len);
        enum tern_err err = TERN_OK;
        for (int i = 0; i < 3 && err == TERN_OK; i++)
            err = tern_archive_next(&archive, &file);
        /* What is missing of the second file may be its padding, which is not missed. */
        size_t whole = len > second ? second + 120 + 6 : 116 + 2;
        if (len < whole) {
            ck_assert_int_eq(err, TERN_TRUNCATED);
            ck_assert_uint_eq(archive.off, len < second ? 0 : second);
        } else {
            ck_assert_int_eq(err, TERN_OK);
        }
    }
}
END_TEST

START_TEST(test_archive_lengths_that_reach_the_end_or_wrap_are_refused)
{
    static const char *const words[] = { "00000004", "7fffffff", "ffffffff", "fffffffc" };
    for (size_t i = 0; i < 4; i++) {
        made.len = 0;
        archive_put_file(&made, "a", "abc");
        memcpy(made.octets + 54, words[i], 8);
        open_octets(0, 110 + 2 + 3);
        is_wrong(TERN_TRUNCATED, 0, "a file is cut off");
        made.len = 0;
        archive_put_file(&made, "a", "abc");
        memcpy(made.octets + 94, words[i], 8);
        open_octets(0, 112);
        if (i == 0)
            is_wrong(TERN_TRUNCATED, 0, "a name is cut off");
        else
            is_wrong(TERN_MALFORMED, 0, "a name is empty or too long");
    }
}
END_TEST

START_TEST(test_archive_name_ends_where_its_length_says)
{
    static const char *const words[] = { "00000000", "00000001", "00000003", "00000005" };
    for (size_t i = 0; i < 4; i++) {
        made.len = 0;
        archive_put_file(&made, "abc", "text");
        memcpy(made.octets + 94, words[i], 8);
        open_made();
        is_wrong(TERN_MALFORMED, 0, i < 2 ? "a name is empty or too long"
                                          : "a name does not end where it says");
    }
}
END_TEST

START_TEST(test_archive_name_has_at_most_1023_octets)
{
    char name[1026];
    memset(name, 'n', sizeof name);
    name[1023] = '\0';
    archive_put_file(&made, name, "x");
    open_made();
    next_is(name, "x");
    name[1023] = 'n';
    name[1024] = '\0';
    made.len = 0;
    archive_put_file(&made, name, "x");
    open_made();
    is_wrong(TERN_MALFORMED, 0, "a name is empty or too long");
}
END_TEST

START_TEST(test_archive_header_is_hexadecimal_to_the_digit)
{
    static const char wrong[] = "/:@GX`gx \xff";
    static const char right[] = "09AFaf";
    for (size_t field = 0; field < 13; field++)
        for (size_t i = 0; i < sizeof wrong - 1; i++) {
            made.len = 0;
            archive_put_file(&made, "a", "");
            made.octets[6 + field * 8 + i % 8] = wrong[i];
            open_made();
            is_wrong(TERN_MALFORMED, 0, "a number has a digit that is not hexadecimal");
        }
    for (size_t i = 0; i < sizeof right - 1; i++) {
        made.len = 0;
        archive_put_file(&made, "a", "");
        made.octets[46 + 7] = right[i];    /* mtime */
        open_made();
        next_is("a", "");
        ck_assert_uint_eq(file.mtime_s, i < 2 ? (uint32_t)(right[i] - '0')
                                              : (uint32_t)((right[i] | 0x20) - 'a' + 10));
    }
}
END_TEST

START_TEST(test_archive_numbers_are_those_of_all_their_digits)
{
    archive_put(&made, &(struct archive_entry){ .name = "a", .mtime_s = 0xfedcba98 });
    open_made();
    next_is("a", "");
    ck_assert_uint_eq(file.mtime_s, 0xfedcba98);
}
END_TEST

START_TEST(test_archive_of_another_format_is_named)
{
    static const char *const magics[] = { "070703", "070700", "170701", "07070 ", "\xc7q0701" };
    for (size_t i = 0; i < 5; i++) {
        made.len = 0;
        archive_put(&made, &(struct archive_entry){ .magic = magics[i], .name = "a" });
        open_made();
        ck_assert(!tern_archive_is(copy, made.len));
        is_wrong(TERN_MALFORMED, 0, "no header of the format newc");
    }
    made.len = 0;
    archive_put(&made, &(struct archive_entry){ .magic = "070707", .name = "a" });
    open_made();
    ck_assert(tern_archive_is(copy, made.len));
    is_wrong(TERN_UNSUPPORTED, 0, "cpio's old format: cpio -H newc is wanted");
}
END_TEST

START_TEST(test_archive_is_told_by_its_first_six_octets)
{
    archive_put_end(&made);
    for (size_t len = 0; len < 8; len++) {
        open_octets(0, len);
        ck_assert(tern_archive_is(copy, len) == (len >= 6));
    }
}
END_TEST

START_TEST(test_archive_checksums_are_compared_where_there_are_any)
{
    struct archive_entry entry = { .magic = "070702", .name = "a", .data = "ab\xff", .len = 3,
                                   .check = 'a' + 'b' + 0xff };
    archive_put(&made, &entry);
    open_made();
    next_is("a", "ab\xff");
    made.len = 0;
    entry.check++;
    archive_put(&made, &entry);
    open_made();
    is_wrong(TERN_MALFORMED, 0, "a file has not the checksum that its entry says");
    made.len = 0;
    entry.magic = "070701";    /* has none, whatever stands there */
    archive_put(&made, &entry);
    open_made();
    next_is("a", "ab\xff");
}
END_TEST

START_TEST(test_archive_names_that_are_no_plain_relative_path_are_refused)
{
    static const struct {
        const char *name, *why;
    } cases[] = {
        { "/etc/passwd", "a name that is absolute or has an empty part" },
        { "a//b", "a name that is absolute or has an empty part" },
        { "a/", "a name that is absolute or has an empty part" },
        { ".//a", "a name that is absolute or has an empty part" },
        { "..", "a name with . or .. in it" },
        { ".", "a name with . or .. in it" },
        { "./", "a name with . or .. in it" },
        { "../a", "a name with . or .. in it" },
        { "a/../../b", "a name with . or .. in it" },
        { "a/..", "a name with . or .. in it" },
        { "a/./b", "a name with . or .. in it" },
        { "././a", "a name with . or .. in it" },
        { "./../a", "a name with . or .. in it" },
        { "a\nb", "a name with a control character in it" },
        { "a\x7f", "a name with a control character in it" },
    };
    static const char *const good[] = { "...", "..a", ".a", "a..", "a/..b/c", "\xc3\xa9", "a b",
                                        "-" };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made.len = 0;
        archive_put_file(&made, cases[i].name, "x");
        open_made();
        is_wrong(TERN_MALFORMED, 0, cases[i].why);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        made.len = 0;
        archive_put_file(&made, good[i], "x");
        open_made();
        next_is(good[i], "x");
    }
}
END_TEST

START_TEST(test_archive_of_links_and_devices_is_refused)
{
    static const uint32_t modes[] = { ARCHIVE_LINK, 0020600, 0060600, 0010600, 0140600, 0600 };
    for (size_t i = 0; i < 6; i++) {
        made.len = 0;
        archive_put(&made, &(struct archive_entry){ .name = "a", .mode = modes[i] });
        open_made();
        is_wrong(TERN_UNSUPPORTED, 0, "neither a file nor a directory");
    }
    made.len = 0;
    archive_put(&made, &(struct archive_entry){ .name = "b", .n_links = 2, .data = "x", .len = 1 });
    size_t at = archive_put(&made, &(struct archive_entry){ .name = "a", .n_links = 2 });
    open_made();
    next_is("b", "x");
    is_wrong(TERN_UNSUPPORTED, at, "a hard link whose octets stand at another name");
}
END_TEST

START_TEST(test_archive_end_is_that_name_and_no_other)
{
    archive_put_file(&made, "TRAILER!!", "1");
    archive_put_file(&made, "TRAILER!!!x", "2");
    archive_put_file(&made, "TRAILER!!?", "3");
    archive_put_end(&made);
    open_made();
    next_is("TRAILER!!", "1");
    next_is("TRAILER!!!x", "2");
    next_is("TRAILER!!?", "3");
    ends(true);
}
END_TEST

START_TEST(test_archive_of_directories_only_has_no_file)
{
    for (int i = 0; i < 100; i++)
        archive_put(&made, &(struct archive_entry){ .name = "../d", .mode = ARCHIVE_DIRECTORY });
    open_made();
    ends(false);
    archive_put_end(&made);
    open_made();
    ends(true);
}
END_TEST

/* ---- SHA-256, by which what is in them is named ---- */

static const char *sum_in_pieces(const char *text, size_t len, size_t piece)
{
    static char hex[TERN_SHA256_TEXT_CAP];
    struct tern_sha256 sha;
    uint8_t digest[TERN_SHA256_LEN];
    tern_sha256_init(&sha);
    for (size_t at = 0; at < len; at += piece)
        tern_sha256_add(&sha, (const uint8_t *)text + at, piece < len - at ? piece : len - at);
    tern_sha256_finish(&sha, digest);
    tern_sha256_hex(digest, hex);
    return hex;
}

START_TEST(test_sha256_gives_the_sums_of_its_standard)
{
    static char million[1000000];
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    memset(million, 'a', sizeof million);
    ck_assert_str_eq(sum_in_pieces("", 0, 1),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ck_assert_str_eq(sum_in_pieces("abc", 3, 3),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ck_assert_str_eq(sum_in_pieces(two, 56, 56),
                     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    ck_assert_str_eq(sum_in_pieces(million, sizeof million, sizeof million),
                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(test_sha256_does_not_depend_on_how_the_octets_come)
{
    char text[300], whole[65];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7);
    for (size_t len = 0; len < sizeof text; len += 13) {
        memcpy(whole, sum_in_pieces(text, len, sizeof text), sizeof whole);
        for (size_t piece = 1; piece < 130; piece += 9)
            ck_assert_str_eq(sum_in_pieces(text, len, piece), whole);
    }
}
END_TEST

Suite *archive_suite(void)
{
    Suite *suite = suite_create("archive");
    TCase *tc = tcase_create("archive");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_archive_gives_its_files_in_order_and_where_they_lie);
    tcase_add_test(tc, test_archive_of_names_as_find_writes_them_has_them_without_the_dot);
    tcase_add_test(tc, test_archive_may_end_with_zeros_or_be_followed_by_another);
    tcase_add_test(tc, test_archive_without_its_end_is_read_and_says_so);
    tcase_add_test(tc, test_archive_zeros_before_its_end_are_no_entry);
    tcase_add_test(tc, test_archive_behind_another_stands_on_a_multiple_of_four);
    tcase_add_test(tc, test_archive_of_each_length_but_the_right_one_is_refused);
    tcase_add_test(tc, test_archive_lengths_that_reach_the_end_or_wrap_are_refused);
    tcase_add_test(tc, test_archive_name_ends_where_its_length_says);
    tcase_add_test(tc, test_archive_name_has_at_most_1023_octets);
    tcase_add_test(tc, test_archive_header_is_hexadecimal_to_the_digit);
    tcase_add_test(tc, test_archive_numbers_are_those_of_all_their_digits);
    tcase_add_test(tc, test_archive_of_another_format_is_named);
    tcase_add_test(tc, test_archive_is_told_by_its_first_six_octets);
    tcase_add_test(tc, test_archive_checksums_are_compared_where_there_are_any);
    tcase_add_test(tc, test_archive_names_that_are_no_plain_relative_path_are_refused);
    tcase_add_test(tc, test_archive_of_links_and_devices_is_refused);
    tcase_add_test(tc, test_archive_end_is_that_name_and_no_other);
    tcase_add_test(tc, test_archive_of_directories_only_has_no_file);
    tcase_add_test(tc, test_sha256_gives_the_sums_of_its_standard);
    tcase_add_test(tc, test_sha256_does_not_depend_on_how_the_octets_come);
    suite_add_tcase(suite, tc);
    return suite;
}
