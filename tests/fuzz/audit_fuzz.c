/* SPDX-License-Identifier: ISC */
/* `tern image --audit` on any file, its decoder at every octet of it, and its notes alone. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/audit.h"
#include "tools/notes.h"
#include "tools/x86.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static FILE *nowhere;
    if (nowhere == NULL)
        nowhere = fopen("/dev/null", "w");
    if (nowhere == NULL)
        abort();
    uint32_t backend;
    (void)notes_backend(data, len, &backend);
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
