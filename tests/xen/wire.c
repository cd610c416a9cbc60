/* SPDX-License-Identifier: ISC */
/*
 * What dom0 does with its network devices and busybox cannot:
 *
 *   wire dump DEVICE FILE      every frame that passes the device, as a capture,
 *                              until SIGTERM
 *   wire segment DEVICE 0|1    whether the device is given segments to cut (TSO)
 *   wire group BRIDGE N ADDRESS    N echo requests to a group, from a port of its own:
 *                              what dom0 sends itself, netback does not filter
 *
 * A checksum that a device would have completed is complete in the capture. Says
 * `wire: listening` once it does.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_CAP = 1 << 17, BUFFER_LEN = 8 << 20 };

static volatile sig_atomic_t ended;

static void die(const char *what)
{
    fprintf(stderr, "wire: ");
    perror(what);
    exit(1);
}

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

/* ---- Checksums (RFC 1071) ---- */

static uint32_t add(uint32_t sum, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    return (sum & 0xffff) + (sum >> 16);
}

static void complete(uint8_t *l4, size_t len, uint8_t protocol, const uint8_t *addrs,
                     size_t addrs_len)
{
    size_t at = protocol == 6 ? 16 : 6;
    if ((protocol != 6 && protocol != 17) || len < at + 2)
        return;
    l4[at] = l4[at + 1] = 0;
    uint32_t sum = add(0, addrs, addrs_len) + protocol + (uint32_t)len;
    for (size_t i = 0; i < len; i += 1024)
        sum = add(sum, l4 + i, len - i < 1024 ? len - i : 1024);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = sum == 0xffff ? sum : ~sum & 0xffff;
    l4[at] = (uint8_t)(sum >> 8);
    l4[at + 1] = (uint8_t)sum;
}

static void frame_complete(uint8_t *frame, size_t len)
{
    uint8_t *ip = frame + 14;
    if (len >= 34 && frame[12] == 8 && frame[13] == 0) {
        size_t head = (size_t)(ip[0] & 15) * 4, total = (size_t)ip[2] << 8 | ip[3];
        if (total <= len - 14 && total >= head)
            complete(ip + head, total - head, ip[9], ip + 12, 8);
    } else if (len >= 54 && frame[12] == 0x86 && frame[13] == 0xdd) {
        size_t l4 = (size_t)ip[4] << 8 | ip[5];
        if (l4 <= len - 54)
            complete(ip + 40, l4, ip[6], ip + 8, 32);
    }
}

/* ---- The capture ---- */

static void put32(FILE *to, uint32_t n)
{
    if (fwrite(&n, sizeof n, 1, to) != 1)
        die("write");
}

static int device_open(const char *name)
{
    int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), one = 1, buffer = BUFFER_LEN;
    struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
                              .sll_ifindex = (int)if_nametoindex(name) };
    struct packet_mreq all = { .mr_ifindex = at.sll_ifindex, .mr_type = PACKET_MR_PROMISC };
    if (fd < 0 || at.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof one) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0)
        die(name);
    return fd;
}

static bool needs_sum(struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        struct tpacket_auxdata aux;
        if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
            memcpy(&aux, CMSG_DATA(c), sizeof aux);
            return (aux.tp_status & TP_STATUS_CSUMNOTREADY) != 0;
        }
    }
    return false;
}

static int dump(const char *device, const char *path)
{
    static uint8_t frame[FRAME_CAP];
    static _Alignas(struct cmsghdr) uint8_t control[256];
    struct sigaction action = { .sa_handler = on_signal };
    int fd = device_open(device);
    FILE *to = fopen(path, "w");
    if (to == NULL)
        die(path);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    const uint32_t head[] = { 0xa1b23c4d, 2 | 4 << 16, 0, 0, FRAME_CAP, 1 };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        put32(to, head[i]);
    fflush(to);
    puts("wire: listening");
    fflush(stdout);
    while (!ended) {
        struct iovec iov = { frame, sizeof frame };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                              .msg_controllen = sizeof control };
        struct timespec now;
        ssize_t n = recvmsg(fd, &msg, 0);
        if (n <= 0)
            continue;
        if (needs_sum(&msg))
            frame_complete(frame, (size_t)n);
        clock_gettime(CLOCK_REALTIME, &now);
        put32(to, (uint32_t)now.tv_sec);
        put32(to, (uint32_t)now.tv_nsec);
        put32(to, (uint32_t)n);
        put32(to, (uint32_t)n);
        if (fwrite(frame, (size_t)n, 1, to) != 1)
            die("write");
    }
    struct tpacket_stats stats = { 0 };
    socklen_t len = sizeof stats;
    (void)getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
    if (fclose(to) != 0)
        die("close");
    printf("wire: %u frames lost\n", stats.tp_drops);
    return 0;
}

/* ---- The device ---- */

static int segment(const char *device, bool on)
{
    struct ethtool_value value = { .cmd = ETHTOOL_STSO, .data = on };
    struct ifreq request = { .ifr_data = (void *)&value };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) != 0)
        die(device);
    value.cmd = ETHTOOL_GTSO;
    if (ioctl(fd, SIOCETHTOOL, &request) != 0)
        die(device);
    printf("wire: %s: segmentation %s\n", device, value.data != 0 ? "on" : "off");
    return (value.data != 0) == on ? 0 : 1;
}

/* ---- A host on the bridge ---- */

static int port_open(const char *bridge)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR), sock = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || sock < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
        die("/dev/net/tun");
    request.ifr_flags = IFF_UP;
    if (ioctl(sock, SIOCSIFFLAGS, &request) != 0)
        die(request.ifr_name);
    int index = (int)if_nametoindex(request.ifr_name);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", bridge);
    request.ifr_ifindex = index;
    if (ioctl(sock, SIOCBRADDIF, &request) != 0)
        die(bridge);
    return fd;
}

/* From 10.0.2.99; RFC 1112 section 6.4 says to which MAC address. */
static int group(const char *bridge, int n, const char *address)
{
    uint8_t frame[60] = { 1, 0, 0x5e, 0, 0, 0, 2, 0, 0, 0, 0, 99, 8, 0, 0x45, 0, 0, 28,
                          0, 0, 0, 0, 1, 1, 0, 0, 10, 0, 2, 99, 0, 0, 0, 0, 8 };
    if (inet_pton(AF_INET, address, frame + 30) != 1)
        die(address);
    memcpy(frame + 3, frame + 31, 3);
    frame[3] &= 0x7f;
    for (int at = 14; at <= 34; at += 20) {    /* behind ICMP's eight octets all are 0 */
        uint32_t sum = add(0, frame + at, 20);
        sum = ~((sum & 0xffff) + (sum >> 16));
        frame[at == 14 ? 24 : 36] = (uint8_t)(sum >> 8);
        frame[at == 14 ? 25 : 37] = (uint8_t)sum;
    }
    int fd = port_open(bridge);
    for (int i = 0; i < n; i++)
        if (write(fd, frame, sizeof frame) != (ssize_t)sizeof frame)
            die("write");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "group") == 0)
        return group(argv[2], atoi(argv[3]), argv[4]);
    if (argc == 4 && strcmp(argv[1], "dump") == 0)
        return dump(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "segment") == 0)
        return segment(argv[2], strcmp(argv[3], "1") == 0);
    fprintf(stderr, "usage: wire dump DEVICE FILE | wire segment DEVICE 0|1\n"
                    "       wire group BRIDGE N ADDRESS\n");
    return 2;
}
