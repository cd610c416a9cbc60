/* SPDX-License-Identifier: ISC */
/*
 * The host: all that an appliance can ask of where it runs. A backend (kernel
 * sockets, libnet on a TAP device, a unikernel) fills in the table; appliances
 * and libraries call the functions below and cannot tell which it is.
 *
 * An appliance is a C file with tern_main and, if it wants memory or options
 * of its own, one TERN_APPLIANCE:
 *
 *     int tern_main(struct tern_host *host)
 *     {
 *         return tern_listen(host, 7, echo_accept, NULL);
 *     }
 *
 * tern_main sets up and returns; the loop runs after it. An enum tern_err
 * other than TERN_OK ends the program with the host's error line.
 */
#ifndef TERN_HOST_H
#define TERN_HOST_H

#include <tern/dgram.h>
#include <tern/metrics.h>
#include <tern/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_host;
struct tern_listener;

enum tern_log_level { TERN_LOG_ERROR, TERN_LOG_WARN, TERN_LOG_INFO, TERN_LOG_DEBUG };

/* A listening port. */
struct tern_listen {
    struct tern_endpoint_addr local;    /* addr any (::): every address of every family */
    uint32_t backlog;                   /* half-open and unaccepted; 0: the host's default */
    bool transparent;                   /* any destination address (UNSUPPORTED where not) */
};

/* What happened to the host's network. */
enum tern_host_event {
    TERN_HOST_NETWORK_DOWN,
    TERN_HOST_NETWORK_UP,         /* a link came up */
    TERN_HOST_ADDRESS,            /* an address was gained: *addr */
    TERN_HOST_ADDRESS_LOST,       /* ... or lost */
    TERN_HOST_DRAIN,              /* finish what is under way; see tern_host_drained */
};
typedef void tern_host_event_fn(void *app, enum tern_host_event event,
                                const struct tern_addr *addr);

/* One word of configuration, the same on a command line and for a guest: key=value. */
struct tern_option {
    const char *key;           /* lower-case letters, digits, '-'; no '=' */
    const char *value_name;    /* for help: "PORT" */
    const char *fallback;      /* the value when not given; NULL: none */
    const char *help;          /* one line */
};

/*
 * Read-only octets given at start: of a guest by its loader, of a process by
 * module=NAME=FILE. They never change.
 *
 * A loader gives a module its name (the first word of its text); one that it gives
 * none is called by its number, "0" the first. If such a one is an archive
 * (archive.h) then what stands in it are modules too: a file by its name, a
 * directory at the archive's beginning by its own, its octets being the run of the
 * archive's entries beneath it, which is read as an archive again.
 */
struct tern_module {
    const char *name;
    const uint8_t *data;
    size_t len;
};

/*
 * What reads modules, lists each in the log with its SHA-256 and compares it with
 * what module=NAME=sha256:DIGEST asks for. In each backend's archive: an image whose
 * descriptor does not have it, `.modules = &tern_host_modules`, is without all that
 * code, and takes no modules. `tern image --modules` defines TERN_MODULES, with which
 * TERN_APPLIANCE puts it there.
 */
struct tern_modules_part;
extern const struct tern_modules_part tern_host_modules;

/*
 * What gives a host over libnet more links than one: the options link1=, nic1=, ip1=,
 * gw1=, mtu1=, mac1=, and so on up to 3. In the archive of each backend: an
 * image whose descriptor does not have it, `.links = &tern_host_links`, is without all
 * that code, and has one link. `tern image --links` defines TERN_LINKS, with which
 * TERN_APPLIANCE puts it there. A process has it always.
 */
struct tern_host_links;
extern struct tern_host_links tern_host_links;

struct tern_host_ops {
    enum tern_err (*listen)(struct tern_host *host, const struct tern_listen *listen,
                            tern_accept_fn *accept, void *app, struct tern_listener **listener);
    void (*listener_pause)(struct tern_listener *listener, bool pause);
    void (*listener_close)(struct tern_listener *listener);
    void (*listener_local)(const struct tern_listener *listener, struct tern_endpoint_addr *addr);
    /* These two are NULL in a host over libnet, of whose functions tern_connect knows. */
    enum tern_err (*connect)(struct tern_host *host, const struct tern_endpoint_addr *peer,
                             const struct tern_stream_events *events, void *user,
                             struct tern_stream **s);
    enum tern_err (*endpoint_open)(struct tern_host *host, const struct tern_endpoint_addr *local,
                                   const struct tern_endpoint_events *events, void *user,
                                   struct tern_endpoint **ep);
    uint64_t (*wall_ns)(struct tern_host *host);
    enum tern_err (*random)(struct tern_host *host, uint8_t *out, size_t len);
    void (*log)(struct tern_host *host, enum tern_log_level level, const char *text, size_t len);
    const char *(*option)(struct tern_host *host, const char *key);
    const struct tern_module *(*module)(struct tern_host *host, const char *name);
    void *(*pool)(struct tern_host *host, const char *name, size_t elem_len, size_t *n);
    void (*on_event)(struct tern_host *host, tern_host_event_fn *event, void *app);
    void (*drained)(struct tern_host *host, int status);
};

/* The first member of each backend's host. */
struct tern_host {
    const struct tern_host_ops *ops;
    struct tern_turn *turn;
    struct tern_block_pool *blocks;    /* for payload, shared with the host's own streams */
    const char *name;                  /* "sockets", "libnet": for people and logs */
};

/* The first member of each backend's listener. */
struct tern_listener {
    struct tern_host *host;
};

/* The appliance: sets up and returns TERN_OK, or an enum tern_err that ends the program. */
int tern_main(struct tern_host *host);

/*
 * Accepts connections to a port (0: a free one). tern_listen: on every address
 * of every family the host has. *listener (may be NULL) is valid until closed.
 * TERN_FULL: no listener left (16 by default); TERN_REFUSED: the port is taken
 * or forbidden, or tern_main is over, after which the host is sealed;
 * TERN_UNSUPPORTED: the family, or transparent.
 */
static inline enum tern_err tern_listen_at(struct tern_host *host, const struct tern_listen *listen,
                                           tern_accept_fn *accept, void *app,
                                           struct tern_listener **listener)
{
    return host->ops->listen(host, listen, accept, app, listener);
}

static inline enum tern_err tern_listen(struct tern_host *host, uint16_t port,
                                        tern_accept_fn *accept, void *app)
{
    /* In order, for C++ before C++20: any address, the port, any link; the rest as usual. */
    struct tern_listen at = { { { { 0 } }, port, 0 }, 0, false };
    return host->ops->listen(host, &at, accept, app, NULL);
}

/*
 * While paused a listener takes no new connection: they wait in the backlog,
 * which is bounded; what does not fit is refused or ignored as TCP does.
 */
static inline void tern_listener_pause(struct tern_listener *listener)
{
    listener->host->ops->listener_pause(listener, true);
}

static inline void tern_listener_resume(struct tern_listener *listener)
{
    listener->host->ops->listener_pause(listener, false);
}

/* Stops listening and gives the listener back. Accepted streams live on. */
static inline void tern_listener_close(struct tern_listener *listener)
{
    listener->host->ops->listener_close(listener);
}

/* Where it listens; the port is never 0. */
static inline void tern_listener_local(const struct tern_listener *listener,
                                       struct tern_endpoint_addr *addr)
{
    listener->host->ops->listener_local(listener, addr);
}

/*
 * Connects to an address (names are resolved above). Errors of the call are
 * returned: TERN_FULL (no connection free), TERN_UNREACHABLE, TERN_UNSUPPORTED
 * (the family), TERN_INVALID, TERN_REFUSED (the appliance's descriptor does not
 * say .connects = true); later ones come in closed. *s is valid at once;
 * opened follows when the connection is established.
 *
 * In each backend's archive, and tern_endpoint_open too: an image of an appliance
 * that calls neither is without what only they need.
 */
enum tern_err tern_connect(struct tern_host *host, const struct tern_endpoint_addr *peer,
                           const struct tern_stream_events *events, void *user,
                           struct tern_stream **s);

/*
 * Opens a datagram endpoint on an address (any) and port (0: a free one). Once
 * tern_main is over TERN_REFUSED, unless the appliance connects.
 */
enum tern_err tern_endpoint_open(struct tern_host *host, const struct tern_endpoint_addr *local,
                                 const struct tern_endpoint_events *events, void *user,
                                 struct tern_endpoint **ep);

/* Nanoseconds since 1970-01-01T00:00:00Z, 0 if unknown. Constant within a turn. */
static inline uint64_t tern_host_wall_ns(struct tern_host *host)
{
    return host->ops->wall_ns(host);
}

/* Random octets; TERN_INVALID and nothing written when the host has no entropy. */
static inline enum tern_err tern_host_random(struct tern_host *host, uint8_t *out, size_t len)
{
    return host->ops->random(host, out, len);
}

/* One line, without its newline; the host bounds length and rate. */
static inline void tern_host_log(struct tern_host *host, enum tern_log_level level,
                                 const char *text, size_t len)
{
    host->ops->log(host, level, text, len);
}

/* The value of an option of the appliance's schema or of the host's, or NULL. */
static inline const char *tern_host_option(struct tern_host *host, const char *key)
{
    return host->ops->option(host, key);
}

/*
 * A module by name, or NULL: there is none, or the appliance takes none. Its octets
 * live as long as the program.
 */
static inline const struct tern_module *tern_host_module(struct tern_host *host, const char *name)
{
    return host->ops->module(host, name);
}

/*
 * A pool of the appliance's descriptor: *n elements of elem_len octets, zeroed,
 * placed for ever. NULL: no such pool, or another element length.
 */
static inline void *tern_host_pool(struct tern_host *host, const char *name, size_t elem_len,
                                   size_t *n)
{
    return host->ops->pool(host, name, elem_len, n);
}

/* Who is told of network events and of the wish to drain. One a host. */
static inline void tern_host_on_event(struct tern_host *host, tern_host_event_fn *event, void *app)
{
    host->ops->on_event(host, event, app);
}

/*
 * The appliance has drained: the program ends with status (0..127) now. Nobody
 * needs to call it: draining, the host pauses its listeners and ends by itself,
 * with status 0, once its last stream has closed, and in any case after
 * drain=SECONDS.
 */
static inline void tern_host_drained(struct tern_host *host, int status)
{
    host->ops->drained(host, status);
}

/*
 * Number i of the sets of counters (metrics.h) of what the host is made of:
 * itself, its network stack or sockets, its drivers. A tern_metrics_fn whose
 * user is the host. In each backend's archive: an image of an appliance that
 * does not call it has no names of counters in it.
 */
bool tern_host_metrics(void *host, size_t i, struct tern_metrics *set);

/* ---- What an appliance says of itself ----------------------------------- */

struct tern_pool {
    const char *name;
    size_t elem_len, align;
    uint32_t per_connection;    /* elements = per_connection x connections + fixed */
    uint32_t fixed;
};

struct tern_appliance {
    size_t size;                           /* of this struct: set by TERN_APPLIANCE */
    const char *name;
    uint32_t connections;                  /* default of connections=; 0: 1,024 */
    const struct tern_pool *pools;         /* up to one without a name; may be NULL */
    const struct tern_option *options;     /* up to one without a key; may be NULL */
    bool connects;                         /* opens connections, not only accepts */
    /*
     * NULL, or judges each of the options above, in their order, before anything
     * is placed or opened (and before memory is told of): NULL if the value will
     * do, else what follows it in the message, as "is not a colour". value NULL:
     * not given, and without a fallback.
     */
    const char *(*check)(const char *key, const char *value);
    const struct tern_modules_part *modules;    /* &tern_host_modules; NULL: takes none */
    /*
     * Keys of options, up to NULL, whose values are where the appliance listens if
     * they are addresses with ports; may be NULL. A process judges them after check,
     * as early: each must be of a family that its host has, and no two may be one and
     * the same. A guest learns it when it listens.
     */
    const char *const *listens;
    struct tern_host_links *links;    /* &tern_host_links; NULL: an image has one link */
};

/* Defined by the appliance, or by the backend's archive with defaults. */
extern const struct tern_appliance tern_appliance;

/*
 * How a C file says it. (C++ has no designated initialisers in any order and no
 * compound literals: an appliance of C++ keeps its descriptor in a file of C.)
 */
#ifdef TERN_MODULES
#define TERN_APPLIANCE_MODULES .modules = &tern_host_modules,
#else
#define TERN_APPLIANCE_MODULES
#endif
#ifdef TERN_LINKS
#define TERN_APPLIANCE_LINKS .links = &tern_host_links,
#else
#define TERN_APPLIANCE_LINKS
#endif
#define TERN_APPLIANCE(...)                                                         \
    const struct tern_appliance tern_appliance = {                                  \
        .size = sizeof(struct tern_appliance), TERN_APPLIANCE_MODULES               \
        TERN_APPLIANCE_LINKS __VA_ARGS__                                            \
    }
#define TERN_POOLS(...) ((const struct tern_pool[]){ __VA_ARGS__, { .name = NULL } })
#define TERN_POOL(pool_name, type, ...) \
    { .name = pool_name, .elem_len = sizeof(type), .align = _Alignof(type), __VA_ARGS__ }
#define TERN_OPTIONS(...) ((const struct tern_option[]){ __VA_ARGS__, { .key = NULL } })

#ifdef __cplusplus
}
#endif

#endif
