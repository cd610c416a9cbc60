/* SPDX-License-Identifier: ISC */
/*
 * Runs QEMU and minds it: shows the guest's console, presses its power button
 * when a signal asks for the end, kills it when it does not end in time, and
 * tells how it ended.
 *
 * QEMU starts with the guest halted and is told to go on once its monitor (QMP
 * over a socket pair) answers: what it says with its exit status before that is
 * QEMU's own, after it the guest's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"

enum { QMP_FD = 3 };    /* in QEMU */
enum { CONSOLE_ROUND = 4096 };    /* PIPE_BUF: a pipe that polls writable takes so much */

/*
 * What asks again so soon is the same wish: timeout(1) signals its child, and
 * then the group that the child is in.
 */
enum { SAME_WISH_MS = 100 };

/*
 * The button of pc and q35 does nothing before the guest has enabled it, and
 * nobody tells: it is pressed again until the guest ends.
 */
enum { PRESS_AGAIN_MS = 500 };

struct machine {
    const struct boot *boot;
    pid_t pid;
    int console, qmp, signals;    /* ours; -1: closed */
    char line[4096];              /* of QMP, not yet whole */
    size_t line_len;
    unsigned n_returns;
    bool running;                 /* the guest was told to go on */
    bool powering_down, killed;
    long asked_at_ms, press_at_ms, kill_at_ms;
    char held[CONSOLE_ROUND];     /* of the console, not yet shown */
    size_t held_off, held_len;
    char reason[40];              /* of QMP's SHUTDOWN event */
    int status;
    bool ended;
};

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- Starting -------------------------------------------------------------- */

static void nic_add(struct work_words *args, bool pci, size_t number, const char *mac)
{
    work_word(args, "-device");
    work_wordf(args, "virtio-net-%s,netdev=net%zu%s%s%s", pci ? "pci" : "device", number,
               pci ? ",romfile=" : "", mac != NULL ? ",mac=" : "", mac != NULL ? mac : "");
}

static void arguments(const struct boot *boot, struct work_words *args)
{
    bool pci = strcmp(boot->machine, "microvm") != 0;
    static const char *const fixed[] = {
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-S",
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
        "-device", "isa-debug-exit,iobase=" BOOT_EXIT_PORT ",iosize=1",
        "-global", "virtio-mmio.force-legacy=false",
        "-global", "fw_cfg_io.dma_enabled=off",    /* else two `out` write the guest's memory */
    };
    work_word(args, boot->qemu);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        work_word(args, fixed[i]);
    work_word(args, "-chardev");
    work_wordf(args, "socket,id=qmp,fd=%d", QMP_FD);
    work_word(args, "-mon");
    work_word(args, "chardev=qmp,mode=control");
    work_word(args, "-machine");
    work_word(args, boot->machine);
    work_word(args, "-accel");
    work_word(args, boot->accel);
    work_word(args, "-cpu");
    work_word(args, boot_accel_cpu(boot->accel));
    work_word(args, "-m");
    work_word(args, boot->mem);

    char *net = boot->tap != NULL
                    ? work_format("tap,id=net0,ifname=%s,script=no,downscript=no", boot->tap)
                    : work_format("user,id=net0");
    for (size_t i = 0; i < boot->publish.n; i++) {
        char *more = work_format("%s,hostfwd=%s", net, boot->publish.word[i]);
        free(net);
        net = more;
    }
    work_word(args, "-netdev");
    work_word(args, net);
    free(net);
    const char *mac = boot->mac;
    if (mac == NULL && boot->nics.n > 0)
        mac = BOOT_MAC_DEFAULT;
    nic_add(args, pci, 0, mac);
    for (size_t i = 0; i < boot->nics.n; i++) {
        work_word(args, "-netdev");
        work_wordf(args, "user,id=net%zu", i + 1);
        nic_add(args, pci, i + 1, boot->nics.word[i]);
    }
    work_word(args, "-device");
    work_word(args, pci ? "virtio-rng-pci" : "virtio-rng-device");

    /* Which of several comes first on the bus is the machine's affair. */
    bool named = boot->nics.n == 0;
    for (size_t i = 0; i < boot->words.n; i++)
        named |= strncmp(boot->words.word[i], "nic=", 4) == 0;
    char *line = named ? work_format("tern.exit=" BOOT_EXIT_PORT)
                       : work_format("tern.exit=" BOOT_EXIT_PORT " nic=%s", mac);
    for (size_t i = 0; i < boot->words.n; i++) {
        char *more = work_format("%s %s", line, boot->words.word[i]);
        free(line);
        line = more;
    }
    work_word(args, "-kernel");
    work_word(args, boot->image);
    if (boot->initrd != NULL) {
        work_word(args, "-initrd");
        work_word(args, boot->initrd);
    }
    work_word(args, "-append");
    work_word(args, line);
    free(line);
}

/* In the child. Its own group: the terminal's Ctrl-C is for us alone. */
static void become(const struct work_words *args, int console, int qmp, pid_t parent)
{
    char **argv = work_alloc((args->n + 1) * sizeof *argv);
    for (size_t i = 0; i < args->n; i++)
        argv[i] = work_format("%s", args->word[i]);
    sigset_t none;
    sigemptyset(&none);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    (void)setpgid(0, 0);
    int null = open("/dev/null", O_RDONLY);
    int q = fcntl(qmp, F_DUPFD, QMP_FD + 1);
    int c = fcntl(console, F_DUPFD, QMP_FD + 1);
    if (null < 0 || q < 0 || c < 0 || dup2(null, 0) < 0 || dup2(c, 1) < 0 ||
        dup2(q, QMP_FD) < 0)
        _exit(126);
    for (int fd = QMP_FD + 1; fd < 64; fd++)
        (void)close(fd);
    sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], argv);
    _exit(errno == ENOENT ? WORK_NOT_FOUND : 126);
}

static bool start(struct machine *m)
{
    int console[2], qmp[2];
    struct work_words args = { 0 };
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGHUP);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    (void)signal(SIGPIPE, SIG_IGN);    /* console_write sees it */
    m->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (m->signals < 0 || pipe2(console, O_CLOEXEC) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp) != 0) {
        fprintf(stderr, "tern boot: %s\n", strerror(errno));
        return false;
    }
    arguments(m->boot, &args);
    pid_t parent = getpid();
    m->pid = fork();
    if (m->pid == 0)
        become(&args, console[1], qmp[1], parent);
    close(console[1]);
    close(qmp[1]);
    m->console = console[0];
    m->qmp = qmp[0];
    (void)fcntl(m->console, F_SETFL, O_NONBLOCK);
    (void)fcntl(m->qmp, F_SETFL, O_NONBLOCK);
    if (m->pid > 0)
        return true;
    fprintf(stderr, "tern boot: %s\n", strerror(errno));
    return false;
}

static void end_by_force(struct machine *m, const char *why)
{
    if (m->killed)
        return;
    fprintf(stderr, "tern boot: %s: the guest is killed\n", why);
    m->killed = true;
    (void)kill(m->pid, SIGKILL);
}

/* ---- Its monitor ------------------------------------------------------------- */

static void qmp_send(struct machine *m, const char *command)
{
    char *text = work_format("{\"execute\": \"%s\"}\n", command);
    if (m->qmp >= 0)
        (void)!send(m->qmp, text, strlen(text), MSG_NOSIGNAL);
    free(text);
}

/* Greeting, answer, answer; then events. */
static void qmp_line(struct machine *m, const char *line)
{
    if (strstr(line, "\"QMP\"") != NULL) {
        qmp_send(m, "qmp_capabilities");
    } else if (strstr(line, "\"return\"") != NULL) {
        if (m->n_returns++ == 0) {
            m->running = true;
            qmp_send(m, "cont");    /* the end may have been asked for already */
            m->press_at_ms = now_ms();
        }
    } else if (strstr(line, "\"STOP\"") != NULL) {
        /* Nobody asked for it: this is how QEMU gives up, and then it sits there. */
        end_by_force(m, "QEMU has stopped the guest, which it cannot go on with");
    } else if (strstr(line, "\"SHUTDOWN\"") != NULL) {
        const char *reason = strstr(line, "\"reason\": \"");
        if (reason != NULL)
            (void)sscanf(reason + 11, "%39[^\"]", m->reason);
    }
}

static void qmp_read(struct machine *m)
{
    ssize_t n = read(m->qmp, m->line + m->line_len, sizeof m->line - 1 - m->line_len);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close(m->qmp);
        m->qmp = -1;
    }
    if (n <= 0)
        return;
    m->line_len += (size_t)n;
    m->line[m->line_len] = '\0';
    char *line = m->line, *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        qmp_line(m, line);
        line = end + 1;
    }
    m->line_len = strlen(line);
    memmove(m->line, line, m->line_len + 1);
    if (m->line_len == sizeof m->line - 1)    /* longer than anything we wait for */
        m->line_len = 0;
}

/* ---- Minding it ----------------------------------------------------------------- */

/*
 * The guest's console, octet for octet, to ours. A terminal that is held up, or a
 * pipe that nobody reads, holds up the console and nothing else: what is not
 * shown yet is held, and no more is read.
 */
static void console_read(struct machine *m)
{
    ssize_t n = read(m->console, m->held, sizeof m->held);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close(m->console);
        m->console = -1;
    }
    m->held_off = 0;
    m->held_len = n > 0 ? (size_t)n : 0;
}

static void console_write(struct machine *m)
{
    ssize_t n = write(STDOUT_FILENO, m->held + m->held_off, m->held_len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)    /* nobody looks: the guest goes on */
        n = (ssize_t)m->held_len;
    m->held_off += (size_t)n;
    m->held_len -= (size_t)n;
}

static struct pollfd console_poll(const struct machine *m)
{
    if (m->held_len > 0)
        return (struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT };
    return (struct pollfd){ .fd = m->console, .events = POLLIN };
}

static void console_move(struct machine *m)
{
    if (m->held_len > 0)
        console_write(m);
    else
        console_read(m);
}

/* What the guest said last. Whoever does not want to see it presses Ctrl-C again. */
static void console_end(struct machine *m)
{
    struct signalfd_siginfo info = { .ssi_signo = SIGCHLD };
    while (m->console >= 0 || m->held_len > 0) {
        struct pollfd fds[2] = { console_poll(m), { .fd = m->signals, .events = POLLIN } };
        if (poll(fds, 2, m->held_len > 0 && !m->killed ? -1 : 0) <= 0)
            return;
        if (fds[0].revents != 0)
            console_move(m);
        if (read(m->signals, &info, sizeof info) > 0 && info.ssi_signo != SIGCHLD)
            return;
    }
}

/* Signals: the first asks the guest, the second does not ask. */
static void signal_read(struct machine *m)
{
    struct signalfd_siginfo info;
    while (read(m->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            if (waitpid(m->pid, &m->status, WNOHANG) == m->pid)
                m->ended = true;
        } else if (m->powering_down) {
            if (now_ms() - m->asked_at_ms >= SAME_WISH_MS)
                end_by_force(m, "asked twice");
        } else {
            m->powering_down = true;
            m->asked_at_ms = now_ms();
            m->press_at_ms = m->asked_at_ms;
            m->kill_at_ms = m->asked_at_ms + (long)m->boot->drain_s * 1000;
            fprintf(stderr, "tern boot: asking the guest to end, for %u s; "
                            "again (Ctrl-C) kills it\n", m->boot->drain_s);
        }
    }
}

/* What is due of an end that was asked for. Returns the time until the next, in ms. */
static int end_go_on(struct machine *m)
{
    long now = now_ms(), next = m->kill_at_ms;
    if (!m->powering_down || m->killed)
        return -1;
    if (now >= m->kill_at_ms) {
        end_by_force(m, "it has not ended in time");
        return -1;
    }
    if (m->running) {
        if (now >= m->press_at_ms) {
            qmp_send(m, "system_powerdown");
            m->press_at_ms = now + PRESS_AGAIN_MS;
        }
        if (m->press_at_ms < next)
            next = m->press_at_ms;
    }
    return next - now < 60000 ? (int)(next - now) : 60000;
}

static void mind(struct machine *m)
{
    while (!m->ended) {
        struct pollfd fds[3] = {
            { .fd = m->signals, .events = POLLIN },
            { .fd = m->qmp, .events = POLLIN },
            console_poll(m),
        };
        if (poll(fds, 3, end_go_on(m)) < 0)
            continue;
        if (fds[2].revents != 0)
            console_move(m);
        if (fds[1].revents != 0)
            qmp_read(m);
        if (fds[0].revents != 0)
            signal_read(m);
    }
    console_end(m);
    while (m->qmp >= 0) {
        struct pollfd p = { .fd = m->qmp, .events = POLLIN };
        if (poll(&p, 1, 0) != 1)
            break;
        qmp_read(m);
    }
}

/* ---- How it ended ------------------------------------------------------------------ */

int boot_qemu_missing(const char *qemu)
{
    fprintf(stderr, "tern boot: there is no '%s': Debian has it in the package qemu-system-x86\n",
            qemu);
    return 1;
}

static int verdict(const struct machine *m)
{
    if (WIFEXITED(m->status)) {
        int rc = WEXITSTATUS(m->status);
        if (!m->running) {
            if (rc == WORK_NOT_FOUND)
                return boot_qemu_missing(m->boot->qemu);
            fprintf(stderr, "tern boot: QEMU did not start the guest (status %d)\n", rc);
            return BOOT_OTHER_END;
        }
        if (rc % 2 == 1)    /* isa-debug-exit: 2n + 1 */
            return (rc - 1) / 2;
        if (strcmp(m->reason, "guest-shutdown") == 0)
            fputs("tern boot: the guest powered off without a status\n", stderr);
        else if (strcmp(m->reason, "guest-reset") == 0)
            fputs("tern boot: the guest reset itself, or met a triple fault\n", stderr);
        else
            fprintf(stderr, "tern boot: QEMU ended with status %d%s%s\n", rc,
                    m->reason[0] != '\0' ? ": " : "", m->reason);
    } else if (!m->killed) {
        fprintf(stderr, "tern boot: QEMU was ended by signal %d\n", WTERMSIG(m->status));
    }
    return BOOT_OTHER_END;
}

int boot_qemu_run(const struct boot *boot)
{
    struct machine m = { .boot = boot, .console = -1, .qmp = -1, .signals = -1 };
    if (!start(&m))
        return BOOT_OTHER_END;
    mind(&m);
    return verdict(&m);
}
