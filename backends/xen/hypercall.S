/* SPDX-License-Identifier: ISC */
/*
 * The way into the hypervisor: a page of 128 entries of 32 octets, one a
 * hypercall, which Xen fills (xen/arch-x86/cpuid.h, leaf 2; xen/xen.h). The file
 * has no octet of it; paging.c lets it be executed, and nobody write it.
 */
    .section .hypercall, "aw", @nobits
    .balign 4096
    .globl xen_hypercall_page
    .type xen_hypercall_page, @object
xen_hypercall_page:
    .skip 4096
    .size xen_hypercall_page, . - xen_hypercall_page

/*
 * int64_t xen_hypercall(unsigned n, uintptr_t a, uintptr_t b, uintptr_t c)
 *
 * A function and not inline: a call pushes, and callers keep values below
 * their stack pointer.
 */
    .text
    .globl xen_hypercall
    .type xen_hypercall, @function
xen_hypercall:
    movl %edi, %eax
    shll $5, %eax
    leaq xen_hypercall_page(%rip), %r11
    addq %rax, %r11
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    jmp *%r11
    .size xen_hypercall, . - xen_hypercall

    .section .note.GNU-stack, "", @progbits
