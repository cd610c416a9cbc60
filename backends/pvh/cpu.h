/* SPDX-License-Identifier: ISC */
/*
 * The instructions that C has no words for: ports, model-specific registers,
 * CPUID, control registers, the time-stamp counter. Intel SDM volume 2.
 *
 * Nothing here changes what a seal stands on: instructions that do are in start.S.
 */
#ifndef PVH_CPU_H
#define PVH_CPU_H

#include <stdint.h>

static inline uint8_t cpu_in8(uint16_t port)
{
    uint8_t v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline uint16_t cpu_in16(uint16_t port)
{
    uint16_t v;
    __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline uint32_t cpu_in32(uint16_t port)
{
    uint32_t v;
    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline void cpu_out8(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void cpu_out16(uint16_t port, uint16_t v)
{
    __asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void cpu_out32(uint16_t port, uint32_t v)
{
    __asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline uint64_t cpu_msr_load(uint32_t msr)
{
    uint32_t lo, hi;
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return (uint64_t)hi << 32 | lo;
}

struct cpu_id {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpu_id cpu_id(uint32_t leaf)
{
    struct cpu_id r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "0"(leaf), "2"(0));
    return r;
}

/* The counter, read after all that stands before it (SDM volume 2, RDTSC). */
static inline uint64_t cpu_tsc(void)
{
    uint32_t lo, hi;
    __asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
    return (uint64_t)hi << 32 | lo;
}

/* a * b / 2^32, without loss in between. */
static inline uint64_t cpu_mul_shift32(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)(product >> 32);
}

static inline uint64_t cpu_cr2(void)
{
    uint64_t v;
    __asm__ volatile("movq %%cr2, %0" : "=r"(v));
    return v;
}

static inline uint64_t cpu_cr0(void)
{
    uint64_t v;
    __asm__ volatile("movq %%cr0, %0" : "=r"(v));
    return v;
}

static inline uint64_t cpu_cr4(void)
{
    uint64_t v;
    __asm__ volatile("movq %%cr4, %0" : "=r"(v));
    return v;
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause");
}

/* Lets pending interrupts in: they are taken after the nop (SDM volume 2, STI). */
static inline void cpu_irq_window(void)
{
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

/*
 * Halts until an interrupt has been handled. STI takes effect after the
 * instruction that follows, so none slips in between the two.
 */
static inline void cpu_irq_halt(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

#endif
