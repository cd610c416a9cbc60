/* SPDX-License-Identifier: ISC */
/*
 * Several keys in one transaction: its start, all writes at once, its end; and
 * all of it again if another transaction was in the way (EAGAIN).
 */
#include "xenstore.h"

#include <string.h>

static void start_done(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                       size_t len);

static void over(struct xenstore_update *u, enum tern_err err)
{
    u->busy = false;
    u->done(u, err);
}

static void begin(struct xenstore_update *u)
{
    u->n_tries++;
    u->err = TERN_OK;
    u->start.done = start_done;
    u->start.user = u;
    if (xenstore_tx_start(u->store, &u->start) != TERN_OK)
        over(u, TERN_INVALID);
}

static void end_done(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                     size_t len)
{
    struct xenstore_update *u = r->user;
    (void)data;
    (void)len;
    if (u->err != TERN_OK)    /* it was given up; what became of that does not matter */
        err = u->err;
    if (err == TERN_AGAIN && u->n_tries < XENSTORE_UPDATE_TRIES)
        begin(u);
    else
        over(u, err);
}

/* All entries are answered: commits or, after a refusal, gives up. */
static void all_written(struct xenstore_update *u)
{
    if (u->err == TERN_ABORTED) {    /* the store, and the transaction with it */
        over(u, TERN_ABORTED);
        return;
    }
    u->start.done = end_done;
    if (xenstore_tx_end(u->store, &u->start, u->tx, u->err == TERN_OK) != TERN_OK)
        over(u, TERN_INVALID);
}

static void entry_done(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                       size_t len)
{
    struct xenstore_update *u = r->user;
    const struct xenstore_entry *entry = &u->entries[r - u->requests];
    (void)data;
    (void)len;
    if (err == TERN_UNREACHABLE && entry->value == NULL)
        err = TERN_OK;    /* what is to be removed is not there */
    if (u->err == TERN_OK || err == TERN_ABORTED)    /* a store that is gone outweighs a refusal */
        u->err = err;
    if (--u->n_open == 0)
        all_written(u);
}

static enum tern_err entry_ask(struct xenstore_update *u, size_t i)
{
    char path[XENSTORE_PATH_CAP];
    const struct xenstore_entry *entry = &u->entries[i];
    struct xenstore_request *r = &u->requests[i];
    r->done = entry_done;
    r->user = u;
    xenstore_join(path, sizeof path, u->dir, entry->name);
    if (path[0] == '\0')
        return TERN_INVALID;
    if (entry->value == NULL)
        return xenstore_remove(u->store, r, u->tx, path);
    return xenstore_write(u->store, r, u->tx, path, entry->value);
}

static void start_done(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                       size_t len)
{
    struct xenstore_update *u = r->user;
    size_t digits = len > 0 && data[len - 1] == '\0' ? len - 1 : len;
    if (err == TERN_OK && (!xenstore_number(data, digits, UINT32_MAX, &u->tx) || u->tx == 0))
        err = TERN_MALFORMED;
    if (err != TERN_OK) {
        over(u, err);
        return;
    }
    u->n_open = 1;    /* until all are asked */
    for (size_t i = 0; i < u->n_entries; i++) {
        enum tern_err asked = entry_ask(u, i);
        if (asked == TERN_OK)
            u->n_open++;
        else
            u->err = asked;
    }
    if (--u->n_open == 0)
        all_written(u);
}

enum tern_err xenstore_update(struct xenstore *xs, struct xenstore_update *u, const char *dir,
                              const struct xenstore_entry *entries, size_t n)
{
    if (u->busy || n > XENSTORE_UPDATE_CAP)
        return TERN_INVALID;
    u->busy = true;
    u->store = xs;
    u->dir = dir;
    u->entries = entries;
    u->n_entries = n;
    u->n_tries = 0;
    begin(u);
    return TERN_OK;
}
