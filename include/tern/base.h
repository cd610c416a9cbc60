/* SPDX-License-Identifier: ISC */
/*
 * What all of Tern's libraries stand on: errors, octets in network order,
 * addresses, time and turns, the block pool, a keyed hash, the Internet
 * checksum and a generator of random octets.
 *
 * Standards: RFC 1071 and 1624 (checksum), RFC 5952 (text form of IPv6
 * addresses), RFC 4291 section 2.5.5.2 (IPv4-mapped addresses), SipHash-2-4
 * (Aumasson and Bernstein, 2012), ChaCha20 (RFC 8439) as a generator.
 *
 * Nothing here allocates, prints, reads a clock or has state of its own.
 * Three words tell who owns the octets behind a pointer: "read" (used until
 * the call returns), "lent" (left alone until a stated event), "placed" (the
 * context's for the context's life).
 *
 * Time is an argument, now_ns: nanoseconds on a clock that never goes back.
 *
 *     static struct tern_turn turn;
 *
 *     static void fire(struct tern_timer *timer, uint64_t now_ns)
 *     {
 *         tern_timer_set(&turn, timer, now_ns + TERN_SECOND_NS);
 *     }
 *     ...
 *     struct tern_timer tick = { .fire = fire };
 *     tern_turn_init(&turn, NULL, now_ns);
 *     tern_timer_set(&turn, &tick, now_ns + TERN_SECOND_NS);
 *     uint64_t deadline_ns = tern_turn_run(&turn, now_ns);
 */
#ifndef TERN_BASE_H
#define TERN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The release that these headers are of, as configure and pkg-config have it. */
#define TERN_VERSION "0.1"

/* ---- Errors ---------------------------------------------------------- */

/* One enum for the whole suite, grouped by what the caller does next. */
enum tern_err {
    TERN_OK = 0,
    TERN_AGAIN,          /* come back after more input */
    TERN_FULL,           /* come back with more room */
    TERN_TRUNCATED,      /* the peer's: the input ends too early */
    TERN_MALFORMED,      /* the peer's: the input breaks its standard */
    TERN_UNSUPPORTED,    /* the peer's, or the caller's: known, but not done here */
    TERN_REFUSED,        /* the connection is over: the peer said no */
    TERN_RESET,          /* ... the peer broke it off */
    TERN_TIMED_OUT,      /* ... the peer fell silent */
    TERN_UNREACHABLE,    /* ... the network said that there is no way */
    TERN_ABORTED,        /* ... this side broke it off */
    TERN_UNTRUSTED,      /* a certificate's chain, time, name or usage */
    TERN_INVALID,        /* the caller's: an argument or a configuration */
    TERN_MISMATCH,       /* the caller's: compiled with a header of another version */
    TERN_BUG,            /* ours: please report it */
};

/* A short phrase for people, "timed out". Never NULL, constant. */
const char *tern_err_text(enum tern_err err);

/*
 * Before a function that runs seldom, as at the start or when a link goes:
 * compiled for size, and what leads to it is taken to be unlikely.
 */
#define TERN_COLD __attribute__((__cold__))

/*
 * Inline even where code is compiled for size: of what is one instruction or two when
 * it is done, and looks like more to the compiler before.
 */
#define TERN_INLINE __attribute__((__always_inline__)) static inline

/* The struct that holds `member` at `ptr`. */
#define TERN_CONTAINER_OF(ptr, type, member) \
    ((type *)(void *)((unsigned char *)(ptr) - offsetof(type, member)))

#define TERN_MICROSECOND_NS UINT64_C(1000)
#define TERN_MILLISECOND_NS UINT64_C(1000000)
#define TERN_SECOND_NS UINT64_C(1000000000)
#define TERN_NEVER UINT64_MAX    /* as a deadline: none */

/* ---- Octets in memory and on the wire --------------------------------- */

TERN_INLINE uint16_t tern_load_be16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

TERN_INLINE uint32_t tern_load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

TERN_INLINE uint64_t tern_load_be64(const uint8_t *p)
{
    return (uint64_t)tern_load_be32(p) << 32 | tern_load_be32(p + 4);
}

TERN_INLINE void tern_store_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

TERN_INLINE void tern_store_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

TERN_INLINE void tern_store_be64(uint8_t *p, uint64_t v)
{
    tern_store_be32(p, (uint32_t)(v >> 32));
    tern_store_be32(p + 4, (uint32_t)v);
}

TERN_INLINE uint16_t tern_load_le16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[1] << 8 | p[0]);
}

TERN_INLINE uint32_t tern_load_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

TERN_INLINE uint64_t tern_load_le64(const uint8_t *p)
{
    return (uint64_t)tern_load_le32(p + 4) << 32 | tern_load_le32(p);
}

TERN_INLINE void tern_store_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

TERN_INLINE void tern_store_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

TERN_INLINE void tern_store_le64(uint8_t *p, uint64_t v)
{
    tern_store_le32(p, (uint32_t)v);
    tern_store_le32(p + 4, (uint32_t)(v >> 32));
}

/* ---- Addresses -------------------------------------------------------- */

/*
 * An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d. The mapped form lives
 * in memory only: on the wire it is dropped and counted. All zeros is "any".
 */
struct tern_addr {
    uint8_t octets[16];
};

/* An address with a port and, as scope of a link-local one, a link. */
struct tern_endpoint_addr {
    struct tern_addr addr;
    uint16_t port;    /* host order */
    uint16_t link;    /* index of a link plus one; 0: any link */
};

/* An IPv4 address from its 32 bits in host order (0x0a000001 is 10.0.0.1). */
struct tern_addr tern_addr_v4(uint32_t v4);

/* True for ::ffff:0:0/96, the IPv4 addresses. */
TERN_INLINE bool tern_addr_is_v4(const struct tern_addr *a)
{
    return tern_load_le64(a->octets) == 0 && tern_load_le32(a->octets + 8) == 0xffff0000;
}

/* The 32 bits of an IPv4 address, in host order. */
TERN_INLINE uint32_t tern_addr_to_v4(const struct tern_addr *a)
{
    return tern_load_be32(a->octets + 12);
}

/* True for :: ("any address of any family"); 0.0.0.0 is not. */
bool tern_addr_is_any(const struct tern_addr *a);

bool tern_addr_equal(const struct tern_addr *a, const struct tern_addr *b);

/* Order for sorting: as memcmp over the 16 octets. */
int tern_addr_compare(const struct tern_addr *a, const struct tern_addr *b);

/*
 * Reads one address, "10.0.0.1" or any form of RFC 4291 section 2.2, from
 * exactly text_len characters (no terminator needed). Numbers of IPv4 have no
 * leading zeros. TERN_MALFORMED for anything else; *a is then untouched.
 */
enum tern_err tern_addr_parse(const char *text, size_t text_len, struct tern_addr *a);

/* Room for any address in text with its terminator; the port form needs more. */
#define TERN_ADDR_TEXT_CAP 46
#define TERN_ENDPOINT_TEXT_CAP 64

/*
 * Writes the address by RFC 5952 (IPv4 dotted) with a terminating zero into
 * text, of TERN_ADDR_TEXT_CAP octets; returns the length without it.
 */
size_t tern_addr_format(const struct tern_addr *a, char *text);

/*
 * Reads "10.0.0.1:80", "[2001:db8::1]:80", "[fe80::1%2]:80" (a link's number),
 * ":80" and "80" (any address), "*:80" (any). TERN_MALFORMED otherwise.
 */
enum tern_err tern_endpoint_addr_parse(const char *text, size_t text_len,
                                       struct tern_endpoint_addr *addr);

/* What struct tern_endpoint_addr calls the link of that name; 0: there is none. */
typedef uint16_t tern_link_of_fn(void *user, const char *name, size_t name_len);

/*
 * The same, and a link may be named: "[fe80::1%eth0]:80" (RFC 4007 section 11). link_of
 * is asked for the number; NULL: a name is malformed. TERN_UNREACHABLE: no such link;
 * *addr is untouched after an error.
 */
enum tern_err tern_endpoint_addr_parse_zone(const char *text, size_t text_len,
                                            tern_link_of_fn *link_of, void *user,
                                            struct tern_endpoint_addr *addr);

/* Writes "10.0.0.1:80" or "[::1]:80" into TERN_ENDPOINT_TEXT_CAP octets. */
size_t tern_endpoint_addr_format(const struct tern_endpoint_addr *addr, char *text);

/* A row of RFC 6724's table of policies. */
struct tern_addr_policy {
    uint32_t prefix;       /* the first bits of an address */
    uint8_t prefix_len;    /* so many of them, 0..32 */
    uint8_t precedence, label;
};

/*
 * The row for an address of IPv6 (RFC 6724 section 2.1); never NULL, constant. Not for
 * ::1 and the two prefixes that hold IPv4's addresses, which tern_dial_order knows.
 */
const struct tern_addr_policy *tern_addr_policy(const struct tern_addr *a);

/*
 * Writes a number in decimal into text, of 20 octets, without a terminator; returns
 * how many.
 */
size_t tern_decimal_format(uint64_t value, char *text);

/* A moment of UTC: month 1 is January, weekday 0 Sunday. */
struct tern_date {
    uint32_t year, month, day, hour, minute, second, weekday;
};

/*
 * That of so many seconds since 1970 began in UTC, by the proleptic Gregorian calendar
 * (RFC 3339); before the year 11,000,000.
 */
void tern_date_of(uint64_t unix_s, struct tern_date *date);

/* The value of a hexadecimal digit of either case; -1: it is none. */
int tern_hex_value(char c);

/*
 * Reads the address of a station, "02:00:00:00:00:01", from exactly text_len characters.
 * False for anything else, the address of a group, and that of nobody (all zeros).
 */
bool tern_mac_parse(const char *text, size_t text_len, uint8_t mac[6]);

/* One of the addresses that a peer has. */
struct tern_dial {
    struct tern_endpoint_addr peer;
    struct tern_addr source;    /* that we would have; any: it cannot be reached */
    bool deprecated;            /* that source is (RFC 4862 section 5.5.4) */
};

/*
 * Puts n addresses of one peer into the order in which to try them: sorted by RFC 6724
 * section 6 (its rules 4 and 7, of mobility and tunnels, have nothing to say here), then
 * the families in turn, beginning with the better one (RFC 8305 section 4). Those that
 * cannot be reached come last; equals stay as they were. Asks nobody; O(n * n).
 */
void tern_dial_order(struct tern_dial *dials, size_t n);

/*
 * Reads "10.0.0.2/24" into an address and a prefix length (of 32 for IPv4, of
 * 128 for IPv6). Without "/" the prefix is the whole address.
 */
enum tern_err tern_prefix_parse(const char *text, size_t text_len, struct tern_addr *a,
                                uint8_t *prefix_len);

/* ---- Timers ------------------------------------------------------------ */

/*
 * A timer, embedded in what it times. Zero-initialised with `fire` set, it is
 * idle. It fires once, in tern_turn_run, at or after due_ns, never before; it
 * is idle again when fire is called, and fire may set it anew or free its
 * memory.
 */
struct tern_timer {
    struct tern_timer *next, **link;    /* link: what points at us; NULL while idle */
    uint64_t due_ns;
    void (*fire)(struct tern_timer *timer, uint64_t now_ns);
};

struct tern_turn;

/*
 * Sets the timer to due_ns (a time that has passed fires in the next or the
 * present run). Moving it later only stores the time: O(1), no memory touched
 * but the timer's. O(1) always.
 */
void tern_timer_set(struct tern_turn *turn, struct tern_timer *timer, uint64_t due_ns);

/* Takes the timer off its wheel. Harmless while it is idle. O(1). */
void tern_timer_cancel(struct tern_turn *turn, struct tern_timer *timer);

static inline bool tern_timer_is_set(const struct tern_timer *timer)
{
    return timer->link != NULL;
}

/*
 * The wheel: 8 levels of 64 slots, the finest slot 2^16 ns (65.5 us) wide.
 * Members are not part of the interface.
 */
#define TERN_WHEEL_LEVELS 8
#define TERN_WHEEL_SLOTS 64
struct tern_wheel {
    uint64_t tick;                          /* all before it has fired */
    uint64_t occupied[TERN_WHEEL_LEVELS];   /* a bit a slot */
    struct tern_timer *slots[TERN_WHEEL_LEVELS][TERN_WHEEL_SLOTS];
    struct tern_timer *due;                 /* taken from their slot, not yet fired */
    uint64_t near_ns;                       /* no timer of the present slot is due before */
    uint64_t next_ns;                       /* no timer at all is to be looked at before; 0: ask */
};

/* ---- Turns ------------------------------------------------------------- */

/*
 * A provider is what has objects with news: a tern_net, a kernel-socket host,
 * a feed. It keeps its own FIFO of those objects.
 */
struct tern_provider;
struct tern_provider_ops {
    /*
     * Serves at most n (>= 1) objects, oldest news first, one visit each, and
     * returns how many it served. Fewer than n: it has no news left. News that
     * arises in the visits themselves joins the end of its FIFO.
     */
    size_t (*visit)(struct tern_provider *provider, size_t n);

    /*
     * Called once a turn after the last visit, if the provider was marked or
     * visited in it: puts away what was lent for the turn, sends segments,
     * flushes links. May mark for the next turn.
     */
    void (*send)(struct tern_provider *provider);
};

struct tern_provider {
    const struct tern_provider_ops *ops;
    struct tern_turn *turn;
    struct tern_provider *next_ready, *next_worked;    /* the turn's */
    bool ready, worked;
};

/*
 * One loop's turn. The loop places it; every library's init takes it.
 *
 * In a turn: input is taken (by the provider that brings it), timers that are
 * due fire, providers are visited in the order in which they got news until
 * none has any or the budget is spent, then each that worked sends. A spent
 * budget keeps the rest for the next turn, and tern_turn_run then returns a
 * deadline that is already due.
 */
struct tern_turn {
    uint64_t now_ns;                /* how code inside an event knows the time */
    uint32_t budget;                /* events a turn: timers fired and objects visited */
    bool running;                   /* inside tern_turn_run */
    struct tern_provider *ready_first, **ready_last;
    struct tern_provider *worked_first, **worked_last;
    uint64_t n_turns, n_visits, n_timers;    /* for whoever is curious */
    struct tern_wheel wheel;
};

struct tern_turn_config {
    uint32_t budget;    /* 0: TERN_TURN_BUDGET */
};
#define TERN_TURN_BUDGET 256u

/*
 * Starts a turn object at now_ns. config may be NULL: defaults. TERN_MISMATCH:
 * compiled with another version of this header; *turn is untouched then.
 */
enum tern_err tern_turn_init_sized(struct tern_turn *turn, size_t turn_len,
                                   const struct tern_turn_config *config, size_t config_len,
                                   uint64_t now_ns);
static inline enum tern_err tern_turn_init(struct tern_turn *turn,
                                           const struct tern_turn_config *config, uint64_t now_ns)
{
    return tern_turn_init_sized(turn, sizeof *turn, config, sizeof *config, now_ns);
}

/*
 * Sets turn->now_ns, for a provider that is about to take input. A step back
 * counts as no step.
 */
static inline void tern_turn_advance(struct tern_turn *turn, uint64_t now_ns)
{
    if (now_ns > turn->now_ns)
        turn->now_ns = now_ns;
}

/*
 * Runs one turn and returns the next deadline on the same clock, TERN_NEVER
 * if there is none, a time not after now_ns if there is more to do at once.
 * Called from inside a turn it does nothing and returns now_ns: the news is
 * served by the run that is under way.
 */
uint64_t tern_turn_run(struct tern_turn *turn, uint64_t now_ns);

/* Joins a provider to a turn. ops is placed (constant). TERN_MISMATCH as above. */
enum tern_err tern_provider_init_sized(struct tern_provider *provider, size_t provider_len,
                                       struct tern_turn *turn,
                                       const struct tern_provider_ops *ops, size_t ops_len);
static inline enum tern_err tern_provider_init(struct tern_provider *provider,
                                               struct tern_turn *turn,
                                               const struct tern_provider_ops *ops)
{
    return tern_provider_init_sized(provider, sizeof *provider, turn, ops, sizeof *ops);
}

/* Says that the provider has news to visit. O(1); harmless if said before. */
void tern_provider_ready(struct tern_provider *provider);

/* Says that the provider has something to send in this turn. O(1), harmless twice. */
void tern_provider_worked(struct tern_provider *provider);

/* Takes the provider off its turn's lists, before its memory goes. */
void tern_provider_leave(struct tern_provider *provider);

/* ---- Blocks -------------------------------------------------------------- */

/*
 * A pool of equal blocks, carved from one piece of placed memory, for payload
 * that has to wait. A block opens with its header; data follows. Take and give
 * are O(1). An empty pool gives NULL, and every user states what it does then.
 */
struct tern_block {
    struct tern_block *next;    /* the owner's while taken */
    uint32_t off, len;          /* the owner's: where data begins and how much there is */
    /* pool->data_cap octets; a pool holds the same on machines of any pointer. */
#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#endif
    __attribute__((aligned(16))) uint8_t data[];
#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif
};

struct tern_block_pool {
    struct tern_block *free;
    uint8_t *fresh;             /* n_fresh blocks that were never taken begin here */
    size_t n_fresh;
    size_t n_free, n_blocks;
    size_t data_cap;            /* octets of data in each block */
    size_t n_low;               /* the least n_free has been */
    uint64_t n_empty;           /* takes that found nothing */
};

#define TERN_BLOCK_LEN_LEAST 2048u    /* header included */

/*
 * Carves mem (mem_len octets, placed, 16-aligned or up to 15 octets are lost)
 * into blocks of block_len octets, header included: a multiple of 16, at least
 * TERN_BLOCK_LEN_LEAST. TERN_INVALID for another block_len, or memory for
 * fewer than one block; TERN_MISMATCH: another version of this header.
 */
enum tern_err tern_block_pool_init_sized(struct tern_block_pool *pool, size_t pool_len, void *mem,
                                         size_t mem_len, size_t block_len);
static inline enum tern_err tern_block_pool_init(struct tern_block_pool *pool, void *mem,
                                                 size_t mem_len, size_t block_len)
{
    return tern_block_pool_init_sized(pool, sizeof *pool, mem, mem_len, block_len);
}

/* A block with off and len 0 and next NULL, or NULL: the pool is empty. O(1). */
struct tern_block *tern_block_take(struct tern_block_pool *pool);

void tern_block_give(struct tern_block_pool *pool, struct tern_block *block);

/*
 * May a holder of n_held blocks have one more? Only while it holds fewer than
 * a quarter of those free now, or none: n greedy holders then leave at least
 * 1/(1 + n/4) of the pool free, and each newcomer gets its first.
 */
static inline bool tern_block_fair(const struct tern_block_pool *pool, size_t n_held)
{
    return pool->n_free > 0 && n_held <= pool->n_free / 4;
}

/*
 * How many more, one after the other, tern_block_fair would grant it. Each
 * taken leaves one fewer free: the i-th needs n_held + i <= (n_free - i) / 4.
 */
static inline size_t tern_block_fair_more(const struct tern_block_pool *pool, size_t n_held)
{
    if (!tern_block_fair(pool, n_held))
        return 0;
    return (pool->n_free - 4 * n_held) / 5 + 1;
}

/* ---- A keyed hash -------------------------------------------------------- */

/* SipHash-2-4 of len octets under a 16-octet key. */
uint64_t tern_siphash(const uint8_t key[16], const uint8_t *data, size_t len);

/* The same over three 64-bit words (24 octets in little-endian order), unrolled. */
uint64_t tern_siphash_3(const uint8_t key[16], uint64_t a, uint64_t b, uint64_t c);

/* SipHash-1-3 over five words: for tables keyed by a connection's addresses. */
uint64_t tern_siphash13_5(const uint8_t key[16], const uint64_t words[5]);

/* ---- SHA-256 (FIPS 180-4) ------------------------------------------------- */

#define TERN_SHA256_LEN 32u
#define TERN_SHA256_TEXT_CAP 65u    /* a digest in digits, and a zero */

/* A sum under way: for names of contents, not for secrets. Placed by the caller. */
struct tern_sha256 {
    uint32_t h[8];
    uint8_t block[64];
    uint64_t len;         /* octets added */
};

void tern_sha256_init(struct tern_sha256 *sha);
void tern_sha256_add(struct tern_sha256 *sha, const uint8_t *data, size_t len);
/* Writes the sum of what was added, after which *sha is to be initialised again. */
void tern_sha256_finish(struct tern_sha256 *sha, uint8_t digest[TERN_SHA256_LEN]);
/* A digest as sha256sum(1) prints it: 64 lower-case digits, and a zero. */
void tern_sha256_hex(const uint8_t digest[TERN_SHA256_LEN], char hex[TERN_SHA256_TEXT_CAP]);

/* ---- The Internet checksum (RFC 1071) -------------------------------------- */

/*
 * How to sum and copy; a table so that a backend may choose one for its
 * machine. Both return the one's complement sum of the octets, as big-endian
 * 16-bit words (an odd last octet is padded with zero), folded to 16 bits and
 * not complemented, added to `sum` (any 32-bit value, which counts as a sum of
 * words). They never read or write beyond len.
 */
struct tern_checksum_ops {
    uint32_t (*add)(uint32_t sum, const uint8_t *data, size_t len);
    uint32_t (*copy)(uint32_t sum, uint8_t *to, const uint8_t *from, size_t len);
};
extern const struct tern_checksum_ops tern_checksum_portable;

/* The portable pair, by name. */
uint32_t tern_checksum_add(uint32_t sum, const uint8_t *data, size_t len);
uint32_t tern_checksum_copy(uint32_t sum, uint8_t *to, const uint8_t *from, size_t len);

/* Folds a sum to 16 bits. */
static inline uint16_t tern_checksum_fold(uint32_t sum)
{
    /* Both halves, and the carry of the lower one, meet in the upper. */
    return (uint16_t)((sum + (sum << 16 | sum >> 16)) >> 16);
}

/* The checksum field for a sum: its complement. */
static inline uint16_t tern_checksum_finish(uint32_t sum)
{
    return (uint16_t)~tern_checksum_fold(sum);
}

/*
 * The sum of the bytes that follow an odd number of bytes enters the whole
 * with its octets swapped (RFC 1071 section 2 (B)).
 */
static inline uint32_t tern_checksum_swap(uint32_t sum)
{
    uint16_t s = tern_checksum_fold(sum);
    return (uint32_t)(uint16_t)((uint32_t)s << 8 | s >> 8);
}

/* ---- Random octets --------------------------------------------------------- */

/*
 * A deterministic generator: ChaCha20 keyed by the seed, with fast key erasure
 * (the first 32 octets of every refill replace the key, so a later look at the
 * memory does not tell earlier output). Unseeded, it fails closed.
 */
struct tern_drbg {
    uint32_t key[8];
    uint8_t buf[256];
    uint16_t n_left;
    bool seeded;
};
#define TERN_SEED_LEN 32

/*
 * Seeds from TERN_SEED_LEN octets (read). The same seed gives the same octets.
 * TERN_MISMATCH: compiled with another version of this header; *drbg is
 * untouched then.
 */
enum tern_err tern_drbg_init_sized(struct tern_drbg *drbg, size_t drbg_len,
                                   const uint8_t seed[TERN_SEED_LEN]);
static inline enum tern_err tern_drbg_init(struct tern_drbg *drbg,
                                           const uint8_t seed[TERN_SEED_LEN])
{
    return tern_drbg_init_sized(drbg, sizeof *drbg, seed);
}

/* Mixes more entropy in (any length): the new key depends on the old and on it. */
void tern_drbg_reseed(struct tern_drbg *drbg, const uint8_t *entropy, size_t len);

/* Fills out, or TERN_INVALID without touching it when the generator was never seeded. */
enum tern_err tern_drbg_fill(struct tern_drbg *drbg, uint8_t *out, size_t len);

/* 32 random bits; 0 when unseeded (the libraries check `seeded` in their init). */
uint32_t tern_drbg_u32(struct tern_drbg *drbg);

/* A number in [0, n), n >= 1, without bias. */
uint32_t tern_drbg_below(struct tern_drbg *drbg, uint32_t n);

/* For other languages: the octets of what a caller places. */
size_t tern_timer_size(void);
size_t tern_turn_size(void);
size_t tern_turn_config_size(void);
size_t tern_provider_size(void);
size_t tern_block_pool_size(void);
size_t tern_drbg_size(void);

#ifdef __cplusplus
}
#endif

#endif
