/* SPDX-License-Identifier: ISC */
/*
 * virtio over PCI, the legacy interface (virtio 1.2 section 4.1.4.10): registers
 * in I/O space behind BAR 0.
 *
 *    0  device's features    8  queue's page       18  status
 *    4  driver's features   12  queue's length     19  interrupt status
 *                           14  queue's number     20  MSI-X vectors, if it is on
 *                           16  notification       20 or 24  configuration
 *
 * The length of a queue is the device's to say. What is read is checked where it
 * is used, as with the modern interface.
 */
#include "virtio_pvh.h"

enum {
    DEVICE_FEATURES = 0, DRIVER_FEATURES = 4, QUEUE_PAGE = 8, QUEUE_SIZE = 12, QUEUE_SELECT = 14,
    QUEUE_NOTIFY = 16, STATUS = 18, ISR = 19, MSIX_CONFIG = 20, MSIX_QUEUE = 22,
    CONFIG_PLAIN = 20, CONFIG_MSIX = 24,
};
enum { MSIX_ENTRY_CONFIG = 0, MSIX_ENTRY_QUEUES = 1, PAGE = 4096 };

static uint16_t at(const struct virtio_dev *dev, unsigned off)
{
    return (uint16_t)(dev->port + off);
}

static uint8_t status(struct virtio_dev *dev)
{
    return pc_port_load8(at(dev, STATUS));
}

static void set_status(struct virtio_dev *dev, uint8_t v)
{
    pc_port_store8(at(dev, STATUS), v);
}

static uint64_t features(struct virtio_dev *dev)
{
    return pc_port_load32(at(dev, DEVICE_FEATURES));
}

static void set_features(struct virtio_dev *dev, uint64_t v)
{
    pc_port_store32(at(dev, DRIVER_FEATURES), (uint32_t)v);
}

static uint32_t config(struct virtio_dev *dev, struct virtio_field field)
{
    unsigned off = (unsigned)(dev->has_msix ? CONFIG_MSIX : CONFIG_PLAIN) + field.off;
    if (off + field.width > dev->device_cfg_len)
        return 0;
    switch (field.width) {
    case 1:
        return pc_port_load8(at(dev, off));
    case 2:
        return pc_port_load16(at(dev, off));
    default:
        return pc_port_load32(at(dev, off));
    }
}

static uint32_t generation(struct virtio_dev *dev)
{
    (void)dev;
    return 0;
}

static uint16_t queue_max(struct virtio_dev *dev, uint16_t index)
{
    pc_port_store16(at(dev, QUEUE_SELECT), index);
    return pc_port_load16(at(dev, QUEUE_SIZE));
}

static enum tern_err queue_start(struct virtio_dev *dev, struct virtio_queue *q)
{
    uint64_t page = dev->env->address((const void *)(uintptr_t)q->desc) / PAGE;
    pc_port_store16(at(dev, QUEUE_SELECT), q->index);
    if (page > UINT32_MAX || pc_port_load32(at(dev, QUEUE_PAGE)) != 0 ||
        pc_port_load16(at(dev, QUEUE_SIZE)) != q->num)
        return TERN_UNSUPPORTED;
    pc_port_store32(at(dev, QUEUE_PAGE), (uint32_t)page);
    if (!dev->has_msix)
        return TERN_OK;
    pc_port_store16(at(dev, MSIX_QUEUE), MSIX_ENTRY_QUEUES);
    return pc_port_load16(at(dev, MSIX_QUEUE)) == MSIX_ENTRY_QUEUES ? TERN_OK
                                                                     : TERN_UNSUPPORTED;
}

static void notify(struct virtio_dev *dev, uint16_t index)
{
    pc_port_store16(at(dev, QUEUE_NOTIFY), index);
}

static enum tern_err irq_start(struct virtio_dev *dev)
{
    virtio_pci_irqs(dev);
    if (!dev->has_msix)
        return TERN_OK;
    pc_port_store16(at(dev, MSIX_CONFIG), MSIX_ENTRY_CONFIG);
    return pc_port_load16(at(dev, MSIX_CONFIG)) == MSIX_ENTRY_CONFIG ? TERN_OK
                                                                      : TERN_UNSUPPORTED;
}

uint8_t virtio_pci_legacy_isr(struct virtio_dev *dev)
{
    return pc_port_load8(at(dev, ISR));
}

static const struct virtio_transport_ops legacy_ops = {
    .status = status, .set_status = set_status, .features = features,
    .set_features = set_features, .config = config, .generation = generation,
    .queue_max = queue_max, .queue_start = queue_start, .notify = notify,
    .irq_start = irq_start,
};

enum tern_err virtio_pci_legacy_init(struct virtio_dev *dev, const struct pc_pci *pci)
{
    uint16_t port;
    size_t len;
    *dev = (struct virtio_dev){ .ops = &legacy_ops, .env = &virtio_pvh_env, .bus = pci };
    virtio_pci_name(dev, pci);
    if (pc_pci_port_bar(pci, 0, &port, &len) != TERN_OK || len < CONFIG_MSIX) {
        virtio_dev_say(dev, "has no interface where it can be reached");
        return TERN_UNSUPPORTED;
    }
    dev->legacy = dev->ring_fixed = true;
    dev->port = port;
    dev->device_cfg_len = len;
    pc_pci_msix_off(pci);    /* it moves the configuration */
    pc_pci_enable(pci);
    return TERN_OK;
}
