/* SPDX-License-Identifier: ISC */
/*
 * Instruction lengths in 64-bit mode, by table: a letter for each opcode says
 * what follows it.
 *
 *      [prefixes] [REX] opcode [ModRM [SIB] [displacement]] [immediate]
 *
 *   .  nothing               m  ModRM              x  no such instruction here
 *   b  8 bits                M  ModRM, 8 bits      p  a prefix
 *   w  16 bits               N  ModRM, z           r  ModRM that names registers only
 *   e  16 and 8 bits         t  ModRM, and 8 bits if its register field is 0 or 1
 *   z  16 or 32 bits         T  the same with z    f  an octet that leads to other maps
 *   v  16, 32 or 64 bits     q  an address         j  32 bits, relative
 */
#include "x86.h"

enum { INSN_MAX = 15 };

static const char one[257] =
    "mmmmbzxxmmmmbzxfmmmmbzxxmmmmbzxx"    /* 00 */
    "mmmmbzpxmmmmbzpxmmmmbzpxmmmmbzpx"    /* 20 */
    "pppppppppppppppp................"    /* 40: REX */
    "xxfmppppzNbM....bbbbbbbbbbbbbbbb"    /* 60: 62 is EVEX */
    "MNxMmmmmmmmmmmmm..........x....."    /* 80 */
    "qqqq....bz......bbbbbbbbvvvvvvvv"    /* a0 */
    "MMw.ffMNe.w..bx.mmmmxxx.mmmmmmmm"    /* c0: c4, c5 are VEX */
    "bbbbbbbbjjxb....p.pp..tT......mm";   /* e0 */

static const char two[257] =
    "mmmmx.....x.xmxxmmmmmmmmmmmmmmmm"    /* 00 */
    "rrrrxxxxmmmmmmmm......x.fxfxxxxx"    /* 20 */
    "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"    /* 40 */
    "mmmmmmmmmmmmmmmmMMMMmmm.xxxxmmmm"    /* 60: 78, 79 are SSE4a's and vmread's */
    "jjjjjjjjjjjjjjjjmmmmmmmmmmmmmmmm"    /* 80 */
    "...mMmxx...mMmmmmmmmmmmmmmMmmmmm"    /* a0 */
    "mmMmMMMm........mmmmmmmmmmmmmmmm"    /* c0 */
    "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm";   /* e0 */

/* What stands before the opcode. */
struct prefixes {
    bool size, address, rep, any;    /* 66; 67; F3; any but REX */
    uint8_t rex;                     /* 0: none */
};

/* Octets of an immediate of this letter. */
static size_t immediate_len(char kind, const struct prefixes *pre, uint8_t modrm)
{
    bool rex_w = (pre->rex & 8) != 0;
    size_t z = pre->size && !rex_w ? 2 : 4;
    bool has = (modrm >> 3 & 7) < 2;
    switch (kind) {
    case 'b': case 'M':
        return 1;
    case 'w':
        return 2;
    case 'e':
        return 3;
    case 'z': case 'N':
        return z;
    case 'j':
        return 4;
    case 'v':
        return rex_w ? 8 : z;
    case 'q':
        return pre->address ? 4 : 8;
    case 't':
        return has ? 1 : 0;
    case 'T':
        return has ? z : 0;
    default:
        return 0;
    }
}

/* ModRM, SIB and displacement at code[at]. Returns where they end; 0: too far. */
static size_t modrm_end(const uint8_t *code, size_t room, size_t at, struct x86_insn *insn)
{
    if (at >= room)
        return 0;
    insn->has_modrm = true;
    insn->modrm = code[at++];
    unsigned mod = insn->modrm >> 6, rm = insn->modrm & 7;
    if (mod == 3)
        return at;
    bool disp32 = mod == 2 || (mod == 0 && rm == 5);
    if (rm == 4) {
        if (at >= room)
            return 0;
        disp32 = disp32 || (mod == 0 && (code[at] & 7) == 5);
        at++;
    }
    if (disp32)
        insn->disp_off = at;
    return at + (disp32 ? 4u : mod == 1 ? 1u : 0u);
}

/* The letter of an opcode behind VEX or EVEX. */
static char wide_kind(uint8_t map, uint8_t opcode, bool evex)
{
    switch (map) {
    case 1:
        if (opcode == 0x77)
            return evex ? 'x' : '.';
        return two[opcode] == 'M' ? 'M' : 'm';
    case 3:
        return 'M';
    case 2:
        return 'm';
    case 7:    /* rdmsr and wrmsrns with the register's number behind them */
        return opcode == 0xf6 ? 'N' : 'x';
    default:
        return evex && (map == 5 || map == 6) ? 'm' : 'x';
    }
}

/* VEX (c4, c5) and EVEX (62): at is behind that octet. Returns where the opcode is, or room. */
static size_t wide_read(const uint8_t *code, size_t room, size_t at, struct x86_insn *insn)
{
    uint8_t lead = code[at - 1];
    size_t payload = lead == 0xc5 ? 1 : lead == 0xc4 ? 2 : 3;
    if (room - at <= payload)
        return room;
    uint8_t first = code[at];
    insn->wide = true;
    insn->map = lead == 0xc5 ? 1 : lead == 0xc4 ? first & 0x1f : first & 7;
    insn->rep = (code[at + (lead == 0x62 ? 1 : payload - 1)] & 3) == 2;
    return at + payload;
}

static size_t prefixes_read(const uint8_t *code, size_t room, struct prefixes *pre)
{
    size_t at = 0;
    for (; at < room && one[code[at]] == 'p'; at++) {
        uint8_t c = code[at];
        pre->rex = 0;    /* it counts only directly before the opcode */
        if (c >= 0x40 && c <= 0x4f) {
            pre->rex = c;
            continue;
        }
        pre->any = pre->any || (c != 0x2e && c != 0x3e && c != 0x26 && c != 0x36 &&
                                c != 0x64 && c != 0x65 && c != 0x67);
        pre->size = pre->size || c == 0x66;
        pre->address = pre->address || c == 0x67;
        if (c == 0xf2 || c == 0xf3)
            pre->rep = c == 0xf3;    /* the last of them counts */
    }
    return at;
}

/* Opcodes whose register field has to be right, and pop's neighbour XOP. */
static bool is_reserved(const struct x86_insn *insn)
{
    unsigned reg = insn->modrm >> 3 & 7;
    if (insn->map != 0)
        return false;
    switch (insn->opcode) {
    case 0x8f:
        return reg != 0;
    case 0xc6: case 0xc7:
        return reg != 0 && insn->modrm != 0xf8;
    case 0xfe:
        return reg > 1;
    case 0xff:
        return reg == 7;
    default:
        return false;
    }
}

bool x86_decode(const uint8_t *code, size_t room, struct x86_insn *insn)
{
    struct prefixes pre = { .size = false };
    *insn = (struct x86_insn){ .len = 0 };
    if (room > INSN_MAX)
        room = INSN_MAX;
    size_t at = prefixes_read(code, room, &pre);
    if (at == room)
        return false;
    insn->rep = pre.rep;
    insn->prefixed = pre.any;
    uint8_t c = code[at++];
    char kind = one[c];
    if (kind == 'f' && c != 0x0f) {
        bool evex = c == 0x62;
        at = wide_read(code, room, at, insn);
        if (pre.any || pre.rex != 0 || at >= room)
            return false;
        c = code[at++];
        kind = wide_kind(insn->map, c, evex);
    } else if (kind == 'f') {
        if (at == room)
            return false;
        c = code[at++];
        insn->map = 1;
        kind = two[c];
        if (kind == 'f') {
            if (at == room)
                return false;
            insn->map = c == 0x38 ? 2 : 3;
            kind = c == 0x38 ? 'm' : 'M';
            c = code[at++];
        }
    }
    insn->opcode = c;
    if (kind == 'x')
        return false;
    /* Of a near branch with 66, Intel reads 32 bits and AMD 16. */
    if (kind == 'j' && pre.size && (pre.rex & 8) == 0)
        return false;
    if (kind == 'r') {    /* moves of control and debug registers: mod is ignored */
        if (at == room)
            return false;
        insn->has_modrm = true;
        insn->modrm = code[at++];
    } else if (kind == 'm' || kind == 'M' || kind == 'N' || kind == 't' || kind == 'T') {
        at = modrm_end(code, room, at, insn);
        if (at == 0 || is_reserved(insn))
            return false;
    }
    at += immediate_len(kind, &pre, insn->modrm);
    insn->len = at;
    return at <= room;
}

/*
 * 0f 01 with registers: not memory's operands but names of instructions, and new ones
 * come. So those that a sealed guest may have are listed, and all else is refused.
 */
static const char *group_7_named(const struct x86_insn *insn)
{
    switch (insn->prefixed ? 0 : insn->modrm) {
    case 0xc8: case 0xc9: case 0xfa: case 0xfb:    /* monitor, mwait, monitorx, mwaitx */
    case 0xca: case 0xcb:                          /* clac, stac */
    case 0xd0:                                     /* xgetbv */
    case 0xd5: case 0xd6:                          /* xend, xtest */
    case 0xe8:                                     /* serialize */
    case 0xee:                                     /* rdpkru */
    case 0xf9: case 0xfd:                          /* rdtscp, rdpru */
    case 0xfc:                                     /* clzero */
        return NULL;
    default:
        break;
    }
    switch (insn->modrm) {
    case 0xc1:
        return "vmcall";
    case 0xc2:
        return "vmlaunch";
    case 0xc3:
        return "vmresume";
    case 0xc5:
        return "pconfig";
    case 0xc6:
        return "wrmsrns";
    case 0xcf:
        return "encls";
    case 0xd1:
        return "xsetbv";
    case 0xd4:
        return "vmfunc";
    case 0xd8:
        return "vmrun";
    case 0xd9:
        return "vmmcall";
    case 0xda:
        return "vmload";
    case 0xf8:
        return "swapgs";
    default:
        return "an instruction of 0f 01 that is not known to be harmless";
    }
}

/* 0f 01: two groups, one for memory and one for registers. smsw and lmsw are in both. */
static const char *group_7(const struct x86_insn *insn)
{
    switch (insn->modrm >> 3 & 7) {
    case 4:
        return NULL;
    case 6:
        return "lmsw";
    case 2:
        return insn->modrm < 0xc0 ? "lgdt" : group_7_named(insn);
    case 3:
        return insn->modrm < 0xc0 ? "lidt" : group_7_named(insn);
    case 5:
        return insn->modrm < 0xc0 ? "rstorssp" : group_7_named(insn);
    default:    /* of memory: sgdt, sidt, invlpg */
        return insn->modrm < 0xc0 ? NULL : group_7_named(insn);
    }
}

/* 0f c7: some of it for virtual machines. */
static const char *group_9(const struct x86_insn *insn)
{
    bool memory = insn->modrm < 0xc0;
    switch (insn->modrm >> 3 & 7) {
    case 1: case 4: case 5:    /* cmpxchg8b, xsavec, xsaves */
        return memory ? NULL : "an unknown instruction of 0f c7";
    case 3:
        return "xrstors";
    case 6:                    /* rdrand */
        return memory ? insn->rep ? "vmxon" : "vmptrld or vmclear"
               : insn->rep ? "senduipi" : NULL;
    case 7:                    /* rdseed, rdpid */
        return memory ? "vmptrst" : NULL;
    default:
        return "an unknown instruction of 0f c7";
    }
}

/* 0f 38. */
static const char *map_2_unsealing(const struct x86_insn *insn)
{
    switch (insn->opcode) {
    case 0x80:
        return "invept";
    case 0x81:
        return "invvpid";
    case 0xf8:
        return insn->rep && insn->modrm >= 0xc0 ? "uwrmsr" : NULL;
    default:
        return NULL;
    }
}

const char *x86_unsealing(const struct x86_insn *insn)
{
    unsigned reg = insn->modrm >> 3 & 7;
    if (insn->wide)
        return insn->map == 7 && insn->rep ? "wrmsrns" : NULL;
    if (insn->map == 2)
        return map_2_unsealing(insn);
    if (insn->map != 1)
        return NULL;
    switch (insn->opcode) {
    case 0x00:
        return reg == 2 ? "lldt" : reg == 3 ? "ltr" : NULL;
    case 0x01:
        return group_7(insn);
    case 0x06:
        return "clts";
    case 0x07:
        return "sysret";
    case 0x08:
        return "invd";
    case 0x22:
        return "mov to a control register";
    case 0x23:
        return "mov to a debug register";
    case 0x30:
        return "wrmsr";
    case 0x34:
        return "sysenter";
    case 0x35:
        return "sysexit";
    case 0x37:
        return "getsec";
    case 0xaa:
        return "rsm";
    case 0xae:
        if (!insn->rep || insn->modrm < 0xc0)
            return NULL;
        return reg == 2 ? "wrfsbase" : reg == 3 ? "wrgsbase" : NULL;
    case 0xc7:
        return group_9(insn);
    default:
        return NULL;
    }
}

bool x86_undoes_alone(const struct x86_insn *insn)
{
    if (x86_unsealing(insn) == NULL)
        return false;
    if (insn->wide || insn->opcode == 0x22 || insn->opcode == 0x30)
        return true;
    if (insn->opcode != 0x01)
        return false;
    switch (insn->modrm) {
    case 0xc1: case 0xc6: case 0xcc: case 0xd4: case 0xd9:    /* cc with 66 is tdcall */
        return true;
    default:
        return insn->modrm < 0xc0 && ((insn->modrm >> 3 & 7) == 2 || (insn->modrm >> 3 & 7) == 3);
    }
}
