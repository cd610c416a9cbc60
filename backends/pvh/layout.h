/* SPDX-License-Identifier: ISC */
/*
 * Numbers that assembly and C share: selectors, page table bits, vectors and
 * the order of the tables. Intel SDM volume 3, sections 3.4.5, 4.5 and 6.14.
 */
#ifndef PVH_LAYOUT_H
#define PVH_LAYOUT_H

/* Selectors, and the descriptors of flat 64-bit code and data, accessed. */
#define PVH_SEL_CODE 0x08
#define PVH_SEL_DATA 0x10
#define PVH_SEL_TSS 0x18
#define PVH_GDT_CODE 0x00af9b000000ffff
#define PVH_GDT_DATA 0x00cf93000000ffff

/* start.S, on the way out of a loader's long mode: flat 32-bit code. */
#define PVH_SEL_CODE32 0x18
#define PVH_GDT_CODE32 0x00cf9b000000ffff

/*
 * Page table entries. Accessed and dirty are set from the start: the processor
 * then never writes to a table. PVH_PTE_KEEP is one of the bits that it ignores;
 * here it marks entries of device registers that stay at the seal.
 */
#define PVH_PTE_P 0x001
#define PVH_PTE_W 0x002
#define PVH_PTE_UC 0x018
#define PVH_PTE_A 0x020
#define PVH_PTE_D 0x040
#define PVH_PTE_PS 0x080
#define PVH_PTE_KEEP 0x200
#define PVH_PTE_NX 0x8000000000000000
#define PVH_PDE_TABLE (PVH_PTE_P | PVH_PTE_W | PVH_PTE_A)
#define PVH_PDE_RAM (PVH_PTE_P | PVH_PTE_W | PVH_PTE_A | PVH_PTE_D | PVH_PTE_PS)

/* Offsets from pvh_tables: PML4, PDPT, the directory of windows, four of memory. */
#define PVH_TABLE_PDPT 0x1000
#define PVH_TABLE_WINDOW 0x2000
#define PVH_TABLE_PD 0x3000
#define PVH_TABLE_PT 0x7000

/* Vectors: the processor's, then devices, the timer, and the spurious one. */
#define PVH_VECTOR_DEVICE 32
#define PVH_N_DEVICE 24
#define PVH_VECTOR_TIMER 56
#define PVH_VECTOR_SPURIOUS 63
#define PVH_N_VECTORS 64

/* Interrupt stack table entries. */
#define PVH_IST_TRAP 1
#define PVH_IST_DOUBLE_FAULT 2
#define PVH_IST_NMI 3
#define PVH_IST_MACHINE_CHECK 4
#define PVH_IST_DEVICE 5

#endif
