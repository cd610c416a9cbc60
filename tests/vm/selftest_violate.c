/* SPDX-License-Identifier: ISC */
/*
 * Violations, of which nothing but the trap's report may come.
 */
#include "selftest.h"

/* Symbols of tern.ld and start.S, and the site of asset.S. */
extern char pvh_image[], pvh_boot_end[], pvh_tables[], pvh_tables_end[];
extern char pvh_stack_main[], pvh_guards[], pvh_guard_above[];
extern char pvh_boot_protect[], pvh_boot_wrmsr[], pvh_boot_flush[], pvh_boot_descriptors[];
extern const uint8_t selftest_asset[], selftest_asset_last[];

static const char constant[] = "constant";
static volatile uint8_t variable[64] = { 0xc3 };
static volatile uint8_t variable_zero[64];
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
    jump(selftest_io);
}

static void write_io_below(void)
{
    poke(selftest_io - 1);
}

static void write_io_above(void)
{
    poke(selftest_io + 2 * PAGE);
}

static void write_io_large_below(void)
{
    poke(selftest_io_large - PAGE);
}

static void write_io_large_above(void)
{
    poke(selftest_io_large + LARGE + PAGE - 1);
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
    memset(selftest_heap, 0xc3, 16);
    jump(selftest_heap);
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

const struct selftest_violation selftest_violations[] = {
    { "write=text", write_text },
    { "write=constant", write_constant },
    { "write=asset", write_asset },
    { "write=asset-begin", write_asset_begin },
    { "write=tables", write_tables },
    { "write=tables-end", write_tables_end },
    { "write=root", write_root },
    { "read=tables", read_tables },
    { "write=alias-window", write_alias_window },
    { "write=alias-upper", write_alias_upper },
    { "write=io-below", write_io_below },
    { "write=io-above", write_io_above },
    { "write=io-large-below", write_io_large_below },
    { "write=io-large-above", write_io_large_above },
    { "write=bss-above", write_bss_above },
    { "write=stack-above", write_stack_above },
    { "write=stacks-above", write_stacks_above },
    { "write=idt", write_idt },
    { "write=gdt", write_gdt },
    { "write=canary", write_canary },
    { "write=word", write_word },
    { "write=wild", wild_write },
    { "jump=data", jump_data },
    { "jump=stack", jump_stack },
    { "jump=heap", jump_heap },
    { "jump=constant", jump_constant },
    { "jump=asset", jump_asset },
    { "jump=bss", jump_bss },
    { "jump=io", jump_io },
    { "jump=tables", jump_tables },
    { "jump=boot", jump_boot },
    { "jump=seal", jump_seal },
    { "jump=wrmsr", jump_wrmsr },
    { "jump=protect", jump_protect },
    { "jump=flush", jump_flush },
    { "jump=descriptors", jump_descriptors },
    { "read=null", null_read },
    { "stack=overflow", stack_overflow },
    { "stack=leap", stack_leap },
    { "stack=smash", stack_smash },
    { "stack=gone", stack_gone },
    { "divide=0", divide_error },
    { "invalid=opcode", invalid_opcode },
    { "start=ap", selftest_ap_start },
    { NULL, NULL },
};
