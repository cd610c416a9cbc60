/* SPDX-License-Identifier: ISC */
/*
 * What the interrupt descriptor table points to. Each handler runs on a stack of
 * the interrupt stack table, so neither the red zone nor an overflowing stack is
 * ever written to (SDM volume 3, 6.14.5).
 *
 * A processor's vector has a stub of 8 octets, which tells its number by the
 * address that it calls from, below an error code: the processor's for vectors
 * 8, 10 to 14, 17, 21, 29 and 30 (SDM volume 3, table 6-1), else 0. A device's
 * has one of 4 octets, which pushes the number.
 */
#include "backends/pvh/layout.h"

#define PVH_ERROR_CODES 0x60227d00    /* a bit for each of those vectors */

        .section .text.pvh_trap_stubs, "ax"
        .globl  pvh_trap_stubs
        .type   pvh_trap_stubs, @function
        .balign 8
pvh_trap_stubs:
        .set    vector, 0
        .rept   PVH_VECTOR_DEVICE
        .balign 8, 0xcc
        .if     PVH_ERROR_CODES >> vector & 1
        xchgw   %ax, %ax                /* nothing, in as many octets */
        .else
        pushq   $0
        .endif
        call    trap
        .set    vector, vector + 1
        .endr
        .balign 8, 0xcc
pvh_trap_stubs_device:
        .globl  pvh_trap_stubs_device
        .rept   PVH_N_VECTORS - PVH_VECTOR_DEVICE
        .balign 4, 0xcc
        pushq   $vector
        jmp     interrupt
        .set    vector, vector + 1
        .endr
        .balign 4, 0xcc

/*
 * The registers that a C function may change, and one word more: with 6 from the
 * processor and the stub the stack is aligned to 16 at the call.
 */
interrupt:
        pushq   %rax
        pushq   %rcx
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        pushq   %r11
        cld
        movq    80(%rsp), %rdi
        call    pvh_interrupt
        popq    %r11
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rdi
        popq    %rsi
        popq    %rdx
        popq    %rcx
        popq    %rax
        addq    $8, %rsp
        iretq

/* All registers, as struct pvh_trap_frame has them; there is no way back. */
trap:
        pushq   %r15
        pushq   %r14
        pushq   %r13
        pushq   %r12
        pushq   %r11
        pushq   %r10
        pushq   %r9
        pushq   %r8
        pushq   %rbp
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %rbx
        pushq   %rax
        cld
        movq    %rsp, %rdi
        xorl    %ebp, %ebp
        call    pvh_trap

        .section .note.GNU-stack, "", @progbits
