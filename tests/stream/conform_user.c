/* SPDX-License-Identifier: ISC */
/*
 * A user of a stream that notes all its events.
 */
#include "conform_user.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Check notes every assertion that holds, too slowly for one an octet. */
static void must(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("%s", what);
}

/* Events never nest, on no stream: a call of the stream's ops runs none. */
static unsigned depth;

/* ---- The pattern ----------------------------------------------------------------- */

uint8_t pattern_at(uint64_t i)
{
    return (uint8_t)((i * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

static uint64_t hash_add(uint64_t hash, uint8_t octet)    /* FNV-1a */
{
    return (hash ^ octet) * UINT64_C(0x100000001b3);
}

#define HASH_START UINT64_C(0xcbf29ce484222325)

uint64_t pattern_hash(uint64_t len)
{
    uint64_t hash = HASH_START;
    for (uint64_t i = 0; i < len; i++)
        hash = hash_add(hash, pattern_at(i));
    return hash;
}

/* ---- The trace ------------------------------------------------------------------- */

static void append(struct conform_user *user, const char *word)
{
    size_t len = strlen(user->trace), n = strlen(word);
    ck_assert_msg(n + 2 <= sizeof user->trace - len, "trace is full: %s", user->trace);
    if (len > 0)
        user->trace[len++] = ' ';
    memcpy(user->trace + len, word, n + 1);
}

/* Data that came since the last other event is one word. */
static void run_end(struct conform_user *user)
{
    char word[CONFORM_RUN_CAP + 16];
    if (user->run_len == 0)
        return;
    if (user->run_len <= CONFORM_RUN_CAP)
        snprintf(word, sizeof word, "data(%.*s)", (int)user->run_len, (const char *)user->run);
    else
        snprintf(word, sizeof word, "data(%zu)", user->run_len);
    user->run_len = 0;
    append(user, word);
}

static void note(struct conform_user *user, const char *word)
{
    run_end(user);
    append(user, word);
}

/* Of several in a row one is noted: how often depends on sizes. */
static void note_once(struct conform_user *user, const char *word)
{
    run_end(user);
    size_t len = strlen(user->trace), n = strlen(word);
    if (len < n || strcmp(user->trace + len - n, word) != 0)
        append(user, word);
}

const char *user_trace(struct conform_user *user)
{
    run_end(user);
    return user->trace;
}

/* ---- Events ---------------------------------------------------------------------- */

static struct conform_user *enter(struct tern_stream *s)
{
    struct conform_user *user = s->user;
    must(depth == 0, "an event inside an event or a call");
    must(user->n_closed == 0, "an event after closed");
    must(user->stream == s, "an event of another stream");
    depth++;
    return user;
}

static void leave(void)
{
    depth--;
}

static void on_opened(struct tern_stream *s)
{
    struct conform_user *user = enter(s);
    ck_assert_uint_eq(user->n_opened, 0);
    user->n_opened++;
    note(user, "opened");
    if (user->opened != NULL)
        user->opened(user);
    user_write_out(user);
    leave();
}

static size_t decide(struct conform_user *user, const uint8_t *data, size_t len)
{
    if (user->data != NULL)
        return user->data(user, data, len);
    size_t n = len < user->take ? len : user->take;
    if (user->echo)
        n = tern_stream_write(user->stream, data, n);
    if (user->take != SIZE_MAX)
        user->take -= n;
    return n;
}

static size_t on_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct conform_user *user = enter(s);
    must(user->n_opened == 1, "data before opened");
    must(len >= 1, "data without an octet");
    uint8_t first = data[0], last = data[len - 1];
    size_t n = decide(user, data, len);
    must(n > 0 || (data[0] == first && data[len - 1] == last), "untaken data changed");
    for (size_t i = 0; i < n; i++) {
        if (user->run_len < CONFORM_RUN_CAP)
            user->run[user->run_len] = data[i];
        user->run_len++;
        user->got_hash = hash_add(user->got_hash, data[i]);
    }
    user->got_len += n;
    if (n == 0 && !user->echo)    /* an echo's offers depend on sizes */
        note_once(user, "offer");
    memset(data, 0xdd, n);    /* what is taken may be overwritten */
    leave();
    return n;
}

static void on_ended(struct tern_stream *s)
{
    struct conform_user *user = enter(s);
    note(user, "ended");
    if (user->ended != NULL)
        user->ended(user);
    leave();
}

static void on_room(struct tern_stream *s)
{
    struct conform_user *user = enter(s);
    user->n_room++;
    user_write_out(user);
    leave();
}

static void on_flush(struct tern_stream *s)
{
    struct conform_user *user = enter(s);
    must(user->n_opened == 1, "flush before opened");
    user->n_flush++;
    if (user->flush != NULL)
        user->flush(user);
    leave();
}

static void on_closed(struct tern_stream *s, enum tern_err why)
{
    struct conform_user *user = enter(s);
    char word[64];
    snprintf(word, sizeof word, "closed(%s)", tern_err_text(why));
    note(user, word);
    user->why = why;
    user->n_closed++;
    /* Legal, and without effect. */
    size_t room;
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"x", 1), 0);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"x", 1), 0);
    ck_assert_ptr_null(tern_stream_reserve(s, 1, &room));
    tern_stream_commit(s, 0);
    tern_stream_resume(s);
    tern_stream_finish(s);
    tern_stream_close(s);
    tern_stream_abort(s, TERN_BUG);
    user->stream = NULL;
    leave();
}

static const struct tern_stream_events all_events = {
    .opened = on_opened,
    .data = on_data,
    .ended = on_ended,
    .room = on_room,
    .flush = on_flush,
    .closed = on_closed,
};

static const struct tern_stream_events without_ended = {
    .opened = on_opened,
    .data = on_data,
    .room = on_room,
    .flush = on_flush,
    .closed = on_closed,
};

const struct tern_stream_events *user_events(const struct conform_user *user)
{
    return user->default_ended ? &without_ended : &all_events;
}

void user_accept(void *app, struct tern_stream *s)
{
    struct conform_user *user = app;
    ck_assert_uint_eq(depth, 0);
    ck_assert_uint_eq(user->n_accept, 0);
    user->n_accept++;
    note(user, "accept");
    if (user->refuse)
        return;
    user->stream = s;
    tern_stream_attach(s, user_events(user), user);
    if (user->accepted != NULL)
        user->accepted(user);
}

/* ---- What it does ---------------------------------------------------------------- */

void user_init(struct conform_user *user)
{
    memset(user, 0, sizeof *user);
    user->take = SIZE_MAX;
    user->got_hash = HASH_START;
    depth = 0;
}

void user_write_out(struct conform_user *user)
{
    uint8_t piece[3000];
    while (user->out_left > 0) {
        size_t len = user->out_left < sizeof piece ? (size_t)user->out_left : sizeof piece;
        for (size_t i = 0; i < len; i++)
            piece[i] = pattern_at(user->out_at + i);
        size_t n = tern_stream_write(user->stream, piece, len);
        must(n <= len, "more was written than was given");
        user->out_at += n;
        user->out_left -= n;
        if (n < len)
            return;    /* room will come */
    }
    if (user->finish_after_out)
        tern_stream_finish(user->stream);
}

size_t user_write(struct conform_user *user, const char *text)
{
    if (user->stream == NULL)    /* over before the script is: its assertion says so */
        return 0;
    return tern_stream_write(user->stream, (const uint8_t *)text, strlen(text));
}
