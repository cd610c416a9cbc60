/* SPDX-License-Identifier: ISC */
/*
 * The notes of an image, whatever their lengths say.
 */
#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include <tern/base.h>

#include "backends/pvh/note.h"
#include "tools/notes.h"

static uint8_t octets[128];
static size_t len;

static void setup(void)
{
    memset(octets, 0, sizeof octets);
    len = 0;
}

/* Appends a note; what it is said to hold need not be there. */
static void add(uint32_t type, uint32_t name_len, const char *name, uint32_t desc_len)
{
    tern_store_le32(octets + len, name_len);
    tern_store_le32(octets + len + 4, desc_len);
    tern_store_le32(octets + len + 8, type);
    memcpy(octets + len + 12, name, strlen(name));
    len += 12 + (name_len < 32 ? (name_len + 3) / 4 * 4 : 0) +
           (desc_len < 32 ? (desc_len + 3) / 4 * 4 : 0);
}

/* Read from memory that ends where they do. */
static const char *backend_of(uint32_t *backend)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    memcpy(exact, octets, len);
    const char *wrong = notes_backend(exact, len, backend);
    free(exact);
    return wrong;
}

START_TEST(test_note_is_read_with_its_name_and_what_is_in_it)
{
    struct note note;
    size_t off = 0;
    add(7, 3, "ab", 5);
    add(8, 4, "abc", 0);
    ck_assert(note_next(octets, len, &off, &note));
    ck_assert_uint_eq(note.type, 7);
    ck_assert_uint_eq(note.name_len, 3);
    ck_assert_uint_eq(note.desc_len, 5);
    ck_assert_ptr_eq(note.name, octets + 12);
    ck_assert_ptr_eq(note.desc, octets + 16);
    ck_assert(note_is_named(&note, "ab") && !note_is_named(&note, "a") &&
              !note_is_named(&note, "abc"));
    ck_assert(note_next(octets, len, &off, &note));
    ck_assert(note_is_named(&note, "abc"));
    ck_assert_uint_eq(off, len);
    ck_assert(!note_next(octets, len, &off, &note));
    ck_assert_uint_eq(off, len);
}
END_TEST

START_TEST(test_note_that_is_cut_off_is_none)
{
    struct note note;
    add(7, 6, "abcde", 5);
    ck_assert_uint_eq(len, 28);
    for (size_t cut = 0; cut < len; cut++) {
        size_t off = 0;
        uint8_t *exact = malloc(cut > 0 ? cut : 1);
        memcpy(exact, octets, cut);
        ck_assert_msg(!note_next(exact, cut, &off, &note) && off == 0, "%zu octets", cut);
        free(exact);
    }
}
END_TEST

START_TEST(test_note_with_a_wild_length_is_none)
{
    static const uint32_t wild[] = { 13, 0x7fffffff, 0x80000000, 0xfffffff4, 0xfffffffd,
                                     0xffffffff };
    for (int which = 0; which < 2; which++) {
        struct note note;
        size_t off = 0;
        setup();
        add(1, which == 0 ? wild[_i] : 5, "Tern", which == 1 ? wild[_i] : 0);
        len = 24;
        ck_assert(!note_next(octets, len, &off, &note));
        uint32_t backend;
        ck_assert_str_eq(backend_of(&backend), "a note in it is cut off");
    }
}
END_TEST

START_TEST(test_backend_is_the_type_of_terns_note)
{
    uint32_t backend = 0;
    add(18, 4, "Xen", 8);
    add(PVH_NOTE_XEN, 5, "Tern", 0);
    add(3, 4, "GNU", 20);
    ck_assert_ptr_null(backend_of(&backend));
    ck_assert_uint_eq(backend, PVH_NOTE_XEN);
    setup();
    add(77, 5, "Tern", 0);
    ck_assert_ptr_null(backend_of(&backend));
    ck_assert_uint_eq(backend, 77);    /* known or not is for the caller to say */
}
END_TEST

START_TEST(test_backend_is_not_guessed)
{
    uint32_t backend;
    ck_assert_str_eq(backend_of(&backend), "it has no note of Tern's");
    add(18, 4, "Xen", 8);
    add(1, 4, "Tern", 0);     /* a name without its end */
    add(1, 5, "tern", 0);
    add(1, 6, "Terns", 0);
    ck_assert_str_eq(backend_of(&backend), "it has no note of Tern's");
    add(1, 5, "Tern", 4);
    ck_assert_str_eq(backend_of(&backend), "its note of Tern's is not empty");
    setup();
    add(1, 5, "Tern", 0);
    add(1, 5, "Tern", 0);
    ck_assert_str_eq(backend_of(&backend), "it has more than one note of Tern's");
    setup();
    add(1, 5, "Tern", 0);
    len += 4;
    ck_assert_str_eq(backend_of(&backend), "a note in it is cut off");
}
END_TEST

Suite *notes_suite(void)
{
    Suite *suite = suite_create("notes");
    TCase *t = tcase_create("notes");
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, test_note_is_read_with_its_name_and_what_is_in_it);
    tcase_add_test(t, test_note_that_is_cut_off_is_none);
    tcase_add_loop_test(t, test_note_with_a_wild_length_is_none, 0, 6);
    tcase_add_test(t, test_backend_is_the_type_of_terns_note);
    tcase_add_test(t, test_backend_is_not_guessed);
    suite_add_tcase(suite, t);
    return suite;
}
