/* SPDX-License-Identifier: ISC */
/* Where instructions begin in the code on standard input, as the audit sees it. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/x86.h"

int main(void)
{
    static uint8_t code[4u << 20];
    size_t len = fread(code, 1, sizeof code, stdin);
    for (size_t at = 0; at < len;) {
        struct x86_insn insn;
        if (!x86_decode(code + at, len - at, &insn)) {
            printf("%zx: none\n", at);
            return EXIT_FAILURE;
        }
        printf("%zx\n", at);
        at += insn.len;
    }
    return EXIT_SUCCESS;
}
