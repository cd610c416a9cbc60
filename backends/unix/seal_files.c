/* SPDX-License-Identifier: ISC */
/*
 * Landlock (landlock(7)): no file can be opened any more, or only to read
 * those beneath one folder. It binds the files that are opened from now on;
 * descriptors that are open stay as they are.
 *
 * The rights that a kernel knows grow with its version of the interface, and
 * it refuses those that it does not know. So each version's are named here,
 * not taken from the header of the machine that this is compiled on.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seal.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* linux/landlock.h, in words of our own. */
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };
enum { FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3 };
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 };

struct ruleset_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;    /* version 4 */
    uint64_t scoped;                /* version 6 */
};

struct path_beneath_attr {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

/* Every right over files that the version knows: its bits are the lowest ones. */
static uint64_t fs_rights(int version)
{
    unsigned n = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;
    return (UINT64_C(1) << n) - 1;
}

enum tern_err tern_seal_files(int beneath_fd, bool connects, int *version)
{
    struct ruleset_attr rules = { 0 };
    size_t len = sizeof rules.handled_access_fs;
    enum tern_err err = TERN_OK;

    *version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    if (*version < 1)
        return TERN_UNSUPPORTED;
    rules.handled_access_fs = fs_rights(*version);
    if (*version >= 4) {
        rules.handled_access_net = NET_BIND_TCP | (connects ? 0 : NET_CONNECT_TCP);
        len += sizeof rules.handled_access_net;
    }
    if (*version >= 6) {
        rules.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
        len += sizeof rules.scoped;
    }
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, len, 0);
    if (fd < 0)
        return TERN_UNSUPPORTED;
    if (beneath_fd >= 0) {
        struct path_beneath_attr folder = { FS_READ_FILE | FS_READ_DIR, beneath_fd };
        if (syscall(SYS_landlock_add_rule, fd, RULE_PATH_BENEATH, &folder, 0) != 0)
            err = TERN_UNSUPPORTED;
    }
    if (err == TERN_OK && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
        err = TERN_UNSUPPORTED;
    close(fd);
    return err;
}
