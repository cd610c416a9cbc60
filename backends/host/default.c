/* SPDX-License-Identifier: ISC */
/*
 * The descriptor of an appliance that has none. In an archive member of its
 * own, which the linker pulls only then; weak, so that an appliance's own wins
 * where the archive was named before it.
 */
#include "host_internal.h"

extern const struct tern_appliance tern_appliance __attribute__((weak));
TERN_APPLIANCE(.name = TERN_HOST_NO_NAME);
