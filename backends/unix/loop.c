/* SPDX-License-Identifier: ISC */
/*
 * The event loop: epoll, one turn a step.
 *
 * A step waits, calls what is ready, and runs the turn. The batch of ready
 * watches is kept in the loop so that a callback may unwatch one that has not
 * been called yet.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "unix_internal.h"

_Static_assert(TERN_UNIX_READ == EPOLLIN && TERN_UNIX_WRITE == EPOLLOUT, "as the kernel's");
_Static_assert(TERN_UNIX_ERROR == EPOLLERR && TERN_UNIX_HANGUP == EPOLLHUP, "as the kernel's");
_Static_assert(TERN_UNIX_PEER_END == EPOLLRDHUP && TERN_UNIX_EDGE == (uint32_t)EPOLLET,
               "as the kernel's");

uint64_t tern_unix_now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * TERN_SECOND_NS + (uint64_t)t.tv_nsec;
}

enum tern_err tern_unix_loop_init_sized(struct tern_unix_loop *loop, size_t loop_len,
                                        const struct tern_turn_config *config, size_t config_len)
{
    if (loop_len != sizeof *loop || config_len != sizeof *config)
        return TERN_MISMATCH;
    memset(loop, 0, sizeof *loop);
    loop->signal_fd = -1;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        return errno == ENOSYS ? TERN_UNSUPPORTED : TERN_FULL;
    (void)tern_turn_init(&loop->turn, config, tern_unix_now_ns());
    loop->deadline_ns = 0;    /* what was set up before the first step is served in it */
    return TERN_OK;
}

void tern_unix_loop_close(struct tern_unix_loop *loop)
{
    if (loop->signal_fd >= 0) {
        sigset_t mask;
        sigemptyset(&mask);
        for (struct tern_unix_signal *s = loop->signals; s != NULL; s = s->next)
            sigaddset(&mask, s->number);
        tern_unix_loop_unwatch(loop, &loop->signal_watch);
        close(loop->signal_fd);
        sigprocmask(SIG_UNBLOCK, &mask, NULL);
    }
    loop->signals = NULL;
    loop->signal_fd = -1;
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    loop->epoll_fd = -1;
}

enum tern_err tern_unix_loop_watch(struct tern_unix_loop *loop, struct tern_unix_watch *watch,
                                   int fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };
    int how = watch->events != 0 && watch->fd == fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (fd < 0 || events == 0)
        return TERN_INVALID;
    if (epoll_ctl(loop->epoll_fd, how, fd, &event) != 0)
        return errno == ENOMEM || errno == ENOSPC ? TERN_FULL : TERN_INVALID;
    watch->fd = fd;
    watch->events = events;
    loop->deadline_ns = 0;
    return TERN_OK;
}

void tern_unix_loop_unwatch(struct tern_unix_loop *loop, struct tern_unix_watch *watch)
{
    if (watch->events == 0)
        return;
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    tern_unix_loop_forget(loop, watch);
}

void tern_unix_loop_forget(struct tern_unix_loop *loop, struct tern_unix_watch *watch)
{
    watch->events = 0;
    for (size_t i = loop->batch_at; i < loop->n_batch; i++)
        if (loop->batch[i] == watch)
            loop->batch[i] = NULL;
}

static void signals_ready(struct tern_unix_watch *watch, uint32_t events)
{
    struct tern_unix_loop *loop = TERN_CONTAINER_OF(watch, struct tern_unix_loop, signal_watch);
    struct signalfd_siginfo info[8];
    ssize_t n = read(loop->signal_fd, info, sizeof info);

    (void)events;
    for (ssize_t i = 0; i < n / (ssize_t)sizeof info[0]; i++)
        for (struct tern_unix_signal *s = loop->signals; s != NULL; s = s->next)
            if ((uint32_t)s->number == info[i].ssi_signo)
                s->caught(s, s->number);
}

enum tern_err tern_unix_loop_signal(struct tern_unix_loop *loop, struct tern_unix_signal *signal)
{
    sigset_t mask, all;

    sigemptyset(&mask);
    if (sigaddset(&mask, signal->number) != 0)
        return TERN_INVALID;
    all = mask;
    for (struct tern_unix_signal *s = loop->signals; s != NULL; s = s->next)
        sigaddset(&all, s->number);
    int fd = signalfd(loop->signal_fd, &all, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return TERN_FULL;
    if (loop->signal_fd < 0) {
        loop->signal_fd = fd;
        loop->signal_watch.ready = signals_ready;
        enum tern_err err = tern_unix_loop_watch(loop, &loop->signal_watch, fd, TERN_UNIX_READ);
        if (err != TERN_OK)
            return err;
    }
    sigprocmask(SIG_BLOCK, &mask, NULL);
    signal->next = loop->signals;
    loop->signals = signal;
    return TERN_OK;
}

/* Waits until due_ns at most. Returns the number of events, or -1 and errno. */
static int wait_until(struct tern_unix_loop *loop, struct epoll_event *events, uint64_t due_ns)
{
    uint64_t wait_ns = 0;

    if (due_ns == TERN_NEVER)
        return epoll_wait(loop->epoll_fd, events, TERN_UNIX_BATCH, -1);
    if (due_ns != 0) {
        uint64_t now_ns = tern_unix_now_ns();
        wait_ns = due_ns > now_ns ? due_ns - now_ns : 0;
    }
    if (wait_ns != 0 && !loop->coarse) {
        struct timespec t = { .tv_sec = (time_t)(wait_ns / TERN_SECOND_NS),
                              .tv_nsec = (long)(wait_ns % TERN_SECOND_NS) };
        int n = epoll_pwait2(loop->epoll_fd, events, TERN_UNIX_BATCH, &t, NULL);
        if (n >= 0 || errno != ENOSYS)
            return n;
        loop->coarse = true;
    }
    /* Up, never down: a wait that ends early would be a busy loop. */
    uint64_t wait_ms = (wait_ns + TERN_MILLISECOND_NS - 1) / TERN_MILLISECOND_NS;
    return epoll_wait(loop->epoll_fd, events, TERN_UNIX_BATCH,
                      wait_ms > 3600000 ? 3600000 : (int)wait_ms);
}

enum tern_err tern_unix_loop_step(struct tern_unix_loop *loop, uint64_t until_ns)
{
    struct epoll_event events[TERN_UNIX_BATCH];
    enum tern_err err = TERN_OK;

    /* News from outside any event is served at once. */
    if (loop->turn.ready_first != NULL || loop->turn.worked_first != NULL)
        until_ns = 0;
    int n = wait_until(loop, events, loop->deadline_ns < until_ns ? loop->deadline_ns : until_ns);
    uint64_t now_ns = tern_unix_now_ns();
    tern_turn_advance(&loop->turn, now_ns);
    loop->n_steps++;
    if (n < 0) {
        if (errno != EINTR)
            return TERN_BUG;
        err = TERN_AGAIN;
        n = 0;
    }
    loop->deadline_ns = TERN_NEVER;
    for (int i = 0; i < n; i++)
        loop->batch[i] = events[i].data.ptr;
    loop->n_batch = (size_t)n;
    loop->n_events += (size_t)n;
    for (loop->batch_at = 0; loop->batch_at < loop->n_batch;) {
        size_t i = loop->batch_at++;
        if (loop->batch[i] != NULL)
            loop->batch[i]->ready(loop->batch[i], events[i].events);
    }
    loop->n_batch = loop->batch_at = 0;
    uint64_t deadline_ns = tern_turn_run(&loop->turn, now_ns);
    if (deadline_ns < loop->deadline_ns)
        loop->deadline_ns = deadline_ns;
    return err;
}

enum tern_err tern_unix_loop_run(struct tern_unix_loop *loop)
{
    loop->stop = false;
    while (!loop->stop) {
        enum tern_err err = tern_unix_loop_step(loop, TERN_NEVER);
        if (err != TERN_OK && err != TERN_AGAIN)
            return err;
    }
    return TERN_OK;
}

void tern_unix_loop_stop(struct tern_unix_loop *loop)
{
    loop->stop = true;
    loop->deadline_ns = 0;
}

void tern_unix_loop_wake(struct tern_unix_loop *loop)
{
    loop->deadline_ns = 0;
}

int tern_unix_loop_fd(const struct tern_unix_loop *loop)
{
    return loop->epoll_fd;
}

uint64_t tern_unix_loop_deadline(const struct tern_unix_loop *loop)
{
    return loop->deadline_ns;
}
