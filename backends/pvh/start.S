/* SPDX-License-Identifier: ISC */
/*
 * The first instructions: from the loader's 32-bit entry (x86/HVM direct boot
 * ABI) to pvh_start() in long mode, on our stack, with memory mapped at its own
 * address. Intel SDM volume 3, section 10.8.5 (entering IA-32e mode).
 *
 *      loader                          here
 *      ebx = struct hvm_start_info     bss is zeroed, 0 to 4 GiB mapped by
 *      protected mode, paging off      2 MiB pages, NX outside the image's text
 *
 * A loader that ignores the note enters at the ELF entry point as it would
 * enter Linux (Documentation/arch/x86/boot.rst, "64-bit Boot Protocol"): long
 * mode on page tables of its own, rsi = struct boot_params. That leaves long
 * mode and goes the same way.
 *
 * paging.c refines the map and makes the sealed one, and the last instruction of
 * the boot pages turns it on. All instructions that could undo a seal stand in
 * this file, in those pages (.text.pvh_boot): the sealed map has them not.
 *
 * MXCSR and the x87 state are left as reset made them: their values are right,
 * and ldmxcsr stops some emulators.
 */
#include "backends/pvh/layout.h"

        /* XEN_ELFNOTE_PHYS32_ENTRY: makes a PVH loader enter at pvh_start32. */
        .section .note.pvh, "a", @note
        .balign 4
        .long   4, 8, 18
        .asciz  "Xen"
        .quad   pvh_start32

        .section .text.pvh_boot, "ax"
        .code32
        .globl  pvh_start32
        .type   pvh_start32, @function
pvh_start32:
        xorl    %esi, %esi              /* 0: start info, 1: boot_params; kept until the call */
start:
        cld
        cli
        movl    %ebx, %ebp

        /* Long mode and no-execute pages, without which nothing is sealed. */
        movl    $0x80000000, %eax
        cpuid
        cmpl    $0x80000001, %eax
        jb      no_cpu
        movl    $0x80000001, %eax
        cpuid
        andl    $(1 << 29 | 1 << 20), %edx
        cmpl    $(1 << 29 | 1 << 20), %edx
        jne     no_cpu

        /* Not every loader hands over zeroed memory: tables now, variables below. */
        xorl    %eax, %eax
        movl    $pvh_tables, %edi
        movl    $(PVH_TABLE_PD / 4), %ecx
        rep stosl
        movl    $pvh_text_last, %edi    /* nothing but what is in the file is executed */
        movl    $pvh_text_end, %ecx
        subl    %edi, %ecx
        shrl    $2, %ecx
        movl    $0xcccccccc, %eax
        rep stosl

        /* Page directories: 2,048 entries of 2 MiB, the top GiB uncached. */
        movl    $(pvh_tables + PVH_TABLE_PD), %edi
        movl    $PVH_PDE_RAM, %eax
fill_ram:
        movl    %eax, (%edi)
        movl    $(PVH_PTE_NX >> 32), 4(%edi)
        addl    $0x200000, %eax
        addl    $8, %edi
        cmpl    $(0xc0000000 + PVH_PDE_RAM), %eax
        jne     fill_ram
        orl     $PVH_PTE_UC, %eax
fill_mmio:
        movl    %eax, (%edi)
        movl    $(PVH_PTE_NX >> 32), 4(%edi)
        addl    $0x200000, %eax
        addl    $8, %edi
        cmpl    $(PVH_PDE_RAM | PVH_PTE_UC), %eax
        jne     fill_mmio

        /* Until paging.c sets single pages, what holds text is executable. */
        movl    $pvh_text_end, %ecx
        decl    %ecx
        shrl    $21, %ecx
fill_text:
        movl    $0, pvh_tables + PVH_TABLE_PD + 4(, %ecx, 8)
        decl    %ecx
        jnz     fill_text
        movl    $pvh_sealed_end, %ecx   /* so is what Xen fills */
        shrl    $21, %ecx
        movl    $0, pvh_tables + PVH_TABLE_PD + 4(, %ecx, 8)

        movl    $(pvh_tables + PVH_TABLE_PD + PVH_PDE_TABLE), %eax
        movl    $(pvh_tables + PVH_TABLE_PDPT), %edi
        movl    $4, %ecx
fill_pdpt:
        movl    %eax, (%edi)
        addl    $4096, %eax
        addl    $8, %edi
        loop    fill_pdpt
        movl    $(pvh_tables + PVH_TABLE_PDPT + PVH_PDE_TABLE), pvh_tables

        movl    $0x620, %eax            /* PAE, OSFXSR, OSXMMEXCPT, and nothing that was there */
        movl    %eax, %cr4
        movl    $pvh_tables, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx       /* IA32_EFER */
        movl    $0x900, %eax            /* LME; NXE before any entry with bit 63 is walked */
        xorl    %edx, %edx
        wrmsr
        movl    $0x80000023, %eax       /* PG, NE, MP, PE; not EM, TS, and not yet WP */
        movl    %eax, %cr0
        lgdt    start_gdtr
        ljmp    $PVH_SEL_CODE, $start_long

no_cpu:
        movl    $no_cpu_text, %esi
        movl    $0x3f8, %edx
1:      lodsb
        testb   %al, %al
        jz      2f
        outb    %al, %dx
        jmp     1b
2:      hlt
        jmp     2b

        .code64
        .type   start_long, @function
start_long:
        movl    $PVH_SEL_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        xorl    %eax, %eax
        movl    %eax, %fs
        movl    %eax, %gs
        movl    %esi, %ebx
        movl    $pvh_stack_main, %esp
        movl    $pvh_sealed, %edi
        xorl    %esi, %esi
        movl    $pvh_bss_end, %edx
        subl    %edi, %edx
        call    memset                  /* that of string.S, which needs no canary */
        pushq   %rbx

        /*
         * The stack protector reads its canary at %fs:40: the block must stand
         * before the first call into C. This value is RDRAND's where there is
         * such a thing, else it only tells starts apart; pvh_start() puts one from
         * the seeded generator in its place before anything but the machine's
         * ground has run.
         */
        movl    $1, %eax
        cpuid
        btl     $30, %ecx               /* RDRAND */
        jnc     1f
        rdrand  %rbx                    /* 0 if it has none */
1:      rdtsc
        shlq    $40, %rdx
        xorq    %rdx, %rax
        xorq    %rbx, %rax
        shlq    $8, %rax                /* a zero octet ends strings that run up to it */
        movq    %rax, pvh_fs_block + 40
        movl    $0xc0000100, %ecx       /* IA32_FS_BASE */
        movl    $pvh_fs_block, %eax
        xorl    %edx, %edx
        wrmsr

        popq    %rsi
        movl    %ebp, %edi
        xorl    %ebp, %ebp
        call    pvh_start               /* returns the root of the sealed tables */
        jmp     seal

        /*
         * The ELF entry point. Paging may be left only from compatibility mode
         * and with CR4.PCIDE clear; while it is on, PAE and LA57 stay as they
         * are (SDM volume 3, sections 2.5 and 10.8.5.4).
         */
        .globl  pvh_start64
        .type   pvh_start64, @function
pvh_start64:
        cli
        movl    %esi, %ebx
        shrq    $32, %rsi
        jz      1f
        xorl    %ebx, %ebx              /* out of reach: there are none */
1:      lgdt    start_gdtr
        ljmpl   *start_far
        .code32
start_leave:
        movl    $PVH_SEL_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %cr4, %eax
        andl    $0x1020, %eax           /* LA57, PAE */
        movl    %eax, %cr4
        movl    $0x21, %eax             /* NE, PE */
        movl    %eax, %cr0
        movl    $1, %esi
        jmp     start
        .code64

/* ---- For C, until the seal ---- */

        /* pvh_boot_wrmsr(edi: number, rsi: value) */
        .globl  pvh_boot_wrmsr
        .type   pvh_boot_wrmsr, @function
pvh_boot_wrmsr:
        movl    %edi, %ecx
        movl    %esi, %eax
        movq    %rsi, %rdx
        shrq    $32, %rdx
        wrmsr
        ret

        /* pvh_boot_flush(): loading CR3 anew forgets every cached translation. */
        .globl  pvh_boot_flush
        .type   pvh_boot_flush, @function
pvh_boot_flush:
        movq    %cr3, %rax
        movq    %rax, %cr3
        ret

        /* pvh_boot_protect(): CR0.WP, after which rights bind the kernel, too. */
        .globl  pvh_boot_protect
        .type   pvh_boot_protect, @function
pvh_boot_protect:
        movq    %cr0, %rax
        orl     $0x10000, %eax
        movq    %rax, %cr0
        ret

        /* pvh_boot_descriptors(rdi: for lgdt, rsi: for lidt); ltr sets the busy bit. */
        .globl  pvh_boot_descriptors
        .type   pvh_boot_descriptors, @function
pvh_boot_descriptors:
        lgdt    (%rdi)
        lidt    (%rsi)
        movl    $PVH_SEL_TSS, %eax
        ltr     %ax
        ret

/*
 * The seal: one instruction, the last one of the boot pages. In the map that it
 * turns on, they and all page tables are absent; the next one is fetched from the
 * first sealed page.
 */
        .section .text.pvh_boot_last, "ax"
seal:
        movq    %rax, %cr3
        .section .text.pvh_sealed_first, "ax"
        call    pvh_sealed_start

        .section .rodata.pvh_start, "a"
no_cpu_text:
        .asciz  "tern: this processor lacks long mode or no-execute pages\r\n"

        /* The accessed bits are set, so that loading a selector writes nothing. */
        .balign 8
start_gdt:
        .quad   0
        .quad   PVH_GDT_CODE
        .quad   PVH_GDT_DATA
        .quad   PVH_GDT_CODE32
start_gdtr:
        .word   . - start_gdt - 1
        .quad   start_gdt
start_far:
        .long   start_leave
        .word   PVH_SEL_CODE32

        /* The block at FS base; constant after the seal. */
        .section .bss.pvh_sealed, "aw", @nobits
        .balign 16
        /* Code that is compiled for images alone names the canary itself. */
        .globl  __stack_chk_guard
        .set    __stack_chk_guard, pvh_fs_block + 40
        .globl  pvh_fs_block
        .type   pvh_fs_block, @object
        .size   pvh_fs_block, 64
pvh_fs_block:
        .skip   64

        .section .note.GNU-stack, "", @progbits
