/* SPDX-License-Identifier: ISC */
/*
 * The test's virtio device.
 */
#include "virtio_fake.h"

#include "access_watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define FAKE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAKE_ASAN 1
#endif
#endif
#ifdef FAKE_ASAN
#include <sanitizer/asan_interface.h>
enum { GAP = 64 };
#else
#define ASAN_POISON_MEMORY_REGION(p, len) ((void)(p), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(p, len) ((void)(p), (void)(len))
enum { GAP = 0 };
#endif

enum { IO_LEN = 4 << 20, OWN_LEN = 320 << 10, PAGE = 4096 };

static struct fake *only;    /* env's functions take no context */

/* Of the last fake, zeroed where it was used: a fuzzer makes hundreds a second. */
static uint8_t *io_kept, *own_kept;

static void *carve_io(size_t len)
{
    len = (len + PAGE - 1) & ~(size_t)(PAGE - 1);
    if (len == 0 || len > only->io_len - only->io_used)
        return NULL;
    void *p = only->io + only->io_used;
    only->io_used += len;
    return p;
}

static void *carve_bufs(size_t len)
{
    void *p = carve_io(len);
    if (p != NULL)
        memset(p, 0x5a, len);    /* its contents are unspecified */
    return p;
}

/* Pieces do not touch where AddressSanitizer watches over the gaps. */
static void *carve(size_t len, size_t align)
{
    size_t at = (only->own_used + align - 1) & ~(align - 1);
    if (at > only->own_len || len + GAP > only->own_len - at)
        return NULL;
    only->own_used = at + len + GAP;
    ASAN_POISON_MEMORY_REGION(only->own + at + len, GAP);
    return only->own + at;
}

static uint64_t address(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static void log_line(const char *text, size_t len)
{
    if (len > sizeof only->log - 1 - only->log_len)
        len = sizeof only->log - 1 - only->log_len;
    memcpy(only->log + only->log_len, text, len);
    only->log_len += len;
    only->log[only->log_len] = '\0';
}

static const struct virtio_env env = {
    .carve_io = carve_io, .carve_bufs = carve_bufs, .carve = carve, .address = address,
    .log = log_line,
};

static struct fake *fake_of(struct virtio_dev *dev)
{
    return TERN_CONTAINER_OF(dev, struct fake, dev);
}

static uint8_t status(struct virtio_dev *dev)
{
    return fake_of(dev)->status;
}

static void set_status(struct virtio_dev *dev, uint8_t v)
{
    struct fake *f = fake_of(dev);
    if (v == 0) {
        f->n_resets++;
        if (f->never_resets)
            return;
    }
    if (f->refuses_features)
        v &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
    f->status = v;
}

static uint64_t features(struct virtio_dev *dev)
{
    return fake_of(dev)->offered;
}

static void set_features(struct virtio_dev *dev, uint64_t v)
{
    fake_of(dev)->taken = v;
}

static uint32_t config(struct virtio_dev *dev, struct virtio_field field)
{
    const uint8_t *p = fake_of(dev)->config + field.off;
    return field.width == 1 ? p[0] : field.width == 2 ? tern_load_le16(p) : tern_load_le32(p);
}

static uint32_t generation(struct virtio_dev *dev)
{
    struct fake *f = fake_of(dev);
    return f->restless ? f->generation++ : f->generation;
}

static uint16_t queue_max(struct virtio_dev *dev, uint16_t index)
{
    return index < fake_of(dev)->n_queues ? fake_of(dev)->queue_max : 0;
}

static enum tern_err queue_start(struct virtio_dev *dev, struct virtio_queue *q)
{
    fake_of(dev)->q[q->index] = (struct fake_queue){
        .desc = q->desc, .avail = q->avail, .used = q->used, .num = q->num,
    };
    return TERN_OK;
}

static void fake_obey(struct fake *f);

static void notify(struct virtio_dev *dev, uint16_t index)
{
    struct fake *f = fake_of(dev);
    f->q[index].n_notified++;
    access_watch_pause(true);    /* its own accesses are not watched */
    if (index == FAKE_TX && f->honest_tx)
        fake_send(f);
    if (index == FAKE_CTRL)
        fake_obey(f);
    access_watch_pause(false);
}

static enum tern_err irq_start(struct virtio_dev *dev)
{
    dev->has_irq = true;
    return TERN_OK;
}

static const struct virtio_transport_ops ops = {
    .status = status, .set_status = set_status, .features = features,
    .set_features = set_features, .config = config, .generation = generation,
    .queue_max = queue_max, .queue_start = queue_start, .notify = notify,
    .irq_start = irq_start,
};

static void interrupt(void *arg)
{
    ((struct fake *)arg)->n_interrupts++;
}

void fake_init(struct fake *f, uint64_t offered)
{
    static const uint8_t config_octets[16] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0, 1, 0,
                                               0xdc, 0x05 };
    memset(f, 0, sizeof *f);
    f->dev.ops = &ops;
    f->dev.env = &env;
    f->dev.name = "fake";
    f->dev.interrupt = interrupt;
    f->dev.interrupt_arg = f;
    f->offered = offered;
    f->status = 0x0f;    /* as firmware may leave it */
    f->queue_max = 256;
    f->honest_tx = true;
    f->hdr_len = 12;
    f->n_queues = FAKE_QUEUES;
    memcpy(f->config, config_octets, sizeof config_octets);
    f->io_len = IO_LEN;
    f->own_len = OWN_LEN;
    if (io_kept == NULL) {
        io_kept = mmap(NULL, IO_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        own_kept = malloc(OWN_LEN);
        if (io_kept == MAP_FAILED || own_kept == NULL)
            abort();
    }
    f->io = io_kept;
    f->own = own_kept;
    ASAN_UNPOISON_MEMORY_REGION(f->own, OWN_LEN);
    memset(f->own, 0xa5, OWN_LEN);    /* its contents are unspecified */
    only = f;
}

void fake_sent_clear(struct fake *f)
{
    for (size_t i = 0; i < f->n_sent; i++)
        free(f->sent[i].octets);
    f->n_sent = 0;
}

void fake_free(struct fake *f)
{
    fake_sent_clear(f);
    memset(f->io, 0, f->io_used);
    ASAN_UNPOISON_MEMORY_REGION(f->own, OWN_LEN);
    only = NULL;
}

/* ---- The device's side of a ring ---------------------------------------- */

static bool has_events(const struct fake *f)
{
    return (f->taken & VIRTIO_F_EVENT_IDX) != 0;
}

uint16_t fake_n_avail(struct fake *f, unsigned queue)
{
    struct fake_queue *q = &f->q[queue];
    return (uint16_t)(virtio_le16(q->avail[1]) - q->avail_idx);
}

/* One descriptor; what the device has spoilt itself must not hurt the test. */
static struct fake_piece piece_of(const struct fake *f, const volatile struct virtio_desc *d)
{
    uint8_t *at = (uint8_t *)(uintptr_t)virtio_le64(d->addr);
    uint32_t len = virtio_le32(d->len);
    if (at < f->io || at > f->io + f->io_len || len > (size_t)(f->io + f->io_len - at)) {
        at = f->io + f->io_len - PAGE;
        len = PAGE;
    }
    return (struct fake_piece){ at, len, (virtio_le16(d->flags) & VIRTIO_DESC_WRITE) != 0 };
}

uint16_t fake_take_pieces(struct fake *f, unsigned queue,
                          struct fake_piece pieces[VIRTIO_PIECES_MAX], size_t *n)
{
    struct fake_queue *q = &f->q[queue];
    uint16_t id = virtio_le16(q->avail[2 + q->avail_idx % q->num]);
    q->avail_idx++;
    if (has_events(f))    /* tell me of the next one */
        q->used[2 + 4 * q->num] = virtio_le16(q->avail_idx);
    const volatile struct virtio_desc *table = q->desc;
    uint32_t at = id % q->num, end = q->num;
    if ((virtio_le16(table[at].flags) & VIRTIO_DESC_INDIRECT) != 0) {
        struct fake_piece whole = piece_of(f, &table[at]);
        table = (const volatile struct virtio_desc *)(const volatile void *)whole.at;
        at = 0;
        end = whole.len / (uint32_t)sizeof *table;
    }
    for (*n = 0; *n < VIRTIO_PIECES_MAX && at < end;) {
        pieces[(*n)++] = piece_of(f, &table[at]);
        if ((virtio_le16(table[at].flags) & VIRTIO_DESC_NEXT) == 0)
            break;
        at = virtio_le16(table[at].next);
    }
    return id;
}

/* Pieces stand side by side in every buffer of a driver of ours: they are one here. */
uint16_t fake_take(struct fake *f, unsigned queue, uint8_t **buf, uint32_t *len)
{
    struct fake_piece pieces[VIRTIO_PIECES_MAX] = { { NULL, 0, false } };
    size_t n;
    uint16_t id = fake_take_pieces(f, queue, pieces, &n);
    uint32_t sum = pieces[0].len;
    for (size_t i = 1; i < n && pieces[i].at == pieces[0].at + sum; i++)
        sum += pieces[i].len;
    if (buf != NULL)
        *buf = pieces[0].at;
    if (len != NULL)
        *len = sum;
    return id;
}

/* Commands of the control queue: kept, and answered in the last piece. */
static void fake_obey(struct fake *f)
{
    for (; fake_n_avail(f, FAKE_CTRL) > 0;) {
        struct fake_piece pieces[VIRTIO_PIECES_MAX];
        size_t n, len = 0;
        uint16_t id = fake_take_pieces(f, FAKE_CTRL, pieces, &n);
        for (size_t i = 0; i < n && !pieces[i].writes; i++)
            for (uint32_t k = 0; k < pieces[i].len && len < 8 && f->n_ctrl < FAKE_CTRL_MAX; k++)
                f->ctrl[f->n_ctrl][len++] = pieces[i].at[k];
        f->n_ctrl++;
        if (f->ctrl_silent)
            continue;
        if (n > 0 && pieces[n - 1].writes)
            *pieces[n - 1].at = f->ctrl_ack;
        fake_give(f, FAKE_CTRL, id, 1);
    }
    fake_show(f, FAKE_CTRL);
}

void fake_give(struct fake *f, unsigned queue, uint32_t id, uint32_t len)
{
    struct fake_queue *q = &f->q[queue];
    volatile uint16_t *p = q->used + 2 + 4 * (q->used_idx % q->num);
    p[0] = virtio_le16((uint16_t)id);
    p[1] = virtio_le16((uint16_t)(id >> 16));
    p[2] = virtio_le16((uint16_t)len);
    p[3] = virtio_le16((uint16_t)(len >> 16));
    q->used_idx++;
}

void fake_show(struct fake *f, unsigned queue)
{
    struct fake_queue *q = &f->q[queue];
    uint16_t old = virtio_le16(q->used[1]);
    if (old == q->used_idx)
        return;
    q->used[1] = virtio_le16(q->used_idx);
    uint16_t event = virtio_le16(q->avail[2 + q->num]);
    bool wanted = has_events(f)
                      ? (uint16_t)(q->used_idx - event - 1u) < (uint16_t)(q->used_idx - old)
                      : (virtio_le16(q->avail[0]) & 1) == 0;
    if (wanted) {
        q->n_interrupts++;
        f->dev.interrupt(f->dev.interrupt_arg);
    }
}

void fake_used_idx(struct fake *f, unsigned queue, uint16_t idx)
{
    f->q[queue].used[1] = virtio_le16(idx);
}

bool fake_deliver(struct fake *f, const uint8_t *hdr, const uint8_t *frame, size_t len)
{
    static const uint8_t none[12];
    static uint8_t whole[12 + 70000];
    uint8_t *first = NULL;
    uint16_t n = 0;
    size_t done = 0, total = f->hdr_len + len;
    memcpy(whole, hdr != NULL ? hdr : none, f->hdr_len);
    if (len > 0)
        memcpy(whole + f->hdr_len, frame, len);
    while (done < total) {
        uint8_t *buf;
        uint32_t cap;
        if (fake_n_avail(f, FAKE_RX) == 0)
            return false;
        uint16_t id = fake_take(f, FAKE_RX, &buf, &cap);
        size_t part = cap < total - done ? cap : total - done;
        if (part == 0)
            return false;
        memcpy(buf, whole + done, part);
        if (first == NULL)
            first = buf;
        done += part;
        n++;
        fake_give(f, FAKE_RX, id, (uint32_t)part);
    }
    if (f->hdr_len == 12)
        tern_store_le16(first + 10, n);
    fake_show(f, FAKE_RX);
    return true;
}

size_t fake_send(struct fake *f)
{
    size_t n = 0;
    for (; fake_n_avail(f, FAKE_TX) > 0; n++) {
        uint8_t *buf;
        uint32_t len;
        uint16_t id = fake_take(f, FAKE_TX, &buf, &len);
        if (f->n_sent < FAKE_SENT_MAX) {
            struct fake_sent *s = &f->sent[f->n_sent++];
            s->octets = malloc(len);
            s->len = len;
            if (len > 0)
                memcpy(s->octets, buf, len);
        }
        fake_give(f, FAKE_TX, id, f->tx_used_len);
    }
    fake_show(f, FAKE_TX);
    return n;
}

void fake_config_change(struct fake *f)
{
    f->generation++;
    f->dev.config_changed = true;
    f->dev.interrupt(f->dev.interrupt_arg);
}

/* ---- A turn after each access -------------------------------------------- */

static void (*watcher)(struct fake *f, uint8_t *addr, bool written);

static void on_access(uint8_t *addr, bool written)
{
    watcher(only, addr, written);
}

void fake_watch(struct fake *f, void (*step)(struct fake *f, uint8_t *addr, bool written))
{
    watcher = step;
    access_watch(f->io, f->io_len, on_access);
}

void fake_watch_end(struct fake *f)
{
    (void)f;
    access_watch_end();
}
