/* SPDX-License-Identifier: ISC */
/* `tern image --audit` on any file, and its decoder at every octet of it. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/audit.h"
#include "tools/x86.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static FILE *nowhere;
    if (nowhere == NULL)
        nowhere = fopen("/dev/null", "w");
    if (nowhere == NULL)
        abort();
    (void)audit_elf(data, len, NULL, NULL, nowhere, 0);
    for (size_t at = 0; at < len; at++) {
        struct x86_insn insn;
        if (!x86_decode(data + at, len - at, &insn))
            continue;
        if (insn.len == 0 || insn.len > 15 || insn.len > len - at)
            abort();
        (void)x86_unsealing(&insn);
    }
    return 0;
}
