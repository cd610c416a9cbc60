/* SPDX-License-Identifier: ISC */
/*
 * An image that tries the ground a guest stands on. A word of the command line
 * says what it does: it prints markers that begin with "selftest:", or commits
 * a violation, of which nothing but the trap's report may come.
 */
#include <string.h>

#include "backends/kvm/pc.h"

/* Symbols of tern.ld and start.S, and the site of asset.S. */
extern char pvh_image[], pvh_boot_end[], pvh_tables[], pvh_tables_end[];
extern char pvh_stack_main[], pvh_guards[], pvh_guard_above[];
extern char pvh_boot_protect[], pvh_boot_wrmsr[], pvh_boot_flush[], pvh_boot_descriptors[];
extern const uint8_t selftest_asset[], selftest_asset_last[];

enum { STATUS_OK = 0, STATUS_UNKNOWN = 2, STATUS_SURVIVED = 3, STATUS_WRONG = 4 };

static const char constant[] = "constant";
static volatile uint8_t variable[64] = { 0xc3 };
static volatile uint8_t variable_zero[64];
static void *heap;
static uint8_t *io, *io_large;    /* of a page and a bit, and of 2 MiB if there is room */
enum { PAGE = 4096, IO_LEN = PAGE + 100, LARGE = 0x200000 };
static volatile unsigned depth;

/* Assumes nothing about where a write goes: the compiler must not know. */
static void poke(const volatile void *at)
{
    volatile uint8_t *p = (volatile uint8_t *)(uintptr_t)at;
    __asm__ volatile("" : "+r"(p));
    *p = 0xc3;
}

static void jump(const volatile void *at)
{
    void (*f)(void) = (void (*)(void))(uintptr_t)at;
    __asm__ volatile("" : "+r"(f));
    f();
}

/* ---- Violations ---- */

static void write_text(void)
{
    poke((const void *)(uintptr_t)write_text);
}

static void write_constant(void)
{
    poke(constant);
}

static void write_asset(void)
{
    poke(selftest_asset_last);
}

static void write_asset_begin(void)
{
    poke(selftest_asset);
}

static void write_tables(void)
{
    poke(pvh_tables);
}

static void write_tables_end(void)
{
    poke((const void *)((uintptr_t)pvh_tables_end - 8));
}

static void read_tables(void)
{
    const volatile uint8_t *p = (const volatile uint8_t *)pvh_tables;
    __asm__ volatile("" : "+r"(p));
    (void)*p;
}

/* The table that the processor walks first. */
static void write_root(void)
{
    uint64_t root;
    __asm__ volatile("movq %%cr3, %0" : "=r"(root));
    poke((const void *)(uintptr_t)root);
}

/* Where other maps have a second view of RAM: behind 4 GiB, in the upper half. */
static void write_alias_window(void)
{
    poke((const void *)((uintptr_t)write_text + ((uintptr_t)4 << 30)));
}

static void write_alias_upper(void)
{
    poke((const void *)((uintptr_t)pvh_tables | (uintptr_t)0xffff8000 << 32));
}

static void jump_boot(void)
{
    jump((const void *)((uintptr_t)pvh_image + 512));
}

/* The last three octets of the boot pages load CR3. */
static void jump_seal(void)
{
    jump((const void *)((uintptr_t)pvh_boot_end - 3));
}

static void jump_wrmsr(void)
{
    jump(pvh_boot_wrmsr);
}

static void jump_protect(void)
{
    jump(pvh_boot_protect);
}

static void jump_flush(void)
{
    jump(pvh_boot_flush);
}

static void jump_descriptors(void)
{
    jump(pvh_boot_descriptors);
}

static void jump_tables(void)
{
    jump(pvh_tables);
}

static void jump_bss(void)
{
    jump(variable_zero);
}

static void jump_io(void)
{
    jump(io);
}

static void write_io_below(void)
{
    poke(io - 1);
}

static void write_io_above(void)
{
    poke(io + 2 * PAGE);
}

static void write_io_large_below(void)
{
    poke(io_large - PAGE);
}

static void write_io_large_above(void)
{
    poke(io_large + LARGE + PAGE - 1);
}

static void write_bss_above(void)
{
    poke(pvh_guards);
}

static void write_stack_above(void)
{
    poke(pvh_stack_main);
}

static void write_stacks_above(void)
{
    poke(pvh_guard_above);
}

struct table_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static void write_idt(void)
{
    struct table_register r;
    __asm__ volatile("sidt %0" : "=m"(r));
    poke((const void *)(uintptr_t)r.base);
}

static void write_gdt(void)
{
    struct table_register r;
    __asm__ volatile("sgdt %0" : "=m"(r));
    poke((const void *)(uintptr_t)r.base);
}

static void write_canary(void)
{
    __asm__ volatile("movb $0, %fs:0x28");
}

static void write_word(void)
{
    poke(pvh_word(0));
}

static void jump_data(void)
{
    jump(variable);
}

static void jump_stack(void)
{
    volatile uint8_t code[16] = { 0xc3 };
    jump(code);
}

static void jump_heap(void)
{
    memset(heap, 0xc3, 16);
    jump(heap);
}

static void jump_constant(void)
{
    jump(constant);
}

static void jump_asset(void)
{
    jump(selftest_asset);
}

static void null_read(void)
{
    const volatile uint8_t *p = NULL;
    __asm__ volatile("" : "+r"(p));
    (void)*p;
}

/* 2 GiB: the guests of these tests have no RAM there. */
static void wild_write(void)
{
    poke((const void *)(uintptr_t)0x80000000);
}

static unsigned overflow(unsigned n)
{
    volatile uint8_t frame[512];
    frame[0] = (uint8_t)n;
    depth = n;
    return n == 0 ? 0 : overflow(n - 1) + frame[0];
}

static void stack_overflow(void)
{
    (void)overflow(1000000);
}

/* A frame longer than the stack, of which only the far end is written. */
static void stack_leap(void)
{
    uint8_t frame[72 * 1024];
    poke(frame);
}

static void stack_smash(void)
{
    char small[16];
    char *p = small;
    __asm__ volatile("" : "+r"(p));
    memset(p, 0, 64);
    __asm__ volatile("" : : "r"(p) : "memory");
}

static void divide_error(void)
{
    __asm__ volatile("xorl %%ecx, %%ecx; divl %%ecx" : : : "eax", "ecx", "edx", "cc");
}

static void invalid_opcode(void)
{
    __asm__ volatile("ud2");
}

static void stack_gone(void)
{
    /* A stack at a non-canonical address: the report needs its own. */
    __asm__ volatile("movabsq $0x8000000000000000, %%rsp; pushq %%rax" : : : "memory");
}

/*
 * Another processor: real mode's code at 0x8000, which writes a mark into the heap,
 * and the message that starts it there (SDM volume 3, "MP initialization").
 */
enum { START_AT = 0x8000, MARK_OFF = 512, MARK = 0x5041 };

static void processor_plant(void)
{
    /* mov ax,ffff; mov ds,ax; mov word [mark],MARK; cli; hlt */
    uint16_t off = (uint16_t)((uintptr_t)heap + MARK_OFF - 0xffff0);
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
    volatile uint16_t *mark = (volatile uint16_t *)(uintptr_t)((uintptr_t)heap + MARK_OFF);
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
static void processor_start(void)
{
    processor_plant();
    (void)processor_runs(TERN_SECOND_NS);
}

/* ---- Services ---- */

/* What was planted before the seal, and ran (early=ap), does not run after it. */
static int processor(void)
{
    bool runs = processor_runs(TERN_SECOND_NS / 2);
    pvh_logf("selftest: the other processor %s\n", runs ? "runs" : "halts");
    return runs ? STATUS_WRONG : STATUS_OK;
}

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
    if (small == NULL || page == NULL || (uintptr_t)io % 4096 != 0 ||
        (uintptr_t)small % 64 != 0 || (uintptr_t)page % 4096 != 0 || io[IO_LEN - 1] != 0)
        return STATUS_WRONG;
    io[0] = io[2 * PAGE - 1] = 1;
    if (io_large != NULL)
        io_large[0] = io_large[LARGE - 1] = 1;
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

/* ---- The choice ---- */

static const struct {
    const char *word;
    void (*violate)(void);
    int (*run)(void);
} tests[] = {
    { "write=text", write_text, NULL },
    { "write=constant", write_constant, NULL },
    { "write=asset", write_asset, NULL },
    { "write=asset-begin", write_asset_begin, NULL },
    { "write=tables", write_tables, NULL },
    { "write=tables-end", write_tables_end, NULL },
    { "write=root", write_root, NULL },
    { "read=tables", read_tables, NULL },
    { "write=alias-window", write_alias_window, NULL },
    { "write=alias-upper", write_alias_upper, NULL },
    { "write=io-below", write_io_below, NULL },
    { "write=io-above", write_io_above, NULL },
    { "write=io-large-below", write_io_large_below, NULL },
    { "write=io-large-above", write_io_large_above, NULL },
    { "write=bss-above", write_bss_above, NULL },
    { "write=stack-above", write_stack_above, NULL },
    { "write=stacks-above", write_stacks_above, NULL },
    { "write=idt", write_idt, NULL },
    { "write=gdt", write_gdt, NULL },
    { "write=canary", write_canary, NULL },
    { "write=word", write_word, NULL },
    { "write=wild", wild_write, NULL },
    { "jump=data", jump_data, NULL },
    { "jump=stack", jump_stack, NULL },
    { "jump=heap", jump_heap, NULL },
    { "jump=constant", jump_constant, NULL },
    { "jump=asset", jump_asset, NULL },
    { "jump=bss", jump_bss, NULL },
    { "jump=io", jump_io, NULL },
    { "jump=tables", jump_tables, NULL },
    { "jump=boot", jump_boot, NULL },
    { "jump=seal", jump_seal, NULL },
    { "jump=wrmsr", jump_wrmsr, NULL },
    { "jump=protect", jump_protect, NULL },
    { "jump=flush", jump_flush, NULL },
    { "jump=descriptors", jump_descriptors, NULL },
    { "read=null", null_read, NULL },
    { "stack=overflow", stack_overflow, NULL },
    { "stack=leap", stack_leap, NULL },
    { "stack=smash", stack_smash, NULL },
    { "stack=gone", stack_gone, NULL },
    { "divide=0", divide_error, NULL },
    { "invalid=opcode", invalid_opcode, NULL },
    { "start=ap", processor_start, NULL },
    { "run=ap", NULL, processor },
    { "run=services", NULL, services },
    { "run=timers", NULL, timers },
    { "run=drain", NULL, drain },
    { "run=lossy", NULL, lossy },
    { "run=memory", NULL, memory_functions },
    { "run=carve", NULL, carve },
    { "run=canary", NULL, canary },
    { "run=stacks", NULL, stacks },
    { "run=77", NULL, leave_77 },
};

/* early=ap: the heap is within real mode's reach, just behind 1 MiB. */
static void early(void)
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

enum tern_err pvh_backend_setup(void)
{
    heap = pvh_mem_carve(4096, 4096);
    early();
    io = pvh_mem_carve_io(IO_LEN);
    if (pvh_mem_longest() > 2 * LARGE)
        io_large = pvh_mem_carve_io(LARGE);
    if (io == NULL || pvh_mem_carve_io(SIZE_MAX) != NULL || pvh_mem_carve_io(0) != NULL)
        return TERN_FULL;
    return heap != NULL ? TERN_OK : TERN_FULL;
}

int pvh_backend_main(void)
{
    pvh_logf("selftest: begins\n");
    pvh_log_flush();
    int status = STATUS_UNKNOWN;
    for (size_t w = 0; w < pvh_word_count(); w++) {
        for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
            if (strlen(pvh_word(w)) != strlen(tests[i].word) ||
                memcmp(pvh_word(w), tests[i].word, strlen(tests[i].word)) != 0)
                continue;
            if (tests[i].violate != NULL) {
                tests[i].violate();
                pvh_logf("selftest: survived %s\n", tests[i].word);
                return STATUS_SURVIVED;
            }
            status = tests[i].run();
            pvh_logf("selftest: %s status %d\n", tests[i].word, status);
        }
    }
    return status;
}
