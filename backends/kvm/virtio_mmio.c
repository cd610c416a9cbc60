/* SPDX-License-Identifier: ISC */
/*
 * virtio over MMIO, version 2 (virtio 1.2 section 4.2) and, what QEMU has unless
 * told otherwise, version 1, the legacy interface (section 4.2.4): there a queue
 * is the number of a page.
 *
 * One window of registers a device, one line for all its interrupts: the
 * handler reads and acknowledges what they are for.
 *
 * An interrupt handler stands here: compiled without SSE.
 */
#include "virtio_pvh.h"

enum {
    MAGIC = 0x000, DEVICE_VERSION = 0x004, DEVICE_ID = 0x008, DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SEL = 0x014, DRIVER_FEATURES = 0x020, DRIVER_FEATURES_SEL = 0x024,
    GUEST_PAGE_SIZE = 0x028, QUEUE_ALIGN = 0x03c, QUEUE_PFN = 0x040,    /* version 1 */
    QUEUE_SEL = 0x030, QUEUE_NUM_MAX = 0x034, QUEUE_NUM = 0x038, QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064, STATUS = 0x070,
    QUEUE_DESC = 0x080, QUEUE_DRIVER = 0x090, QUEUE_DEVICE = 0x0a0, CONFIG_GENERATION = 0x0fc,
    CONFIG = 0x100,
};
enum { MAGIC_VALUE = 0x74726976, VERSION_LEGACY = 1, VERSION_MODERN = 2 };
enum { INTERRUPT_QUEUE = 1, INTERRUPT_CONFIG = 2, ACK_ROUNDS = 16 };
enum { PAGE = 4096 };

static uint8_t status(struct virtio_dev *dev)
{
    return (uint8_t)pvh_mmio_load32(dev->regs, STATUS);
}

static void set_status(struct virtio_dev *dev, uint8_t v)
{
    pvh_mmio_store32(dev->regs, STATUS, v);
}

static uint64_t features(struct virtio_dev *dev)
{
    pvh_mmio_store32(dev->regs, DEVICE_FEATURES_SEL, 0);
    uint64_t low = pvh_mmio_load32(dev->regs, DEVICE_FEATURES);
    pvh_mmio_store32(dev->regs, DEVICE_FEATURES_SEL, 1);
    return low | (uint64_t)pvh_mmio_load32(dev->regs, DEVICE_FEATURES) << 32;
}

static void set_features(struct virtio_dev *dev, uint64_t v)
{
    pvh_mmio_store32(dev->regs, DRIVER_FEATURES_SEL, 0);
    pvh_mmio_store32(dev->regs, DRIVER_FEATURES, (uint32_t)v);
    pvh_mmio_store32(dev->regs, DRIVER_FEATURES_SEL, 1);
    pvh_mmio_store32(dev->regs, DRIVER_FEATURES, (uint32_t)(v >> 32));
}

static uint32_t config(struct virtio_dev *dev, struct virtio_field field)
{
    if (field.width > dev->device_cfg_len || field.off > dev->device_cfg_len - field.width)
        return 0;
    switch (field.width) {
    case 1:
        return pvh_mmio_load8(dev->device_cfg, field.off);
    case 2:
        return pvh_mmio_load16(dev->device_cfg, field.off);
    default:
        return pvh_mmio_load32(dev->device_cfg, field.off);
    }
}

static uint32_t generation(struct virtio_dev *dev)
{
    return pvh_mmio_load32(dev->regs, CONFIG_GENERATION);
}

static uint16_t queue_max(struct virtio_dev *dev, uint16_t index)
{
    pvh_mmio_store32(dev->regs, QUEUE_SEL, index);
    uint32_t max = pvh_mmio_load32(dev->regs, QUEUE_NUM_MAX);
    return max > 0x8000 ? 0x8000 : (uint16_t)max;
}

static void store_address(struct virtio_dev *dev, size_t off, const volatile void *p)
{
    uint64_t address = dev->env->address((const void *)(uintptr_t)p);
    pvh_mmio_store32(dev->regs, off, (uint32_t)address);
    pvh_mmio_store32(dev->regs, off + 4, (uint32_t)(address >> 32));
}

static enum tern_err queue_start(struct virtio_dev *dev, struct virtio_queue *q)
{
    pvh_mmio_store32(dev->regs, QUEUE_SEL, q->index);
    if (pvh_mmio_load32(dev->regs, QUEUE_READY) != 0)
        return TERN_UNSUPPORTED;
    pvh_mmio_store32(dev->regs, QUEUE_NUM, q->num);
    store_address(dev, QUEUE_DESC, q->desc);
    store_address(dev, QUEUE_DRIVER, q->avail);
    store_address(dev, QUEUE_DEVICE, q->used);
    pvh_mmio_store32(dev->regs, QUEUE_READY, 1);
    return TERN_OK;
}

static enum tern_err queue_start_legacy(struct virtio_dev *dev, struct virtio_queue *q)
{
    uint64_t page = dev->env->address((const void *)(uintptr_t)q->desc) / PAGE;
    pvh_mmio_store32(dev->regs, QUEUE_SEL, q->index);
    if (page > UINT32_MAX || pvh_mmio_load32(dev->regs, QUEUE_PFN) != 0)
        return TERN_UNSUPPORTED;
    pvh_mmio_store32(dev->regs, GUEST_PAGE_SIZE, PAGE);
    pvh_mmio_store32(dev->regs, QUEUE_NUM, q->num);
    pvh_mmio_store32(dev->regs, QUEUE_ALIGN, PAGE);
    pvh_mmio_store32(dev->regs, QUEUE_PFN, (uint32_t)page);
    return TERN_OK;
}

static uint32_t no_generation(struct virtio_dev *dev)
{
    (void)dev;
    return 0;
}

static void notify(struct virtio_dev *dev, uint16_t index)
{
    pvh_mmio_store32(dev->regs, QUEUE_NOTIFY, index);
}

/*
 * A reason that comes between the reading and the acknowledgement of another
 * keeps the line high. A level line is then heard again; an edge line never, so
 * the status is read until it is 0, and a device that never gets there is polled.
 */
static void interrupt(void *arg)
{
    struct virtio_dev *dev = arg;
    const struct pc_mmio *mmio = dev->bus;
    uint32_t all = 0;
    for (unsigned i = 0; i < ACK_ROUNDS; i++) {
        uint32_t why = pvh_mmio_load32(dev->regs, INTERRUPT_STATUS);
        why &= INTERRUPT_QUEUE | INTERRUPT_CONFIG;
        if (why == 0)
            break;
        all |= why;
        pvh_mmio_store32(dev->regs, INTERRUPT_ACK, why);
        if (mmio->line.level)
            break;
        dev->has_irq = i < ACK_ROUNDS - 1;
    }
    if ((all & INTERRUPT_CONFIG) != 0)
        dev->config_changed = true;
    if (all != 0)
        dev->interrupt(dev->interrupt_arg);
}

static enum tern_err irq_start(struct virtio_dev *dev)
{
    const struct pc_mmio *mmio = dev->bus;
    if (dev->irq_asked)
        return TERN_OK;
    dev->irq_asked = true;
    enum tern_err err = pc_irq_line(&mmio->line, interrupt, dev);
    dev->has_irq = err == TERN_OK;
    if (!dev->has_irq)
        virtio_dev_say(dev, "has no line that could be had: it is polled");
    return TERN_OK;
}

static const struct virtio_transport_ops mmio_ops = {
    .status = status, .set_status = set_status, .features = features,
    .set_features = set_features, .config = config, .generation = generation,
    .queue_max = queue_max, .queue_start = queue_start, .notify = notify,
    .irq_start = irq_start,
};

static const struct virtio_transport_ops mmio_legacy_ops = {
    .status = status, .set_status = set_status, .features = features,
    .set_features = set_features, .config = config, .generation = no_generation,
    .queue_max = queue_max, .queue_start = queue_start_legacy, .notify = notify,
    .irq_start = irq_start,
};

static void name_set(struct virtio_dev *dev, uint64_t base)
{
    static const char digits[] = "0123456789abcdef", word[] = "mmio ";
    size_t len = 0;
    for (; word[len] != '\0'; len++)
        dev->name_text[len] = word[len];
    for (int shift = base >> 32 != 0 ? 60 : 28; shift >= 0; shift -= 4)
        dev->name_text[len++] = digits[base >> shift & 15];
    dev->name_text[len] = '\0';
    dev->name = dev->name_text;
}

enum tern_err virtio_mmio_init(struct virtio_dev *dev, const struct pc_mmio *mmio, uint16_t type)
{
    if (mmio->len < CONFIG)
        return TERN_UNREACHABLE;
    volatile void *regs = pvh_mmio_map(mmio->base, mmio->len);
    if (regs == NULL || pvh_mmio_load32(regs, MAGIC) != MAGIC_VALUE)
        return TERN_UNREACHABLE;
    uint32_t version = pvh_mmio_load32(regs, DEVICE_VERSION);
    if (pvh_mmio_load32(regs, DEVICE_ID) != type)
        return TERN_UNREACHABLE;
    *dev = (struct virtio_dev){
        .ops = version == VERSION_LEGACY ? &mmio_legacy_ops : &mmio_ops,
        .env = &virtio_pvh_env, .bus = mmio, .regs = regs,
        .device_cfg = (volatile uint8_t *)regs + CONFIG, .device_cfg_len = mmio->len - CONFIG,
    };
    name_set(dev, mmio->base);
    dev->legacy = version == VERSION_LEGACY;
    if (version == VERSION_MODERN || version == VERSION_LEGACY)
        return TERN_OK;
    virtio_dev_say(dev, "has an unknown version");
    return TERN_UNSUPPORTED;
}
