/* SPDX-License-Identifier: ISC */
/*
 * A whole process: what main does. Options, pools, a host over kernel sockets
 * or over libnet, signals, the loop, the exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "seal.h"
#include "unix_internal.h"

#define STATUS_USAGE 2
#define STATUS_START 1
#define TAP_BLOCKS_LEN (32u << 20)    /* libnet's windows are ours, not the kernel's */
#define OTHER_DESCRIPTORS 8u    /* standard ones, the loop's, listeners */
#define PLACES_MAX 4u           /* options that are addresses to listen at */
#define ZONES_CAP 512u          /* octets of a list of gateways that name their links */
#define TURN_BUDGET 1024u    /* events a turn: a batch of epoll's brings two each */

/*
 * A signal so soon after the first is the same wish to end: timeout(1) signals
 * its child, and then the group that the child is in.
 */
#define SAME_WISH_NS (100 * TERN_MILLISECOND_NS)

struct process {
    struct tern_unix_loop loop;
    struct tern_host_options options;
    struct tern_appliance named;    /* the appliance, if its name is its program's */
    struct tern_host_settings settings;
    enum tern_seal_wish seal;
    struct tern_sockets_config config;
    struct tern_carver carver;
    struct tern_unix_signal interrupt, terminate;
    struct tern_modules modules;
    char places[PLACES_MAX][TERN_ENDPOINT_TEXT_CAP];    /* values with the number of a link */
    struct tern_host_core *core;
    uint64_t asked_ns;    /* when a signal first asked for the end; 0: none has */
    uint8_t *mem;
    size_t mem_len, used, rest;
    int files_fd;         /* beneath it files are read; -1: none are */
    bool on_sockets;
};

struct tern_host_links tern_host_links = TERN_HOST_LINKS;    /* as many */
static struct process process = { .files_fd = -1 };    /* one a process, by its nature */

void tern_unix_reads_files(struct tern_host *host, int dir_fd)
{
    if (process.core != NULL && host == &process.core->host)
        process.files_fd = dir_fd;
}

/* An appliance that says nothing of itself has the name of its program. */
static const struct tern_appliance *name_it(struct process *p,
                                            const struct tern_appliance *appliance,
                                            const char *program)
{
    if (appliance->size != sizeof *appliance || program == NULL ||
        (appliance->name != NULL && !tern_text_equal(appliance->name, TERN_HOST_NO_NAME)))
        return appliance;
    const char *slash = strrchr(program, '/');
    p->named = *appliance;
    p->named.name = slash != NULL && slash[1] != '\0' ? slash + 1 : program;
    return &p->named;
}

static void complain(const struct process *p, const char *what)
{
    fprintf(stderr, "%s: %s\n", p->options.appliance->name, what);
}

static void help(const struct process *p)
{
    static char lines[8192];
    struct tern_text text;
    const char *operand = p->options.operand;

    tern_text_init(&text, lines, sizeof lines);
    tern_text_add(&text, "usage: ");
    tern_text_add(&text, p->options.appliance->name);
    for (const struct tern_option *o = p->options.appliance->options;
         operand != NULL && o != NULL && o->key != NULL; o++)
        if (tern_text_equal(o->key, operand)) {
            tern_text_add(&text, " ");
            tern_text_add(&text, o->value_name);
        }
    tern_text_add(&text, " [OPTION...]\n\nOptions (--key value, --key=value or key=value):\n\n");
    tern_host_options_help(&p->options, TERN_HOST_PROCESS, &text);
    fputs(lines, stdout);
}

static void caught(struct tern_unix_signal *signal, struct process *p)
{
    uint64_t now_ns = tern_unix_now_ns();

    (void)signal;
    if (p->asked_ns != 0 && now_ns - p->asked_ns < SAME_WISH_NS)
        return;
    if (p->asked_ns == 0)
        p->asked_ns = now_ns;
    tern_host_core_drain(p->core);
}

static void caught_interrupt(struct tern_unix_signal *signal, int number)
{
    (void)number;
    caught(signal, TERN_CONTAINER_OF(signal, struct process, interrupt));
}

static void caught_terminate(struct tern_unix_signal *signal, int number)
{
    (void)number;
    caught(signal, TERN_CONTAINER_OF(signal, struct process, terminate));
}

/* How much there is in all, and what of it is for payload. */
static enum tern_err budget_settle(struct process *p)
{
    size_t total = tern_carver_total(&p->carver);
    size_t len = (size_t)p->settings.memory;    /* its parser keeps it below SIZE_MAX */

    if (total > SIZE_MAX - p->config.blocks_len)
        return TERN_INVALID;
    p->mem_len = len != 0 ? len : total + p->config.blocks_len;
    return tern_carver_rest(&p->carver, p->mem_len, TERN_BLOCKS_LEAST, &p->rest);
}

/*
 * One mapping for everything. Pages that nobody touches cost nothing; what
 * memory= says is the most that there can be.
 */
static enum tern_err map_memory(struct process *p)
{
    p->mem = mmap(NULL, p->mem_len, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p->mem == MAP_FAILED)
        return TERN_FULL;
    return tern_carver_place(&p->carver, p->mem, p->mem_len, true, &p->used);
}

static void print_memory(const struct process *p)
{
    static char lines[8192];
    struct tern_text text;
    bool known = !p->options.of_guest || p->settings.memory != 0;

    tern_text_init(&text, lines, sizeof lines);
    tern_carver_print(&p->carver, known ? p->rest : 0,
                      p->on_sockets ? TERN_SOCKETS_BLOCK_LEN : TERN_NET_BLOCK_LEN, &text);
    fputs(lines, stdout);
}

static enum tern_err plan(struct process *p)
{
    enum tern_err err = tern_carver_add_appliance(&p->carver, p->options.appliance,
                                                  p->settings.connections);
    if (err != TERN_OK)
        return err;
    if (p->options.of_guest)
        return tern_net_host_plan(&p->carver, &p->settings);
    return p->on_sockets ? tern_sockets_plan(&p->carver, &p->config)
                      : tern_tap_host_plan(&p->carver, &p->settings);
}

static enum tern_err host_start(struct process *p)
{
    uint8_t *blocks = p->mem + p->used;
    size_t blocks_len = p->mem_len - p->used;

    if (!p->on_sockets)
        return tern_tap_host_start(&p->loop, &p->settings, &p->carver, &p->options, blocks,
                                   blocks_len, &p->core);
    struct tern_sockets *sockets;
    enum tern_err err = tern_sockets_start(&p->loop, &p->config, &p->carver, &p->options, blocks,
                                           blocks_len, &sockets);
    if (err == TERN_OK)
        p->core = &sockets->core;
    return err;
}

/*
 * Standard descriptors that are closed become /dev/null. Otherwise the next
 * that is opened, a connection perhaps, would have their numbers, and get what
 * is logged.
 */
static void hold_standard_descriptors(void)
{
    int fd;
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
        continue;
    if (fd >= 0)
        close(fd);
}

/*
 * As many descriptors as we may have: a connection is one. So is a file, a
 * listener, the loop: connections get three quarters of what is left of them,
 * and those that are too many wait to be accepted, rather than that no file can
 * be opened.
 */
static void descriptors_share(struct process *p)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    size_t given = (size_t)limit.rlim_cur;
    size_t most = given > 2 * OTHER_DESCRIPTORS ? given - given / 4 - OTHER_DESCRIPTORS : 1;
    if (p->settings.connections <= most)
        return;
    fprintf(stderr, "%s: connections=%zu: there may be %zu descriptors (ulimit -n), so %zu\n",
            p->options.appliance->name, (size_t)p->settings.connections, given, most);
    p->settings.connections = (uint32_t)most;
}

/*
 * Nothing that was not opened by now is opened any more. That nothing is sealed
 * is said whatever log= is; a user that is asked for is had all the same.
 */
static int seal(struct process *p)
{
    static const char loud[] = "NOT SEALED, as seal=off or --no-seal asks: a fault in this program "
                               "has all the rights of its user";
    struct tern_seal to = {
        .core = p->core, .user = p->options.host[TERN_KEY_USER], .files_fd = p->files_fd,
        .calls = p->on_sockets ? tern_sockets_calls : tern_tap_host_calls,
        .connects = tern_host_core_may_connect(p->core),
        .must = p->seal == TERN_SEAL_WISH_MUST,
    };
    if (p->seal == TERN_SEAL_WISH_OFF) {
        complain(p, loud);
        return to.user != NULL ? (int)tern_seal_user(&to) : TERN_OK;
    }
    tern_host_core_seal(p->core);
    return (int)tern_seal_process(&to);
}

static int start_and_run(struct process *p, int (*start)(struct tern_host *))
{
    int err = start(&p->core->host);
    if (err != TERN_OK) {
        fprintf(stderr, "%s: cannot start: %s\n", p->options.appliance->name,
                tern_err_text((enum tern_err)err));
        return err == TERN_INVALID ? STATUS_USAGE : STATUS_START;
    }
    err = seal(p);
    if (err != TERN_OK)
        return err == TERN_INVALID ? STATUS_USAGE : STATUS_START;
    if (!p->core->over && tern_unix_loop_run(&p->loop) != TERN_OK) {
        complain(p, "the event loop failed");
        return STATUS_START;
    }
    return p->core->status;
}

/* A link of a TAP host has its device's name. */
static uint16_t tap_link_of(void *options, const char *name, size_t len)
{
    for (size_t k = 0; k < TERN_NET_LINKS; k++) {
        const char *device = tern_tap_host_device(options, k);
        if (device != NULL && strlen(device) == len && memcmp(device, name, len) == 0)
            return (uint16_t)(k + 1);
    }
    return 0;
}

/*
 * Where the appliance is to listen on a link that is named it hears of the link's number,
 * which is all that it can read.
 */
static enum tern_err places_settle(struct process *p, unsigned kind)
{
    const char *const *keys = p->options.appliance->listens;
    const struct tern_option *own = p->options.appliance->options;

    for (size_t i = 0; keys != NULL && keys[i] != NULL && i < PLACES_MAX; i++) {
        struct tern_endpoint_addr at;
        size_t o = 0;
        while (own[o].key != NULL && !tern_text_equal(own[o].key, keys[i]))
            o++;
        const char *value = own[o].key != NULL ? p->options.own[o] : NULL;
        if (value == NULL || strchr(value, '%') == NULL)
            continue;
        enum tern_err err = tern_endpoint_addr_parse_zone(
            value, strlen(value), kind == TERN_HOST_SOCKETS ? tern_unix_link_of : tap_link_of,
            &p->options, &at);
        if (err == TERN_UNREACHABLE)
            return tern_host_options_bad_own(&p->options, keys[i], value,
                                             "names a link that is not there");
        if (err != TERN_OK)
            continue;    /* the appliance says what it is not */
        (void)tern_endpoint_addr_format(&at, p->places[i]);
        p->options.own[o] = p->places[i];
    }
    return TERN_OK;
}

/*
 * Gateways of link k that name their link get its number, which is all that options read:
 * fe80::1%t0 becomes fe80::1%1.
 */
static enum tern_err zones_settle(struct process *p, const char *key, size_t k,
                                  const char **value)
{
    static char lists[2 * TERN_NET_LINKS][ZONES_CAP];
    char name[16] = "", *list = lists[2 * k + (*key == 'r')];
    const char *at = *value;
    size_t len = 0;

    if (at == NULL || strchr(at, '%') == NULL)
        return TERN_OK;
    snprintf(name, sizeof name, k > 0 ? "%s%zu" : "%s", key, k);
    while (*at != '\0' && len < ZONES_CAP - 1) {
        list[len++] = *at;
        if (*at++ != '%')
            continue;
        size_t zone_len = strcspn(at, ",");
        bool is_number = zone_len == 1 && at[0] >= '1' && at[0] <= '9';
        unsigned link = is_number ? (unsigned)(at[0] - '0')
                                  : tap_link_of(&p->options, at, zone_len);
        if (link != k + 1)
            return tern_host_options_bad_own(&p->options, name, *value,
                                             link == 0 ? "names a link that is not there"
                                                       : "names another link than its own");
        list[len++] = (char)('0' + link);
        at += zone_len;
    }
    if (*at != '\0' || len >= ZONES_CAP)
        return tern_host_options_bad_own(&p->options, name, *value, "is too long");
    list[len] = '\0';
    *value = list;
    return TERN_OK;
}

static enum tern_err gateways_settle(struct process *p, unsigned kind)
{
    enum tern_err err = TERN_OK;
    for (size_t k = 0; k < TERN_NET_LINKS && kind == TERN_HOST_TAP && err == TERN_OK; k++) {
        const char **gw = k == 0 ? &p->options.host[TERN_KEY_GW]
                                 : &tern_host_links.given[k][TERN_KEY_GW];
        err = zones_settle(p, "gw", k, gw);
        if (err == TERN_OK)
            err = zones_settle(p, "route", k, &tern_host_links.route[k]);
    }
    return err;
}

/* secret=FILE, which a slash tells from digits: other users see what stands on a command line. */
static enum tern_err secret_settle(struct process *p)
{
    static char text[34];
    const char *path = tern_host_links.secret;
    if (path == NULL || strchr(path, '/') == NULL)
        return TERN_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return tern_host_options_bad_own(&p->options, "secret", path, strerror(why));
    text[strcspn(text, "\n")] = '\0';
    tern_host_links.secret = text;
    return TERN_OK;
}

/* Whom root becomes is looked up again when it does: here only whether there is one. */
static enum tern_err user_settle(struct process *p)
{
    const char *given = p->options.host[TERN_KEY_USER];
    struct tern_seal_user user;

    if (given == NULL)
        return TERN_OK;
    return tern_seal_user_choose(given, &user, p->options.error, sizeof p->options.error);
}

static int run(struct process *p, int (*start)(struct tern_host *))
{
    p->on_sockets = p->options.host[TERN_KEY_LINK] == NULL && !p->options.of_guest;

    if (p->on_sockets)
        descriptors_share(p);
    p->config = (struct tern_sockets_config){ .n_conns = p->settings.connections,
                                              .log = p->settings.log };
    tern_sockets_config_fill(&p->config);
    if (!p->on_sockets && p->config.blocks_len < TAP_BLOCKS_LEN)
        p->config.blocks_len = TAP_BLOCKS_LEN;
    tern_carver_init(&p->carver);
    enum tern_err err = plan(p);
    if (err == TERN_OK)
        err = budget_settle(p);
    if (err == TERN_OK && !p->options.of_guest)
        err = map_memory(p);
    if (err != TERN_OK) {
        complain(p, p->carver.error[0] != '\0' ? p->carver.error : "there is not so much memory");
        return STATUS_START;
    }
    if (p->options.print_memory) {
        print_memory(p);
        return 0;
    }
    err = host_start(p);
    if (err != TERN_OK) {
        if (p->on_sockets)
            complain(p, tern_err_text(err));
        return err == TERN_INVALID ? STATUS_USAGE : STATUS_START;
    }
    p->core->drain_ns = p->settings.drain_ns;
    err = tern_unix_modules(p->core, &p->modules, &p->options);
    if (err != TERN_OK)
        return err == TERN_INVALID ? STATUS_USAGE : STATUS_START;
    return start_and_run(p, start);
}

int tern_unix_main(const struct tern_appliance *appliance, int (*start)(struct tern_host *),
                   const char *operand, int argc, char **argv)
{
    struct process *p = &process;

    hold_standard_descriptors();
    appliance = name_it(p, appliance, argc > 0 ? argv[0] : NULL);
    enum tern_err err = tern_host_options_init(&p->options, appliance, operand);
    if (err != TERN_OK) {
        complain(p, tern_err_text(err));
        return STATUS_START;
    }
    p->options.links = &tern_host_links;
    p->options.lacks = tern_host_options_lacks;
    err = tern_host_options_args(&p->options, argc - 1, argv + 1);
    if (err == TERN_OK && p->options.help) {
        help(p);
        return 0;
    }
    unsigned kind = p->options.of_guest                      ? TERN_HOST_GUEST
                    : p->options.host[TERN_KEY_LINK] != NULL ? TERN_HOST_TAP
                                                             : TERN_HOST_SOCKETS;
    if (err == TERN_OK)
        err = tern_host_options_settle(&p->options, kind);
    if (err == TERN_OK)
        err = places_settle(p, kind);
    if (err == TERN_OK)
        err = gateways_settle(p, kind);
    if (err == TERN_OK)
        err = secret_settle(p);
    if (err == TERN_OK)
        err = tern_host_options_seal(&p->options, &p->seal);
    if (err == TERN_OK)
        err = tern_host_options_settings(&p->options, &p->settings);
    if (err == TERN_OK)
        err = tern_host_links_settle(&tern_host_links, &p->options, kind, &p->settings);
    if (err == TERN_OK)
        err = tern_host_options_listens(&p->options, kind, &p->settings);
    if (err == TERN_OK)
        err = user_settle(p);
    if (err != TERN_OK) {
        complain(p, p->options.error);
        return STATUS_USAGE;
    }
    if (p->options.host[TERN_KEY_LINK] != NULL && tern_tap_host_check(&p->options) != TERN_OK)
        return STATUS_USAGE;
    p->interrupt = (struct tern_unix_signal){ .caught = caught_interrupt, .number = SIGINT };
    p->terminate = (struct tern_unix_signal){ .caught = caught_terminate, .number = SIGTERM };
    signal(SIGPIPE, SIG_IGN);
    struct tern_turn_config turn = { .budget = TURN_BUDGET };
    if (tern_unix_loop_init(&p->loop, &turn) != TERN_OK ||
        tern_unix_loop_signal(&p->loop, &p->interrupt) != TERN_OK ||
        tern_unix_loop_signal(&p->loop, &p->terminate) != TERN_OK) {
        complain(p, "no descriptor for the event loop");
        return STATUS_START;
    }
    return run(p, start);
}
