/* SPDX-License-Identifier: ISC */
/*
 * virtio over PCI, the modern interface (virtio 1.2 section 4.1); a transitional
 * device without one is virtio_pci_legacy.c's.
 *
 * Vendor capabilities say in which BAR the registers stand: common, notify,
 * interrupt status, device configuration. Each is checked against the length of
 * its BAR once; every access after that is at a constant offset inside.
 * Interrupts are MSI-X: entry 0 tells of configuration, entry 1 of the queues.
 * Without it the function's line is taken, and without that it is polled.
 *
 * Interrupt handlers stand here: compiled without SSE.
 */
#include "backends/pvh/pvh_internal.h"
#include "virtio_pvh.h"

enum { VENDOR = 0x1af4, DEVICE_TRANSITIONAL = 0x1000, DEVICE_MODERN = 0x1040 };

/* A capability (section 4.1.4), after its id and link. */
enum {
    CAP_ID = 0x09, CAP_TYPE = 3, CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12, CAP_LEN = 16,
    CAP_NOTIFY_MULTIPLIER = 16, CAP_NOTIFY_LEN = 20,
};
enum { TYPE_COMMON = 1, TYPE_NOTIFY = 2, TYPE_ISR = 3, TYPE_DEVICE = 4, N_TYPES = 5 };
enum { CAPS_MAX = 16, BARS = 6 };

/* The common configuration (section 4.1.4.3). */
enum {
    DEVICE_FEATURE_SELECT = 0x00, DEVICE_FEATURE = 0x04, DRIVER_FEATURE_SELECT = 0x08,
    DRIVER_FEATURE = 0x0c, MSIX_CONFIG = 0x10, DEVICE_STATUS = 0x14, CONFIG_GENERATION = 0x15,
    QUEUE_SELECT = 0x16, QUEUE_SIZE = 0x18, QUEUE_MSIX_VECTOR = 0x1a, QUEUE_ENABLE = 0x1c,
    QUEUE_NOTIFY_OFF = 0x1e, QUEUE_DESC = 0x20, QUEUE_DRIVER = 0x28, QUEUE_DEVICE = 0x30,
    COMMON_LEN = 0x38,
};
enum { MSIX_ENTRY_CONFIG = 0, MSIX_ENTRY_QUEUES = 1, NO_VECTOR = 0xffff };

static uint8_t status(struct virtio_dev *dev)
{
    return pvh_mmio_load8(dev->regs, DEVICE_STATUS);
}

static void set_status(struct virtio_dev *dev, uint8_t v)
{
    pvh_mmio_store8(dev->regs, DEVICE_STATUS, v);
}

static uint64_t features(struct virtio_dev *dev)
{
    pvh_mmio_store32(dev->regs, DEVICE_FEATURE_SELECT, 0);
    uint64_t low = pvh_mmio_load32(dev->regs, DEVICE_FEATURE);
    pvh_mmio_store32(dev->regs, DEVICE_FEATURE_SELECT, 1);
    return low | (uint64_t)pvh_mmio_load32(dev->regs, DEVICE_FEATURE) << 32;
}

static void set_features(struct virtio_dev *dev, uint64_t v)
{
    pvh_mmio_store32(dev->regs, DRIVER_FEATURE_SELECT, 0);
    pvh_mmio_store32(dev->regs, DRIVER_FEATURE, (uint32_t)v);
    pvh_mmio_store32(dev->regs, DRIVER_FEATURE_SELECT, 1);
    pvh_mmio_store32(dev->regs, DRIVER_FEATURE, (uint32_t)(v >> 32));
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
    return pvh_mmio_load8(dev->regs, CONFIG_GENERATION);
}

static uint16_t queue_max(struct virtio_dev *dev, uint16_t index)
{
    pvh_mmio_store16(dev->regs, QUEUE_SELECT, index);
    return pvh_mmio_load16(dev->regs, QUEUE_SIZE);
}

/* 64-bit registers, in two halves (section 4.1.3.1). */
static void store_address(struct virtio_dev *dev, size_t off, const volatile void *p)
{
    uint64_t address = dev->env->address((const void *)(uintptr_t)p);
    pvh_mmio_store32(dev->regs, off, (uint32_t)address);
    pvh_mmio_store32(dev->regs, off + 4, (uint32_t)(address >> 32));
}

static enum tern_err queue_start(struct virtio_dev *dev, struct virtio_queue *q)
{
    if (q->index >= VIRTIO_DEV_QUEUES)
        return TERN_INVALID;
    pvh_mmio_store16(dev->regs, QUEUE_SELECT, q->index);
    uint64_t notify_off =
        (uint64_t)pvh_mmio_load16(dev->regs, QUEUE_NOTIFY_OFF) * dev->notify_multiplier;
    if (notify_off > dev->notify_len - 2 || notify_off % 2 != 0)
        return TERN_UNSUPPORTED;
    dev->notify_at[q->index] = (volatile uint8_t *)dev->notify_base + notify_off;
    pvh_mmio_store16(dev->regs, QUEUE_SIZE, q->num);
    store_address(dev, QUEUE_DESC, q->desc);
    store_address(dev, QUEUE_DRIVER, q->avail);
    store_address(dev, QUEUE_DEVICE, q->used);
    uint16_t vector = dev->has_msix ? MSIX_ENTRY_QUEUES : NO_VECTOR;
    pvh_mmio_store16(dev->regs, QUEUE_MSIX_VECTOR, vector);
    if (pvh_mmio_load16(dev->regs, QUEUE_MSIX_VECTOR) != vector)
        return TERN_UNSUPPORTED;
    pvh_mmio_store16(dev->regs, QUEUE_ENABLE, 1);
    return TERN_OK;
}

static void notify(struct virtio_dev *dev, uint16_t index)
{
    pvh_mmio_store16(dev->notify_at[index], 0, index);
}

static void queue_interrupt(void *arg)
{
    struct virtio_dev *dev = arg;
    dev->interrupt(dev->interrupt_arg);
}

static void config_interrupt(void *arg)
{
    struct virtio_dev *dev = arg;
    dev->config_changed = true;
    dev->interrupt(dev->interrupt_arg);
}

/* Section 4.1.4.5: reading the status clears it and makes the line fall. */
static void line_interrupt(void *arg)
{
    enum { ISR_CONFIG = 2 };
    struct virtio_dev *dev = arg;
    uint8_t why = dev->legacy ? virtio_pci_legacy_isr(dev) : pvh_mmio_load8(dev->isr, 0);
    if ((why & ISR_CONFIG) != 0)
        dev->config_changed = true;
    if (why != 0)
        dev->interrupt(dev->interrupt_arg);
}

void virtio_pci_irqs(struct virtio_dev *dev)
{
    const struct pc_pci *pci = dev->bus;
    struct pc_line line;
    if (dev->irq_asked)
        return;
    dev->irq_asked = true;
    dev->has_msix = pc_pci_msix(pci, MSIX_ENTRY_CONFIG, config_interrupt, dev) == TERN_OK &&
                    pc_pci_msix(pci, MSIX_ENTRY_QUEUES, queue_interrupt, dev) == TERN_OK;
    dev->has_irq = dev->has_msix;
    if (!dev->has_msix)
        pc_pci_msix_off(pci);    /* half of it is in the line's way */
    if (!dev->has_irq && (dev->legacy || dev->isr != NULL) && pc_pci_line(pci, &line))
        dev->has_irq = pc_irq_line(&line, line_interrupt, dev) == TERN_OK;
    if (!dev->has_irq)
        virtio_dev_say(dev, "has no interrupt that could be had: it is polled");
}

static enum tern_err irq_start(struct virtio_dev *dev)
{
    virtio_pci_irqs(dev);
    if (!dev->has_msix)
        return TERN_OK;
    pvh_mmio_store16(dev->regs, MSIX_CONFIG, MSIX_ENTRY_CONFIG);
    return pvh_mmio_load16(dev->regs, MSIX_CONFIG) == MSIX_ENTRY_CONFIG ? TERN_OK
                                                                        : TERN_UNSUPPORTED;
}

static const struct virtio_transport_ops pci_ops = {
    .status = status, .set_status = set_status, .features = features,
    .set_features = set_features, .config = config, .generation = generation,
    .queue_max = queue_max, .queue_start = queue_start, .notify = notify,
    .irq_start = irq_start,
};

/* ---- Where the registers stand -------------------------------------------- */

struct window {
    volatile uint8_t *base;
    size_t len;
};

/*
 * One capability: false if it describes nothing usable. The first of a type
 * that lies inside its BAR is the one (section 4.1.4.1).
 */
PVH_BOOT static bool window_map(const struct pc_pci *pci, uint8_t cap, size_t least, size_t align,
                       struct window *w)
{
    uint8_t bar = pc_pci_load8(pci, (uint8_t)(cap + CAP_BAR));
    uint32_t off = pc_pci_load32(pci, (uint8_t)(cap + CAP_OFFSET));
    uint32_t len = pc_pci_load32(pci, (uint8_t)(cap + CAP_LENGTH));
    volatile void *base;
    size_t bar_len;
    /* fine: align is a constant of the callers, never 0 */
    if (bar >= BARS || len < least || off % align != 0)
        return false;
    if (pc_pci_bar(pci, bar, &base, &bar_len) != TERN_OK)
        return false;
    if (off > bar_len || len > bar_len - off)
        return false;
    *w = (struct window){ .base = (volatile uint8_t *)base + off, .len = len };
    return true;
}

PVH_BOOT static void windows_find(struct virtio_dev *dev, const struct pc_pci *pci,
                         struct window windows[N_TYPES])
{
    static const struct { uint8_t least, align; } rule[N_TYPES] = {
        [TYPE_COMMON] = { COMMON_LEN, 4 }, [TYPE_NOTIFY] = { 2, 2 }, [TYPE_ISR] = { 1, 1 },
        [TYPE_DEVICE] = { 4, 4 },
    };
    for (unsigned nth = 0; nth < CAPS_MAX; nth++) {
        uint8_t cap = pc_pci_cap(pci, CAP_ID, nth, CAP_LEN);
        if (cap == 0)
            break;
        uint8_t type = pc_pci_load8(pci, (uint8_t)(cap + CAP_TYPE));
        if (type == 0 || type >= N_TYPES || windows[type].base != NULL)
            continue;
        if (type == TYPE_NOTIFY) {
            if (cap > 256 - CAP_NOTIFY_LEN)
                continue;
            dev->notify_multiplier = pc_pci_load32(pci, (uint8_t)(cap + CAP_NOTIFY_MULTIPLIER));
        }
        (void)window_map(pci, cap, rule[type].least, rule[type].align, &windows[type]);
    }
}

PVH_BOOT void virtio_pci_name(struct virtio_dev *dev, const struct pc_pci *pci)
{
    static const char digits[] = "0123456789abcdef";
    char *text = dev->name_text;
    const char name[] = { 'p', 'c', 'i', ' ', '0', '0', ':', digits[pci->dev >> 4 & 1],
                          digits[pci->dev & 15], '.', digits[pci->fn & 7], '\0' };
    for (size_t i = 0; i < sizeof name; i++)
        text[i] = name[i];
    dev->name = text;
}

PVH_BOOT
enum tern_err virtio_pci_init(struct virtio_dev *dev, const struct pc_pci *pci, uint16_t type)
{
    /* Section 4.1.2: a transitional device has its type as subsystem. */
    bool is_ours = pci->vendor == VENDOR &&
                   (pci->device == DEVICE_MODERN + type ||
                    (pci->device >= DEVICE_TRANSITIONAL && pci->device < DEVICE_MODERN &&
                     pci->subsystem == type));
    if (!is_ours)
        return TERN_UNREACHABLE;
    struct window windows[N_TYPES] = { { NULL, 0 } };
    *dev = (struct virtio_dev){ .ops = &pci_ops, .env = &virtio_pvh_env, .bus = pci };
    virtio_pci_name(dev, pci);
    windows_find(dev, pci, windows);
    if (windows[TYPE_COMMON].base == NULL || windows[TYPE_NOTIFY].base == NULL) {
        if (pci->device < DEVICE_MODERN)
            return virtio_pci_legacy_init(dev, pci);
        virtio_dev_say(dev, "has no interface where it can be reached");
        return TERN_UNSUPPORTED;
    }
    dev->regs = windows[TYPE_COMMON].base;
    dev->notify_base = windows[TYPE_NOTIFY].base;
    dev->notify_len = windows[TYPE_NOTIFY].len;
    dev->isr = windows[TYPE_ISR].base;
    dev->device_cfg = windows[TYPE_DEVICE].base;
    dev->device_cfg_len = windows[TYPE_DEVICE].len;
    pc_pci_enable(pci);
    return TERN_OK;
}
