/* SPDX-License-Identifier: ISC */
/*
 * tern boot: boot.c reads the options, boot_image.c asks the image what it is,
 * boot_accel.c chooses between KVM and TCG, boot_relay.c publishes ports over IPv6,
 * boot_qemu.c runs QEMU and minds it until it has ended.
 */
#ifndef TERN_TOOLS_BOOT_H
#define TERN_TOOLS_BOOT_H

#include <stdbool.h>

#include <tern/base.h>

#include "work.h"

/* The port through which a guest leaves, and the status that says "another way". */
#define BOOT_EXIT_PORT "0x501"
/* What QEMU gives its first network device. */
#define BOOT_MAC_DEFAULT "52:54:00:12:34:56"
enum { BOOT_OTHER_END = 125 };

/* A port that is published at an IPv6 address, through one of 127.0.0.1. */
enum { BOOT_RELAYS = 8 };
struct boot_relay {
    struct tern_endpoint_addr at;
    unsigned guest;
    uint16_t port;
    int fd;
};

struct boot {
    const char *qemu;            /* program */
    const char *image, *machine; /* "pc", "q35", "microvm" */
    const char *accel;           /* "auto", "kvm", "tcg" */
    const char *mem;             /* as QEMU wants it, "65536K" */
    struct work_words publish;   /* "tcp:127.0.0.1:8080-:80" */
    struct boot_relay relays[BOOT_RELAYS];
    size_t n_relays;
    const char *tap;
    const char *mac;             /* of the device that tap or publish is for; NULL: any */
    struct work_words nics;      /* addresses of further network devices */
    struct work_words modules;   /* "NAME=PATH", of which initrd is made */
    const char *initrd;          /* passed to the guest as it is; NULL: none */
    unsigned drain_s;
    struct work_words words;     /* the guest's */
};

/* Is it an image for QEMU, and is there room for it? 0, or a status after a message. */
int boot_image_check(const struct boot *boot);

/*
 * "kvm" or "tcg" for "auto": by a probe, whose verdict is said and remembered.
 */
const char *boot_accel_choose(const struct boot *boot);

/* The processor that goes with it. */
const char *boot_accel_cpu(const char *accel);

/*
 * Listens where ports are to be had over IPv6, for as long as this process lives, and
 * has QEMU publish what they lead to. False after a message.
 */
bool boot_relay_start(struct boot *boot);

/* Runs the machine until it ends. Returns the exit status of the command. */
int boot_qemu_run(const struct boot *boot);

/* The package that has QEMU, in a message; returns the status for it. */
int boot_qemu_missing(const char *qemu);

#endif
