/* SPDX-License-Identifier: ISC */
/*
 * A client of the store (docs/misc/xenstore.txt of Xen; xen/io/xs_wire.h): small
 * files, in which a guest and its backends tell each other what they need, on a
 * ring of 1,024 octets each way. The ring is as hostile as any other.
 *
 * Nothing here waits. A request is placed by its user and belongs to the store
 * until its done is called, exactly once, from xenstore_poll: with the answer,
 * with the store's refusal, after its time is over, or because the connection to
 * the store ended. Any number of requests may be under way.
 *
 *     static void got(struct xenstore_request *r, enum tern_err err,
 *                     const uint8_t *data, size_t len) { ... }
 *     static struct xenstore_request request = { .done = got };
 *     xenstore_read(&store, &request, XENSTORE_NO_TX, "device/vif/0/mac");
 *
 * A path is absolute or counts from the guest's own directory.
 */
#ifndef TERN_XEN_XENSTORE_H
#define TERN_XEN_XENSTORE_H

#include "xen.h"

struct xenstore_domain_interface;
struct xenstore;

#define XENSTORE_PATH_CAP 128u      /* octets of a path here, its zero included */
#define XENSTORE_VALUE_CAP 64u      /* octets of a value that is written */
#define XENSTORE_MESSAGE_CAP (XENSTORE_PATH_CAP + XENSTORE_VALUE_CAP)
#define XENSTORE_REPLY_CAP 4096u    /* XENSTORE_PAYLOAD_MAX */
#define XENSTORE_NO_TX 0u
#define XENSTORE_TIMEOUT_NS (10 * TERN_SECOND_NS)

/* What the store may do wrong. */
enum xenstore_breach {
    XENSTORE_BREACH_INDEX,     /* an index that cannot be, or that moved backwards */
    XENSTORE_BREACH_LEN,       /* a message longer than any may be */
    XENSTORE_BREACH_ID,        /* an answer to no request */
    XENSTORE_BREACH_TYPE,      /* an answer of another kind than its request */
    XENSTORE_BREACH_EVENT,     /* an event without a path and a token */
    XENSTORE_BREACH_COUNT
};

const char *xenstore_breach_text(enum xenstore_breach breach);

/*
 * One request, placed. Users set done, and user as they like, and leave the rest
 * alone.
 */
struct xenstore_request {
    /*
     * TERN_OK: data is the answer, lent until this returns. TERN_UNREACHABLE: no
     * such key (ENOENT). TERN_AGAIN: a transaction that collided (EAGAIN).
     * TERN_REFUSED: any other refusal. TERN_TIMED_OUT: no answer; what was asked
     * may happen yet. TERN_ABORTED: the connection to the store ended. May ask
     * again, with this request too.
     */
    void (*done)(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len);
    void *user;
    struct xenstore_request *next;
    uint64_t due_ns;          /* 0: not known yet */
    uint32_t type, id, tx;
    uint16_t len;
    bool busy;
    uint8_t payload[XENSTORE_MESSAGE_CAP];
};

/*
 * A watch, placed. Something has changed at the path or below it: fired is
 * called from xenstore_poll, once for any number of changes, and once after the
 * watch was set. Its user reads what interests it.
 */
struct xenstore_watch {
    void (*fired)(struct xenstore_watch *w);
    void *user;
    struct xenstore *store;
    struct xenstore_watch *next;
    struct xenstore_request request;
    uint32_t token;
    bool linked, is_set, pending, stuck;
    char path[XENSTORE_PATH_CAP];        /* wanted; "": none */
    char set_path[XENSTORE_PATH_CAP];    /* where the store has it */
};

enum xenstore_state {
    XENSTORE_RUNNING,
    XENSTORE_RECONNECTING,    /* the store has been asked to begin anew */
    XENSTORE_BROKEN,
};

struct xenstore_stats {
    uint64_t requests, replies, events;
    uint64_t refused, timed_out, late;    /* late: answers after their time */
    uint64_t events_unknown;              /* for a watch that is no more */
    uint64_t foreign;                     /* left over from who had the ring before */
};

struct xenstore {
    struct xen_env *env;
    volatile struct xenstore_domain_interface *ring;
    struct xen_port event;
    enum xenstore_state state;
    uint64_t timeout_ns;         /* XENSTORE_TIMEOUT_NS unless set to another */
    uint64_t now_ns;             /* of the last poll */
    uint32_t server_error;       /* what the store says of itself, if it can */
    uint32_t req_prod, req_cons, rsp_cons, rsp_prod;    /* as last checked */
    uint32_t next_id, next_token, n_late;
    bool young;                  /* no answer has come yet: others' may */
    bool was_full;               /* the store may be waiting for room */
    struct xenstore_request *waiting, **waiting_end;    /* to be written */
    struct xenstore_request *sent, **sent_end;          /* to be answered */
    struct xenstore_watch *watches;
    size_t in_len;
    uint64_t breaches[XENSTORE_BREACH_COUNT];
    struct xenstore_stats stats;
    struct xenstore_request reset;
    uint8_t in[16 + XENSTORE_REPLY_CAP];    /* the message that is being read */
};

/*
 * Begins to talk on the ring page, over an event channel that is bound to the
 * store. What is in the ring is of no interest. The store forgets watches of
 * before (XS_RESET_WATCHES).
 */
void xenstore_init(struct xenstore *xs, struct xen_env *env, void *ring, uint32_t port);

/*
 * The same after a restore: another ring or port, perhaps. Requests under way
 * end with TERN_ABORTED; watches are set again.
 */
void xenstore_restart(struct xenstore *xs, void *ring, uint32_t port);

/*
 * Asks the store to begin anew on the same ring, as after a breach; requests and
 * watches as with xenstore_restart. TERN_UNSUPPORTED: the store cannot.
 */
enum tern_err xenstore_reconnect(struct xenstore *xs);

/*
 * Reads and writes what can be, and calls done and fired. Work is bounded.
 * Returns when it wants to be called again at the latest; now_ns itself if there
 * is more to do.
 */
uint64_t xenstore_poll(struct xenstore *xs, uint64_t now_ns);

/* False: there is something to read already, for which no event may come. */
bool xenstore_idle(struct xenstore *xs);

/* Is nothing under way? Then a suspend may come. */
static inline bool xenstore_is_quiet(const struct xenstore *xs)
{
    return xs->waiting == NULL && xs->sent == NULL;
}

/*
 * Asks. The request must not be busy; path and value are read. TERN_INVALID: it
 * is busy, or they are too long, and done will not be called.
 */
enum tern_err xenstore_read(struct xenstore *xs, struct xenstore_request *r, uint32_t tx,
                            const char *path);

/* The same for what has that name in a directory. */
enum tern_err xenstore_read_in(struct xenstore *xs, struct xenstore_request *r, const char *dir,
                               const char *name);
enum tern_err xenstore_write(struct xenstore *xs, struct xenstore_request *r, uint32_t tx,
                             const char *path, const char *value);
enum tern_err xenstore_remove(struct xenstore *xs, struct xenstore_request *r, uint32_t tx,
                              const char *path);
enum tern_err xenstore_tx_start(struct xenstore *xs, struct xenstore_request *r);
enum tern_err xenstore_tx_end(struct xenstore *xs, struct xenstore_request *r, uint32_t tx,
                              bool commit);

/*
 * Moves the watch to a path; "" takes it away. At once or, if the store is still
 * busy with the last move, after that. The watch stays placed until the store
 * ends. TERN_INVALID: the path is too long.
 */
enum tern_err xenstore_watch_set(struct xenstore *xs, struct xenstore_watch *w, const char *path);

/* ---- Several keys at once ------------------------------------------------------- */

/* A key in a directory; value NULL removes it. */
struct xenstore_entry {
    const char *name, *value;
};

#define XENSTORE_UPDATE_CAP 16u
#define XENSTORE_UPDATE_TRIES 8u

/* Writes entries in one transaction, placed. */
struct xenstore_update {
    void (*done)(struct xenstore_update *u, enum tern_err err);
    void *user;
    struct xenstore *store;
    struct xenstore_request start, requests[XENSTORE_UPDATE_CAP];
    const char *dir;
    const struct xenstore_entry *entries;
    size_t n_entries, n_open;    /* open: requests that are not answered */
    uint32_t tx;
    unsigned n_tries;
    enum tern_err err;
    bool busy;
};

/*
 * Writes n entries into dir, all or none, and again if somebody else was in the
 * way, XENSTORE_UPDATE_TRIES times. dir and entries are lent until done.
 * TERN_INVALID: busy, or too much.
 */
enum tern_err xenstore_update(struct xenstore *xs, struct xenstore_update *u, const char *dir,
                              const struct xenstore_entry *entries, size_t n);

/* ---- Values ------------------------------------------------------------------------ */

/* Decimal digits and nothing else, a number of at most `most`. */
bool xenstore_number(const uint8_t *data, size_t len, uint32_t most, uint32_t *number);
/* aa:bb:cc:dd:ee:ff and nothing else; a host's address, and not zero. */
bool xenstore_mac(const uint8_t *data, size_t len, uint8_t mac[6]);
/* An absolute path without empty parts that fits. */
bool xenstore_path(const uint8_t *data, size_t len, char path[XENSTORE_PATH_CAP]);
/* Writes a number, and joins two parts of a path; the result fits or is "". */
void xenstore_text(char *text, size_t cap, uint32_t number);
void xenstore_join(char *path, size_t cap, const char *dir, const char *name);

/* ---- Between the client's files ---------------------------------------------------- */

/* Takes over the ring as it stands, empty. */
void xenstore_ring_take(struct xenstore *xs);
/* Copies octets out of the ring, up to cap, 0 if there are none. Finds breaches. */
size_t xenstore_ring_read(struct xenstore *xs, uint8_t *to, size_t cap);
/* Is there room for a message as a whole? Writes it. */
bool xenstore_ring_room(struct xenstore *xs, size_t len);
void xenstore_ring_write(struct xenstore *xs, const uint8_t *from, size_t len);
void xenstore_ring_tell(struct xenstore *xs);
bool xenstore_ring_ask_reconnect(struct xenstore *xs);
bool xenstore_ring_is_reconnected(struct xenstore *xs);
void xenstore_breached(struct xenstore *xs, enum xenstore_breach breach);

#endif
