/* SPDX-License-Identifier: ISC */
/*
 * The order of the start, from the first C instruction to the backend's work.
 */
#include <string.h>

#include "backends/pvh/cpu.h"
#include "backends/pvh/pvh_internal.h"

/* ELF notes are three words, a name and a description, padded to 4. */
const uint8_t *pvh_build_id(size_t *len)
{
    /* fine: two ends of one section */
    size_t room = (size_t)(pvh_build_id_end - pvh_build_id_note);
    *len = 0;
    if (room < 16)
        return NULL;
    size_t id_len = tern_load_le32(pvh_build_id_note + 4);
    if (id_len > room - 16)
        return NULL;
    *len = id_len;
    return pvh_build_id_note + 16;
}

/*
 * "Enhanced REP MOVSB" (SDM volume 2, CPUID leaf 7). QEMU's TCG says so too and
 * takes a step for each octet.
 */
PVH_BOOT static void choose_string(void)
{
    bool has_leaf = cpu_id(0).eax >= 7;
    bool tcg = memcmp(pvh_hypervisor(), "TCGTCGTCGTCG", 12) == 0;
    pvh_string_fast = has_leaf && (cpu_id(7).ebx >> 9 & 1) != 0 && !tcg;
}

PVH_BOOT static void say_hello(void)
{
    const char *under = pvh_hypervisor();
    pvh_logf("tern: %zu KiB of RAM, clock %s, wall clock %s, %s\n", pvh_mem_total() >> 10,
             pvh_clock_name(), pvh_wall_name(), under[0] != '\0' ? under : "no hypervisor");
}

/*
 * The canary changes here, under functions that have none themselves, before
 * the backend and the appliance's descriptor are touched. Its lowest octet is
 * zero: a string that runs up to it ends there, and none can forge it.
 */
PVH_BOOT __attribute__((no_stack_protector)) uint64_t pvh_start(uint32_t info, bool is_linux)
{
    pvh_trap_init();
    pvh_machine_hello();
    if (is_linux)
        pvh_boot_copy_linux(info);
    else
        pvh_boot_copy(info);
    pvh_cmdline_init();
    pvh_machine_early();
    pvh_mem_init();
    pvh_paging_init();
    pvh_machine_init();
    choose_string();
    say_hello();

    if (!pvh_entropy_init())
        pvh_fail(PVH_STATUS_ENTROPY,
                 "tern: no entropy: the machine has neither RDRAND nor virtio-rng\n");
    uint8_t canary[8];
    pvh_entropy(canary, sizeof canary);
    pvh_fs_block[5] = tern_load_le64(canary) << 8;
    if (pvh_backend_setup() != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP, "tern: the start failed\n");
    return pvh_paging_seal();
}

_Noreturn void pvh_exit(int status)
{
    pvh_log_flush();
    pvh_leave(status);
}

_Noreturn void pvh_sealed_start(void)
{
    pvh_exit(pvh_backend_main());
}
