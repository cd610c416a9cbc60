/* SPDX-License-Identifier: ISC */
/*
 * The descriptor of an appliance that has none. In an archive member of its
 * own, which the linker pulls only then.
 */
#include <tern/host.h>

TERN_APPLIANCE(.name = "appliance");
