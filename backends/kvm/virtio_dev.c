/* SPDX-License-Identifier: ISC */
/*
 * The start and the end of a virtio device (virtio 1.2 section 3.1.1), the same
 * over every transport.
 */
#include "virtio.h"

#include <string.h>

/*
 * How often a device is asked before we call it dead: it should answer at once, and
 * one that was told before has had a second.
 */
enum { RESET_TRIES = 100000, RESET_TRIES_LATER = 100, CONFIG_TRIES = 100 };

const char *virtio_breach_text(enum virtio_breach breach)
{
    static const char *const text[VIRTIO_BREACH_COUNT] = {
        [VIRTIO_BREACH_USED_IDX] = "gave back more buffers than it had",
        [VIRTIO_BREACH_ID] = "gave back a buffer outside the ring",
        [VIRTIO_BREACH_NOT_IN_FLIGHT] = "gave back a buffer that it did not have",
        [VIRTIO_BREACH_LEN] = "says that it wrote more than a buffer holds",
        [VIRTIO_BREACH_SHORT] = "delivered less than a header",
        [VIRTIO_BREACH_NUM_BUFFERS] = "delivered a frame of an impossible number of buffers",
        [VIRTIO_BREACH_TOO_LONG] = "delivered a frame longer than any frame",
    };
    return breach < VIRTIO_BREACH_COUNT ? text[breach] : "broke an unknown rule";
}

void virtio_dev_say(struct virtio_dev *dev, const char *text)
{
    char line[160];
    size_t len = 0;
    const char *name = dev->name != NULL ? dev->name : "?";
    const char *const parts[] = { "virtio ", name, ": ", text, "\n" };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t part_len = strlen(parts[i]);
        if (part_len > sizeof line - 1 - len)    /* one octet for the newline */
            part_len = i == 4 ? 1 : sizeof line - 1 - len;
        memcpy(line + len, parts[i], part_len);
        len += part_len;
    }
    if (dev->env->log != NULL)
        dev->env->log(line, len);
}

void virtio_dev_stop(struct virtio_dev *dev)
{
    if (dev->stopped)
        return;
    dev->stopped = true;
    dev->ops->set_status(dev, 0);
}

void virtio_dev_breach(struct virtio_dev *dev, enum virtio_breach breach)
{
    dev->breaches[breach]++;
    virtio_dev_say(dev, virtio_breach_text(breach));
    virtio_dev_stop(dev);
}

/* Section 2.4: a reset is over when the status reads 0. */
static bool reset(struct virtio_dev *dev)
{
    unsigned tries = dev->stopped ? RESET_TRIES_LATER : RESET_TRIES;
    dev->ops->set_status(dev, 0);
    for (unsigned i = 0; i < tries; i++)
        if (dev->ops->status(dev) == 0)
            return true;
    return false;
}

static enum tern_err refuse(struct virtio_dev *dev, const char *why)
{
    virtio_dev_say(dev, why);
    dev->ops->set_status(dev, VIRTIO_STATUS_FAILED);
    dev->stopped = true;
    return TERN_UNSUPPORTED;
}

enum tern_err virtio_dev_open(struct virtio_dev *dev, uint64_t *offered)
{
    if (!reset(dev))
        return refuse(dev, "does not reset");
    dev->stopped = false;
    dev->ops->set_status(dev, VIRTIO_STATUS_ACKNOWLEDGE);
    dev->ops->set_status(dev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    *offered = dev->ops->features(dev);
    if (dev->legacy)
        *offered &= UINT32_MAX;    /* it has no more registers for them (section 2.2.3) */
    else if ((*offered & VIRTIO_F_VERSION_1) == 0)
        return refuse(dev, "is a legacy device behind a modern interface");
    return TERN_OK;
}

enum tern_err virtio_dev_agree(struct virtio_dev *dev, uint64_t offered, uint64_t wanted)
{
    uint64_t version = dev->legacy ? VIRTIO_F_ANY_LAYOUT : VIRTIO_F_VERSION_1;
    dev->features = offered & (wanted | version | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC);
    dev->ops->set_features(dev, dev->features);
    if (dev->legacy)    /* there was no such step (section 3.1.2) */
        return TERN_OK;
    dev->ops->set_status(dev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                  VIRTIO_STATUS_FEATURES_OK);
    if ((dev->ops->status(dev) & VIRTIO_STATUS_FEATURES_OK) == 0)
        return refuse(dev, "does not take the features that it offers");
    return TERN_OK;
}

void virtio_dev_go(struct virtio_dev *dev)
{
    dev->ops->set_status(dev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                  (dev->legacy ? 0u : VIRTIO_STATUS_FEATURES_OK) |
                                  VIRTIO_STATUS_DRIVER_OK);
}

/* Section 2.5.4: a legacy device has no generation; two equal readings must do. */
static bool read_again(struct virtio_dev *dev, const struct virtio_field *fields, size_t n,
                       const uint32_t *out)
{
    for (size_t i = 0; i < n && dev->legacy; i++)
        if (dev->ops->config(dev, fields[i]) != out[i])
            return false;
    return true;
}

/* Section 2.5.1: what is read between two equal generations is of one piece. */
enum tern_err virtio_dev_config(struct virtio_dev *dev, const struct virtio_field *fields, size_t n,
                                uint32_t *out)
{
    for (unsigned tries = 0; tries < CONFIG_TRIES; tries++) {
        uint32_t before = dev->ops->generation(dev);
        for (size_t i = 0; i < n; i++)
            out[i] = dev->ops->config(dev, fields[i]);
        if (dev->ops->generation(dev) == before && read_again(dev, fields, n, out))
            return TERN_OK;
    }
    return TERN_AGAIN;
}
