/* SPDX-License-Identifier: ISC */
/*
 * An appliance that turns on its host: started with try=NAME it does, once the
 * process is sealed, what that name says, and tells what came of it on standard
 * output. What kills it the shell that started it sees.
 *
 *     listen=ADDR:PORT  where it listens        connects=yes  in the descriptor
 *     file=FILE         for attempts on files   folder=DIR    reads files beneath it
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/openat2.h>
#include <tern/unix.h>

#ifndef SYS_newfstatat
#define SYS_newfstatat SYS_fstatat64    /* its name on processors of 32 bits */
#endif

static struct tern_host *the_host;
static struct tern_listener *the_listener;
static struct tern_endpoint_addr listens_at;
static struct tern_timer timer;
static char secret[] = "a secret";

static const char *option(const char *key)
{
    const char *value = tern_host_option(the_host, key);
    return value != NULL ? value : "";
}

static long call(long number, long a, long b, long c, long d, long e)
{
    return syscall(number, a, b, c, d, e);
}

/* ---- Attempts: each returns what its call did, errno with it --------------------- */

static long try_open(void) { return open(option("file"), O_RDONLY); }
static long try_open_write(void) { return open(option("file"), O_WRONLY); }
static long try_create(void) { return creat("/tmp/tern-sealed-created", 0600); }
static long try_unlink(void) { return unlink(option("file")); }
static long try_stat(void)
{
    struct stat st;
    return stat(option("file"), &st);
}
/* A path in spite of AT_EMPTY_PATH, which only allows that there is none. */
static long try_stat_empty(void)
{
    struct stat st;
    return call(SYS_newfstatat, AT_FDCWD, (long)(uintptr_t)option("file"), (long)(uintptr_t)&st,
                AT_EMPTY_PATH, 0);
}
static long try_readlink(void)
{
    char text[64];
    return readlinkat(AT_FDCWD, "/proc/self/exe", text, sizeof text) > 0 ? 0 : -1;
}
static long try_openat2(void)
{
    struct open_how how = { .flags = O_RDONLY };
    return call(SYS_openat2, AT_FDCWD, (long)(uintptr_t)option("file"), (long)(uintptr_t)&how,
                sizeof how, 0);
}
static long try_openat2_write(void)
{
    struct open_how how = { .flags = O_WRONLY };
    return call(SYS_openat2, AT_FDCWD, (long)(uintptr_t)option("file"), (long)(uintptr_t)&how,
                sizeof how, 0);
}
static long try_openat2_etc(void)
{
    struct open_how how = { .flags = O_RDONLY };
    return call(SYS_openat2, AT_FDCWD, (long)(uintptr_t) "/etc/passwd", (long)(uintptr_t)&how,
                sizeof how, 0);
}
/*
 * The same by a thread that was there before the seal, which therefore binds it
 * only in part.
 */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool asked, answered;
    long result;
    int number;
} thread = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
static void *thread_run(void *nothing)
{
    (void)pthread_mutex_lock(&thread.lock);
    while (!thread.asked)
        (void)pthread_cond_wait(&thread.changed, &thread.lock);
    thread.result = try_openat2_etc();
    thread.number = errno;
    thread.answered = true;
    (void)pthread_cond_broadcast(&thread.changed);
    (void)pthread_mutex_unlock(&thread.lock);
    return nothing;
}
static long try_thread(void)
{
    (void)pthread_mutex_lock(&thread.lock);
    thread.asked = true;
    (void)pthread_cond_broadcast(&thread.changed);
    while (!thread.answered)
        (void)pthread_cond_wait(&thread.changed, &thread.lock);
    (void)pthread_mutex_unlock(&thread.lock);
    errno = thread.number;
    return thread.result;
}
static long try_chmod(void) { return chmod(option("file"), 0666); }
static long try_exec(void)
{
    char *argv[] = { (char[]){ "true" }, NULL }, *envp[] = { NULL };
    return execve("/bin/true", argv, envp);
}
static long try_execveat(void)
{
    return call(SYS_execveat, -1, (long)(uintptr_t) "/bin/true", 0, 0, 0);
}
static long try_fork(void)
{
    long pid = fork();
    if (pid == 0)
        _exit(0);
    return pid;
}
static long try_clone3(void) { return call(SYS_clone3, 0, 0, 0, 0, 0); }
static long try_ptrace(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL); }
static long try_vm_read(void)
{
    struct iovec local = { secret, sizeof secret }, remote = { secret, sizeof secret };
    return process_vm_readv(getppid(), &local, 1, &remote, 1, 0);
}
static long try_kill(void) { return kill(getppid(), 0); }
static long try_tgkill(void) { return call(SYS_tgkill, getppid(), getppid(), 0, 0, 0); }
static long try_tcp(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static long try_udp(void) { return socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP); }
static long try_unix(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }
static long try_netlink(void) { return socket(AF_NETLINK, SOCK_RAW, 0); }
static long try_raw(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static long try_sctp(void) { return socket(AF_INET, SOCK_STREAM, 132); }
static long try_connect(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(listens_at.port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd < 0 ? 0 : fd, (struct sockaddr *)&to, sizeof to);
}
static int listening_fd(void)
{
    int listens = 0, fd = 2;
    socklen_t len = sizeof listens;
    while (listens == 0 && ++fd < 64)
        (void)getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len);
    return fd;
}
/* A listener that is shut down is a plain socket, and this send would connect it. */
static long try_fast_open(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(listens_at.port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = listening_fd();
    (void)shutdown(fd, SHUT_RDWR);
    return sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to);
}
static long try_listen(void) { return listen(listening_fd(), 1); }
static long try_bind_listen(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? fd : listen(fd, 1);
}
static long try_ebpf_on_socket(void)
{
    int zero = 0;
    return setsockopt(listening_fd(), SOL_SOCKET, SO_ATTACH_BPF, &zero, sizeof zero);
}
static long try_tern_listen(void)
{
    enum tern_err err = tern_listen(the_host, 0, NULL, NULL);
    if (err == TERN_INVALID) {
        struct tern_listen at = { .backlog = 1 };
        err = tern_listen_at(the_host, &at, (tern_accept_fn *)(uintptr_t)try_open, NULL, NULL);
    }
    errno = err == TERN_REFUSED ? ECONNREFUSED : EINVAL;
    return err == TERN_OK ? 0 : -1;
}
static long try_tern_connect(void)
{
    static const struct tern_stream_events none = { .data = NULL };
    struct tern_endpoint_addr peer = listens_at;
    struct tern_stream *s;
    (void)tern_addr_parse("127.0.0.1", 9, &peer.addr);
    enum tern_err err = tern_connect(the_host, &peer, &none, NULL, &s);
    errno = err == TERN_REFUSED ? ECONNREFUSED : EINVAL;
    return err == TERN_OK ? 0 : -1;
}
static long try_tern_endpoint(void)
{
    static const struct tern_endpoint_events none = { .received = NULL };
    struct tern_endpoint_addr any = { .port = 0 };
    struct tern_endpoint *ep;
    enum tern_err err = tern_endpoint_open(the_host, &any, &none, NULL, &ep);
    errno = err == TERN_REFUSED ? ECONNREFUSED : EINVAL;
    return err == TERN_OK ? 0 : -1;
}
static long page(int protection)
{
    void *at = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? -1 : (long)(uintptr_t)at;
}
static long try_mmap_exec(void) { return page(PROT_READ | PROT_WRITE | PROT_EXEC) > 0 ? 0 : -1; }
static long try_mprotect_exec(void)
{
    long at = page(PROT_READ | PROT_WRITE);
    return at < 0 ? at : mprotect((void *)(uintptr_t)at, 4096, PROT_READ | PROT_EXEC);
}
static long try_text_write(void)
{
    uintptr_t at = (uintptr_t)try_open & ~(uintptr_t)4095;
    return mprotect((void *)at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}
static long try_memfd(void) { return memfd_create("x", 0); }
static long try_io_uring(void) { return call(SYS_io_uring_setup, 1, 0, 0, 0, 0); }
static long try_bpf(void) { return call(SYS_bpf, 0, 0, 0, 0, 0); }
static long try_prctl(void) { return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }
static long try_ioctl(void) { return ioctl(1, TIOCSTI, "x"); }
static long try_setuid(void) { return setuid(0); }
static long try_chroot(void) { return chroot("/"); }
static long try_mount(void) { return call(SYS_mount, 0, 0, 0, 0, 0); }
static long try_personality(void) { return call(SYS_personality, 0x0400000, 0, 0, 0, 0); }
static long try_setrlimit(void) { return call(SYS_prlimit64, 0, 7, 0, 0, 0); }
static long try_pipe(void)
{
    int fds[2];
    return pipe(fds);
}
static long try_inotify(void) { return call(SYS_inotify_init1, 0, 0, 0, 0, 0); }
static long try_unknown(void) { return call(1000000, 0, 0, 0, 0, 0); }
#ifdef __x86_64__
static long try_x32(void) { return call(0x40000000 | 39, 0, 0, 0, 0, 0); }
/* getpid by the i386 gate: another architecture, whose numbers mean other calls. */
static long try_i386(void)
{
    long result = 20;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    errno = result < 0 ? (int)-result : 0;
    return result < 0 ? -1 : result;
}
#endif

/* ---- What must go on working ------------------------------------------------------ */

static long try_memory(void)
{
    uint8_t *small = malloc(100), *large = malloc(8u << 20);
    if (small == NULL || large == NULL)
        return -1;
    memset(large, 1, 8u << 20);
    uint8_t *larger = realloc(large, 64u << 20);
    if (larger == NULL)
        return -1;
    memset(larger, 2, 64u << 20);
    free(larger);
    free(small);
    return 0;
}
static long try_time(void)
{
    struct timespec t;
    long fail = 0;
    /* By the kernel's own, as where no clock can be read without a call. */
    fail |= call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)(uintptr_t)&t, 0, 0, 0);
    fail |= call(SYS_clock_gettime, CLOCK_REALTIME, (long)(uintptr_t)&t, 0, 0, 0);
    time_t second = 86400;
    struct tm tm;
    char text[32];
    if (gmtime_r(&second, &tm) == NULL || strftime(text, sizeof text, "%d/%b/%Y", &tm) == 0 ||
        strcmp(text, "02/Jan/1970") != 0)
        fail = -1;
    return fail;
}
static long try_random(void)
{
    uint8_t octets[64];
    fflush(stdout);
    return call(SYS_getrandom, (long)(uintptr_t)octets, sizeof octets, 0, 0, 0) == 64 ? 0 : -1;
}
static long try_printf(void) { return fprintf(stderr, "%s\n", "printed") > 0 ? 0 : -1; }
static long try_abort(void)
{
    abort();
}

static const struct {
    const char *name;
    long (*attempt)(void);
} attempts[] = {
    { "open", try_open }, { "open-write", try_open_write }, { "create", try_create },
    { "unlink", try_unlink }, { "stat", try_stat },
    { "stat-empty", try_stat_empty }, { "chmod", try_chmod }, { "thread", try_thread },
    { "readlink", try_readlink }, { "openat2", try_openat2 },
    { "openat2-write", try_openat2_write }, { "openat2-etc", try_openat2_etc },
    { "exec", try_exec }, { "execveat", try_execveat },
    { "fork", try_fork }, { "clone3", try_clone3 }, { "ptrace", try_ptrace },
    { "vm-read", try_vm_read }, { "kill", try_kill }, { "tgkill", try_tgkill },
    { "tcp", try_tcp }, { "udp", try_udp }, { "unix", try_unix }, { "netlink", try_netlink },
    { "raw", try_raw }, { "sctp", try_sctp }, { "connect", try_connect },
    { "fast-open", try_fast_open }, { "listen", try_listen }, { "bind-listen", try_bind_listen },
    { "ebpf-on-socket", try_ebpf_on_socket }, { "tern-listen", try_tern_listen },
    { "tern-connect", try_tern_connect }, { "tern-endpoint", try_tern_endpoint },
    { "mmap-exec", try_mmap_exec }, { "mprotect-exec", try_mprotect_exec },
    { "text-write", try_text_write }, { "memfd", try_memfd }, { "io-uring", try_io_uring },
    { "bpf", try_bpf }, { "prctl", try_prctl }, { "ioctl", try_ioctl },
    { "setuid", try_setuid }, { "chroot", try_chroot }, { "mount", try_mount },
    { "personality", try_personality }, { "setrlimit", try_setrlimit }, { "pipe", try_pipe },
    { "inotify", try_inotify }, { "unknown", try_unknown },
#ifdef __x86_64__
    { "x32", try_x32 }, { "i386", try_i386 },
#endif
    { "memory", try_memory }, { "time", try_time }, { "random", try_random },
    { "printf", try_printf }, { "abort", try_abort },
};

static void report(const char *name, long result)
{
    char line[128];
    int n = result < 0 ? snprintf(line, sizeof line, "%s: %s\n", name, strerrorname_np(errno))
                       : snprintf(line, sizeof line, "%s: done\n", name);
    if (write(STDOUT_FILENO, line, (size_t)n) != n)
        _exit(99);
}

/* A timer's turn: the loop runs, so the process is sealed. */
static void fire(struct tern_timer *t, uint64_t now_ns)
{
    const char *name = option("try");

    (void)t;
    (void)now_ns;
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++)
        if (strcmp(attempts[i].name, name) == 0) {
            errno = 0;
            report(name, attempts[i].attempt());
            tern_host_drained(the_host, 0);
            return;
        }
    tern_host_drained(the_host, 98);
}

static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    return tern_stream_write(s, data, len);
}

static const struct tern_stream_events echo = { .data = echo_data };

static void accept_echo(void *app, struct tern_stream *s)
{
    tern_stream_attach(s, &echo, app);
}

static int start(struct tern_host *host)
{
    struct tern_listen at = { .backlog = 0 };
    const char *where;

    the_host = host;
    where = option("listen");
    if (tern_endpoint_addr_parse(where, strlen(where), &at.local) != TERN_OK)
        return TERN_INVALID;
    enum tern_err err = tern_listen_at(host, &at, accept_echo, NULL, &the_listener);
    if (err != TERN_OK)
        return (int)err;
    tern_listener_local(the_listener, &listens_at);
    if (option("folder")[0] != '\0')
        tern_unix_reads_files(host, open(option("folder"), O_PATH | O_DIRECTORY | O_CLOEXEC));
    pthread_t id;
    if (strcmp(option("try"), "thread") == 0 && pthread_create(&id, NULL, thread_run, NULL) != 0)
        return TERN_FULL;
    if (option("try")[0] != '\0') {
        timer.fire = fire;
        tern_timer_set(host->turn, &timer, host->turn->now_ns + 1);
    }
    return TERN_OK;
}

int main(int argc, char **argv)
{
    static const struct tern_option options[] = {
        { .key = "listen", .value_name = "ADDR:PORT", .fallback = "127.0.0.1:0" },
        { .key = "try", .value_name = "NAME" },
        { .key = "file", .value_name = "FILE" },
        { .key = "folder", .value_name = "DIR" },
        { .key = "connects", .value_name = "yes" },
        { .key = NULL },
    };
    struct tern_appliance appliance = { .size = sizeof appliance, .name = "sealed",
                                        .connections = 16, .options = options };
    for (int i = 1; i < argc; i++)
        appliance.connects |= strcmp(argv[i], "connects=yes") == 0;
    return tern_unix_main(&appliance, start, NULL, argc, argv);
}
