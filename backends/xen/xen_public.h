/* SPDX-License-Identifier: ISC */
/*
 * Xen's public headers (libxen-dev), in their latest form. They come before any
 * other use of them.
 */
#ifndef TERN_XEN_PUBLIC_H
#define TERN_XEN_PUBLIC_H

#include <stdint.h>

/* Without it the headers describe the interface of Xen 3.0. */
#define __XEN_INTERFACE_VERSION__ 0x00040e00

#include <xen/xen.h>

#include <xen/grant_table.h>
#include <xen/io/netif.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>

#endif
