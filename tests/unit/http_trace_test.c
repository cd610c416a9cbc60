/* SPDX-License-Identifier: ISC */
/*
 * The same libhttp over everything that provides streams: a feed in memory, a
 * feed beside blocking sockets, kernel sockets with epoll, libnet on a
 * simulated network, and a capture. The traces are the same.
 */
#include "http_trace.h"
#include "suites.h"

#include <tern/feed.h>
#include <tern/unix.h>

#include "tests/sim/hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct http_trace trace;

/* The line where the trace leaves what is wanted is enough to see. */
static void trace_check(const char *carrier, uint64_t seed)
{
    const char *got = http_trace_text(&trace), *wanted = http_trace_wanted;
    size_t line = 0, i = 0;
    for (; got[i] == wanted[i] && got[i] != '\0'; i++)
        if (got[i] == '\n')
            line = i + 1;
    ck_assert_msg(got[i] == wanted[i], "%s, seed %llu: got '%.80s', wanted '%.80s'", carrier,
                  (unsigned long long)seed, got + line, wanted + line);
}

/* ---- A feed in memory, cut anywhere ------------------------------------------------ */

enum { N_BLOCKS = 64 };
static _Alignas(16) uint8_t memory[N_BLOCKS * 2048];
static struct tern_block_pool pool;
static struct tern_turn turn;
static struct tern_feed feed;

static void feed_start(const struct tern_feed_config *config, uint64_t now_ns)
{
    tern_turn_init(&turn, NULL, now_ns);
    ck_assert_int_eq(tern_block_pool_init(&pool, memory, sizeof memory, 2048), TERN_OK);
    http_trace_init(&trace, &turn);
    tern_feed_init(&feed, &turn, &pool, config);
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, tern_http_accept, &trace.server),
                     TERN_OK);
}

static size_t feed_take(size_t most)
{
    struct tern_feed_span span;
    size_t total = 0;
    while (total < most && tern_feed_output(&feed, &span)) {
        size_t n = span.len < most - total ? span.len : most - total;
        http_trace_answer(&trace, span.data, n);
        tern_feed_sent(&feed, n);
        total += n;
    }
    return total;
}

/* cut: the most octets a piece; window: the most octets of answers that may wait. */
static void feed_carry(struct sim_random *random, uint32_t cut, size_t window)
{
    struct tern_feed_config config = { .out_max = window };
    uint64_t now_ns = TERN_SECOND_NS;
    feed_start(&config, now_ns);
    const uint8_t *script = (const uint8_t *)http_trace_script;
    size_t done = 0;
    for (int i = 0; i < 100000 && tern_feed_state(&feed) != TERN_FEED_CLOSED; i++) {
        size_t n = 1 + sim_random_below(random, cut);
        if (n > http_trace_script_len - done)
            n = http_trace_script_len - done;
        done += tern_feed_input(&feed, script + done, n);
        (void)tern_turn_run(&turn, now_ns);
        (void)feed_take(1 + sim_random_below(random, 2 * cut));
        if (tern_feed_state(&feed) == TERN_FEED_FINISHED && feed_take(SIZE_MAX) == 0)
            tern_feed_end(&feed);
        (void)tern_turn_run(&turn, now_ns);
    }
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_CLOSED);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}

START_TEST(test_trace_over_a_feed_in_one_piece)
{
    struct sim_random random = { 1 };
    feed_carry(&random, 1u << 20, 0);
    trace_check("feed", 1);
}
END_TEST

START_TEST(test_trace_over_a_feed_cut_anywhere)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct sim_random random = { seed };
        uint32_t cut = 1u << sim_random_below(&random, 12);
        size_t window = 600 + sim_random_below(&random, 4000);
        feed_carry(&random, cut, window);
        trace_check("feed", seed);
    }
}
END_TEST

/* ---- A client that is not ours: writes pieces, reads all, in a thread of its own ---- */

struct client {
    pthread_t thread;
    int fd;
    uint64_t seed;
};

static void *client_run(void *arg)
{
    struct client *c = arg;
    struct sim_random random = { c->seed };
    uint8_t buf[4096];
    size_t done = 0;
    ssize_t n;
    while (done < http_trace_script_len) {
        size_t piece = 1 + sim_random_below(&random, 400);
        if (piece > http_trace_script_len - done)
            piece = http_trace_script_len - done;
        n = send(c->fd, http_trace_script + done, piece, MSG_NOSIGNAL);
        if (n <= 0)
            break;    /* refused already: the answers say so */
        done += (size_t)n;
    }
    while ((n = recv(c->fd, buf, sizeof buf, 0)) > 0)
        http_trace_answer(&trace, buf, (size_t)n);
    close(c->fd);
    return NULL;
}

static void client_start(struct client *c, int fd, uint64_t seed)
{
    c->fd = fd;
    c->seed = seed;
    ck_assert_int_eq(pthread_create(&c->thread, NULL, client_run, c), 0);
}

/* ---- Blocking sockets ---------------------------------------------------------------- */

static void blocking_send(int fd)
{
    struct tern_feed_span span;
    while (tern_feed_output(&feed, &span)) {
        ssize_t n = send(fd, span.data, span.len, MSG_NOSIGNAL);
        ck_assert_int_gt(n, 0);
        tern_feed_sent(&feed, (size_t)n);
    }
    if (tern_feed_state(&feed) == TERN_FEED_FINISHED)
        shutdown(fd, SHUT_WR);
}

START_TEST(test_trace_over_blocking_sockets)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct client client;
        uint8_t buf[2000];
        int fds[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        feed_start(NULL, tern_unix_now_ns());
        client_start(&client, fds[1], seed);
        while (tern_feed_state(&feed) != TERN_FEED_CLOSED) {
            size_t room = tern_feed_input_room(&feed, sizeof buf);
            ck_assert_uint_gt(room, 0);
            ssize_t n = recv(fds[0], buf, room, 0);
            ck_assert_int_ge(n, 0);
            if (n > 0)
                (void)tern_feed_input(&feed, buf, (size_t)n);
            else
                tern_feed_end(&feed);
            (void)tern_turn_run(&turn, tern_unix_now_ns());
            blocking_send(fds[0]);
            (void)tern_turn_run(&turn, tern_unix_now_ns());
        }
        close(fds[0]);
        pthread_join(client.thread, NULL);
        trace_check("blocking sockets", seed);
    }
}
END_TEST

/* ---- Kernel sockets and epoll ---------------------------------------------------------- */

/*
 * With TERN_TRACE_PORT set the port is that one: this is how the capture was
 * made that the last test reads.
 */
static uint16_t listen_port(void)
{
    const char *port = getenv("TERN_TRACE_PORT");
    return port != NULL ? (uint16_t)atoi(port) : 0;
}

START_TEST(test_trace_over_kernel_sockets)
{
    static struct tern_unix_loop loop;
    struct tern_host *host;
    struct tern_listener *listener;
    struct tern_endpoint_addr local;
    struct tern_listen listen = { .local = { .addr = tern_addr_v4(0x7f000001) } };
    listen.local.port = listen_port();
    ck_assert_int_eq(tern_unix_loop_init(&loop, NULL), TERN_OK);
    ck_assert_int_eq(tern_sockets_open(&loop, NULL, &host), TERN_OK);
    http_trace_init(&trace, host->turn);
    ck_assert_int_eq(tern_listen_at(host, &listen, tern_http_accept, &trace.server, &listener),
                     TERN_OK);
    tern_listener_local(listener, &local);

    struct client client;
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(local.port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
    client_start(&client, fd, 1);
    uint64_t end_ns = tern_unix_now_ns() + 60 * TERN_SECOND_NS;
    while ((trace.server.stats.connections == 0 || tern_http_server_active(&trace.server) > 0) &&
           tern_unix_now_ns() < end_ns)
        (void)tern_unix_loop_step(&loop, tern_unix_now_ns() + TERN_SECOND_NS);
    pthread_join(client.thread, NULL);
    tern_sockets_close(host);
    tern_unix_loop_close(&loop);
    trace_check("kernel sockets", 1);
}
END_TEST

/* ---- libnet on a simulated network -------------------------------------------------------- */

enum { PORT = 80 };

struct net_client {
    struct tern_stream *s;
    size_t done;
    bool closed;
};

static void net_client_write(struct tern_stream *s)
{
    struct net_client *c = s->user;
    const uint8_t *script = (const uint8_t *)http_trace_script;
    c->done += tern_stream_write(s, script + c->done, http_trace_script_len - c->done);
}

static size_t net_client_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    (void)s;
    http_trace_answer(&trace, data, len);
    return len;
}

static void net_client_closed(struct tern_stream *s, enum tern_err why)
{
    struct net_client *c = s->user;
    (void)why;
    c->closed = true;
}

static const struct tern_stream_events net_client_events = {
    .opened = net_client_write,
    .data = net_client_data,
    .room = net_client_write,
    .closed = net_client_closed,
};

static bool net_is_over(void *user)
{
    const struct net_client *c = user;
    return c->closed && tern_http_server_active(&trace.server) == 0;
}

static void net_carry(uint64_t seed, const struct impair_rates *rates)
{
    static struct sim sim;
    static struct host hosts[2];
    struct net_client client = { .done = 0 };
    struct tern_tcp_listener *listener;
    struct tern_tcp_listen listen = { .local = { .port = PORT } };
    struct tern_endpoint_addr to = { .addr = tern_addr_v4(0x0a000002), .port = PORT };
    sim_init(&sim, seed);
    sim_cable(&sim, &hosts[0].cable, 0, &hosts[1].cable, 1, 1500, 0);
    for (uint32_t i = 0; i < 2; i++) {
        struct host_config config = { .addr = 0x0a000001 + i, .out = *rates };
        host_init(&hosts[i], &sim, &config, seed + i);
    }
    http_trace_init(&trace, &hosts[1].turn);
    ck_assert_int_eq(tern_tcp_listen(&hosts[1].net, &listen, tern_http_accept, &trace.server,
                                     &listener), TERN_OK);
    ck_assert_int_eq(tern_tcp_connect(&hosts[0].net, &to, NULL, NULL, &net_client_events, &client,
                                      &client.s), TERN_OK);
    sim_kick(&sim, 0);
    sim_kick(&sim, 1);
    ck_assert_msg(sim_run(&sim, sim.now_ns + 3600 * TERN_SECOND_NS, net_is_over, &client),
                  "seed %llu: not over after an hour", (unsigned long long)seed);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_ptr_null(hosts[i].broken);
        host_free(&hosts[i]);
    }
    sim_uncable(&hosts[0].cable, &hosts[1].cable);
    sim_free(&sim);
    trace_check("libnet", seed);
}

START_TEST(test_trace_over_libnet)
{
    struct impair_rates none = { .loss_ppm = 0 };
    for (uint64_t seed = 1; seed <= 5; seed++)
        net_carry(seed, &none);
}
END_TEST

START_TEST(test_trace_over_libnet_on_a_bad_network)
{
    struct impair_rates bad = {
        .loss_ppm = 20000, .duplicate_ppm = 20000, .delay_ppm = 100000,
        .delay_max_ns = 20 * TERN_MILLISECOND_NS,
    };
    for (uint64_t seed = 1; seed <= 20; seed++)
        net_carry(seed, &bad);
}
END_TEST

/* ---- A capture -------------------------------------------------------------------------- */

/* The octets of a TCP connection's client, out of a pcap file of Ethernet frames. */
struct capture {
    uint8_t octets[65536];
    size_t len;
    uint32_t next_seq;
    bool begun;
};

static uint32_t load_le32(const uint8_t *p)
{
    return tern_load_le32(p);
}

static void capture_frame(struct capture *c, const uint8_t *frame, size_t len, uint16_t port)
{
    if (len < 14 + 20 + 20 || tern_load_be16(frame + 12) != 0x0800 || frame[14 + 9] != 6)
        return;
    const uint8_t *ip = frame + 14, *tcp = ip + (ip[0] & 15) * 4;
    size_t ip_len = tern_load_be16(ip + 2), head_len = (size_t)(tcp - ip) + (tcp[12] >> 4) * 4u;
    uint32_t seq = tern_load_be32(tcp + 4);
    if (ip_len > len - 14 || head_len > ip_len || tern_load_be16(tcp + 2) != port)
        return;
    if ((tcp[13] & 2) != 0) {    /* SYN */
        c->next_seq = seq + 1;
        c->begun = true;
        return;
    }
    size_t n = ip_len - head_len;
    if (!c->begun || seq != c->next_seq || n > sizeof c->octets - c->len)
        return;    /* sent again: we have it */
    memcpy(c->octets + c->len, ip + head_len, n);
    c->len += n;
    c->next_seq += (uint32_t)n;
}

static void capture_carry(const char *name, uint16_t port)
{
    static struct capture capture;
    uint8_t head[24], record[16], frame[65536];
    const char *source = getenv("TERN_SRC");
    char path[512];
    snprintf(path, sizeof path, "%s/pcaps/%s", source != NULL ? source : ".", name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s cannot be opened", path);
    ck_assert_uint_eq(fread(head, 1, sizeof head, file), sizeof head);
    ck_assert_uint_eq(load_le32(head), 0xa1b2c3d4);
    ck_assert_uint_eq(load_le32(head + 20), 1);    /* Ethernet */
    feed_start(NULL, TERN_SECOND_NS);
    memset(&capture, 0, sizeof capture);
    size_t given = 0;
    while (fread(record, 1, sizeof record, file) == sizeof record) {
        uint64_t at_ns = load_le32(record) * TERN_SECOND_NS +
                         load_le32(record + 4) * TERN_MICROSECOND_NS;
        size_t len = load_le32(record + 8);
        ck_assert_uint_le(len, sizeof frame);
        ck_assert_uint_eq(fread(frame, 1, len, file), len);
        capture_frame(&capture, frame, len, port);
        given += tern_feed_input(&feed, capture.octets + given, capture.len - given);
        (void)tern_turn_run(&turn, at_ns);
        (void)feed_take(SIZE_MAX);
    }
    fclose(file);
    ck_assert_uint_eq(capture.len, http_trace_script_len);
    tern_feed_end(&feed);
    (void)tern_turn_run(&turn, turn.now_ns);
    (void)feed_take(SIZE_MAX);
    (void)tern_turn_run(&turn, turn.now_ns);
    trace_check("capture", 0);
}

START_TEST(test_trace_over_a_capture)
{
    capture_carry("http-trace.pcap", 8080);
}
END_TEST

Suite *http_trace_suite(void)
{
    Suite *suite = suite_create("http_trace");
    TCase *tcase = tcase_create("http_trace");
    tcase_add_test(tcase, test_trace_over_a_feed_in_one_piece);
    tcase_add_test(tcase, test_trace_over_a_feed_cut_anywhere);
    tcase_add_test(tcase, test_trace_over_blocking_sockets);
    tcase_add_test(tcase, test_trace_over_kernel_sockets);
    tcase_add_test(tcase, test_trace_over_libnet);
    tcase_add_test(tcase, test_trace_over_libnet_on_a_bad_network);
    tcase_add_test(tcase, test_trace_over_a_capture);
    suite_add_tcase(suite, tcase);
    return suite;
}
