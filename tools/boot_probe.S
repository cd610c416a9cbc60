/* SPDX-License-Identifier: ISC */
/*
 * The image with which `tern boot` asks whether KVM can carry a guest: an ELF
 * file of a few hundred octets, written out by hand, with a PVH note. It runs
 * instructions of SSE2 and 20 million turns of a loop, and leaves through the
 * debug-exit port with BOOT_PROBE_STATUS. A KVM that cannot do the one or crawls
 * over the other gives no such answer in time.
 */
#define BASE 0x100000
#define AT(label) (BASE + (label) - tern_boot_probe)
#define PORT 0x501
#define STATUS 0x2a    /* BOOT_PROBE_STATUS */

	.section .rodata.tern_boot_probe, "a", @progbits
	.balign 16
	.globl tern_boot_probe
tern_boot_probe:
	.ascii "\177ELF"
	.byte 2, 1, 1, 0			/* 64 bits, little-endian, version 1 */
	.zero 8
	.short 2, 62				/* executable, x86-64 */
	.long 1
	.quad AT(code), programs - tern_boot_probe, 0
	.long 0
	.short 64, 56, 2, 64, 0, 0
programs:
	.long 1, 7				/* PT_LOAD, all rights */
	.quad 0, BASE, BASE, end - tern_boot_probe, end - tern_boot_probe, 0x1000
	.long 4, 4				/* PT_NOTE */
	.quad note - tern_boot_probe, AT(note), AT(note), note_end - note, note_end - note, 4
note:
	.long 4, 4, 18				/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long AT(code)
note_end:

	/* 32-bit protected mode, flat, no paging, no stack. */
	.code32
	.balign 16
code:
	movl %cr0, %eax
	andl $~0xc, %eax			/* neither EM nor TS */
	orl $2, %eax				/* MP */
	movl %eax, %cr0
	movl %cr4, %eax
	orl $0x600, %eax			/* OSFXSR, OSXMMEXCPT */
	movl %eax, %cr4
	stmxcsr AT(scratch)
	ldmxcsr AT(scratch)
	pxor %xmm0, %xmm0
	pcmpeqd %xmm1, %xmm1
	paddd %xmm1, %xmm0			/* 0 + -1 in each of four lanes */
	movdqa %xmm0, AT(scratch)
	movl $20000000, %ecx
1:	decl %ecx
	jnz 1b
	movb $STATUS + 1, %al
	cmpl $-1, AT(scratch) + 12
	jne 2f
	movb $STATUS, %al
2:	movw $PORT, %dx
	outb %al, %dx
3:	hlt
	jmp 3b
	.balign 16
scratch:
	.zero 16
end:
	.code64
	.balign 8
	.globl tern_boot_probe_len
tern_boot_probe_len:
	.quad end - tern_boot_probe

	.section .note.GNU-stack, "", @progbits
