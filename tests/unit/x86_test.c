/* SPDX-License-Identifier: ISC */
/*
 * The decoder of instructions that the audit has.
 */
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "tools/x86.h"

#define UNKNOWN_01 "an instruction of 0f 01 that is not known to be harmless"
#define UNKNOWN_C7 "an unknown instruction of 0f c7"

static const struct {
    uint8_t code[15];
    size_t len;           /* 0: none */
    const char *unsealing;
} insns[] = {
    { { 0x90 }, 1, NULL },
    { { 0xf3, 0xc3 }, 2, NULL },
    { { 0x89, 0xe4 }, 2, NULL },                                      /* no SIB: a register */
    { { 0x81, 0xc0, 1, 2, 3, 4 }, 6, NULL },
    { { 0x0f, 0xc6, 0xc8, 1 }, 4, NULL },                             /* shufps */
    { { 0x30, 0xc0 }, 2, NULL },                                      /* xor: not 0f 30 */
    { { 0x48, 0xc5, 0xf8, 0x77 }, 0, NULL },                          /* REX before VEX */
    { { 0xf3, 0x0f, 0xae, 0x10 }, 4, NULL },
    { { 0x0f, 0xae, 0xd0 }, 3, NULL },
    { { 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8 }, 10, NULL },             /* movabs */
    { { 0x66, 0xb8, 1, 2 }, 4, NULL },
    { { 0xc8, 1, 2, 3 }, 4, NULL },                                   /* enter */
    { { 0xa1, 1, 2, 3, 4, 5, 6, 7, 8 }, 9, NULL },
    { { 0x67, 0xa1, 1, 2, 3, 4 }, 6, NULL },
    { { 0xf6, 0xc0, 1 }, 3, NULL },                                   /* test $1, %al */
    { { 0xf6, 0xd0 }, 2, NULL },                                      /* not %al */
    { { 0xf7, 0xc0, 1, 2, 3, 4 }, 6, NULL },
    { { 0x66, 0xf7, 0xc0, 1, 2 }, 5, NULL },
    { { 0x8b, 0x04, 0x25, 1, 2, 3, 4 }, 7, NULL },                    /* SIB without base */
    { { 0x8b, 0x44, 0x24, 1 }, 4, NULL },
    { { 0x8b, 0x84, 0x24, 1, 2, 3, 4 }, 7, NULL },
    { { 0x8b, 0x05, 1, 2, 3, 4 }, 6, NULL },                          /* relative to rip */
    { { 0x0f, 0x84, 1, 2, 3, 4 }, 6, NULL },
    { { 0x66, 0x0f, 0x84, 1, 2, 3, 4 }, 0, NULL },                    /* differs by maker */
    { { 0x66, 0x0f, 0x3a, 0x0f, 0xc1, 8 }, 6, NULL },                 /* palignr */
    { { 0x66, 0x0f, 0x38, 0xdc, 0xc1 }, 5, NULL },                    /* aesenc */
    { { 0xc5, 0xf8, 0x77 }, 3, NULL },                                /* vzeroupper */
    { { 0xc4, 0xe3, 0x7d, 0x39, 0xc1, 1 }, 6, NULL },                 /* vextracti128 */
    { { 0x62, 0xf1, 0x7c, 0x48, 0x10, 0x47, 1 }, 7, NULL },           /* EVEX, disp8 */
    { { 0x66, 0xc5, 0xf8, 0x77 }, 0, NULL },
    { { 0x48, 0x66, 0x90 }, 3, NULL },                                /* REX before 66 */
    { { 0x06 }, 0, NULL }, { { 0x62 }, 0, NULL }, { { 0x0f, 0x04 }, 0, NULL },
    { { 0xc6, 0xc8, 1 }, 0, NULL }, { { 0xff, 0xf8 }, 0, NULL },
    { { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90 },
      15, NULL },
    { { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x89, 0x05 },
      0, NULL },
    { { 0x0f, 0x30 }, 2, "wrmsr" },
    { { 0x0f, 0x32 }, 2, NULL },                                      /* rdmsr */
    { { 0x0f, 0x20, 0xc0 }, 3, NULL },                                /* from CR0 */
    { { 0x0f, 0x22, 0x05 }, 3, "mov to a control register" },         /* mod does not count */
    { { 0x0f, 0x23, 0xf8 }, 3, "mov to a debug register" },
    { { 0x0f, 0x01, 0x15, 1, 2, 3, 4 }, 7, "lgdt" },
    { { 0x0f, 0x01, 0x18 }, 3, "lidt" },
    { { 0x0f, 0x01, 0x38 }, 3, NULL },                                /* invlpg */
    { { 0x0f, 0x01, 0xd0 }, 3, NULL },                                /* xgetbv */
    { { 0x0f, 0x01, 0xd1 }, 3, "xsetbv" },
    { { 0x0f, 0x01, 0xf8 }, 3, "swapgs" },
    { { 0x0f, 0x01, 0xc6 }, 3, "wrmsrns" },
    { { 0x0f, 0x01, 0x30 }, 3, "lmsw" },
    { { 0x0f, 0x00, 0xd0 }, 3, "lldt" },
    { { 0x0f, 0x00, 0xc8 }, 3, NULL },                                /* str */
    { { 0xf3, 0x48, 0x0f, 0xae, 0xd0 }, 5, "wrfsbase" },
    { { 0x0f, 0xae, 0xf0 }, 3, NULL },                                /* mfence */
    { { 0xc5, 0xf8, 0x22, 0xc0 }, 4, NULL },                          /* VEX has one of them */
    { { 0xc4, 0xe7, 0x7a, 0xf6, 0xc0, 1, 2, 3, 4 }, 9, "wrmsrns" },
    { { 0x62, 0xf7, 0x7e, 0x08, 0xf6, 0xc0, 1, 2, 3, 4 }, 10, "wrmsrns" },
    { { 0xc4, 0xe7, 0x7b, 0xf6, 0xc0, 1, 2, 3, 4 }, 9, NULL },        /* rdmsr */
    { { 0xc4, 0xe7, 0x7a, 0xf8, 0xc0, 1, 2, 3, 4 }, 0, NULL },        /* uwrmsr */
    /* SSE4a's have two numbers where vmread has none: neither is read. */
    { { 0xf2, 0x0f, 0x78, 0xc0, 1, 2 }, 0, NULL }, { { 0x66, 0x0f, 0x78, 0xc0, 1, 2 }, 0, NULL },
    { { 0x0f, 0x78, 0xc0 }, 0, NULL }, { { 0x0f, 0x79, 0xc0 }, 0, NULL },
    { { 0xf2, 0x0f, 0x79, 0xc0 }, 0, NULL },
    { { 0x62, 0xf1, 0x7c, 0x48, 0x78, 0xc1 }, 6, NULL },              /* vcvttps2udq */
    { { 0x0f, 0x37 }, 2, "getsec" },
    { { 0x0f, 0x01, 0x00 }, 3, NULL }, { { 0x0f, 0x01, 0x08 }, 3, NULL },    /* sgdt, sidt */
    { { 0x0f, 0x01, 0x20 }, 3, NULL }, { { 0x0f, 0x01, 0xe0 }, 3, NULL },    /* smsw */
    { { 0xf3, 0x0f, 0x01, 0x28 }, 4, "rstorssp" },
    { { 0x0f, 0x01, 0xc1 }, 3, "vmcall" }, { { 0x0f, 0x01, 0xd9 }, 3, "vmmcall" },
    { { 0xf3, 0x0f, 0x01, 0xd9 }, 4, "vmmcall" }, { { 0x0f, 0x01, 0xc2 }, 3, "vmlaunch" },
    { { 0x0f, 0x01, 0xc3 }, 3, "vmresume" }, { { 0x0f, 0x01, 0xc5 }, 3, "pconfig" },
    { { 0x0f, 0x01, 0xcf }, 3, "encls" }, { { 0x0f, 0x01, 0xd4 }, 3, "vmfunc" },
    { { 0x0f, 0x01, 0xd8 }, 3, "vmrun" }, { { 0x0f, 0x01, 0xda }, 3, "vmload" },
    { { 0xf3, 0x0f, 0x01, 0xc6 }, 4, "wrmsrns" },                     /* wrmsrlist */
    { { 0x0f, 0x01, 0xf9 }, 3, NULL }, { { 0x0f, 0x01, 0xca }, 3, NULL },    /* rdtscp, clac */
    { { 0x0f, 0x01, 0xee }, 3, NULL }, { { 0x0f, 0x01, 0xe8 }, 3, NULL },
    { { 0xf3, 0x0f, 0x01, 0xe8 }, 4, UNKNOWN_01 },                    /* setssbsy */
    { { 0x66, 0x0f, 0x01, 0xcc }, 4, UNKNOWN_01 },                    /* tdcall */
    { { 0x0f, 0x01, 0xef }, 3, UNKNOWN_01 },                          /* wrpkru */
    { { 0x0f, 0x01, 0xc0 }, 3, UNKNOWN_01 }, { { 0x0f, 0x01, 0xff }, 3, UNKNOWN_01 },
    { { 0x0f, 0xc7, 0x08 }, 3, NULL }, { { 0x0f, 0xc7, 0xf0 }, 3, NULL },    /* cmpxchg8b, rdrand */
    { { 0x66, 0x0f, 0xc7, 0xf0 }, 4, NULL }, { { 0x0f, 0xc7, 0xf8 }, 3, NULL },
    { { 0xf3, 0x0f, 0xc7, 0xf8 }, 4, NULL }, { { 0x0f, 0xc7, 0x20 }, 3, NULL },
    { { 0xf3, 0x0f, 0xc7, 0x30 }, 4, "vmxon" }, { { 0x0f, 0xc7, 0x30 }, 3, "vmptrld or vmclear" },
    { { 0x0f, 0xc7, 0x38 }, 3, "vmptrst" }, { { 0xf3, 0x0f, 0xc7, 0xf0 }, 4, "senduipi" },
    { { 0x0f, 0xc7, 0x18 }, 3, "xrstors" }, { { 0x0f, 0xc7, 0xc8 }, 3, UNKNOWN_C7 },
    { { 0x0f, 0xc7, 0x00 }, 3, UNKNOWN_C7 },
    { { 0x66, 0x0f, 0x38, 0x80, 0x00 }, 5, "invept" },
    { { 0x66, 0x0f, 0x38, 0x81, 0x00 }, 5, "invvpid" },
    { { 0xf3, 0x0f, 0x38, 0xf8, 0xc0 }, 5, "uwrmsr" },
    { { 0x66, 0x0f, 0x38, 0xf8, 0x00 }, 5, NULL },                    /* movdir64b */
    { { 0xf3, 0x0f, 0x38, 0xf6, 0xc0 }, 5, NULL },                    /* adox */
};

START_TEST(test_x86_decode_knows_lengths_and_what_undoes_a_seal)
{
    struct x86_insn insn;
    bool good = x86_decode(insns[_i].code, sizeof insns[_i].code, &insn);
    ck_assert_uint_eq(good ? insn.len : 0, insns[_i].len);
    if (!good)
        return;
    const char *name = x86_unsealing(&insn);
    ck_assert_int_eq(name != NULL, insns[_i].unsealing != NULL);
    if (name != NULL)
        ck_assert_str_eq(name, insns[_i].unsealing);
    for (size_t room = 0; room < insn.len; room++) {
        uint8_t *exact = malloc(room + 1);
        memcpy(exact, insns[_i].code, room);
        exact = realloc(exact, room > 0 ? room : 1);
        ck_assert(!x86_decode(exact, room, &insn));
        free(exact);
        ck_assert(x86_decode(insns[_i].code, sizeof insns[_i].code, &insn));
    }
}
END_TEST

Suite *x86_suite(void)
{
    Suite *suite = suite_create("x86");
    TCase *tc = tcase_create("x86");
    tcase_add_loop_test(tc, test_x86_decode_knows_lengths_and_what_undoes_a_seal, 0,
                        sizeof insns / sizeof *insns);
    suite_add_tcase(suite, tc);
    return suite;
}
