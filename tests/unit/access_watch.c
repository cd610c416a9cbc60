/* SPDX-License-Identifier: ISC */
/*
 * The pages are closed; an access faults, gets its page opened for one
 * instruction (the trap flag), and the trap behind it calls back and closes what
 * has been opened. Page by page, or each access would cost as much as the
 * stretch is long.
 */
#include "access_watch.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { TRAP_FLAG = 0x100, FAULT_WRITE = 2, PAGE = 4096, OPEN_MAX = 64 };

static uint8_t *mem;
static size_t mem_len;
static void (*watcher)(uint8_t *addr, bool written);
static uint8_t *first;      /* of the instruction that is under way; NULL: none is */
static bool first_written;
static bool others_turn;    /* whose accesses open pages and are not watched */
static uint8_t *open_pages[OPEN_MAX];
static unsigned n_open;     /* OPEN_MAX: all are */
static struct sigaction old_segv, old_trap;

static void page_open(uint8_t *addr)
{
    if (n_open == OPEN_MAX)
        return;
    uint8_t *page = mem + (size_t)(addr - mem) / PAGE * PAGE;
    open_pages[n_open++] = page;
    if (n_open == OPEN_MAX)
        mprotect(mem, mem_len, PROT_READ | PROT_WRITE);
    else
        mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

static void pages_close(void)
{
    if (n_open == OPEN_MAX)
        mprotect(mem, mem_len, PROT_NONE);
    else
        for (unsigned i = 0; i < n_open; i++)
            mprotect(open_pages[i], PAGE, PROT_NONE);
    n_open = 0;
}

static void on_segv(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    uint8_t *addr = info->si_addr;
    (void)sig;
    if (watcher == NULL || addr < mem || addr >= mem + mem_len) {
        sigaction(SIGSEGV, &old_segv, NULL);    /* a true fault: faults again */
        return;
    }
    page_open(addr);
    if (others_turn)
        return;
    if (first == NULL) {
        first = addr;
        first_written = (u->uc_mcontext.gregs[REG_ERR] & FAULT_WRITE) != 0;
    }
    u->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    (void)sig;
    (void)info;
    u->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    if (watcher == NULL || first == NULL)
        return;
    uint8_t *addr = first;
    first = NULL;
    others_turn = true;
    watcher(addr, first_written);
    others_turn = false;
    if (watcher != NULL)    /* it may have seen enough */
        pages_close();
}

void access_watch(uint8_t *from, size_t len, void (*step)(uint8_t *addr, bool written))
{
    struct sigaction segv = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO };
    struct sigaction trap = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
    mem = from;
    mem_len = len;
    watcher = step;
    first = NULL;
    others_turn = false;
    n_open = 0;
    sigaction(SIGSEGV, &segv, &old_segv);
    sigaction(SIGTRAP, &trap, &old_trap);
    mprotect(mem, mem_len, PROT_NONE);
}

void access_watch_pause(bool pause)
{
    others_turn = pause;
    if (!pause && watcher != NULL)
        pages_close();
}

void access_watch_end(void)
{
    if (watcher == NULL)
        return;
    mprotect(mem, mem_len, PROT_READ | PROT_WRITE);
    watcher = NULL;
    sigaction(SIGSEGV, &old_segv, NULL);
    sigaction(SIGTRAP, &old_trap, NULL);
}
