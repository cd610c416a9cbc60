/* SPDX-License-Identifier: ISC */
/*
 * A loader that ignores PVH notes, itself entered by one: it takes the image
 * that lies in its module, as QEMU's -initrd, and enters it as Firecracker and
 * others enter Linux, in long mode with page tables of its own (boot.rst, "64-bit
 * Boot Protocol"). Where the processor has them, five levels of tables, process
 * context identifiers, global pages, SMEP and SYSCALL are on, so that an image
 * that relies on their absence is found. loader.c does the rest.
 */
        .section .note.pvh, "a", @note
        .balign 4
        .long   4, 4, 18
        .asciz  "Xen"
        .long   loader_start

        .text
        .code32
        .globl  loader_start
loader_start:
        cli
        movl    %ebx, %ebp

        /* 0 to 4 GiB by 2 MiB pages. */
        movl    $directories, %edi
        movl    $0x83, %eax
1:      movl    %eax, (%edi)
        movl    $0, 4(%edi)
        addl    $8, %edi
        addl    $0x200000, %eax
        jnc     1b
        movl    $directories + 3, %eax
        movl    $pointers, %edi
        movl    $4, %ecx
2:      movl    %eax, (%edi)
        addl    $0x1000, %eax
        addl    $8, %edi
        loop    2b
        movl    $pointers + 3, level4
        movl    $level4 + 3, level5

        movl    $0x20, %esi             /* CR4: PAE */
        movl    $level4, %edi
        xorl    %eax, %eax
        cpuid
        cmpl    $7, %eax
        jb      3f
        movl    $7, %eax
        xorl    %ecx, %ecx
        cpuid
        btl     $16, %ecx
        jnc     3f
        orl     $0x1000, %esi           /* LA57 */
        movl    $level5, %edi
3:      movl    %esi, %cr4
        movl    %edi, %cr3
        movl    $0xc0000080, %ecx       /* EFER: SCE, LME */
        rdmsr
        orl     $0x101, %eax
        wrmsr
        movl    $0x80010001, %eax       /* PG, WP, PE */
        movl    %eax, %cr0
        lgdt    gdtr
        ljmp    $0x10, $long_mode

        .code64
long_mode:
        movl    $0x18, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movq    %cr4, %rsi
        orl     $0x80, %esi             /* PGE */
        movl    $1, %eax
        cpuid
        btl     $17, %ecx
        jnc     4f
        orl     $0x20000, %esi          /* PCIDE */
4:      movl    $7, %eax
        xorl    %ecx, %ecx
        cpuid
        btl     $7, %ebx
        jnc     5f
        orl     $0x100000, %esi         /* SMEP */
5:      movq    %rsi, %cr4
        movl    $stack_end, %esp
        movl    %ebp, %edi
        call    loader_main             /* entry in rax, boot_params in rdx */
        movq    %rdx, %rsi
        movq    $0x5a5a5a5a5a5a5a5a, %rbx    /* nothing else means anything */
        movq    %rbx, %rcx
        movq    %rbx, %rdi
        movq    %rbx, %rbp
        movl    $0x8ff0, %esp
        std
        jmp     *%rax

        .balign 8
gdt:
        .quad   0, 0
        .quad   0x00af9b000000ffff      /* Linux's __BOOT_CS */
        .quad   0x00cf93000000ffff      /* __BOOT_DS */
gdtr:
        .word   . - gdt - 1
        .quad   gdt

        .bss
        .balign 4096
level5: .skip   4096
level4: .skip   4096
pointers:
        .skip   4096
directories:
        .skip   4 * 4096
        .skip   16384
stack_end:

        .section .note.GNU-stack, "", @progbits
