/* SPDX-License-Identifier: ISC */
/*
 * Lists of system calls become a filter (seccomp(2)): a program of classic BPF
 * that the kernel runs before each call.
 *
 * What stands in no list fails with EPERM: another C library may make a call
 * that we have not foreseen (glibc reads /etc/localtime for strftime), and it
 * shall get an error and not take the service down. What neither we nor a C
 * library could want here, and what a stranger in the process wants first (a
 * program, a process, executable memory, a look into other processes), kills:
 * he does not get a second try, and the kernel logs the first.
 *
 * Calls that are allowed whatever their arguments cost nothing: since Linux
 * 5.11 the kernel finds those once and keeps them in a bitmap.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "seal.h"

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u    /* the x32 numbers of the same processor: none of ours */
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#define OWN_ARCH 0u    /* no filter for this processor yet: the seal says so */
#endif

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif

#define ALLOW(call) { SYS_##call, TERN_SEAL_ALLOW }
#define KILL(call) { SYS_##call, TERN_SEAL_KILL }
#define END { 0, TERN_SEAL_END }

/* The loop, the log, memory, time and the end of the process. */
static const struct tern_seal_call every_host[] = {
    ALLOW(read), ALLOW(write), ALLOW(epoll_pwait), ALLOW(epoll_pwait2), ALLOW(epoll_ctl),
#ifdef SYS_epoll_wait
    ALLOW(epoll_wait),
#endif
    ALLOW(ppoll),    /* may a line of the log be written? */
#ifdef SYS_poll
    ALLOW(poll),
#endif
    ALLOW(close), ALLOW(writev), ALLOW(readv), ALLOW(lseek), ALLOW(clock_gettime),
    ALLOW(gettimeofday), ALLOW(getrandom), ALLOW(futex), ALLOW(brk), ALLOW(munmap),
    ALLOW(mremap), ALLOW(madvise), ALLOW(sched_yield), ALLOW(rt_sigaction),
    ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(restart_syscall), ALLOW(getpid),
    ALLOW(gettid), ALLOW(exit), ALLOW(exit_group), ALLOW(clock_nanosleep), ALLOW(nanosleep),
    { SYS_mmap, TERN_SEAL_DATA },
    { SYS_mprotect, TERN_SEAL_DATA },
    { SYS_tgkill, TERN_SEAL_OWN },    /* abort(3), and a smashed stack */
#ifdef SYS_rseq
    ALLOW(rseq),    /* a thread that is there but has not run yet; refused, glibc aborts */
#endif
    KILL(execve), KILL(execveat), KILL(ptrace), KILL(process_vm_readv), KILL(process_vm_writev),
    KILL(clone), KILL(clone3),
#ifdef SYS_fork
    KILL(fork), KILL(vfork),
#endif
    KILL(pkey_mprotect), KILL(memfd_create), KILL(pidfd_getfd), KILL(io_uring_setup),
    KILL(userfaultfd), KILL(bpf), KILL(perf_event_open), KILL(init_module), KILL(finit_module),
    KILL(kexec_load), KILL(add_key), KILL(request_key), KILL(keyctl), KILL(unshare), KILL(setns),
    KILL(mount), KILL(pivot_root), KILL(chroot),
    END,
};

/* For appliances that connect: sockets, that never listen. */
static const struct tern_seal_call to_connect[] = {
    { SYS_socket, TERN_SEAL_SOCKET }, ALLOW(connect), ALLOW(bind), END,
};

/*
 * For a folder that is served; what may be opened beneath it Landlock decides.
 * It decides nothing of stat(2), so there is no such call that takes a path: of
 * newfstatat only the flags could be looked at here, and AT_EMPTY_PATH does not
 * say that the path is empty. What a symbolic link says may be read: who hides
 * names has to know whether one leads to them.
 */
static const struct tern_seal_call to_read_files[] = {
    ALLOW(openat2), ALLOW(readlinkat), ALLOW(fstat), ALLOW(pread64), ALLOW(preadv), END,
};

/* What sockets_conn.c and sockets_dgram.c set. */
static const uint8_t socket_options[][2] = {
    { SOL_SOCKET, SO_LINGER },
    { IPPROTO_TCP, TCP_NODELAY },
    { IPPROTO_IP, IP_ADD_MEMBERSHIP }, { IPPROTO_IP, IP_DROP_MEMBERSHIP },
    { IPPROTO_IPV6, IPV6_JOIN_GROUP }, { IPPROTO_IPV6, IPV6_LEAVE_GROUP },
};

/* What a new endpoint sets, of an appliance that connects. */
static const uint8_t endpoint_options[][2] = {
    { IPPROTO_IP, IP_PKTINFO }, { IPPROTO_IP, IP_RECVTOS }, { IPPROTO_IP, IP_RECVTTL },
    { IPPROTO_IP, IP_RECVERR }, { IPPROTO_UDP, 104 /* UDP_GRO */ },
    { IPPROTO_IPV6, IPV6_V6ONLY }, { IPPROTO_IPV6, IPV6_RECVPKTINFO },
    { IPPROTO_IPV6, IPV6_RECVTCLASS }, { IPPROTO_IPV6, IPV6_RECVHOPLIMIT },
    { IPPROTO_IPV6, IPV6_RECVERR },
};

/* ---- The program ------------------------------------------------------------------ */

#define PROGRAM_CAP 512u

struct program {
    struct sock_filter code[PROGRAM_CAP];
    size_t len;
    bool full;
};

static void emit(struct program *p, unsigned code, uint32_t k, size_t jump_true,
                 size_t jump_false)
{
    if (p->len == PROGRAM_CAP) {
        p->full = true;
        return;
    }
    p->code[p->len++] = (struct sock_filter){ (uint16_t)code, (uint8_t)jump_true,
                                              (uint8_t)jump_false, k };
}

static void give(struct program *p, uint32_t action)
{
    emit(p, BPF_RET | BPF_K, action, 0, 0);
}

#define GIVE_ALLOW SECCOMP_RET_ALLOW
#define GIVE_EPERM (SECCOMP_RET_ERRNO | EPERM)
#define GIVE_KILL SECCOMP_RET_KILL_PROCESS

/*
 * The lower half of an argument: the calls below take int, or a set of flags
 * that all lie in it. On both processors it is the first.
 */
static void load_argument(struct program *p, size_t i)
{
    emit(p, BPF_LD | BPF_W | BPF_ABS,
         (uint32_t)(offsetof(struct seccomp_data, args) + i * sizeof(uint64_t)), 0, 0);
}

/* One of these octets pairs in arguments 1 and 2, both of them int: allowed. */
static void options_check(struct program *p, const uint8_t (*options)[2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        load_argument(p, 1);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, options[i][0], 0, 3);
        load_argument(p, 2);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, options[i][1], 0, 1);
        give(p, GIVE_ALLOW);
    }
}

static void any_of(struct program *p, uint32_t a, uint32_t b, uint32_t otherwise)
{
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, a, 2, 0);
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, b, 1, 0);
    give(p, otherwise);
}

/* The body of a call's check; every path through it ends. */
static void check(struct program *p, enum tern_seal_how how, bool connects)
{
    switch (how) {
    case TERN_SEAL_DATA:
        load_argument(p, 2);
        emit(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
        give(p, GIVE_KILL);
        give(p, GIVE_ALLOW);
        break;
    case TERN_SEAL_OWN:
        load_argument(p, 0);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 1, 0);
        give(p, GIVE_EPERM);
        give(p, GIVE_ALLOW);
        break;
    case TERN_SEAL_SEND_AT_2:
    case TERN_SEAL_SEND_AT_3:
        /*
         * A listener that is shut down is a plain socket again, and with
         * MSG_FASTOPEN a send is a connect: the way out that has no name.
         */
        load_argument(p, how == TERN_SEAL_SEND_AT_2 ? 2 : 3);
        emit(p, BPF_JMP | BPF_JSET | BPF_K, MSG_FASTOPEN, 0, 1);
        give(p, GIVE_KILL);
        give(p, GIVE_ALLOW);
        break;
    case TERN_SEAL_SOCKET:
        load_argument(p, 0);
        any_of(p, AF_INET, AF_INET6, GIVE_EPERM);
        load_argument(p, 1);
        emit(p, BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC), 0, 0);
        any_of(p, SOCK_STREAM, SOCK_DGRAM, GIVE_EPERM);
        load_argument(p, 2);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
        any_of(p, IPPROTO_TCP, IPPROTO_UDP, GIVE_EPERM);
        give(p, GIVE_ALLOW);
        break;
    case TERN_SEAL_OPTION:
        options_check(p, socket_options, sizeof socket_options / sizeof socket_options[0]);
        if (connects)
            options_check(p, endpoint_options,
                          sizeof endpoint_options / sizeof endpoint_options[0]);
        give(p, GIVE_EPERM);
        break;
    case TERN_SEAL_KILL:
        give(p, GIVE_KILL);
        break;
    case TERN_SEAL_ALLOW:
    case TERN_SEAL_END:
        give(p, GIVE_ALLOW);
        break;
    }
}

/* The accumulator holds the call's number before each entry. */
static void list_add(struct program *p, const struct tern_seal_call *calls, bool connects)
{
    for (; calls->how != TERN_SEAL_END; calls++) {
        size_t jump = p->len;
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, calls->number, 0, 0);
        check(p, (enum tern_seal_how)calls->how, connects);
        if (!p->full)
            p->code[jump].jf = (uint8_t)(p->len - jump - 1);
    }
}

bool tern_seal_is_watched(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
    return true;
#else
    return false;
#endif
#else
    return false;
#endif
}

enum tern_err tern_seal_calls(const struct tern_seal *seal)
{
    struct program p;

    p.len = 0;
    p.full = false;
    emit(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    emit(&p, BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0);
    give(&p, GIVE_KILL);
    emit(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
#ifdef X32_BIT
    emit(&p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    give(&p, GIVE_KILL);
#endif
    list_add(&p, seal->calls, seal->connects);
    list_add(&p, every_host, seal->connects);
    if (seal->connects && seal->calls == tern_sockets_calls)
        list_add(&p, to_connect, true);
    if (seal->files_fd >= 0)
        list_add(&p, to_read_files, false);
    give(&p, GIVE_EPERM);
    if (p.full)
        return TERN_BUG;
    if (OWN_ARCH == 0)
        return TERN_UNSUPPORTED;

    /*
     * TSYNC: threads that the appliance has started are in it too, though not
     * in Landlock's rules (seal.c warns of them). SPEC_ALLOW:
     * no code of others runs in here from whose speculation memory must be
     * kept, and old kernels would slow every load down for it.
     */
    struct sock_fprog filter = { .len = (unsigned short)p.len, .filter = p.code };
    unsigned flags[] = { SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                         SECCOMP_FILTER_FLAG_TSYNC };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags[i], &filter) == 0)
            return TERN_OK;
    return TERN_UNSUPPORTED;
}
