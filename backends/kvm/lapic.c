/* SPDX-License-Identifier: ISC */
/*
 * The local APIC: vectors for devices, the end of interrupts, and the one-shot
 * timer. Intel SDM volume 3, chapter 11. Registers are memory, at 0xfee00000: a
 * sealed guest has no instruction that writes model-specific registers, so
 * x2APIC mode, if the loader has turned it on, is left, and deadlines are not
 * written to the TSC-deadline register.
 *
 * The timer counts at 1 GHz with divisor 1: so it does in QEMU and in KVM
 * (APIC_BUS_CYCLE_NS is 1).
 */
#include "backends/pvh/cpu.h"
#include "backends/kvm/pc_internal.h"

enum { MSR_APIC_BASE = 0x1b };
enum { BASE_ENABLE = 1u << 11, BASE_X2APIC = 1u << 10 };
enum {
    LAPIC_ID = 0x20, LAPIC_TPR = 0x80, LAPIC_EOI = 0xb0, LAPIC_SPURIOUS = 0xf0,
    LAPIC_LVT_TIMER = 0x320, LAPIC_LVT_THERMAL = 0x330, LAPIC_LVT_PERF = 0x340,
    LAPIC_LVT_LINT0 = 0x350, LAPIC_LVT_LINT1 = 0x360, LAPIC_LVT_ERROR = 0x370,
    LAPIC_TIMER_INITIAL = 0x380, LAPIC_TIMER_CURRENT = 0x390, LAPIC_TIMER_DIVIDE = 0x3e0,
};
enum { LVT_MASKED = 1u << 16, LVT_NMI = 4u << 8, SPURIOUS_ENABLE = 1u << 8 };
enum { TIMER_ONE_SHOT = 0u << 17, TIMER_PERIODIC = 1u << 17 };
enum { DIVIDE_1 = 0xb, DIVIDE_128 = 0xa };

/* A line that comes back this often within one wait is masked until the next. */
enum { STORM = 64 };

struct irq {
    void (*handler)(void *arg);
    void *arg;
    int64_t gsi;    /* of the line, -1: a message */
};

static volatile void *lapic PVH_SEALED;
static struct irq irqs[PVH_N_DEVICE] PVH_SEALED;
static size_t n_irqs PVH_SEALED;

static uint8_t arrivals[PVH_N_DEVICE];    /* of each vector since the last calm */
static bool stormed;
static bool armed;
static uint32_t divide;

static uint32_t lapic_load(uint32_t reg)
{
    return pvh_mmio_load32(lapic, reg);
}

static void lapic_store(uint32_t reg, uint32_t v)
{
    pvh_mmio_store32(lapic, reg, v);
}

/* The 8259s could only disturb: all their lines are masked for good. */
PVH_BOOT static void pic_mask(void)
{
    cpu_out8(0x21, 0xff);
    cpu_out8(0xa1, 0xff);
}

PVH_BOOT void pc_lapic_init(void)
{
    uint64_t base = cpu_msr_load(MSR_APIC_BASE);
    if ((base & BASE_X2APIC) != 0) {
        /* Section 11.12.5: the way back leads through "disabled". */
        base &= ~(uint64_t)(BASE_X2APIC | BASE_ENABLE);
        pvh_boot_wrmsr(MSR_APIC_BASE, base);
    }
    if ((base & BASE_ENABLE) == 0)
        pvh_boot_wrmsr(MSR_APIC_BASE, base | BASE_ENABLE);
    lapic = pvh_mmio_map(base & UINT64_C(0xffffff000), 0x1000);
    if (lapic == NULL)
        pvh_fail(PVH_STATUS_SETUP, "lapic: its registers are out of reach\n");
    pic_mask();
    lapic_store(LAPIC_SPURIOUS, SPURIOUS_ENABLE | PVH_VECTOR_SPURIOUS);
    lapic_store(LAPIC_TPR, 0);
    lapic_store(LAPIC_LVT_LINT0, LVT_MASKED);
    lapic_store(LAPIC_LVT_LINT1, LVT_NMI);
    lapic_store(LAPIC_LVT_ERROR, LVT_MASKED);
    lapic_store(LAPIC_LVT_TIMER, LVT_MASKED | PVH_VECTOR_TIMER);
}

uint32_t pc_lapic_id(void)
{
    return lapic_load(LAPIC_ID) >> 24;
}

/* ---- Vectors ---- */

uint8_t pc_irq_vector(void (*handler)(void *arg), void *arg, int64_t gsi)
{
    if (n_irqs == PVH_N_DEVICE || pvh_paging_sealed())
        return 0;
    irqs[n_irqs++] = (struct irq){ handler, arg, gsi };
    size_t i = 0;
    while (i + 1 < n_irqs && (gsi < 0 || irqs[i].gsi != gsi))
        i++;
    return (uint8_t)(PVH_VECTOR_DEVICE + i);
}

enum tern_err pc_irq_msi(void (*handler)(void *arg), void *arg, uint64_t *addr, uint32_t *data)
{
    /* SDM volume 3, section 11.11: fixed delivery, edge, physical destination. */
    uint32_t id = pc_lapic_id();
    uint8_t vector = pc_irq_vector(handler, arg, -1);
    if (vector == 0)
        return TERN_FULL;
    *addr = 0xfee00000 | id << 12;
    *data = vector;
    return TERN_OK;
}

/* The first handler of a line has the vector; those that share it follow. */
static void device_arrived(size_t i)
{
    pvh_counters.irq_device++;
    irqs[i].handler(irqs[i].arg);
    for (size_t k = i + 1; irqs[i].gsi >= 0 && k < n_irqs; k++)
        if (irqs[k].gsi == irqs[i].gsi)
            irqs[k].handler(irqs[k].arg);
    if (arrivals[i] < STORM) {
        arrivals[i]++;
    } else if (irqs[i].gsi >= 0) {
        pvh_counters.irq_storms++;
        stormed = true;
        pc_ioapic_mask((uint32_t)irqs[i].gsi, true);
    }
}

void pvh_interrupt(uint64_t vector)
{
    if (vector == PVH_VECTOR_TIMER) {
        pvh_counters.irq_timer++;
        armed = false;
    } else if (vector - PVH_VECTOR_DEVICE < n_irqs) {
        device_arrived((size_t)(vector - PVH_VECTOR_DEVICE));
    } else {
        pvh_counters.irq_spurious++;
        if (vector == PVH_VECTOR_SPURIOUS)
            return;    /* section 11.9: it is not ended */
    }
    lapic_store(LAPIC_EOI, 0);
}

void pc_irq_calm(void)
{
    for (size_t i = 0; i < n_irqs; i++) {
        if (stormed && arrivals[i] >= STORM && irqs[i].gsi >= 0)
            pc_ioapic_mask((uint32_t)irqs[i].gsi, false);
        arrivals[i] = 0;
    }
    stormed = false;
}

/* ---- The timer ---- */

static void timer_mode(uint32_t mode)
{
    lapic_store(LAPIC_LVT_TIMER, mode | PVH_VECTOR_TIMER);
}

static void timer_divide(uint32_t code)
{
    if (divide != code)
        lapic_store(LAPIC_TIMER_DIVIDE, code);
    divide = code;
}

/*
 * A time beyond the counter's 32 bits comes in pieces: the waiter finds that its
 * deadline has not come and sets the timer again.
 */
void pc_timer_set(uint64_t ns)
{
    armed = ns != UINT64_MAX;
    if (!armed) {
        lapic_store(LAPIC_TIMER_INITIAL, 0);
        return;
    }
    uint64_t count = ns;
    uint32_t code = DIVIDE_1;
    if (count >= UINT32_MAX) {
        count = count / 128 + 1;
        code = DIVIDE_128;
    }
    timer_divide(code);
    timer_mode(TIMER_ONE_SHOT);
    lapic_store(LAPIC_TIMER_INITIAL, count < UINT32_MAX ? (uint32_t)count + 1 : UINT32_MAX);
}

bool pc_timer_armed(void)
{
    return armed;
}

void pc_timer_periodic(uint32_t period_ns)
{
    timer_divide(DIVIDE_1);
    timer_mode(TIMER_PERIODIC);
    lapic_store(LAPIC_TIMER_INITIAL, period_ns);
}

uint32_t pc_timer_count(void)
{
    return lapic_load(LAPIC_TIMER_CURRENT);
}
