/* SPDX-License-Identifier: ISC */
/*
 * The pages are closed; an access faults, gets them opened for one instruction
 * (the trap flag), and the trap behind it calls back and closes them again.
 */
#include "access_watch.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { TRAP_FLAG = 0x100, FAULT_WRITE = 2 };

static uint8_t *mem;
static size_t mem_len;
static void (*watcher)(uint8_t *addr, bool written);
static uint8_t *first;      /* of the instruction that is under way; NULL: none is */
static bool first_written, paused;
static struct sigaction old_segv, old_trap;

static void veil(bool closed)
{
    mprotect(mem, mem_len, closed ? PROT_NONE : PROT_READ | PROT_WRITE);
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
    first = addr;
    first_written = (u->uc_mcontext.gregs[REG_ERR] & FAULT_WRITE) != 0;
    veil(false);
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
    watcher(addr, first_written);
    if (watcher != NULL)    /* it may have seen enough */
        veil(!paused);
}

void access_watch(uint8_t *from, size_t len, void (*step)(uint8_t *addr, bool written))
{
    struct sigaction segv = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO };
    struct sigaction trap = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
    mem = from;
    mem_len = len;
    watcher = step;
    paused = false;
    sigaction(SIGSEGV, &segv, &old_segv);
    sigaction(SIGTRAP, &trap, &old_trap);
    veil(true);
}

void access_watch_pause(bool pause)
{
    if (watcher == NULL)
        return;
    paused = pause;
    veil(!pause);
}

void access_watch_end(void)
{
    if (watcher == NULL)
        return;
    veil(false);
    watcher = NULL;
    sigaction(SIGSEGV, &old_segv, NULL);
    sigaction(SIGTRAP, &old_trap, NULL);
}
