/* SPDX-License-Identifier: ISC */
/*
 * How long a guest of Xen takes to answer, measured in dom0 beside it:
 *
 *   vm_ready SECONDS INTERFACE ADDRESS NAME COMMAND...
 *
 * runs COMMAND, which makes the domain NAME and leaves it paused, and lets it
 * run by the hypercall itself: xl would take longer than some guests. Then it asks
 * on INTERFACE for ADDRESS by ARP, then for "/" on port 80, each again after a few
 * milliseconds, so that no timer of this kernel's ARP or TCP is in the figure.
 * Prints milliseconds to the first octets of an answer of status 200, of COMMAND
 * and the guest together and then of the guest alone; status 1 if none comes in
 * time. Linked statically: dom0 has little else.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { AGAIN_MS = 5, ANSWER_MS = 2000 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct wire {
    int fd;
    struct sockaddr_ll to;
    uint8_t question[42];
    struct in_addr guest;
};

static bool wire_open(struct wire *w, const char *interface, const char *address)
{
    struct ifreq req = { .ifr_ifindex = 0 };
    if (strlen(interface) >= sizeof req.ifr_name || inet_pton(AF_INET, address, &w->guest) != 1)
        return false;
    strcpy(req.ifr_name, interface);
    w->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ARP));
    if (w->fd < 0 || ioctl(w->fd, SIOCGIFINDEX, &req) != 0)
        return false;
    w->to = (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP),
                                  .sll_ifindex = req.ifr_ifindex };
    static const uint8_t head[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };
    memset(w->question, 0xff, 6);
    memcpy(w->question + 12, head, sizeof head);
    if (ioctl(w->fd, SIOCGIFHWADDR, &req) != 0)
        return false;
    memcpy(w->question + 6, req.ifr_hwaddr.sa_data, 6);
    memcpy(w->question + 22, req.ifr_hwaddr.sa_data, 6);
    if (ioctl(w->fd, SIOCGIFADDR, &req) != 0)
        return false;
    struct sockaddr_in own;
    memcpy(&own, &req.ifr_addr, sizeof own);
    memcpy(w->question + 28, &own.sin_addr, 4);
    memcpy(w->question + 38, &w->guest, 4);
    return bind(w->fd, (struct sockaddr *)&w->to, sizeof w->to) == 0;
}

/* Asks, and waits a little for the guest to say that the address is its own. */
static bool owns_address(const struct wire *w)
{
    uint8_t frame[128];
    (void)sendto(w->fd, w->question, sizeof w->question, 0, (const struct sockaddr *)&w->to,
                 sizeof w->to);
    struct pollfd p = { .fd = w->fd, .events = POLLIN };
    if (poll(&p, 1, AGAIN_MS) != 1)
        return false;
    ssize_t n;
    while ((n = recv(w->fd, frame, sizeof frame, 0)) > 0)
        if (n >= 42 && frame[21] == 2 && memcmp(frame + 28, &w->guest, 4) == 0)
            return true;
    return false;
}

static bool answers(const struct wire *w)
{
    static const char question[] = "GET / HTTP/1.1\r\nHost: guest\r\nConnection: close\r\n\r\n";
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80), .sin_addr = w->guest };
    char head[13] = "";
    bool yes = false;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    if (fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS) &&
        poll(&p, 1, ANSWER_MS) == 1 && p.revents == POLLOUT &&
        send(fd, question, sizeof question - 1, MSG_NOSIGNAL) == (ssize_t)sizeof question - 1) {
        p.events = POLLIN;
        yes = poll(&p, 1, ANSWER_MS) == 1 && recv(fd, head, 12, 0) == 12 &&
              memcmp(head, "HTTP/1.", 7) == 0 && memcmp(head + 8, " 200", 4) == 0;
    }
    if (fd >= 0)
        (void)close(fd);
    return yes;
}

static bool run(char **command)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(2, 1);
        execvp(command[0], command);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* The number of the domain, or -1. */
static int domain_of(const char *name)
{
    char command[128], line[32];
    int n = snprintf(command, sizeof command, "xl domid '%s'", name), domain = -1;
    FILE *f = n > 0 && (size_t)n < sizeof command ? popen(command, "r") : NULL;
    if (f != NULL) {
        if (fgets(line, sizeof line, f) != NULL && line[0] >= '0' && line[0] <= '9')
            domain = atoi(line);
        (void)pclose(f);
    }
    return domain;
}

/* What Xen's own tools ask of it; each of its versions takes one number only. */
enum { HYPERVISOR_DOMCTL = 36, UNPAUSE_DOMAIN = 4, VERSION_MIN = 0x10, VERSION_MAX = 0x1f };

struct domctl {
    uint32_t cmd, version;
    uint16_t domain, pad[3];
    uint8_t arg[256];
};

struct privcmd_hypercall {
    uint64_t op, arg[5];
};
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

static bool unpause(int domain)
{
    int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    /* Pages that stay where they are while Xen reads them. */
    struct domctl *ask = mmap(NULL, sizeof *ask, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
    if (fd < 0 || ask == MAP_FAILED)
        return false;
    struct privcmd_hypercall call = { .op = HYPERVISOR_DOMCTL,
                                      .arg = { (uint64_t)(uintptr_t)ask } };
    for (uint32_t version = VERSION_MIN; version <= VERSION_MAX; version++) {
        *ask = (struct domctl){ .cmd = UNPAUSE_DOMAIN, .version = version,
                                .domain = (uint16_t)domain };
        if (ioctl(fd, PRIVCMD_HYPERCALL, &call) == 0)
            return true;
        if (errno != EACCES)
            break;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct wire w;
    if (argc < 6 || !wire_open(&w, argv[2], argv[3])) {
        fputs("usage: vm_ready SECONDS INTERFACE ADDRESS NAME COMMAND...\n", stderr);
        return 2;
    }
    double begin = now_ms();
    if (!run(argv + 5))
        return 1;
    double made = now_ms() - begin;
    int domain = domain_of(argv[4]);
    begin = now_ms();
    if (domain < 0 || !unpause(domain)) {
        perror("vm_ready: the domain stays paused");
        return 1;
    }
    double end = begin + atof(argv[1]) * 1e3;
    bool owns = false, yes = false;
    while (!yes && now_ms() < end) {
        owns = owns || owns_address(&w);
        yes = owns && answers(&w);
        if (owns && !yes)
            (void)poll(NULL, 0, AGAIN_MS);
    }
    double took = now_ms() - begin;
    if (!yes)
        return 1;
    printf("%.1f %.1f\n", made + took, took);
    return 0;
}
