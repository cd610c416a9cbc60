/* SPDX-License-Identifier: ISC */
/*
 * The timer wheel: hierarchical, after Varghese and Lauck (1987), scheme 7,
 * with a bitmap a level instead of a walk over empty slots.
 *
 * Time is cut into ticks of 2^16 ns. Level l has 64 slots of 64^l ticks; all
 * eight together span the whole of uint64_t, so nothing is ever out of range:
 *
 *     tick of 48 bits   | level 7 | level 6 | ... | level 1 | level 0 |
 *                         6 bits    6 bits          6 bits    6 bits
 *
 * A timer hangs at the highest level at which its tick differs from the
 * wheel's present one, in the slot of its digit there. Hence:
 *
 *   - all slots behind the present position are empty;
 *   - on levels above 0 the present position is empty too, but for timers of
 *     a slot that has just begun and is being emptied (cascaded);
 *   - every timer of a level is due before every timer of the levels above.
 *
 * The earliest slot is therefore found by the bitmaps alone, and a jump over
 * years costs no more than a step.
 *
 * A timer that is moved later stays where it hangs with its new time; when its
 * slot comes it is filed anew. So slots tell when to look, never when to fire:
 * that is decided by due_ns to the nanosecond.
 */
#include "base_internal.h"

#include <string.h>

#define TICK_BITS 16u
#define DIGIT_BITS 6u
#define DIGIT_MASK (TERN_WHEEL_SLOTS - 1u)

/* So many timers of the next slot are looked at to name the next deadline. */
#define PEEK_MOST 8u

_Static_assert(1u << DIGIT_BITS == TERN_WHEEL_SLOTS, "a digit names a slot");
_Static_assert(TICK_BITS + DIGIT_BITS * TERN_WHEEL_LEVELS == 64, "the levels span all times");

/* ---- Slots -------------------------------------------------------------------- */

static unsigned digit_of(uint64_t tick, unsigned level)
{
    return (unsigned)(tick >> (level * DIGIT_BITS)) & DIGIT_MASK;
}

static bool slot_is_occupied(const struct tern_wheel *wheel, unsigned level, unsigned digit)
{
    return (wheel->occupied[level] >> digit & 1) != 0;
}

static unsigned lowest_bit(uint64_t v)
{
    return (unsigned)__builtin_ctzll(v);
}

/* The highest level at which two ticks differ; 0 if they do not. */
static unsigned level_between(uint64_t a, uint64_t b)
{
    uint64_t diff = a ^ b;
    if (diff == 0)
        return 0;
    return (63u - (unsigned)__builtin_clzll(diff)) / DIGIT_BITS;
}

static void timer_link(struct tern_timer *timer, struct tern_timer **link)
{
    timer->next = *link;
    if (timer->next != NULL)
        timer->next->link = &timer->next;
    timer->link = link;
    *link = timer;
}

/* Hangs an idle timer where its due_ns belongs; one that has passed, here. */
static void timer_file(struct tern_wheel *wheel, struct tern_timer *timer)
{
    uint64_t tick = timer->due_ns >> TICK_BITS;
    if (tick < wheel->tick)
        tick = wheel->tick;
    unsigned level = level_between(tick, wheel->tick);
    unsigned digit = digit_of(tick, level);
    if (tick == wheel->tick && timer->due_ns < wheel->near_ns)
        wheel->near_ns = timer->due_ns;
    if (timer->due_ns < wheel->next_ns)
        wheel->next_ns = timer->due_ns;
    timer_link(timer, &wheel->slots[level][digit]);
    wheel->occupied[level] |= UINT64_C(1) << digit;
}

/*
 * Unhooks a timer, and clears its slot's bit if it was the last there: then,
 * and only then, its link is the slot's own pointer and it has no next. The
 * slot may be the one that next_ns names, whatever the timer's own time: it
 * may have been moved later where it hung.
 */
static void timer_unlink(struct tern_wheel *wheel, struct tern_timer *timer)
{
    *timer->link = timer->next;
    if (timer->next != NULL)
        timer->next->link = timer->link;
    uintptr_t off = (uintptr_t)timer->link - (uintptr_t)&wheel->slots;
    if (timer->next == NULL && off < sizeof wheel->slots) {
        size_t slot = off / sizeof wheel->slots[0][0];
        wheel->occupied[slot / TERN_WHEEL_SLOTS] &=
            ~(UINT64_C(1) << slot % TERN_WHEEL_SLOTS);
        wheel->next_ns = 0;
    }
    timer->next = NULL;
    timer->link = NULL;
}

/* The timer that next_ns may come from goes, or is moved later: look again. */
static void next_forget(struct tern_wheel *wheel, const struct tern_timer *timer)
{
    if (timer->due_ns <= wheel->next_ns)
        wheel->next_ns = 0;
}

void tern_timer_set(struct tern_turn *turn, struct tern_timer *timer, uint64_t due_ns)
{
    if (timer->link != NULL) {
        if (due_ns >= timer->due_ns) {
            next_forget(&turn->wheel, timer);
            timer->due_ns = due_ns;
            return;
        }
        timer_unlink(&turn->wheel, timer);
    }
    timer->due_ns = due_ns;
    timer_file(&turn->wheel, timer);
}

void tern_timer_cancel(struct tern_turn *turn, struct tern_timer *timer)
{
    if (timer->link == NULL)
        return;
    next_forget(&turn->wheel, timer);
    timer_unlink(&turn->wheel, timer);
}

/* ---- Where the earliest timers are ---------------------------------------------- */

/* A slot that lies ahead. */
struct slot_at {
    unsigned level, digit;
    uint64_t first, last;    /* its ticks */
};

/* The earliest occupied slot after the present position, if there is one. */
static bool slot_ahead(const struct tern_wheel *wheel, struct slot_at *at)
{
    for (unsigned level = 0; level < TERN_WHEEL_LEVELS; level++) {
        unsigned digit = digit_of(wheel->tick, level);
        uint64_t ahead = wheel->occupied[level] >> digit >> 1;
        if (ahead == 0)
            continue;
        unsigned shift = level * DIGIT_BITS;
        at->level = level;
        at->digit = digit + 1 + lowest_bit(ahead);
        /* The digits above stay, this one is known, those below are all zero. */
        at->first = ((wheel->tick >> shift & ~(uint64_t)DIGIT_MASK) | at->digit) << shift;
        at->last = at->first + (UINT64_C(1) << shift) - 1;
        return true;
    }
    return false;
}

/* The level of a slot that has begun and is not yet emptied; 0 if there is none. */
static unsigned level_pending(const struct tern_wheel *wheel)
{
    for (unsigned level = TERN_WHEEL_LEVELS - 1; level > 0; level--)
        if (slot_is_occupied(wheel, level, digit_of(wheel->tick, level)))
            return level;
    return 0;
}

static uint64_t next_find(const struct tern_wheel *wheel)
{
    if (wheel->due != NULL || level_pending(wheel) != 0)
        return 0;
    if (slot_is_occupied(wheel, 0, digit_of(wheel->tick, 0)))
        return wheel->near_ns;
    struct slot_at at;
    if (!slot_ahead(wheel, &at))
        return TERN_NEVER;
    /*
     * The slot's begin would do, but with few timers every level would cost
     * a turn that fires nothing. All other timers are due after the slot's end.
     */
    uint64_t next_ns = at.last << TICK_BITS | ((UINT64_C(1) << TICK_BITS) - 1);
    const struct tern_timer *timer = wheel->slots[at.level][at.digit];
    for (size_t i = 0; timer != NULL; timer = timer->next, i++) {
        if (i == PEEK_MOST)
            return at.first << TICK_BITS;
        if (timer->due_ns < next_ns)
            next_ns = timer->due_ns;
    }
    /* A lone timer at the end of time is never. */
    return next_ns;
}

uint64_t tern_wheel_next_ns(struct tern_wheel *wheel)
{
    if (wheel->next_ns == 0)
        wheel->next_ns = next_find(wheel);
    return wheel->next_ns;
}

/* ---- Running --------------------------------------------------------------------- */

/*
 * Takes one timer off its list: fires it if it is due and files it anew if
 * not. Its memory is the owner's from the call on.
 */
static void timer_serve(struct tern_turn *turn, struct tern_timer *timer)
{
    timer_unlink(&turn->wheel, timer);
    if (timer->due_ns > turn->now_ns) {
        timer_file(&turn->wheel, timer);
        return;
    }
    turn->n_timers++;
    timer->fire(timer, turn->now_ns);
}

/*
 * Sorts the timers of the present slot: those that are due go to wheel->due in
 * their order, those that were moved on to their new slots, and near_ns becomes
 * the earliest of the rest. O(timers in the slot), and again only when near_ns
 * has passed.
 */
static void slot_sort(struct tern_turn *turn)
{
    struct tern_wheel *wheel = &turn->wheel;
    struct tern_timer *timer = wheel->slots[0][digit_of(wheel->tick, 0)], *next;
    struct tern_timer **last = &wheel->due;
    uint64_t near_ns = TERN_NEVER;
    while (*last != NULL)
        last = &(*last)->next;
    for (; timer != NULL; timer = next) {
        next = timer->next;
        __builtin_prefetch(next);
        if (timer->due_ns <= turn->now_ns) {
            timer_unlink(wheel, timer);
            timer_link(timer, last);
            last = &timer->next;
        } else if (timer->due_ns >> TICK_BITS > wheel->tick) {
            timer_unlink(wheel, timer);
            timer_file(wheel, timer);
        } else if (timer->due_ns < near_ns) {
            near_ns = timer->due_ns;
        }
    }
    wheel->near_ns = near_ns;
}

/*
 * Serves the present position; false when `most` is spent. Timers that a timer
 * sets for now hang in the present slot and are served here too.
 */
static bool position_serve(struct tern_turn *turn, size_t most, size_t *n)
{
    struct tern_wheel *wheel = &turn->wheel;
    for (;;) {
        struct tern_timer *timer = wheel->due;
        if (timer == NULL) {
            unsigned level = level_pending(wheel);
            unsigned digit = digit_of(wheel->tick, level);
            if (level > 0) {
                timer = wheel->slots[level][digit];
            } else {
                if (!slot_is_occupied(wheel, 0, digit) || wheel->near_ns > turn->now_ns)
                    return true;
                slot_sort(turn);
                continue;    /* near_ns is now later, or some are due */
            }
        }
        if (*n == most)
            return false;
        ++*n;
        __builtin_prefetch(timer->next);    /* whose owner nobody has touched for long */
        timer_serve(turn, timer);
    }
}

/* The position stays behind while no timer is due, and catches up here. */
size_t tern_wheel_run(struct tern_turn *turn, size_t most)
{
    struct tern_wheel *wheel = &turn->wheel;
    uint64_t now_tick = turn->now_ns >> TICK_BITS;
    size_t n = 0;
    struct slot_at at;
    wheel->next_ns = 0;
    /* Each turn leaves one occupied slot behind; the last ends at the present. */
    while (position_serve(turn, most, &n)) {
        if (wheel->tick == now_tick)
            break;
        bool found = slot_ahead(wheel, &at) && at.first <= now_tick;
        wheel->tick = found ? at.first : now_tick;
        wheel->near_ns = found && at.level == 0 ? 0 : TERN_NEVER;
    }
    return n;
}

TERN_COLD
void tern_wheel_init(struct tern_wheel *wheel, uint64_t now_ns)
{
    memset(wheel, 0, sizeof *wheel);
    wheel->tick = now_ns >> TICK_BITS;
    wheel->near_ns = TERN_NEVER;
}
