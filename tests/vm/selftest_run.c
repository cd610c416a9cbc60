/* SPDX-License-Identifier: ISC */
/*
 * Services that say that they worked.
 */
#include "selftest.h"

static int services(void)
{
    int64_t wall;
    pvh_logf("selftest: words %zu, modules %zu, functions %zu, places %zu\n", pvh_word_count(),
             pvh_module_count(), pc_pci_count(), pc_mmio_count());
    for (size_t i = 0; i < pc_pci_count(); i++) {
        const struct pc_pci *pci = pc_pci_get(i);
        pvh_logf("selftest: pci %u.%u %04x:%04x class %02x%02x\n", pci->dev, pci->fn, pci->vendor,
                 pci->device, pci->class_code, pci->subclass);
    }
    for (size_t i = 0; i < pc_mmio_count(); i++) {
        const struct pc_mmio *m = pc_mmio_get(i);
        pvh_logf("selftest: place %lx line %u %s\n", m->base, m->line.gsi,
                 m->line.level ? "level" : "edge");
    }
    if (pvh_wall_offset_ns(&wall))
        pvh_logf("selftest: wall %lu\n",
                 ((uint64_t)wall + pvh_now_ns()) / TERN_SECOND_NS);
    else
        pvh_logf("selftest: wall none\n");
    uint64_t a, b;
    pvh_entropy((uint8_t *)&a, sizeof a);
    pvh_entropy((uint8_t *)&b, sizeof b);
    pvh_logf("selftest: entropy %s\n", a != b ? "ok" : "stuck");
    pvh_logf("selftest: ram total %zu left %zu longest %zu\n", pvh_mem_total(), pvh_mem_left(),
             pvh_mem_longest());
    pvh_log_flush();
    return a != b ? STATUS_OK : STATUS_WRONG;
}

/* The clock over waits: monotonic, not early, and asleep in between. */
static int timers(void)
{
    uint64_t before = pvh_stats()->wakeups;
    uint64_t start = pvh_now_ns(), last = start;
    for (unsigned i = 1; i <= 5; i++) {
        uint64_t due = start + i * 20 * TERN_MILLISECOND_NS;
        pvh_wait(due);
        uint64_t now = pvh_now_ns();
        if (now < due || now < last)
            return STATUS_WRONG;
        last = now;
    }
    uint64_t woken = pvh_stats()->wakeups - before;
    pvh_logf("selftest: timers: 5 waits, %lu wake-ups, %lu ms\n", woken,
             (last - start) / TERN_MILLISECOND_NS);
    /* One second without a deadline in between: the log is empty, nothing is pending. */
    pvh_log_flush();
    before = pvh_stats()->wakeups;
    pvh_wait(pvh_now_ns() + TERN_SECOND_NS);
    woken = pvh_stats()->wakeups - before;
    pvh_logf("selftest: idle second: %lu wake-ups\n", woken);
    /* The timer and the clock differ by a thousandth: a few short waits may follow. */
    return woken <= 4 ? STATUS_OK : STATUS_WRONG;
}

/* Waits for the power button. */
static int drain(void)
{
    pvh_logf("selftest: waiting for the power button\n");
    for (;;) {
        pvh_wait(TERN_NEVER);
        if ((pvh_pending_take() & PVH_DRAIN) != 0)
            break;
    }
    pvh_logf("selftest: drain, %lu wake-ups, %lu interrupts, %lu storms\n", pvh_stats()->wakeups,
             pvh_stats()->irq_device, pvh_stats()->irq_storms);
    return STATUS_OK;
}

/* More log than the ring takes: what is dropped is told, and nothing waits. */
static int lossy(void)
{
    for (unsigned i = 0; i < 2000; i++)
        pvh_logf("selftest: line %u of many\n", i);
    pvh_log_flush();
    pvh_logf("selftest: dropped %lu\n", pvh_stats()->log_dropped);
    return pvh_stats()->log_dropped > 0 ? STATUS_OK : STATUS_WRONG;
}

/* The five memory functions against plain loops, over lengths and overlaps. */
static int memory_functions(void)
{
    static uint8_t a[512], b[512];
    for (size_t len = 0; len < 200; len++) {
        for (size_t at = 0; at < 40; at++) {
            for (size_t i = 0; i < sizeof a; i++)
                a[i] = b[i] = (uint8_t)(i * 7 + len);
            memmove(a + at, a + 20, len);
            uint8_t copy[200];
            for (size_t i = 0; i < len; i++)
                copy[i] = b[20 + i];
            for (size_t i = 0; i < len; i++)
                b[at + i] = copy[i];
            memset(a + 300, (int)len, at);
            for (size_t i = 0; i < at; i++)
                b[300 + i] = (uint8_t)len;
            memcpy(a + 400, a + at, at);
            for (size_t i = 0; i < at; i++)
                b[400 + i] = b[at + i];
            for (size_t i = 0; i < sizeof a; i++) {
                if (a[i] != b[i])
                    return STATUS_WRONG;
            }
            if (memcmp(a, b, sizeof a) != 0)
                return STATUS_WRONG;
            b[at + len] ^= 0x80;
            int want = a[at + len] > b[at + len] ? 1 : -1;
            if (memcmp(a, b, sizeof a) * want <= 0 || memcmp(a, b, at + len) != 0)
                return STATUS_WRONG;
        }
    }
    for (size_t at = 0; at < 40; at++) {
        for (size_t len = 0; len < 100; len++) {
            memset(a, 0, sizeof a);
            memset(a + at, 'x', len);
            if (strlen((const char *)a + at) != len)
                return STATUS_WRONG;
        }
    }
    pvh_logf("selftest: memory functions ok\n");
    return STATUS_OK;
}

/* What the stack protector compares with; its lowest octet ends a string. */
static int canary(void)
{
    uint64_t v;
    __asm__ volatile("movq %%fs:0x28, %0" : "=r"(v));
    pvh_logf("selftest: canary %016lx\n", v);
    return v != 0 && (v & 0xff) == 0 ? STATUS_OK : STATUS_WRONG;
}

/* Pieces of RAM: aligned, apart, writable to the last octet. */
static int carve(void)
{
    uint8_t *small = pvh_mem_carve(100, 64);
    uint8_t *page = pvh_mem_carve(1, 4096);
    if (small == NULL || page == NULL || (uintptr_t)selftest_io % 4096 != 0 ||
        (uintptr_t)small % 64 != 0 || (uintptr_t)page % 4096 != 0 || selftest_io[IO_LEN - 1] != 0)
        return STATUS_WRONG;
    selftest_io[0] = selftest_io[2 * PAGE - 1] = 1;
    if (selftest_io_large != NULL)
        selftest_io_large[0] = selftest_io_large[LARGE - 1] = 1;
    size_t n = 0, len;
    while ((len = pvh_mem_longest()) >= 4096) {
        uint8_t *p = pvh_mem_carve(len, 4096);
        if (p == NULL)
            return STATUS_WRONG;
        p[0] = p[len - 1] = 1;
        n += len;
    }
    if (pvh_mem_carve(SIZE_MAX, 1) != NULL || pvh_mem_carve_io(4096) != NULL)    /* sealed */
        return STATUS_WRONG;
    pvh_logf("selftest: carved %zu KiB\n", n >> 10);
    return STATUS_OK;
}

/*
 * Which stack each gate switches to (SDM volume 3, sections 6.14.1 and 7.7): NMI,
 * double fault and machine check have one each, the other traps one, devices one.
 */
static int stacks(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) idtr, gdtr;
    uint16_t selector;
    __asm__ volatile("sidt %0; sgdt %1; str %2" : "=m"(idtr), "=m"(gdtr), "=r"(selector));
    const uint8_t *idt = (const uint8_t *)(uintptr_t)idtr.base;
    const uint8_t *desc = (const uint8_t *)(uintptr_t)gdtr.base + selector;
    uint64_t tss_at = tern_load_le16(desc + 2) | (uint64_t)desc[4] << 16 |
                      (uint64_t)desc[7] << 24 | (uint64_t)tern_load_le32(desc + 8) << 32;
    const uint8_t *tss = (const uint8_t *)(uintptr_t)tss_at;

    size_t n = (idtr.limit + 1u) / 16, n_wrong = 0;
    for (size_t v = 0; v < n; v++) {
        unsigned ist = idt[16 * v + 4], type = idt[16 * v + 5];
        unsigned wanted = idt[16 * (v == 2 || v == 8 || v == 18 ? v : v < 32 ? 0 : 32) + 4];
        n_wrong += ist == 0 || ist != wanted || type != 0x8e;    /* 0x8e: IF is cleared */
    }
    static const uint8_t kinds[] = { 0, 2, 8, 18, 32 };
    for (size_t i = 0; i < sizeof kinds; i++) {
        uint64_t top = tern_load_le64(tss + 36 + 8 * (idt[16 * kinds[i] + 4] - 1u));
        n_wrong += top == 0 || top % 16 != 0;
        for (size_t k = 0; k < i; k++)
            n_wrong += idt[16 * kinds[k] + 4] == idt[16 * kinds[i] + 4] ||
                       top == tern_load_le64(tss + 36 + 8 * (idt[16 * kinds[k] + 4] - 1u));
    }
    pvh_logf("selftest: %zu gates, %zu wrong\n", n, n_wrong);
    return n_wrong == 0 ? STATUS_OK : STATUS_WRONG;
}

static int leave_77(void)
{
    return 77;
}

const struct selftest_service selftest_services[] = {
    { "run=ap", selftest_ap_run },
    { "run=services", services },
    { "run=timers", timers },
    { "run=drain", drain },
    { "run=lossy", lossy },
    { "run=memory", memory_functions },
    { "run=carve", carve },
    { "run=canary", canary },
    { "run=stacks", stacks },
    { "run=77", leave_77 },
    { NULL, NULL },
};
