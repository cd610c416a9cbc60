/* SPDX-License-Identifier: ISC */
/*
 * How long an instruction of 64-bit mode is, and whether it is one that could
 * undo a guest's seal. Intel SDM volume 2, chapter 2 and appendix A.
 */
#ifndef TERN_TOOLS_X86_H
#define TERN_TOOLS_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct x86_insn {
    size_t len;
    uint8_t map;        /* 0: one octet, 1: 0f, 2: 0f 38, 3: 0f 3a; 5, 6: EVEX only; 7 */
    uint8_t opcode;
    bool wide;          /* VEX or EVEX */
    bool rep;           /* F3 stands before it */
    bool prefixed;      /* 66, F2, F3 or LOCK does */
    bool has_modrm;
    uint8_t modrm;
    size_t disp_off;    /* of a displacement of 32 bits, 0: there is none */
};

/*
 * Decodes what begins at code, of which room octets may be read. False: nothing
 * that a processor executes, or that all processors take for equally long; or
 * it runs past the end.
 */
bool x86_decode(const uint8_t *code, size_t room, struct x86_insn *insn);

/*
 * The name of an instruction that changes what a seal stands on: control, debug and
 * model-specific registers, descriptor tables, the base of FS; or that asks whoever is
 * below the guest to do so (vmcall, vmmcall, vmfunc, getsec), or makes a guest of its
 * own. NULL: any other. Of 0f 01 with registers all are named that are not known to be
 * harmless.
 */
const char *x86_unsealing(const struct x86_insn *insn);

/*
 * One of those by which a sealed guest is undone with nothing else: wrmsr, mov to a
 * control register, lgdt, lidt, calls of the hypervisor. Of the others, lldt and ltr find
 * nothing in the constant GDT that they could load; lmsw and clts reach the four lowest
 * bits of CR0, debug registers only trap, and what remains is off in EFER and CR4, or
 * only jumps.
 *
 * It is about the processor. in and out are not counted, and no store is: through both
 * a device can be driven, which writes memory without asking the map.
 */
bool x86_undoes_alone(const struct x86_insn *insn);

#endif
