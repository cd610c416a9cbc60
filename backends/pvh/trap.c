/* SPDX-License-Identifier: ISC */
/*
 * The descriptor tables, and what happens on a trap: a report of the registers
 * on the console, then the end with status PVH_STATUS_TRAP. There is no trap
 * that a sealed image could go on after. Intel SDM volume 3, chapters 6 and 7.
 */
#include "backends/pvh/cpu.h"
#include "backends/pvh/pvh_internal.h"

/* A 64-bit TSS (SDM volume 3, section 7.7), of which only the stacks matter. */
struct tss {
    uint32_t reserved0;
    uint32_t rsp[6];
    uint32_t reserved1[2];
    uint32_t ist[14];    /* seven addresses, low half first */
    uint32_t reserved2[2];
    uint16_t reserved3;
    uint16_t io_map_off;
};

_Static_assert(sizeof(struct tss) == 104, "the processor's layout");

/* A gate of the IDT in long mode (SDM volume 3, section 6.14.1). */
struct gate {
    uint16_t off_low, selector;
    uint8_t ist, type;
    uint16_t off_mid;
    uint32_t off_high, reserved;
};

struct table_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

enum { GATE_INTERRUPT = 0x8e };    /* present, level 0, clears IF */

static struct tss tss PVH_SEALED;
static uint64_t gdt[5] PVH_SEALED;
static struct gate idt[PVH_N_VECTORS] PVH_SEALED __attribute__((aligned(16)));

static const char trap_names[] =
    "divide error\0debug\0non-maskable interrupt\0breakpoint\0overflow\0bound range\0"
    "invalid opcode\0no FPU\0double fault\0FPU overrun\0invalid TSS\0segment not present\0"
    "stack fault\0general protection\0page fault\0reserved\0FPU error\0alignment\0"
    "machine check\0SIMD error\0virtualization\0control protection\0reserved";

PVH_BOOT static void ist_set(unsigned ist, const char *top)
{
    uint64_t at = (uint64_t)(uintptr_t)top;
    tss.ist[2 * (ist - 1)] = (uint32_t)at;
    tss.ist[2 * (ist - 1) + 1] = (uint32_t)(at >> 32);
}

PVH_BOOT static uint8_t vector_ist(unsigned vector)
{
    switch (vector) {
    case 2:
        return PVH_IST_NMI;
    case 8:
        return PVH_IST_DOUBLE_FAULT;
    case 18:
        return PVH_IST_MACHINE_CHECK;
    default:
        return vector < PVH_VECTOR_DEVICE ? PVH_IST_TRAP : PVH_IST_DEVICE;
    }
}

PVH_BOOT static void gate_set(unsigned vector)
{
    const char *at = vector < PVH_VECTOR_DEVICE
                         ? pvh_trap_stubs + 8 * vector
                         : pvh_trap_stubs_device + 4 * (vector - PVH_VECTOR_DEVICE);
    uint64_t stub = (uint64_t)(uintptr_t)at;
    idt[vector] = (struct gate){
        .off_low = (uint16_t)stub,
        .selector = PVH_SEL_CODE,
        .ist = vector_ist(vector),
        .type = GATE_INTERRUPT,
        .off_mid = (uint16_t)(stub >> 16),
        .off_high = (uint32_t)(stub >> 32),
    };
}

PVH_BOOT void pvh_trap_init(void)
{
    ist_set(PVH_IST_TRAP, pvh_stack_trap);
    ist_set(PVH_IST_DOUBLE_FAULT, pvh_stack_double_fault);
    ist_set(PVH_IST_NMI, pvh_stack_nmi);
    ist_set(PVH_IST_MACHINE_CHECK, pvh_stack_machine_check);
    ist_set(PVH_IST_DEVICE, pvh_stack_device);
    tss.io_map_off = sizeof tss;

    /* The TSS descriptor has 16 octets (SDM volume 3, figure 7-4): type 9. */
    uint64_t base = (uint64_t)(uintptr_t)&tss;
    gdt[1] = PVH_GDT_CODE;
    gdt[2] = PVH_GDT_DATA;
    gdt[3] = (sizeof tss - 1) | (base & 0xffffff) << 16 | UINT64_C(0x89) << 40 |
             (base >> 24 & 0xff) << 56;
    gdt[4] = base >> 32;
    for (unsigned vector = 0; vector < PVH_N_VECTORS; vector++)
        gate_set(vector);

    struct table_register gdtr = { sizeof gdt - 1, (uint64_t)(uintptr_t)gdt };
    struct table_register idtr = { sizeof idt - 1, (uint64_t)(uintptr_t)idt };
    pvh_boot_descriptors(&gdtr, &idtr);
}

/* ---- Reports ---- */

static void report_build(void)
{
    size_t len;
    const uint8_t *id = pvh_build_id(&len);
    char text[41];
    size_t n = 0;
    for (size_t i = 0; i < len && n + 2 < sizeof text; i++) {
        text[n++] = "0123456789abcdef"[id[i] >> 4];
        text[n++] = "0123456789abcdef"[id[i] & 15];
    }
    text[n] = '\0';
    pvh_logf("trap: build %s\n", n > 0 ? text : "unknown");
}

/* Number i of strings that follow each other. */
static const char *nth(const char *words, size_t i)
{
    for (; i > 0; words++)
        i -= *words == '\0';
    return words;
}

/* What the address of a page fault belongs to, as far as the image knows. */
static const char *place(uint64_t at)
{
    if (at < 4096)
        return "null page";
    const char *name = pvh_paging_place(at);
    if (name != NULL)
        return name;
    const char *p = (const char *)(uintptr_t)at;
    if (p < pvh_image || p >= pvh_image_end)
        return "outside the image";
    if (p < pvh_boot_end)
        return "boot pages";
    if (p < pvh_text_end)
        return "text";
    if (p < pvh_constants_end)
        return "constants";
    if (p < pvh_sealed)
        return "data";
    if (p < pvh_sealed_end)
        return "sealed";
    if (p < pvh_hypercall_end)
        return "hypercalls";
    if (p < pvh_bss_end)
        return "bss";
    if (p < pvh_guard_above)
        return "stack";
    return p < pvh_stacks_end ? "guard page above the stacks" : "page tables";
}

/* The stack whose guard page that is, or NULL. */
static const char *guarded(uint64_t at)
{
    static const char *const guards[] = {
        pvh_guards, pvh_guard_trap, pvh_guard_double_fault, pvh_guard_nmi,
        pvh_guard_machine_check, pvh_guard_device,
    };
    static const char names[] = "main\0trap\0double fault\0NMI\0machine check\0device";
    for (size_t i = 0; i < sizeof guards / sizeof *guards; i++)
        if (at - (uint64_t)(uintptr_t)guards[i] < 4096)
            return nth(names, i);
    return NULL;
}

static bool reporting;

/* A second trap while the first is reported: nothing here can be relied on. */
static void report_begin(void)
{
    if (reporting)
        pvh_leave(PVH_STATUS_TRAP);
    reporting = true;
    pvh_log_direct();
}

_Noreturn void pvh_trap(const struct pvh_trap_frame *f)
{
    static const char names[15][4] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8 ",
                                       "r9 ", "r10", "r11", "r12", "r13", "r14", "r15" };
    report_begin();
    unsigned vector = (unsigned)(f->stub - (uint64_t)(uintptr_t)pvh_trap_stubs) / 8;
    uint64_t cr2 = cpu_cr2();
    pvh_logf("trap: %u %s, error %lx, rip %016lx\n", vector,
             nth(trap_names, vector < 22 ? vector : 22), f->error, f->rip);
    if (vector == 14) {
        const char *stack = guarded(cr2);
        pvh_logf("trap: %s at %016lx: %s%s%s\n",
                 (f->error & 16) != 0 ? "fetch" : (f->error & 2) != 0 ? "write" : "read", cr2,
                 stack != NULL ? "guard page of the " : place(cr2), stack != NULL ? stack : "",
                 stack != NULL ? " stack" : "");
    }
    for (size_t i = 0; i < 15; i += 3)
        pvh_logf("trap: %s %016lx %s %016lx %s %016lx\n", names[i], f->general[i], names[i + 1],
                 f->general[i + 1], names[i + 2], f->general[i + 2]);
    pvh_logf("trap: rsp %016lx rfl %016lx cs  %016lx\n", f->rsp, f->rflags, f->cs);
    pvh_logf("trap: cr0 %016lx cr2 %016lx cr4 %016lx\n", cpu_cr0(), cr2, cpu_cr4());
    report_build();
    pvh_exit(PVH_STATUS_TRAP);
}

_Noreturn void pvh_trap_software(const char *what, const void *pc)
{
    report_begin();
    pvh_logf("trap: %s, rip %016lx\n", what, (unsigned long)(uintptr_t)pc);
    report_build();
    pvh_exit(PVH_STATUS_TRAP);
}
