/* SPDX-License-Identifier: ISC */
/*
 * What the interrupt descriptor table points to: one stub of 16 octets a
 * vector. Each runs on a stack of the interrupt stack table, so neither the red
 * zone nor an overflowing stack is ever written to (SDM volume 3, 6.14.5).
 *
 * A stub pushes its vector, below an error code: the processor's for vectors
 * 8, 10 to 14, 17, 21, 29 and 30 (SDM volume 3, table 6-1), else 0.
 */
#include "backends/pvh/layout.h"

#define PVH_ERROR_CODES 0x60227d00    /* a bit for each of those vectors */

        .section .text.pvh_trap_stubs, "ax"
        .globl  pvh_trap_stubs
        .type   pvh_trap_stubs, @function
        .balign 16
pvh_trap_stubs:
        .set    vector, 0
        .rept   PVH_N_VECTORS
        .balign 16, 0xcc
        .if     vector > 31 || !(PVH_ERROR_CODES >> vector & 1)
        pushq   $0
        .endif
        pushq   $vector
        .if     vector < PVH_VECTOR_DEVICE
        jmp     trap
        .else
        jmp     interrupt
        .endif
        .set    vector, vector + 1
        .endr
        .balign 16, 0xcc

/* All registers, as struct pvh_trap_frame has them; there is no way back. */
trap:
        pushq   %rax
        pushq   %rbx
        pushq   %rcx
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        pushq   %rbp
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        cld
        movq    %rsp, %rdi
        xorl    %ebp, %ebp
        call    pvh_trap

/*
 * The registers that a C function may change. 7 words from the processor and
 * the stub and 9 here: the stack is aligned to 16 at the call.
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
        cld
        movq    72(%rsp), %rdi
        call    pvh_interrupt
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rdi
        popq    %rsi
        popq    %rdx
        popq    %rcx
        popq    %rax
        addq    $16, %rsp
        iretq

        .section .note.GNU-stack, "", @progbits
