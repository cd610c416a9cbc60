/* SPDX-License-Identifier: ISC */
/*
 * A compiled-in site for selftest.c: one asset, as `tern image` makes them.
 * SELFTEST_ASSET names the file.
 */
        .section .tern.assets.selftest, "a"
        .balign 16
        .globl  selftest_asset, selftest_asset_last
        .type   selftest_asset, @object
selftest_asset:
        .incbin SELFTEST_ASSET
selftest_asset_last = . - 1
        .size   selftest_asset, . - selftest_asset

        .section .note.GNU-stack, "", @progbits
