/* SPDX-License-Identifier: ISC */
/*
 * What every host shares: kernel sockets, libnet on a TAP device, a guest.
 * Linked into unikernels, so it needs no more of C's library than the
 * protocol libraries do.
 *
 * In reading order:
 *     text.c     lines put together without printf
 *     options.c  one schema for command lines and guests
 *     listens.c  where an appliance would listen, before it does
 *     help.c     what people are told of them
 *     carve.c    the pools of an appliance, placed in one piece of memory
 *     core.c     the half of struct tern_host_ops that does not depend on
 *                who carries the octets: log, options, pools, events, drain
 *     modules.c  the modules of an appliance that takes any
 *     metrics.c  what every host has to show
 *     default.c  the descriptor of an appliance that has none
 *     net_plan.c, net_listen.c, net.c
 *                the other half over a tern_net
 *     links.c, routes.c, secret.c
 *                more links than one, their routes, a secret; where that is linked
 *     connect.c, endpoint_open.c
 *                what only appliances need that call it
 */
#ifndef TERN_HOST_INTERNAL_H
#define TERN_HOST_INTERNAL_H

#include <tern/host.h>
#include <tern/ipv6.h>
#include <tern/tcp.h>

/* ---- text.c -------------------------------------------------------------- */

/* A line under construction; what does not fit is cut off, never past cap. */
struct tern_text {
    char *at;
    size_t cap, len;    /* len < cap: there is room for the last zero */
};

/* Starts an empty line in cap (at least 1) octets. */
void tern_text_init(struct tern_text *text, char *at, size_t cap);
void tern_text_add(struct tern_text *text, const char *s);
void tern_text_add_n(struct tern_text *text, const char *s, size_t len);
void tern_text_u64(struct tern_text *text, uint64_t value);
/* At least `width` digits, zeros in front. */
void tern_text_u64_wide(struct tern_text *text, uint64_t value, size_t width);
/* Spaces up to column `column` of the whole text's last line. */
void tern_text_pad(struct tern_text *text, size_t column);
void tern_text_addr(struct tern_text *text, const struct tern_addr *addr);

/* Equal as strings. */
bool tern_text_equal(const char *a, const char *b);

/* ---- options.c ------------------------------------------------------------- */

/* Which kinds of host have an option. */
#define TERN_HOST_SOCKETS 0x01u
#define TERN_HOST_TAP 0x02u
#define TERN_HOST_GUEST 0x04u
#define TERN_HOST_NET (TERN_HOST_TAP | TERN_HOST_GUEST)
#define TERN_HOST_PROCESS (TERN_HOST_SOCKETS | TERN_HOST_TAP)
#define TERN_HOST_ALL 0x07u

enum tern_host_key {
    TERN_KEY_LINK, TERN_KEY_IP, TERN_KEY_GW, TERN_KEY_MTU, TERN_KEY_MAC, TERN_KEY_NIC,
    TERN_KEY_CONNECTIONS, TERN_KEY_MEMORY, TERN_KEY_LOG, TERN_KEY_DRAIN, TERN_KEY_USER,
    TERN_KEY_SEAL, TERN_KEY_MODULE, TERN_KEY_EXIT,
    TERN_N_KEYS
};

/* What the host knows of each of its keys; for people: help.c. */
struct tern_host_schema {
    char key[12], fallback[5];    /* an empty one: none */
    uint8_t kinds;
};
extern const struct tern_host_schema tern_host_schema[TERN_N_KEYS];

#define TERN_APPLIANCE_OPTIONS_MAX 32u
#define TERN_MODULES_MAX 16u

/* Values point into the words that were given, which live as long as this. */
struct tern_host_options {
    const struct tern_appliance *appliance;
    struct tern_host_links *links;    /* NULL: one link, and no options of more */
    const char *operand;
    const char *host[TERN_N_KEYS];    /* NULL: not given */
    const char *own[TERN_APPLIANCE_OPTIONS_MAX];
    const char *modules[TERN_MODULES_MAX];    /* each module= that was given */
    size_t n_modules;
    uint8_t link;                     /* whose settings are being made */
    const char *(*lacks)(unsigned kinds, unsigned kind);    /* a process's; NULL: a guest */
    bool help, print_memory;
    bool of_guest;                    /* print_memory: what a guest of this would have */
    char error[400];                  /* after an error: a line for people */
};

/* appliance is placed. operand: see tern_unix_main; may be NULL. */
enum tern_err tern_host_options_init(struct tern_host_options *options,
                                     const struct tern_appliance *appliance, const char *operand);

/*
 * Takes one word of a guest's command line, key=value, placed and ended by a
 * zero. Words that loaders add for Linux are passed over. TERN_INVALID:
 * options->error says why.
 */
enum tern_err tern_host_options_word(struct tern_host_options *options, const char *word);

/*
 * Cuts a guest's command line into words, in place, and takes each. Spaces
 * separate; there is no quoting.
 */
enum tern_err tern_host_options_line(struct tern_host_options *options, char *line);

/* Takes a process's arguments (without its name): --key value, --key=value, key=value. */
enum tern_err tern_host_options_args(struct tern_host_options *options, int argc, char **argv);

/* Refuses what was given and the host of this one kind does not have. */
enum tern_err tern_host_options_settle(struct tern_host_options *options, unsigned kind);

/* Says what is wrong with the value, which may be NULL, of one of the appliance's options. */
enum tern_err tern_host_options_bad_own(struct tern_host_options *options, const char *key,
                                        const char *value, const char *wrong);

struct tern_host_settings;

/*
 * listens.c: refuses values of the appliance's at which a host of this kind cannot
 * listen, or not twice. TERN_INVALID: options->error names the option and the value.
 */
enum tern_err tern_host_options_listens(struct tern_host_options *options, unsigned kind,
                                        const struct tern_host_settings *settings);

/* The digest of a module's NAME=sha256:DIGEST, unchecked; NULL: no such word. */
const char *tern_host_options_digest(const char *module);

/* The value given, or the fallback, or NULL: the appliance's own key before the host's. */
const char *tern_host_options_get(const struct tern_host_options *options, const char *key);

/* The host's value or its fallback, or NULL. */
const char *tern_host_options_host(const struct tern_host_options *options,
                                   enum tern_host_key key);

/* help.c: why a host of this kind has not an option that these kinds have. */
const char *tern_host_options_lacks(unsigned kinds, unsigned kind);

/* help.c: writes help for the kinds of host in `kinds`, a line an option. */
void tern_host_options_help(const struct tern_host_options *options, unsigned kinds,
                            struct tern_text *text);

/* seal=: as far as the kernel can; wholly or not at all; not. */
enum tern_seal_wish { TERN_SEAL_WISH_ON, TERN_SEAL_WISH_MUST, TERN_SEAL_WISH_OFF };

/* What the host's own options say, checked. */
#define TERN_HOST_ADDRESSES 4u
struct tern_host_settings {
    bool dhcp;                /* IPv4 by DHCP */
    bool slaac;               /* IPv6 by routers */
    bool link_local;          /* IPv4 without a server (RFC 3927); beside DHCP if that has none */
    bool wants[2];            /* somebody has said dhcp, slaac: without it there is no start */
    bool has_ip[2];           /* an address of IPv4, of IPv6 */
    bool has_gw[2];           /* a gateway of IPv4, of IPv6 */
    bool has_mac, has_nic;
    uint8_t n_addresses;
    struct tern_net_address addresses[TERN_HOST_ADDRESSES];
    uint8_t mac[6];           /* to be had */
    uint8_t nic[6];           /* of the network device to take */
    uint16_t mtu;             /* 0: the link's */
    uint32_t connections;
    uint64_t memory;          /* octets; 0: not given */
    enum tern_log_level log;
    uint64_t drain_ns;
    uint16_t exit_port;       /* tern.exit=; 0: none */
    struct tern_host_links *links;    /* NULL: one link, to which all of this belongs */
};

/* TERN_INVALID: options->error names the key and what is wrong with its value. */
enum tern_err tern_host_options_settings(struct tern_host_options *options,
                                         struct tern_host_settings *settings);

/* Are bits from..to-1 of an address all this one? */
bool tern_host_bits_are(const struct tern_addr *a, unsigned from, unsigned to, unsigned bit);

/* The next of a list's words, which commas part, from *at on; false: no more. */
bool tern_host_word_next(const char **at, const char **word, size_t *len);

/*
 * A gateway on link number `link`: a link-local one may have the link's number plus
 * one as its zone, as fe80::1%1 (RFC 4007 section 11). TERN_UNREACHABLE: another zone.
 */
enum tern_err tern_host_gateway_parse(const char *word, size_t len, size_t link,
                                      struct tern_addr *gw);

/* What seal= says, of which guests know nothing. TERN_INVALID: as above. */
enum tern_err tern_host_options_seal(struct tern_host_options *options,
                                     enum tern_seal_wish *seal);

/* ---- default.c ---------------------------------------------------------------- */

#define TERN_HOST_NO_NAME "appliance"    /* of one that has no descriptor */

/* ---- carve.c ------------------------------------------------------------------ */

struct tern_carved {
    const char *name;
    size_t elem_len, align, n;
    bool scales;    /* with the number of connections */
    void *at;
};

#define TERN_CARVED_MAX 64u

/* A plan of pools, then the pools themselves. */
struct tern_carver {
    struct tern_carved pools[TERN_CARVED_MAX];
    size_t n_pools;
    char error[160];
};

void tern_carver_init(struct tern_carver *carver);

/*
 * Plans n elements of elem_len octets. TERN_FULL: more than TERN_CARVED_MAX
 * pools; TERN_INVALID: a size that cannot be, or a name that is there. After
 * either carver->error names the pool and what is wrong with it.
 */
enum tern_err tern_carver_add(struct tern_carver *carver, const char *name, size_t elem_len,
                              size_t align, size_t n);

/* Of the pool that was planned last: with fewer connections it would be smaller. */
void tern_carver_scales(struct tern_carver *carver);

/* Plans the pools of an appliance's descriptor. */
enum tern_err tern_carver_add_appliance(struct tern_carver *carver,
                                        const struct tern_appliance *appliance,
                                        uint32_t connections);

/* Octets that the plan needs, alignment included; SIZE_MAX: more than can be. */
size_t tern_carver_total(const struct tern_carver *carver);

/*
 * Places the pools one after another in mem (aligned to 64) and says how many
 * octets from its start they took. Clears them unless `zeroed`. TERN_FULL:
 * carver->error names the first pool that does not fit, and its octets.
 */
enum tern_err tern_carver_place(struct tern_carver *carver, uint8_t *mem, size_t mem_len,
                                bool zeroed, size_t *used);

/* A placed pool, or NULL: no such name, or another element length. */
void *tern_carver_get(const struct tern_carver *carver, const char *name, size_t elem_len,
                      size_t *n);

/*
 * What mem_len octets leave for blocks of block_len, behind the pools.
 * TERN_FULL: less than `least`; carver->error says what is missing.
 */
enum tern_err tern_carver_rest(struct tern_carver *carver, size_t mem_len, size_t least,
                               size_t *rest);

/*
 * The budget: a line a pool with its number of elements, the octets of each
 * and of all; then the blocks, of `rest` octets (0: what a machine has left);
 * then the sum.
 */
void tern_carver_print(const struct tern_carver *carver, size_t rest, size_t block_len,
                       struct tern_text *text);

/* What a host works with least: octets for payload. */
#define TERN_BLOCKS_LEAST (64u << 10)

/* ---- core.c --------------------------------------------------------------------- */

#define TERN_LOG_LINE_CAP 512u    /* a line of the log, its head and its newline included */

/* The first member of each backend's host. The backend sets what has no init argument. */
struct tern_host_core {
    struct tern_host host;
    const struct tern_host_options *options;    /* NULL: none */
    const struct tern_carver *carver;           /* NULL: no pools */
    const struct tern_module *modules;          /* up to one without a name; NULL: none */
    uint64_t wall_offset_ns;                    /* wall time minus the turn's; 0: unknown */
    uint64_t wall_read_ns;                      /* when that was read */
    enum tern_log_level level;
    int status;
    char where[24];                             /* of an event: the link, where there are more */
    bool draining, over;
    bool sealed;                                /* tern_main is over: no new listener */
    uint64_t drain_ns;                          /* the longest wait */
    size_t n_streams;                           /* open now */
    tern_host_event_fn *event;
    void *event_app;
    struct tern_timer drain_timer;
    uint64_t drain_due_ns;
    uint64_t log_window_ns;                     /* the second that n_logged counts */
    uint32_t n_logged, n_log_lost;
    uint64_t n_log_lost_ever;
    uint64_t start_ns;                          /* of the turn's time */
    struct tern_drbg drbg;                      /* seeded by the backend */

    /* The backend's: one finished line with its newline. */
    void (*log_line)(struct tern_host_core *core, const char *line, size_t len);
    /* The backend's: the appliance is done, the loop shall end. core->status is set. */
    void (*ended)(struct tern_host_core *core);
    /* The backend's: from now on every listener is paused; `draining` keeps it so. */
    void (*stop_listening)(struct tern_host_core *core);
    /* Of a backend that does not call stream_opened and _closed: how many are open. */
    size_t (*count_streams)(struct tern_host_core *core);
    /* Wall time minus the turn's now, asked at most once a second. NULL: it does not change. */
    uint64_t (*wall_offset)(struct tern_host_core *core);
    /* A process's: what it is made of has to show. NULL: nothing. */
    bool (*metrics)(struct tern_host_core *core, size_t i, struct tern_metrics *set);
};

/* ops is the backend's whole table, into which it has put the functions below. */
void tern_host_core_init(struct tern_host_core *core, const struct tern_host_ops *ops,
                         struct tern_turn *turn, struct tern_block_pool *blocks,
                         const char *name);

/* For the table of ops. */
uint64_t tern_host_core_wall_ns(struct tern_host *host);
enum tern_err tern_host_core_random(struct tern_host *host, uint8_t *out, size_t len);
void tern_host_core_log(struct tern_host *host, enum tern_log_level level, const char *text,
                        size_t len);
const char *tern_host_core_option(struct tern_host *host, const char *key);
const struct tern_module *tern_host_core_module(struct tern_host *host, const char *name);
void *tern_host_core_pool(struct tern_host *host, const char *name, size_t elem_len, size_t *n);
void tern_host_core_on_event(struct tern_host *host, tern_host_event_fn *event, void *app);
void tern_host_core_drained(struct tern_host *host, int status);

/* Tells the appliance of an event and logs it. addr may be NULL. */
void tern_host_core_event(struct tern_host_core *core, enum tern_host_event event,
                          const struct tern_addr *addr);

/*
 * The wish to end: the appliance is told, nothing is accepted any more, and
 * the host ends with its last stream, unless the appliance ends it before by
 * tern_host_drained. After drain_ns it ends in any case. A second call ends it
 * at once, with status 1.
 */
void tern_host_core_drain(struct tern_host_core *core);

/*
 * tern_main is over. From now on the host has the listeners that it has, and
 * datagram endpoints only where the appliance connects.
 */
void tern_host_core_seal(struct tern_host_core *core);

/* May the appliance connect: its descriptor says so, or it is a program with a main of its own. */
bool tern_host_core_may_connect(const struct tern_host_core *core);

/* A stream of this host was opened; was closed. Not for backends with count_streams. */
void tern_host_core_stream_opened(struct tern_host_core *core);
void tern_host_core_stream_closed(struct tern_host_core *core);

/* ---- modules.c ------------------------------------------------------------------- */

#define TERN_MODULE_NAME_CAP 48u    /* octets of a module's name and its zero */

/* What an appliance was given. Placed, and zeroed before it is used. */
struct tern_modules {
    struct tern_module list[TERN_MODULES_MAX + 1];    /* up to one without a name */
    struct {
        char name[TERN_MODULE_NAME_CAP];
        uint32_t n_files;    /* of a directory; 0: a file */
    } of[TERN_MODULES_MAX];
    size_t n;
    char error[200];         /* after an error: a line for people */
};

struct tern_modules_part {
    enum tern_err (*take)(struct tern_host_core *core, struct tern_modules *modules,
                          const struct tern_module *given, size_t n);
};

/*
 * Takes the n modules that a loader or a command line has given; a name may be NULL
 * or empty. From now on tern_host_module finds them. Their octets are placed.
 * Each is logged, with its SHA-256, and those for which options ask are compared.
 *
 * An appliance that takes no modules has none, which is logged if n is not 0.
 *
 * TERN_INVALID, TERN_MALFORMED...: a name that is none or comes twice, more than
 * TERN_MODULES_MAX, an archive that is wrong, a digest that is another or is asked
 * for in vain; modules->error says which, and where. Then there are no modules.
 */
enum tern_err tern_host_core_modules(struct tern_host_core *core, struct tern_modules *modules,
                                     const struct tern_module *given, size_t n);

/* ---- metrics.c ------------------------------------------------------------------- */

/* Two sets: what runs, on which backend; and the core's counters. */
bool tern_host_core_metrics(struct tern_host_core *core, size_t i, const char *backend,
                            struct tern_metrics *set);

/* ---- net_plan.c, net_listen.c, net.c --------------------------------------------- */

#define TERN_NET_HOST_USES 16u
#define TERN_NET_BLOCK_LEN 2048u    /* with its header */

/* The parts of libnet that hosts are made of; contexts are NULL: the host places them. */
extern const struct tern_net_use tern_net_uses[];

struct tern_net_host_listener {
    struct tern_listener listener;
    struct tern_tcp_listener *tcp;
    struct tern_net_host_listener *next;    /* free, or open */
};

/* The host over libnet, on one link; with links.c on up to TERN_NET_LINKS. */
struct tern_net_host {
    struct tern_host_core core;    /* first */
    struct tern_net net;
    struct tern_link *link;        /* the first */
    struct tern_block_pool blocks;
    struct tern_net_use uses[TERN_NET_HOST_USES + 1];
    struct tern_tcp *tcp;          /* NULL: this host has none */
    struct tern_udp *udp;
    struct tern_net_host_listener *free_listeners, *open_listeners;
    char error[96];                /* after start failed: what to tell people */
};

/* Adds the pools of the host to a plan. */
enum tern_err tern_net_host_plan(struct tern_carver *carver,
                                 const struct tern_host_settings *settings);

/*
 * For start: gives each part its context with its tables, from the placed plan.
 * TERN_UNSUPPORTED: the settings want a part that is not linked; host->error says which.
 */
enum tern_err tern_net_host_parts(struct tern_net_host *host, const struct tern_carver *carver,
                                  const struct tern_host_settings *settings);

struct tern_net_host_config {
    struct tern_turn *turn;
    struct tern_link *link;
    const struct tern_host_settings *settings;
    const struct tern_carver *carver;              /* placed and carved */
    const struct tern_host_options *options;       /* may be NULL */
    const struct tern_checksum_ops *checksum;      /* NULL: portable */
    const uint8_t *seed;                           /* TERN_SEED_LEN octets */
    uint8_t *blocks_mem;                           /* for payload: what is left over */
    size_t blocks_len;
    void (*prepare)(struct tern_host_core *core);  /* before anything is logged */
};

/*
 * Starts the host: a stack on the link, with the address that the settings
 * give or a DHCP client. Before it runs the backend sets in core, in `prepare` or later,
 * what core's comments call the backend's, but stop_listening and count_streams. After an
 * error (*host)->error, if not empty, says more; *host is NULL if the plan
 * has no host.
 */
enum tern_err tern_net_host_start(struct tern_net_host **host,
                                  const struct tern_net_host_config *config);

/*
 * For start: attaches the next link, with what its settings say of it. After an error
 * host->error, if not empty, says more.
 */
enum tern_err tern_net_host_link(struct tern_net_host *host, struct tern_link *link,
                                 const struct tern_host_settings *settings);

/* ---- links.c --------------------------------------------------------------------- */

/* The options that links have each, the first of the host's. */
#define TERN_LINK_KEYS ((size_t)TERN_KEY_NIC + 1)

#define TERN_HOST_ROUTES 16u

/*
 * Links 0 to n - 1, and what else a host over libnet can be told where this is linked
 * in: routes, and the secret of its identifiers. Only two functions are called then, by
 * pointers: a host without it has none of its code.
 */
struct tern_host_links {
    /* Where the value of a link's own option goes, as ip1=; NULL: it is none. */
    const char **(*slot)(struct tern_host_options *options, const char *key, size_t len);
    /* Attaches all links. After an error host->error, if not empty, says more. */
    enum tern_err (*start)(struct tern_host_links *links, struct tern_net_host *host);
    struct tern_host_options *options;                  /* slot's; NULL: nothing was given */
    size_t n;
    struct tern_link *link[TERN_NET_LINKS];             /* the backend sets them before start */
    const char *given[TERN_NET_LINKS][TERN_LINK_KEYS];  /* not of link 0 */
    struct tern_host_settings of[TERN_NET_LINKS];       /* only what a link has of its own */
    const char *route[TERN_NET_LINKS];                  /* route=, route1=...; NULL: none */
    const char *secret;                                 /* secret=; NULL: one is drawn */
    struct tern_route routes[TERN_HOST_ROUTES];
    size_t n_routes;
    bool dhcp_routes;                                   /* those that DHCP says are taken */
    tern_net_event_fn *event;                           /* the host's own */
    char names[TERN_NET_LINKS][5];                      /* "net0": in lines and numbers */
};
const char **tern_host_links_slot(struct tern_host_options *options, const char *key,
                                  size_t len);
enum tern_err tern_host_links_start(struct tern_host_links *links, struct tern_net_host *host);
#define TERN_HOST_LINKS { .slot = tern_host_links_slot, .start = tern_host_links_start, .n = 1 }

/*
 * What is given for links beside the first, for a host of this one kind, to settings that
 * are settled already: these become what all links want together, and links->of has what
 * each wants. With one link they stay as they are. Then routes and the secret.
 * TERN_INVALID: options->error says why.
 */
enum tern_err tern_host_links_settle(struct tern_host_links *links,
                                     struct tern_host_options *options, unsigned kind,
                                     struct tern_host_settings *settings);

/* A line about one of a link's options becomes one about its numbered name. */
void tern_host_links_number(char *line, size_t cap, size_t link);

/* ---- routes.c -------------------------------------------------------------------- */

/* Reads route= of link k, whose settings are made. */
enum tern_err tern_host_routes_settle(struct tern_host_links *links,
                                      struct tern_host_options *options, size_t k);

/* For start, behind the links: the routes into the stack. */
enum tern_err tern_host_routes_start(const struct tern_host_links *links,
                                     struct tern_net_host *host);

/* ---- secret.c -------------------------------------------------------------------- */

/* Reads secret=, 32 hexadecimal digits, which nothing shows. */
enum tern_err tern_host_secret_parse(const char *text, uint8_t secret[16]);

/* For the table of ops. */
enum tern_err tern_net_host_listen(struct tern_host *host, const struct tern_listen *listen,
                                   tern_accept_fn *accept, void *app,
                                   struct tern_listener **listener);
void tern_net_host_listener_pause(struct tern_listener *listener, bool pause);
void tern_net_host_listener_close(struct tern_listener *listener);
void tern_net_host_listener_local(const struct tern_listener *listener,
                                  struct tern_endpoint_addr *addr);
void tern_net_host_stop_listening(struct tern_host_core *core);

#endif
