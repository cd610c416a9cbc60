/* SPDX-License-Identifier: ISC */
/*
 * The turn: timers fire, providers are visited in the order of their news,
 * then what worked sends. Work is bounded in events, never in time, so that
 * the same input gives the same turn on every machine.
 */
#include "base_internal.h"

#include <string.h>

TERN_COLD
enum tern_err tern_turn_init_sized(struct tern_turn *turn, size_t turn_len,
                                   const struct tern_turn_config *config, size_t config_len,
                                   uint64_t now_ns)
{
    if (turn_len != sizeof *turn || config_len != sizeof *config)
        return TERN_MISMATCH;
    memset(turn, 0, sizeof *turn);
    turn->now_ns = now_ns;
    turn->budget = config != NULL && config->budget != 0 ? config->budget : TERN_TURN_BUDGET;
    turn->ready_last = &turn->ready_first;
    turn->worked_last = &turn->worked_first;
    tern_wheel_init(&turn->wheel, now_ns);
    return TERN_OK;
}

/* ---- Providers ----------------------------------------------------------------- */

TERN_COLD
enum tern_err tern_provider_init_sized(struct tern_provider *provider, size_t provider_len,
                                       struct tern_turn *turn,
                                       const struct tern_provider_ops *ops, size_t ops_len)
{
    if (provider_len != sizeof *provider || ops_len != sizeof *ops)
        return TERN_MISMATCH;
    memset(provider, 0, sizeof *provider);
    provider->ops = ops;
    provider->turn = turn;
    return TERN_OK;
}

void tern_provider_ready(struct tern_provider *provider)
{
    struct tern_turn *turn = provider->turn;
    if (provider->ready)
        return;
    provider->ready = true;
    provider->next_ready = NULL;
    *turn->ready_last = provider;
    turn->ready_last = &provider->next_ready;
}

void tern_provider_worked(struct tern_provider *provider)
{
    struct tern_turn *turn = provider->turn;
    if (provider->worked)
        return;
    provider->worked = true;
    provider->next_worked = NULL;
    *turn->worked_last = provider;
    turn->worked_last = &provider->next_worked;
}

static struct tern_provider *ready_take(struct tern_turn *turn)
{
    struct tern_provider *provider = turn->ready_first;
    turn->ready_first = provider->next_ready;
    if (turn->ready_first == NULL)
        turn->ready_last = &turn->ready_first;
    provider->ready = false;
    return provider;
}

static struct tern_provider *worked_take(struct tern_turn *turn)
{
    struct tern_provider *provider = turn->worked_first;
    turn->worked_first = provider->next_worked;
    if (turn->worked_first == NULL)
        turn->worked_last = &turn->worked_first;
    provider->worked = false;
    return provider;
}

TERN_COLD
void tern_provider_leave(struct tern_provider *provider)
{
    struct tern_turn *turn = provider->turn;
    struct tern_provider **at = &turn->ready_first;
    while (*at != NULL && *at != provider)
        at = &(*at)->next_ready;
    if (*at != NULL) {
        *at = provider->next_ready;
        if (*at == NULL)
            turn->ready_last = at;
    }
    at = &turn->worked_first;
    while (*at != NULL && *at != provider)
        at = &(*at)->next_worked;
    if (*at != NULL) {
        *at = provider->next_worked;
        if (*at == NULL)
            turn->worked_last = at;
    }
    provider->ready = provider->worked = false;
}

/* ---- The turn ------------------------------------------------------------------- */

/*
 * Visits until there is no news or the budget is spent. A visit that serves
 * nobody costs one too, so that this ends whatever the providers say.
 */
static void visit_all(struct tern_turn *turn, size_t left)
{
    while (left > 0 && turn->ready_first != NULL) {
        struct tern_provider *provider = ready_take(turn);
        tern_provider_worked(provider);
        size_t n = provider->ops->visit(provider, left);
        turn->n_visits += n;
        /* All it may and perhaps not all it has; unless it left meanwhile. */
        if (n >= left && provider->worked)
            tern_provider_ready(provider);
        if (n == 0)
            n = 1;
        left -= n < left ? n : left;
    }
}

/* What is marked while others send waits for the next turn, or this never ends. */
static void send_all(struct tern_turn *turn)
{
    size_t n = 0;
    for (struct tern_provider *p = turn->worked_first; p != NULL; p = p->next_worked)
        n++;
    for (; n > 0 && turn->worked_first != NULL; n--) {
        struct tern_provider *provider = worked_take(turn);
        if (provider->ops->send != NULL)
            provider->ops->send(provider);
    }
}

/* Timers get no more than half of the budget, so that neither starves the other. */
static void turn_work(struct tern_turn *turn)
{
    size_t half = turn->budget - turn->budget / 2;
    size_t spent = tern_wheel_is_due(turn) ? tern_wheel_run(turn, half) : 0;
    size_t left = turn->budget - spent;
    visit_all(turn, left > 0 ? left : 1);
    send_all(turn);
}

uint64_t tern_turn_run(struct tern_turn *turn, uint64_t now_ns)
{
    tern_turn_advance(turn, now_ns);
    if (turn->running)
        return now_ns;
    turn->running = true;
    turn->n_turns++;
    turn_work(turn);
    turn->running = false;
    if (turn->ready_first != NULL || turn->worked_first != NULL)
        return now_ns;
    uint64_t next_ns = tern_wheel_next_ns(&turn->wheel);
    return next_ns > turn->now_ns ? next_ns : now_ns;
}
