/* SPDX-License-Identifier: ISC */
/*
 * The host over kernel sockets: it listens and connects to itself, in one loop.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tern/unix.h>

#include "suites.h"

#define STEPS_MAX 200000

static struct tern_unix_loop loop;
static struct tern_host *host;
static struct tern_listener *listener;
static struct tern_endpoint_addr where;

/* One end of a connection, as a test sees it. */
struct end {
    struct tern_stream *s;
    unsigned n_opened, n_ended, n_closed, n_room;
    enum tern_err why;
    size_t n_data, take_max;    /* octets taken; how many may be taken at all */
    uint32_t sum;               /* of what came, in order */
    size_t to_send, sent;       /* octets of the pattern */
    bool finish, keep_open;     /* finish after that; do not close at the peer's end */
};

static struct end client, server, others[8];
static size_t n_accepted;

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 2654435761u >> 13);
}

static uint32_t sum_step(uint32_t sum, uint8_t octet)
{
    return (sum ^ octet) * 16777619u;
}

static uint32_t pattern_sum(size_t len)
{
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < len; i++)
        sum = sum_step(sum, pattern(i));
    return sum;
}

static void send_more(struct tern_stream *s)
{
    struct end *e = s->user;
    uint8_t piece[4096];

    while (e->sent < e->to_send) {
        size_t n = e->to_send - e->sent < sizeof piece ? e->to_send - e->sent : sizeof piece;
        for (size_t i = 0; i < n; i++)
            piece[i] = pattern(e->sent + i);
        size_t went = tern_stream_write(s, piece, n);
        e->sent += went;
        if (went < n)
            return;
    }
    if (e->finish)
        tern_stream_finish(s);
}

static void end_opened(struct tern_stream *s)
{
    struct end *e = s->user;
    ck_assert_uint_eq(e->n_closed, 0);
    e->n_opened++;
    send_more(s);
}

static size_t end_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct end *e = s->user;
    size_t n = len < e->take_max - e->n_data ? len : e->take_max - e->n_data;

    ck_assert_uint_eq(e->n_opened, 1);
    ck_assert_uint_eq(e->n_ended, 0);
    for (size_t i = 0; i < n; i++)
        e->sum = sum_step(e->sum, data[i]);
    e->n_data += n;
    return n;
}

static void end_ended(struct tern_stream *s)
{
    struct end *e = s->user;
    e->n_ended++;
    if (!e->keep_open)
        tern_stream_close(s);
}

static void end_room(struct tern_stream *s)
{
    ((struct end *)s->user)->n_room++;
    send_more(s);
}

static void end_closed(struct tern_stream *s, enum tern_err why)
{
    struct end *e = s->user;
    e->n_closed++;
    e->why = why;
    e->s = NULL;
}

static const struct tern_stream_events end_events = {
    .opened = end_opened, .data = end_data, .ended = end_ended, .room = end_room,
    .closed = end_closed,
};

static void accept_end(void *app, struct tern_stream *s)
{
    struct end *e = n_accepted == 0 ? app : &others[n_accepted % 8];
    n_accepted++;
    e->s = s;
    tern_stream_attach(s, &end_events, e);
}

static void accept_nobody(void *app, struct tern_stream *s)
{
    (void)app;
    (void)s;
}

static void end_init(struct end *e)
{
    *e = (struct end){ .take_max = SIZE_MAX, .sum = 2166136261u };
}

static void open_host(size_t n_conns)
{
    struct tern_sockets_config config = { .n_conns = n_conns };
    ck_assert_int_eq(tern_sockets_open(&loop, &config, &host), TERN_OK);
}

static void setup(void)
{
    ck_assert_int_eq(tern_unix_loop_init(&loop, NULL), TERN_OK);
    end_init(&client);
    end_init(&server);
    for (size_t i = 0; i < 8; i++)
        end_init(&others[i]);
    n_accepted = 0;
    open_host(8);
}

static void teardown(void)
{
    tern_sockets_close(host);
    tern_unix_loop_close(&loop);
}

/* Listens on a free port of `addr` and sets `where` to what one connects to. */
static void listen_on(const char *addr, const char *connect_to, tern_accept_fn *accept)
{
    struct tern_listen at = { .backlog = 0 };
    ck_assert_int_eq(tern_addr_parse(addr, strlen(addr), &at.local.addr), TERN_OK);
    ck_assert_int_eq(tern_listen_at(host, &at, accept, &server, &listener), TERN_OK);
    tern_listener_local(listener, &where);
    ck_assert_uint_ne(where.port, 0);
    ck_assert_int_eq(tern_addr_parse(connect_to, strlen(connect_to), &where.addr), TERN_OK);
}

static void connect_end(struct end *e)
{
    ck_assert_int_eq(tern_connect(host, &where, &end_events, e, &e->s), TERN_OK);
}

/* Steps until *n reaches want. The bound only ends what would last for ever. */
static void step_until(const unsigned *n, unsigned want)
{
    for (int i = 0; i < STEPS_MAX && *n < want; i++)
        (void)tern_unix_loop_step(&loop, tern_unix_now_ns() + 20 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(*n, want);
}

static void step_some(int n)
{
    for (int i = 0; i < n; i++)
        (void)tern_unix_loop_step(&loop, tern_unix_now_ns() + TERN_MILLISECOND_NS);
}

static const struct {
    const char *listen, *connect;
} families[] = {
    { "127.0.0.1", "127.0.0.1" }, { "::1", "::1" }, { "::", "127.0.0.1" }, { "::", "::1" },
};

START_TEST(octets_go_both_ways_and_both_sides_end_in_order)
{
    listen_on(families[_i].listen, families[_i].connect, accept_end);
    client.to_send = 1500000;
    server.to_send = 700001;
    client.finish = server.finish = true;
    client.keep_open = server.keep_open = true;
    connect_end(&client);
    step_until(&client.n_closed, 1);
    step_until(&server.n_closed, 1);
    ck_assert_int_eq(client.why, TERN_OK);
    ck_assert_int_eq(server.why, TERN_OK);
    ck_assert_uint_eq(server.n_data, 1500000);
    ck_assert_uint_eq(client.n_data, 700001);
    ck_assert_uint_eq(server.sum, pattern_sum(1500000));
    ck_assert_uint_eq(client.sum, pattern_sum(700001));
    ck_assert_uint_eq(client.n_opened + server.n_opened, 2);
    ck_assert_uint_eq(client.n_ended + server.n_ended, 2);
    const struct tern_sockets_stats *stats = tern_sockets_stats(host);
    ck_assert_uint_eq(stats->accepted, 1);
    ck_assert_uint_eq(stats->connected, 1);
    ck_assert_uint_eq(stats->closed, 2);
    ck_assert_uint_eq(stats->n_open, 0);
    ck_assert_uint_eq(stats->octets_in, 2200001);
    ck_assert_uint_eq(stats->octets_out, 2200001);
    ck_assert_uint_eq(host->blocks->n_free, host->blocks->n_blocks);
}
END_TEST

START_TEST(info_tells_both_addresses)
{
    struct tern_stream_info room;
    listen_on("::", "127.0.0.1", accept_end);
    connect_end(&client);
    step_until(&server.n_opened, 1);
    step_until(&client.n_opened, 1);
    const struct tern_stream_info *info = tern_stream_info(server.s, &room);
    struct tern_endpoint_addr peer = info->peer;
    ck_assert_str_eq(info->provider, "socket");
    ck_assert_uint_eq(info->local.port, where.port);
    ck_assert(tern_addr_equal(&info->local.addr, &where.addr));
    ck_assert(tern_addr_is_v4(&peer.addr));
    info = tern_stream_info(client.s, &room);
    ck_assert_uint_eq(info->local.port, peer.port);
    ck_assert(tern_addr_equal(&info->peer.addr, &where.addr));
}
END_TEST

START_TEST(one_direction_may_end_long_before_the_other)
{
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    server.keep_open = true;
    client.to_send = 10;
    client.finish = true;
    connect_end(&client);
    step_until(&server.n_ended, 1);
    step_some(5);
    ck_assert_uint_eq(client.n_closed, 0);
    server.to_send = 100000;
    server.finish = true;
    send_more(server.s);
    step_until(&client.n_closed, 1);
    ck_assert_uint_eq(client.n_data, 100000);
    ck_assert_int_eq(client.why, TERN_OK);
    step_until(&server.n_closed, 1);
    ck_assert_int_eq(server.why, TERN_OK);
}
END_TEST

START_TEST(nobody_listens_is_closed_with_refused_and_without_opened)
{
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    tern_listener_close(listener);
    connect_end(&client);
    step_until(&client.n_closed, 1);
    ck_assert_int_eq(client.why, TERN_REFUSED);
    ck_assert_uint_eq(client.n_opened, 0);
    ck_assert_uint_eq(tern_sockets_stats(host)->n_open, 0);
}
END_TEST

START_TEST(an_abort_reaches_the_peer_as_a_reset)
{
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    connect_end(&client);
    step_until(&server.n_opened, 1);
    tern_stream_abort(client.s, TERN_ABORTED);
    step_until(&client.n_closed, 1);
    step_until(&server.n_closed, 1);
    ck_assert_int_eq(client.why, TERN_ABORTED);
    ck_assert_int_eq(server.why, TERN_RESET);
}
END_TEST

START_TEST(who_is_not_attached_is_reset)
{
    listen_on("127.0.0.1", "127.0.0.1", accept_nobody);
    connect_end(&client);
    step_until(&client.n_closed, 1);
    ck_assert_int_eq(client.why, TERN_RESET);
}
END_TEST

START_TEST(a_user_that_takes_nothing_holds_the_peer_up_and_loses_nothing)
{
    const size_t len = 30000000;
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    server.take_max = 1000;
    client.to_send = len;
    client.finish = true;
    connect_end(&client);
    step_some(300);
    ck_assert_uint_eq(server.n_data, 1000);
    ck_assert_uint_lt(client.sent, len);
    ck_assert_uint_gt(host->blocks->n_free, host->blocks->n_blocks / 2);
    server.take_max = SIZE_MAX;
    tern_stream_resume(server.s);
    step_until(&server.n_closed, 1);
    ck_assert_uint_eq(server.n_data, len);
    ck_assert_uint_eq(server.sum, pattern_sum(len));
}
END_TEST

START_TEST(borrowed_octets_leave_from_where_they_lie)
{
    static uint8_t constant[3000000];
    for (size_t i = 0; i < sizeof constant; i++)
        constant[i] = pattern(i);
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    connect_end(&client);
    step_until(&client.n_opened, 1);
    ck_assert_uint_eq(tern_stream_borrow(client.s, constant, sizeof constant), sizeof constant);
    ck_assert_uint_eq(host->blocks->n_free, host->blocks->n_blocks);
    tern_stream_finish(client.s);
    step_until(&server.n_closed, 1);
    ck_assert_uint_eq(server.n_data, sizeof constant);
    ck_assert_uint_eq(server.sum, pattern_sum(sizeof constant));
}
END_TEST

START_TEST(a_close_waits_for_the_peer_no_longer_than_the_linger_time)
{
    struct tern_sockets_config config = { .n_conns = 4, .linger_ns = 20 * TERN_MILLISECOND_NS };
    tern_sockets_close(host);
    ck_assert_int_eq(tern_sockets_open(&loop, &config, &host), TERN_OK);
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    server.keep_open = true;
    connect_end(&client);
    step_until(&server.n_opened, 1);
    tern_stream_close(client.s);
    step_until(&client.n_closed, 1);
    ck_assert_int_eq(client.why, TERN_TIMED_OUT);
}
END_TEST

/* A peer as slow as it likes: the kernel has all, and we are gone. */
START_TEST(what_was_sent_before_a_close_outlives_the_linger_time)
{
    struct tern_sockets_config config = { .n_conns = 4, .linger_ns = 20 * TERN_MILLISECOND_NS };
    uint8_t piece[4096];
    uint32_t sum = 2166136261u;
    size_t got = 0;
    ssize_t n;

    tern_sockets_close(host);
    ck_assert_int_eq(tern_sockets_open(&loop, &config, &host), TERN_OK);
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    server.to_send = 12000;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), little = 4096;
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(where.port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    step_until(&server.n_opened, 1);
    ck_assert_uint_eq(server.sent, 12000);
    tern_stream_close(server.s);
    step_until(&server.n_closed, 1);
    ck_assert_int_eq(server.why, TERN_TIMED_OUT);
    while ((n = recv(fd, piece, sizeof piece, 0)) > 0)
        for (ssize_t i = 0; i < n; i++, got++)
            sum = sum_step(sum, piece[i]);
    ck_assert_int_eq(n, 0);
    ck_assert_uint_eq(got, 12000);
    ck_assert_uint_eq(sum, pattern_sum(12000));
    close(fd);
}
END_TEST

START_TEST(a_port_that_is_taken_is_refused)
{
    struct tern_listen again = { .local = { .port = 0 } };
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    again.local = where;
    ck_assert_int_eq(tern_listen_at(host, &again, accept_end, NULL, NULL), TERN_REFUSED);
    again.local.addr = tern_addr_v4(0xc6336401);    /* 198.51.100.1: not ours */
    ck_assert_int_eq(tern_listen_at(host, &again, accept_end, NULL, NULL), TERN_UNREACHABLE);
}
END_TEST

START_TEST(there_is_a_stated_number_of_listeners)
{
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(tern_listen(host, 0, accept_end, NULL), TERN_OK);
    ck_assert_int_eq(tern_listen(host, 0, accept_end, NULL), TERN_FULL);
}
END_TEST

START_TEST(without_a_free_connection_a_peer_waits_in_the_backlog)
{
    tern_sockets_close(host);
    open_host(3);
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    connect_end(&client);    /* takes two: its own end and the accepted one */
    step_until(&server.n_opened, 1);
    connect_end(&others[7]);    /* takes the third: nobody is left to accept it */
    step_until(&others[7].n_opened, 1);
    step_some(5);
    ck_assert_uint_eq(n_accepted, 1);
    ck_assert_uint_eq(tern_sockets_stats(host)->refused_full, 1);
    struct tern_stream *s;
    ck_assert_int_eq(tern_connect(host, &where, &end_events, &others[6], &s), TERN_FULL);
    tern_stream_close(client.s);
    step_until(&client.n_closed, 1);
    step_until(&others[1].n_opened, 1);
    ck_assert_uint_eq(n_accepted, 2);
}
END_TEST

START_TEST(a_want_of_descriptors_is_waited_out_and_counted)
{
    struct rlimit limit, low;
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    connect_end(&client);
    connect_end(&others[7]);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    int next = dup(0);
    ck_assert_int_ge(next, 0);
    close(next);
    low.rlim_cur = (rlim_t)next;    /* no descriptor but those that are open */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    step_until(&client.n_opened, 1);
    step_until(&others[7].n_opened, 1);
    step_some(3);
    ck_assert_uint_eq(n_accepted, 0);
    ck_assert_uint_ge(tern_sockets_stats(host)->refused_descriptors, 1);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    step_until(&server.n_opened, 1);
    step_until(&others[1].n_opened, 1);
}
END_TEST

START_TEST(a_paused_listener_accepts_when_it_is_resumed)
{
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    tern_listener_pause(listener);
    connect_end(&client);
    step_until(&client.n_opened, 1);
    step_some(5);
    ck_assert_uint_eq(n_accepted, 0);
    tern_listener_resume(listener);
    step_until(&server.n_opened, 1);
}
END_TEST

START_TEST(what_cannot_be_connected_to_is_said_at_once)
{
    struct tern_stream *s;
    struct tern_endpoint_addr any = { .port = 7 };
    struct tern_endpoint_addr no_port = { .addr = tern_addr_v4(0x7f000001) };
    ck_assert_int_eq(tern_connect(host, &any, &end_events, &client, &s), TERN_INVALID);
    ck_assert_int_eq(tern_connect(host, &no_port, &end_events, &client, &s), TERN_INVALID);
    ck_assert_uint_eq(tern_sockets_stats(host)->n_open, 0);
}
END_TEST

/* A peer that is not ours: octets may lie behind its FIN, and its reset may come at any time. */
START_TEST(data_before_a_fin_in_one_batch_is_all_delivered)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    static uint8_t piece[20000];
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    to.sin_port = htons(where.port);
    to.sin_addr.s_addr = htonl(0x7f000001);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = pattern(i);
    ck_assert_int_eq(send(fd, piece, sizeof piece, 0), (ssize_t)sizeof piece);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    step_until(&server.n_closed, 1);
    ck_assert_uint_eq(server.n_data, sizeof piece);
    ck_assert_uint_eq(server.sum, pattern_sum(sizeof piece));
    ck_assert_int_eq(recv(fd, piece, 1, 0), 0);
    close(fd);
}
END_TEST

START_TEST(a_reset_in_the_middle_gives_every_block_back)
{
    struct linger reset = { .l_onoff = 1 };
    struct sockaddr_in to = { .sin_family = AF_INET };
    static uint8_t piece[20000];
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    server.take_max = 10;
    server.to_send = 50000000;
    to.sin_port = htons(where.port);
    to.sin_addr.s_addr = htonl(0x7f000001);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    ck_assert_int_eq(send(fd, piece, sizeof piece, 0), (ssize_t)sizeof piece);
    step_some(20);
    ck_assert_uint_lt(host->blocks->n_free, host->blocks->n_blocks);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    close(fd);
    step_until(&server.n_closed, 1);
    ck_assert_int_eq(server.why, TERN_RESET);
    step_some(2);
    ck_assert_uint_eq(host->blocks->n_free, host->blocks->n_blocks);
    ck_assert_uint_eq(tern_sockets_stats(host)->n_open, 0);
}
END_TEST

START_TEST(a_few_blocks_are_enough_for_all_and_nobody_starves)
{
    struct tern_sockets_config config = { .n_conns = 8, .blocks_len = 6 * 4096 };
    const size_t len = 400000;
    tern_sockets_close(host);
    ck_assert_int_eq(tern_sockets_open(&loop, &config, &host), TERN_OK);
    ck_assert_uint_eq(host->blocks->n_blocks, 6);
    listen_on("127.0.0.1", "127.0.0.1", accept_end);
    struct end *dialled[4] = { &client, &others[4], &others[5], &others[6] };
    for (size_t i = 0; i < 4; i++) {
        dialled[i]->to_send = len;
        dialled[i]->finish = dialled[i]->keep_open = true;
        connect_end(dialled[i]);
    }
    server.finish = others[1].finish = others[2].finish = others[3].finish = true;
    for (size_t i = 0; i < 4; i++)
        step_until(&dialled[i]->n_closed, 1);
    struct end *accepted[4] = { &server, &others[1], &others[2], &others[3] };
    for (size_t i = 0; i < 4; i++) {
        step_until(&accepted[i]->n_closed, 1);
        ck_assert_uint_eq(accepted[i]->n_data, len);
        ck_assert_uint_eq(accepted[i]->sum, pattern_sum(len));
    }
    ck_assert_uint_eq(host->blocks->n_free, host->blocks->n_blocks);
    ck_assert_uint_gt(host->blocks->n_empty + tern_sockets_stats(host)->no_block, 0);
}
END_TEST

Suite *unix_sockets_suite(void)
{
    Suite *suite = suite_create("unix_sockets");
    TCase *tc = tcase_create("sockets");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, octets_go_both_ways_and_both_sides_end_in_order, 0,
                        sizeof families / sizeof families[0]);
    tcase_add_test(tc, info_tells_both_addresses);
    tcase_add_test(tc, one_direction_may_end_long_before_the_other);
    tcase_add_test(tc, nobody_listens_is_closed_with_refused_and_without_opened);
    tcase_add_test(tc, an_abort_reaches_the_peer_as_a_reset);
    tcase_add_test(tc, who_is_not_attached_is_reset);
    tcase_add_test(tc, a_user_that_takes_nothing_holds_the_peer_up_and_loses_nothing);
    tcase_add_test(tc, borrowed_octets_leave_from_where_they_lie);
    tcase_add_test(tc, a_close_waits_for_the_peer_no_longer_than_the_linger_time);
    tcase_add_test(tc, what_was_sent_before_a_close_outlives_the_linger_time);
    tcase_add_test(tc, a_port_that_is_taken_is_refused);
    tcase_add_test(tc, there_is_a_stated_number_of_listeners);
    tcase_add_test(tc, without_a_free_connection_a_peer_waits_in_the_backlog);
    tcase_add_test(tc, a_want_of_descriptors_is_waited_out_and_counted);
    tcase_add_test(tc, a_paused_listener_accepts_when_it_is_resumed);
    tcase_add_test(tc, what_cannot_be_connected_to_is_said_at_once);
    tcase_add_test(tc, data_before_a_fin_in_one_batch_is_all_delivered);
    tcase_add_test(tc, a_reset_in_the_middle_gives_every_block_back);
    tcase_add_test(tc, a_few_blocks_are_enough_for_all_and_nobody_starves);
    suite_add_tcase(suite, tc);
    return suite;
}
