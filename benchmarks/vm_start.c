/* SPDX-License-Identifier: ISC */
/*
 * A guest's start, measured from outside: QEMU on a pair of datagram sockets,
 * at whose other end a scripted client stands that answers ARP and DHCP, opens
 * one TCP connection and asks for "/".
 *
 *   vm_start count MACHINE MEM IMAGE WORDS [INITRD]
 *       guest instructions from the image's first to the first frame, and to
 *       the frame that begins the answer
 *   vm_start time MACHINE MEM IMAGE WORDS [INITRD]
 *       milliseconds from starting QEMU to each
 *
 * WORDS is the guest's command line; its address is 10.9.0.2 (10.9.0.0/24, or
 * what DHCP here gives). MEM is QEMU's -m.
 *
 * Instructions are counted one by one: QEMU steps singly (-singlestep -d
 * exec,nochain, firmware filtered out) and writes the device's notifications
 * into the same log, so each count stands at the very store that tells the
 * device of the frame. Frames go in only when the guest sleeps. For the time
 * the client asks again every 2 ms until it is answered, so that a guest which
 * has an address, or a port, later than its first frame waits for nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tern/base.h>

enum { NET_FD = 3, LOG_FD = 4, FRAME_MAX = 2048 };
enum { LIMIT_S = 60, QUIET_MS = 200, AGAIN_MS = 2 };

/* The image's text lies here (backends/pvh/tern.ld). */
#define TEXT "0x200000+0x200000"

static const uint8_t our_mac[6] = { 0x02, 0, 0, 0, 0, 1 };
static const uint8_t our_ip[4] = { 10, 9, 0, 1 }, guest_ip[4] = { 10, 9, 0, 2 };
static const uint32_t our_isn = 1000;
static const uint16_t our_port = 40000;
static const char question[] = "GET / HTTP/1.1\r\nHost: 10.9.0.2\r\nConnection: close\r\n\r\n";

struct run {
    pid_t pid;
    int net, log;              /* log: -1 when only time counts */
    double begin_ms;
    unsigned long steps;       /* instructions so far */
    unsigned long notified_at; /* of the last frame sent; 0: none since asked */
    char line[512];
    size_t line_len;
    uint8_t guest_mac[6];
    double again_ms;           /* when the last question is put once more; 0: not */
    void (*again)(struct run *r);
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fail(struct run *r, const char *why)
{
    fprintf(stderr, "vm_start: %s (%lu instructions, at %lu)\n", why, r->steps, r->notified_at);
    if (r->pid > 0) {
        (void)kill(r->pid, SIGKILL);
        (void)waitpid(r->pid, NULL, 0);
    }
    exit(1);
}

/* ---- QEMU ---- */

struct guest {
    const char *machine, *mem, *image, *words, *initrd;    /* initrd: NULL for none */
};

/* As tern boot starts it, but for the network. In the child. */
static void become(int net, int log, const struct guest *guest)
{
    const char *machine = guest->machine;
    bool pci = strcmp(machine, "microvm") != 0;
    const char *args[64] = {
        "qemu-system-x86_64", "-machine", machine, "-accel", "tcg", "-cpu", "max", "-m", guest->mem,
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "null",
        "-device", "isa-debug-exit,iobase=0x501,iosize=1",
        "-global", "virtio-mmio.force-legacy=false",
        "-netdev", "socket,id=net0,fd=3",
        "-device", pci ? "virtio-net-pci,netdev=net0,romfile=,ioeventfd=off"
                       : "virtio-net-device,netdev=net0",
        "-device", pci ? "virtio-rng-pci" : "virtio-rng-device",
        "-kernel", guest->image, "-append", guest->words,
    };
    static const char *const counting[] = {
        "-global", "virtio-mmio.ioeventfd=off", "-singlestep",
        "-d", "exec,nochain,trace:virtio_queue_notify", "-dfilter", TEXT, "-D", "/dev/fd/4",
    };
    size_t n = 0;
    while (args[n] != NULL)
        n++;
    for (size_t i = 0; log >= 0 && i < sizeof counting / sizeof *counting; i++)
        args[n++] = counting[i];
    if (guest->initrd != NULL) {
        args[n++] = "-initrd";
        args[n++] = guest->initrd;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int a = fcntl(net, F_DUPFD, LOG_FD + 1), b = log >= 0 ? fcntl(log, F_DUPFD, LOG_FD + 1) : -1;
    int null = open("/dev/null", O_RDWR);
    if (a < 0 || dup2(a, NET_FD) < 0 || (b >= 0 && dup2(b, LOG_FD) < 0) || null < 0 ||
        dup2(null, 0) < 0)
        _exit(126);
    for (int fd = LOG_FD + (log >= 0); fd < 64; fd++)
        (void)close(fd);
    char *words[64];
    for (size_t i = 0; i <= n; i++)
        words[i] = args[i] != NULL ? strdup(args[i]) : NULL;
    execvp(words[0], words);
    _exit(127);
}

static void start(struct run *r, bool count, const struct guest *guest)
{
    int net[2], log[2] = { -1, -1 };
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, net) != 0 || (count && pipe(log) != 0))
        fail(r, "no sockets");
    if (count)
        (void)fcntl(log[1], F_SETPIPE_SZ, 1 << 20);
    r->begin_ms = now_ms();
    r->pid = fork();
    if (r->pid < 0)
        fail(r, "no process");
    if (r->pid == 0)
        become(net[1], log[1], guest);
    close(net[1]);
    if (count)
        close(log[1]);
    r->net = net[0];
    r->log = log[0];
}

/* ---- The log ---- */

static void log_line(struct run *r, const char *line)
{
    if (strncmp(line, "Trace ", 6) == 0)
        r->steps++;
    else if (strncmp(line, "virtio_queue_notify ", 20) == 0 && strstr(line, " n 1 ") != NULL &&
             r->notified_at == 0)
        r->notified_at = r->steps;    /* queue 1 of a network device sends */
}

static void log_read(struct run *r)
{
    char buf[65536];
    ssize_t n = read(r->log, buf, sizeof buf);
    if (n <= 0)
        fail(r, "QEMU has ended");
    for (ssize_t i = 0; i < n; i++) {
        if (buf[i] != '\n') {
            if (r->line_len < sizeof r->line - 1)
                r->line[r->line_len++] = buf[i];
            continue;
        }
        r->line[r->line_len] = '\0';
        r->line_len = 0;
        log_line(r, r->line);
    }
}

/* Until the guest sleeps: it has not taken a step for a while. */
static void log_quiet(struct run *r)
{
    struct pollfd p = { .fd = r->log, .events = POLLIN };
    while (r->log >= 0 && poll(&p, 1, QUIET_MS) == 1)
        log_read(r);
}

/* Until it is answered, the client's last question is put once more. */
static void frame_wait(struct run *r, void (*again)(struct run *r))
{
    r->again = r->log < 0 ? again : NULL;
    r->again_ms = now_ms() + AGAIN_MS;
}

/* The next frame of the guest, the log being read meanwhile. */
static size_t frame_next(struct run *r, uint8_t *frame)
{
    for (;;) {
        struct pollfd p[2] = { { .fd = r->net, .events = POLLIN },
                               { .fd = r->log, .events = POLLIN } };
        double now = now_ms(), left = r->begin_ms + LIMIT_S * 1e3 - now;
        if (left <= 0)
            fail(r, "the guest has said nothing in time");
        if (r->again != NULL && now >= r->again_ms) {
            r->again(r);
            r->again_ms = now + AGAIN_MS;
        }
        if (r->again != NULL)
            left = r->again_ms - now;
        if (poll(p, 2, (int)left + 1) < 0 && errno != EINTR)
            fail(r, "poll");
        if (p[1].revents != 0)
            log_read(r);
        if (p[0].revents == 0)
            continue;
        ssize_t n = recv(r->net, frame, FRAME_MAX, 0);
        if (n <= 0)
            fail(r, "QEMU has ended");
        return (size_t)n;
    }
}

/* ---- The client ---- */

/* A guest that does not take frames yet loses this one. */
static void frame_send(struct run *r, const uint8_t *frame, size_t len)
{
    r->notified_at = 0;
    if (send(r->net, frame, len, MSG_DONTWAIT) != (ssize_t)len && errno != EAGAIN)
        fail(r, "a frame could not be sent");
}

static size_t eth(const struct run *r, uint8_t *f, uint16_t type)
{
    memcpy(f, r->guest_mac, 6);
    memcpy(f + 6, our_mac, 6);
    tern_store_be16(f + 12, type);
    return 14;
}

static void arp_send(struct run *r, uint16_t op)
{
    uint8_t f[60] = { 0 };
    size_t at = eth(r, f, 0x0806);
    static const uint8_t fixed[6] = { 0, 1, 8, 0, 6, 4 };
    memcpy(f + at, fixed, 6);
    tern_store_be16(f + at + 6, op);
    memcpy(f + at + 8, our_mac, 6);
    memcpy(f + at + 14, our_ip, 4);
    memcpy(f + at + 18, r->guest_mac, 6);
    memcpy(f + at + 24, guest_ip, 4);
    frame_send(r, f, sizeof f);
}

static uint16_t sum(const uint8_t *p, size_t len, uint32_t acc)
{
    for (; len > 1; p += 2, len -= 2)
        acc += tern_load_be16(p);
    if (len != 0)
        acc += (uint32_t)*p << 8;
    while (acc > 0xffff)
        acc = (acc & 0xffff) + (acc >> 16);
    return (uint16_t)~acc;
}

static void tcp_send(struct run *r, uint8_t flags, uint32_t seq, uint32_t ack, const char *data)
{
    uint8_t f[512] = { 0 };
    size_t len = strlen(data), ip = eth(r, f, 0x0800), tcp = ip + 20;
    memcpy(f + tcp + 20, data, len);
    f[ip] = 0x45;
    tern_store_be16(f + ip + 2, (uint16_t)(40 + len));
    f[ip + 8] = 64;
    f[ip + 9] = 6;
    memcpy(f + ip + 12, our_ip, 4);
    memcpy(f + ip + 16, guest_ip, 4);
    tern_store_be16(f + ip + 10, sum(f + ip, 20, 0));
    tern_store_be16(f + tcp, our_port);
    tern_store_be16(f + tcp + 2, 80);
    tern_store_be32(f + tcp + 4, seq);
    tern_store_be32(f + tcp + 8, ack);
    f[tcp + 12] = 5 << 4;
    f[tcp + 13] = flags;
    tern_store_be16(f + tcp + 14, 65535);
    uint32_t pseudo = sum(f + ip + 12, 8, 6 + 20 + (uint32_t)len) ^ 0xffffu;
    tern_store_be16(f + tcp + 16, sum(f + tcp, 20 + len, pseudo));
    size_t total = tcp + 20 + len;
    log_quiet(r);
    frame_send(r, f, total < 60 ? 60 : total);
}

/* ---- DHCP (RFC 2131): whoever asks gets the guest's address ---- */

static void dhcp_answer(struct run *r, const uint8_t *frame, size_t len)
{
    enum { UDP = 34, BOOTP = 42, OPTIONS = BOOTP + 240, WHOLE = BOOTP + 300 };
    uint8_t f[WHOLE] = { 0 }, kind = 0;
    for (size_t i = OPTIONS; i + 2 < len && frame[i] != 255 && kind == 0;
         i += frame[i] == 0 ? 1 : 2 + (size_t)frame[i + 1])
        if (frame[i] == 53)
            kind = frame[i + 2];
    if (kind != 1 && kind != 3)    /* DISCOVER, REQUEST */
        return;
    static const uint8_t head[20] = { 0x45, 0, 1, 72, 0, 0, 0, 0, 64, 17, 0, 0,
                                      10, 9, 0, 1, 255, 255, 255, 255 };
    static const uint8_t ports[8] = { 0, 67, 0, 68, 1, 52, 0, 0 };
    const uint8_t options[] = { 99, 130, 83, 99, 53, 1, kind == 1 ? 2 : 5, 54, 4, 10, 9, 0, 1,
                                51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 255, 0, 3, 4, 10, 9, 0, 1,
                                255 };
    (void)eth(r, f, 0x0800);
    memset(f, 0xff, 6);
    memcpy(f + 14, head, sizeof head);
    tern_store_be16(f + 16, WHOLE - 14);
    tern_store_be16(f + 24, sum(f + 14, 20, 0));
    memcpy(f + UDP, ports, sizeof ports);
    tern_store_be16(f + UDP + 4, WHOLE - UDP);
    f[BOOTP] = 2;
    f[BOOTP + 1] = 1;
    f[BOOTP + 2] = 6;
    memcpy(f + BOOTP + 4, frame + BOOTP + 4, 4);
    memcpy(f + BOOTP + 16, guest_ip, 4);
    memcpy(f + BOOTP + 28, frame + BOOTP + 28, 16);
    memcpy(f + OPTIONS - 4, options, sizeof options);
    frame_send(r, f, sizeof f);
}

/* The next frame; what has an answer at once is answered. */
static size_t frame_heard(struct run *r, uint8_t *frame)
{
    size_t len = frame_next(r, frame);
    memset(frame + len, 0, FRAME_MAX - len);
    memcpy(r->guest_mac, frame + 6, 6);
    uint16_t type = tern_load_be16(frame + 12);
    if (type == 0x0806 && tern_load_be16(frame + 20) == 1 && memcmp(frame + 38, our_ip, 4) == 0)
        arp_send(r, 2);
    else if (type == 0x0800 && frame[23] == 17 && tern_load_be16(frame + 36) == 67)
        dhcp_answer(r, frame, len);
    return len;
}

/* ---- What is asked ---- */

static uint32_t guest_next;    /* the guest's next sequence number */

static void ask_arp(struct run *r)
{
    arp_send(r, 1);
}

static void ask_syn(struct run *r)
{
    tcp_send(r, 0x02, our_isn, 0, "");
}

static void ask_page(struct run *r)
{
    tcp_send(r, 0x18, our_isn + 1, guest_next, question);
}

/* Until the guest owns its address, and so has met us: it need not ask in between. */
static void meet(struct run *r, uint8_t *frame)
{
    log_quiet(r);
    ask_arp(r);
    frame_wait(r, ask_arp);
    size_t len;
    do
        len = frame_heard(r, frame);
    while (len < 42 || tern_load_be16(frame + 12) != 0x0806 || tern_load_be16(frame + 20) != 2 ||
           memcmp(frame + 28, guest_ip, 4) != 0);
    frame_wait(r, NULL);
}

/* A TCP segment of our connection with this flag, or (0) with data. A reset is
   of a port that is not open yet: when time counts, we ask again. */
static const uint8_t *segment(struct run *r, uint8_t *frame, uint8_t flag, size_t *data_len)
{
    for (;;) {
        size_t len = frame_heard(r, frame);
        if (len < 54 || tern_load_be16(frame + 12) != 0x0800 || frame[23] != 6)
            continue;
        uint8_t *tcp = frame + 34;
        size_t whole = tern_load_be16(frame + 16), header = 20 + (size_t)(tcp[12] >> 4) * 4;
        if (tern_load_be16(tcp + 2) != our_port || whole < header || 14 + whole > len)
            continue;
        *data_len = whole - header;
        if ((tcp[13] & 4) != 0 && (r->log >= 0 || flag == 0))
            fail(r, "the guest resets the connection");
        if ((tcp[13] & 4) == 0 &&
            ((flag == 0 && *data_len != 0) || (tcp[13] & flag) != 0)) {
            frame_wait(r, NULL);
            return tcp;
        }
    }
}

static unsigned long noted(struct run *r)
{
    if (r->log < 0)
        return (unsigned long)((now_ms() - r->begin_ms) * 100);    /* hundredths of a ms */
    log_quiet(r);
    if (r->notified_at == 0)
        fail(r, "a frame that the device was not told of");
    return r->notified_at;
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 7 || (strcmp(argv[1], "count") != 0 && strcmp(argv[1], "time") != 0)) {
        fputs("usage: vm_start count|time MACHINE MEM IMAGE WORDS [INITRD]\n", stderr);
        return 2;
    }
    bool count = strcmp(argv[1], "count") == 0;
    struct guest guest = { .machine = argv[2], .mem = argv[3], .image = argv[4],
                           .words = argv[5], .initrd = argv[6] };
    struct run r = { .pid = 0 };
    uint8_t frame[FRAME_MAX];
    size_t len;
    start(&r, count, &guest);
    (void)frame_heard(&r, frame);
    unsigned long first = noted(&r);

    meet(&r, frame);
    ask_syn(&r);
    frame_wait(&r, ask_syn);
    const uint8_t *tcp = segment(&r, frame, 0x02, &len);
    guest_next = tern_load_be32(tcp + 4) + 1;
    ask_page(&r);
    tcp = segment(&r, frame, 0, &len);
    const char *text = (const char *)tcp + (size_t)(tcp[12] >> 4) * 4;
    if (len < 12 || memcmp(text, "HTTP/1.", 7) != 0 || memcmp(text + 8, " 200", 4) != 0)
        fail(&r, "the answer is not 200");
    unsigned long answer = noted(&r);

    (void)kill(r.pid, SIGKILL);
    (void)waitpid(r.pid, NULL, 0);
    if (count)
        printf("%lu %lu\n", first, answer);
    else
        printf("%.2f %.2f\n", (double)first / 100, (double)answer / 100);
    return 0;
}
