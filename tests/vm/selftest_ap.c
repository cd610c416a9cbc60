/* SPDX-License-Identifier: ISC */
/*
 * Another processor, which must not run once the ground is sealed: real mode's code at
 * 0x8000, which writes a mark into the heap, and the message that starts it there (SDM
 * volume 3, "MP initialization").
 */
#include "selftest.h"

enum { START_AT = 0x8000, MARK_OFF = 512, MARK = 0x5041 };

static void processor_plant(void)
{
    /* mov ax,ffff; mov ds,ax; mov word [mark],MARK; cli; hlt */
    uint16_t off = (uint16_t)((uintptr_t)selftest_heap + MARK_OFF - 0xffff0);
    const uint8_t code[] = { 0xb8, 0xff, 0xff, 0x8e, 0xd8, 0xc7, 0x06, (uint8_t)off,
                             (uint8_t)(off >> 8), MARK & 0xff, MARK >> 8, 0xfa, 0xf4 };
    uintptr_t at = START_AT;
    __asm__ volatile("" : "+r"(at));
    for (size_t i = 0; i < sizeof code; i++)
        ((volatile uint8_t *)at)[i] = code[i];
}

/* Sends INIT and twice START to all others; waits for the mark, no longer than wait_ns. */
static bool processor_runs(uint64_t wait_ns)
{
    static const uint32_t messages[] = { 0xc4500, 0xc4600 | START_AT >> 12,
                                         0xc4600 | START_AT >> 12 };
    uintptr_t at = (uintptr_t)selftest_heap + MARK_OFF;
    volatile uint16_t *mark = (volatile uint16_t *)at;
    volatile uint32_t *command = (volatile uint32_t *)(uintptr_t)0xfee00300;
    *mark = 0;
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        uint64_t begin = pvh_now_ns();
        *command = messages[i];
        while (*mark != MARK && pvh_now_ns() - begin < (i == 2 ? wait_ns : 10000000))
            continue;
    }
    return *mark == MARK;
}

/* Nothing below 1 MiB is mapped: there is no place for such code. */
void selftest_ap_start(void)
{
    processor_plant();
    (void)processor_runs(TERN_SECOND_NS);
}

/* What was planted before the seal, and ran (early=ap), does not run after it. */
int selftest_ap_run(void)
{
    bool runs = processor_runs(TERN_SECOND_NS / 2);
    pvh_logf("selftest: the other processor %s\n", runs ? "runs" : "halts");
    return runs ? STATUS_WRONG : STATUS_OK;
}

/* early=ap: the heap is within real mode's reach, just behind 1 MiB. */
void selftest_ap_early(void)
{
    for (size_t w = 0; w < pvh_word_count(); w++) {
        if (strlen(pvh_word(w)) != 8 || memcmp(pvh_word(w), "early=ap", 8) != 0)
            continue;
        processor_plant();
        pvh_logf("selftest: before the seal the other processor %s\n",
                 processor_runs(10 * TERN_SECOND_NS) ? "runs" : "halts");
        processor_plant();
    }
}
