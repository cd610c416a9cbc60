/* SPDX-License-Identifier: ISC */
/*
 * A plugin of QEMU (plugin API 1) that counts what a guest's CPU does: the
 * instructions, the octets that they load and store, and those that each
 * instruction by itself has stored. The counts stand in a file of 64-bit numbers
 * (struct counts), which others read while the guest runs.
 *
 *   qemu-system-x86_64 -plugin vm_count.so,counts=COUNTS ...
 *
 * Debian ships no header for plugins: the declarations here are the few needed.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;

enum { ADD_U64 = 0, CB_NO_REGS = 0, MEM_RW = 3 };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
                                           void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op, void *at,
                                                uint64_t n);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                      void (*cb)(unsigned int vcpu, uint32_t info, uint64_t addr,
                                                 void *user),
                                      int flags, int which, void *user);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
_Bool qemu_plugin_mem_is_store(uint32_t info);

extern int qemu_plugin_version;
int qemu_plugin_version = 1;
int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv);

enum { PLACES = 1 << 20 };    /* a Linux kernel's start translates some 200,000 */

struct counts {
    uint64_t instructions;
    uint64_t moved[2];          /* octets loaded, stored */
    uint64_t n_places;
    uint64_t stored[PLACES];    /* by the instruction at one address; the first is of
                                   all that had no place */
};

static struct counts *counts;

/* Where in stored an address has its place; 0: none yet. Never full by half. */
static struct {
    uint64_t address;
    uint32_t place;
} table[2 * PLACES];

static uint64_t *place_of(uint64_t address)
{
    size_t at = (size_t)(address * UINT64_C(0x9e3779b97f4a7c15) >> 32) % (2 * PLACES);
    while (table[at].place != 0 && table[at].address != address)
        at = (at + 1) % (2 * PLACES);
    if (table[at].place == 0 && counts->n_places < PLACES) {
        table[at].address = address;
        table[at].place = (uint32_t)counts->n_places++;
    }
    return &counts->stored[table[at].place];
}

static void touched(unsigned int vcpu, uint32_t info, uint64_t addr, void *user)
{
    uint64_t *stored = user, octets = UINT64_C(1) << qemu_plugin_mem_size_shift(info);
    _Bool is_store = qemu_plugin_mem_is_store(info);
    (void)vcpu;
    (void)addr;
    counts->moved[is_store] += octets;
    if (is_store)
        *stored += octets;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &counts->instructions, 1);
        qemu_plugin_register_vcpu_mem_cb(insn, touched, CB_NO_REGS, MEM_RW,
                                         place_of(qemu_plugin_insn_vaddr(insn)));
    }
}

int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    if (argc != 1 || strncmp(argv[0], "counts=", 7) != 0)
        return -1;
    int fd = open(argv[0] + 7, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || ftruncate(fd, sizeof *counts) != 0)
        return -1;
    void *at = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (at == MAP_FAILED)
        return -1;
    counts = at;
    counts->n_places = 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
