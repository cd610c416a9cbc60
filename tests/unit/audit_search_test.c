/* SPDX-License-Identifier: ISC */
/*
 * The audit of an image: what hides in numbers, notes, other protocols, how much is
 * said, and tables of any content.
 */
#include "audit_fixture.h"
#include "suites.h"

START_TEST(test_audit_finds_what_hides_in_an_immediate)
{
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    file[TEXT + 5] = 0x0f;
    file[TEXT + 6] = 0x30;
    char *said = audited(file, sizeof file, &verdict);
    ck_assert_int_eq(verdict, AUDIT_HIDDEN);
    ck_assert_ptr_nonnull(strstr(said, "failed  hidden at 0x201005 (in function): wrmsr"));
    free(said);
}
END_TEST

/* What calls the hypervisor undoes a seal with nothing else, from wherever it is read. */
static const struct {
    uint8_t octets[8];    /* the number of a movabs */
    const char *said;     /* at its third octet; NULL: nothing */
} hidden[] = {
    { { 0x0f, 0x01, 0xc1 }, "vmcall" },
    { { 0x0f, 0x01, 0xd9 }, "vmmcall" },
    { { 0x0f, 0x01, 0xd4 }, "vmfunc" },
    { { 0x0f, 0x01, 0xcc }, "an instruction of 0f 01" },
    { { 0x0f, 0x01, 0xc6 }, "wrmsrns" },
    { { 0xc4, 0xe7, 0x7a, 0xf6, 0xc0 }, "wrmsrns" },
    { { 0xc4, 0xc7, 0x7a, 0xf6, 0xc7 }, "wrmsrns" },
    { { 0x62, 0xf7, 0x7e, 0x08, 0xf6, 0xc0 }, "wrmsrns" },
    { { 0xc4, 0xe7, 0x7b, 0xf6, 0xc0 }, NULL },    /* rdmsr */
    { { 0xc4, 0xe3, 0x7a, 0xf6, 0xc0 }, NULL },    /* another map */
    { { 0x0f, 0x01, 0xd1 }, NULL },                /* xsetbv needs CR4 */
    { { 0x0f, 0x37 }, NULL },                      /* so does getsec */
    { { 0x0f, 0x22, 0xc0 }, "mov to a control register" },
    { { 0x0f, 0x01, 0x10 }, "lgdt" },
    { { 0x0f, 0x01, 0x18 }, "lidt" },
    { { 0x0f, 0x23, 0x10 }, NULL },                /* a debug register only traps */
};

START_TEST(test_audit_finds_hypercalls_and_wide_instructions_that_hide)
{
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    char line[80];
    image_make(file);
    memcpy(file + TEXT + 20, (const uint8_t[2]){ 0x48, 0xb8 }, 2);
    memcpy(file + TEXT + 22, hidden[_i].octets, 8);
    char *said = audited(file, sizeof file, &verdict);
    ck_assert_msg(verdict == (hidden[_i].said != NULL ? AUDIT_HIDDEN : AUDIT_SEALED), "%s", said);
    if (hidden[_i].said != NULL) {
        snprintf(line, sizeof line, "hidden at 0x201016 (in function): %s", hidden[_i].said);
        ck_assert_msg(fails_with(said, line), "%s", said);
    }
    free(said);
}
END_TEST

/* A note beside the good one; loaders differ in which they take. */
static const struct {
    uint32_t name_len, desc_len, type;
    char name[4];
    const char *said;    /* NULL: it may be there */
} beside[] = {
    { 4, 20, 3, "GNU", NULL },                     /* a build id */
    { 4, 4, 1, "GNU", NULL },
    { 5, 8, 3, "GNU", NULL },
    { 2, 4, 1, "Xe", NULL },
    { 4, 8, 18, "Xen", "2 notes of type 18" },
    { 4, 4, 18, "Xen", "2 notes of type 18" },
    { 4, 8, 18, "GNU", "is no PVH note" },
    { 4, 8, 18, "GNU", "2 notes of type 18" },
    { 0, 8, 18, "", "is no PVH note" },
    { 4, 12, 18, "Xen", "is no PVH note" },
    { 4, 7, 18, "Xen", "is no PVH note" },
    { 4, 8, 1, "Xen", "type 1 of \"Xen\", is none for PVH" },
    { 4, 12, 19, "Xen", "type 19 of \"Xen\", is none for PVH" },
    { 3, 8, 1, "Xen", "type 1 of \"Xen\", is none for PVH" },
    { 5, 0, 1, "Tern", NULL },                     /* made for kvm, for Xen */
    { 5, 0, 2, "Tern", NULL },
    { 4, 0, 9, "Tern", NULL },                     /* somebody else's: no zero ends the name */
    { 5, 0, 0, "Tern", "type 0 of \"Tern\", names no backend" },
    { 5, 0, 3, "Tern", "type 3 of \"Tern\", names no backend" },
    { 5, 4, 2, "Tern", "type 2 of \"Tern\", names no backend" },
    { 5, 0, 18, "Tern", "is no PVH note" },
    { 4, 0xfffffff0, 3, "GNU", "no note at" },
    { 0xfffffff0, 4, 3, "GNU", "no note at" },
    { 4, 24, 3, "GNU", "no note at" },
};

/* The good one stands before it and, in another file, behind it. */
START_TEST(test_audit_reads_each_note_beside_the_good_one)
{
    enum { GOOD_LEN = 24, ROOM = 36 };
    uint8_t file[FILE_LEN], good[GOOD_LEN];
    enum audit_verdict verdict;
    for (int first = 0; first < 2; first++) {
        image_make(file);
        uint64_t own = 12 + ((uint64_t)beside[_i].name_len + 3) / 4 * 4 +
                       ((uint64_t)beside[_i].desc_len + 3) / 4 * 4;
        if (own > ROOM)
            own = ROOM;
        memcpy(good, file + CONSTANTS, GOOD_LEN);
        /* Away from the zeros that lidt reads: where data was, which joins the constants. */
        tern_store_le16(file + 60, 0);
        tern_store_le32(file + PHDRS + S_DATA * PHDR_LEN, 0);
        uint64_t whole = DATA + GOOD_LEN + own - CONSTANTS;
        segment(file, S_CONSTANTS, 1, 4, CONSTANTS, 0x202040, whole, whole);
        segment(file, S_NOTE, 4, 4, DATA, 0x2020a0, GOOD_LEN + own, GOOD_LEN + own);
        memset(file + DATA, 0, GOOD_LEN + ROOM);
        uint8_t *p = file + DATA + (first ? GOOD_LEN : 0);
        memcpy(file + DATA + (first ? 0 : own), good, GOOD_LEN);
        tern_store_le32(p, beside[_i].name_len);
        tern_store_le32(p + 4, beside[_i].desc_len);
        tern_store_le32(p + 8, beside[_i].type);
        memcpy(p + 12, beside[_i].name, 4);
        if (beside[_i].name_len == 0)
            memset(p + 12, 0, 4);
        char *said = audited(file, sizeof file, &verdict);
        if (beside[_i].said == NULL) {
            ck_assert_msg(verdict == AUDIT_SEALED, "%d: %s", first, said);
        } else {
            ck_assert_msg(verdict == AUDIT_FAILED, "%d: passes", first);
            ck_assert_msg(fails_with(said, beside[_i].said), "%d: %s", first, said);
        }
        free(said);
    }
}
END_TEST

START_TEST(test_audit_wants_one_note_of_terns_at_most)
{
    enum { ALL_LEN = 24 + 2 * 20 };
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    tern_store_le16(file + 60, 0);    /* no sections: names are not needed, their room is */
    tern_store_le32(file + PHDRS + S_DATA * PHDR_LEN, 0);
    segment(file, S_CONSTANTS, 1, 4, CONSTANTS, 0x202040, DATA + ALL_LEN - CONSTANTS,
            DATA + ALL_LEN - CONSTANTS);
    segment(file, S_NOTE, 4, 4, DATA, 0x2020a0, ALL_LEN, ALL_LEN);
    memset(file + DATA, 0, ALL_LEN);
    memcpy(file + DATA, file + CONSTANTS, 24);
    for (uint8_t *p = file + DATA + 24; p < file + DATA + ALL_LEN; p += 20) {
        tern_store_le32(p, 5);
        tern_store_le32(p + 8, 1);
        memcpy(p + 12, "Tern", 4);
    }
    char *said = audited(file, sizeof file, &verdict);
    ck_assert_int_eq(verdict, AUDIT_FAILED);
    ck_assert_msg(fails_with(said, "2 notes of \"Tern\""), "%s", said);
    free(said);
}
END_TEST

START_TEST(test_audit_looks_for_other_protocols_as_far_as_loaders_do)
{
    static const struct {
        size_t off;
        uint32_t magic;
        bool found;
    } cases[] = {
        { 0x1ffc, 0x1badb002, true }, { 0x2000, 0x1badb002, false },
        { 0x1fff, 0x1badb002, false }, { 0x2000, 0xe85250d6, true },
        { 0x7ff8, 0xe85250d6, true }, { 0x8000, 0xe85250d6, false },
        { 0x7ffc, 0xe85250d6, false },
    };
    static uint8_t big[0x8010];
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(big, 0, sizeof big);
        memcpy(big, file, sizeof file);
        tern_store_le32(big + cases[i].off, cases[i].magic);
        char *said = audited(big, sizeof big, &verdict);
        ck_assert_int_eq(verdict, cases[i].found ? AUDIT_FAILED : AUDIT_SEALED);
        ck_assert_int_eq(fails_with(said, "takes for Multiboot"), cases[i].found);
        free(said);
    }
}
END_TEST

static const char *counted(void *arg, uint64_t at)
{
    (void)at;
    ++*(size_t *)arg;
    return NULL;
}

/* A name may take a walk through millions of symbols: none is looked up for nothing. */
START_TEST(test_audit_looks_up_no_name_that_is_not_said)
{
    enum { MANY = 0x1000, AT_OFF = 0x2000 };
    static uint8_t big[AT_OFF + MANY];
    static const uint8_t hides[8] = { 0xb8, 0, 0x0f, 0x30, 0, 0x90, 0x90, 0x90 };
    uint8_t file[FILE_LEN];
    FILE *nowhere = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(nowhere);
    image_make(file);
    segment(file, S_TEXT, 1, 5, AT_OFF, 0x201000, MANY, MANY);
    memcpy(big, file, sizeof file);
    for (size_t i = AT_OFF; i < sizeof big; i += 2)
        memcpy(big + i, (const uint8_t[2]){ 0x0f, 0x30 }, 2);
    size_t n = 0;
    ck_assert_int_eq(audit_elf(big, sizeof big, counted, &n, nowhere, 1), AUDIT_FAILED);
    ck_assert_uint_eq(n, 16);
    for (size_t i = AT_OFF; i < sizeof big; i += 8)
        memcpy(big + i, hides, 8);
    n = 0;
    ck_assert_int_eq(audit_elf(big, sizeof big, counted, &n, nowhere, 1), AUDIT_HIDDEN);
    ck_assert_uint_eq(n, 16);
    fclose(nowhere);
}
END_TEST

START_TEST(test_audit_survives_every_truncation)
{
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    for (size_t len = 0; len < FILE_LEN; len++) {
        uint8_t *exact = malloc(len + 1);    /* a sanitizer sees what is read behind it */
        memcpy(exact, file, len);
        exact = realloc(exact, len > 0 ? len : 1);
        char *said = audited(exact, len, &verdict);
        ck_assert_int_eq(verdict, AUDIT_FAILED);
        free(said);
        free(exact);
    }
}
END_TEST

START_TEST(test_audit_survives_any_value_in_its_tables)
{
    static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    for (size_t off = 0; off < FILE_LEN; off++) {
        if (off == PHDRS + N_SEGMENTS * PHDR_LEN)
            off = TEXT;    /* nothing reads the boot pages but for their end */
        for (size_t v = 0; v < sizeof values; v++) {
            image_make(file);
            file[off] = values[v];
            free(audited(file, sizeof file, &verdict));
            ck_assert_int_le(verdict, AUDIT_FAILED);
        }
    }
}
END_TEST

START_TEST(test_audit_says_no_more_than_a_little_of_each)
{
    enum { MANY = 0x1000, AT_OFF = 0x2000 };
    static uint8_t big[AT_OFF + MANY];
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    segment(file, S_TEXT, 1, 5, AT_OFF, 0x201000, MANY, MANY);
    memcpy(big, file, sizeof file);
    for (size_t i = AT_OFF; i < sizeof big; i += 2)
        memcpy(big + i, (const uint8_t[2]){ 0x0f, 0x30 }, 2);
    char *said = audited(big, sizeof big, &verdict);
    ck_assert_int_eq(verdict, AUDIT_FAILED);
    ck_assert(fails_with(said, "wrmsr at 0x20101e"));
    ck_assert(fails_with(said, "and more of the kind"));
    ck_assert_uint_eq(lines(said, "failed"), 17);
    free(said);
    /* Hidden in numbers. */
    for (size_t i = AT_OFF; i < sizeof big; i += 8)
        memcpy(big + i, (const uint8_t[8]){ 0xb8, 0, 0x0f, 0x30, 0, 0x90, 0x90, 0x90 }, 8);
    said = audited(big, sizeof big, &verdict);
    ck_assert_int_eq(verdict, AUDIT_HIDDEN);
    ck_assert(fails_with(said, "more are hidden"));
    ck_assert_uint_eq(lines(said, "failed"), 17);
    free(said);
}
END_TEST

Suite *audit_search_suite(void)
{
    Suite *suite = suite_create("audit_search");
    TCase *tc = tcase_create("audit_search");
    tcase_add_test(tc, test_audit_finds_what_hides_in_an_immediate);
    tcase_add_loop_test(tc, test_audit_finds_hypercalls_and_wide_instructions_that_hide, 0,
                        sizeof hidden / sizeof *hidden);
    tcase_add_loop_test(tc, test_audit_reads_each_note_beside_the_good_one, 0,
                        sizeof beside / sizeof *beside);
    tcase_add_test(tc, test_audit_wants_one_note_of_terns_at_most);
    tcase_add_test(tc, test_audit_looks_for_other_protocols_as_far_as_loaders_do);
    tcase_add_test(tc, test_audit_looks_up_no_name_that_is_not_said);
    tcase_add_test(tc, test_audit_survives_every_truncation);
    tcase_add_test(tc, test_audit_survives_any_value_in_its_tables);
    tcase_add_test(tc, test_audit_says_no_more_than_a_little_of_each);
    suite_add_tcase(suite, tc);
    return suite;
}
