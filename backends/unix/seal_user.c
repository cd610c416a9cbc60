/* SPDX-License-Identifier: ISC */
/*
 * Who the process is once it is sealed.
 *
 * Root is needed for a port below 1024 or a TAP device, both of which are open
 * by then. It becomes the user that user= names; else who called sudo; else
 * nobody. The numbers of those two need no look at the user database, which
 * may be a network service. user=root stays root, as one who owns files and
 * has no capability. Root's group, to which much belongs, stays with another
 * user only if user=UID:0 asks for it: sudo's caller in that group, or a name in
 * it, gets the group of nobody.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seal.h"

#define NOBODY 65534u    /* the kernel's overflow user, and Debian's nobody:nogroup */

/* A decimal id, all of [s, end); (uid_t)-1 means "unchanged" to the kernel. */
static bool id_parse(const char *s, const char *end, unsigned *id)
{
    unsigned long v = 0;
    if (s == NULL || s == end)
        return false;
    for (; s != end; s++) {
        if (*s < '0' || *s > '9')
            return false;
        v = v * 10 + (unsigned long)(*s - '0');
        if (v >= UINT32_MAX)
            return false;
    }
    *id = (unsigned)v;
    return true;
}

static void group_without_root(struct tern_seal_user *user)
{
    if (user->uid != 0 && user->gid == 0)
        user->gid = NOBODY;
}

static bool sudo_caller(struct tern_seal_user *user)
{
    const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");
    if (uid == NULL || gid == NULL || !id_parse(uid, uid + strlen(uid), &user->uid) ||
        !id_parse(gid, gid + strlen(gid), &user->gid) || user->uid == 0)
        return false;
    group_without_root(user);
    return true;
}

/* UID, UID:GID or a name; only the second is asked for a group by its number. */
static bool named(const char *given, struct tern_seal_user *user)
{
    const char *colon = strchr(given, ':'), *end = given + strlen(given);

    if (id_parse(given, colon != NULL ? colon : end, &user->uid)) {
        user->gid = user->uid;
        return colon == NULL || id_parse(colon + 1, end, &user->gid);
    }
    const struct passwd *entry = getpwnam(given);
    if (entry == NULL)
        return false;
    user->uid = entry->pw_uid;
    user->gid = entry->pw_gid;
    group_without_root(user);
    return true;
}

enum tern_err tern_seal_user_choose(const char *given, struct tern_seal_user *user, char *error,
                                    size_t error_cap)
{
    uid_t own = geteuid();

    *user = (struct tern_seal_user){ .uid = own, .gid = getegid() };
    if (given != NULL) {
        if (!named(given, user)) {
            snprintf(error, error_cap, "option user: there is no user '%s'", given);
            return TERN_INVALID;
        }
        if (own != 0 && user->uid != own) {
            snprintf(error, error_cap, "option user: only root can become '%s'", given);
            return TERN_INVALID;
        }
        user->changes = own == 0;
        return TERN_OK;
    }
    if (own != 0 && getuid() != 0)
        return TERN_OK;
    user->changes = true;
    if (!sudo_caller(user))
        user->uid = user->gid = NOBODY;
    return TERN_OK;
}

enum tern_err tern_seal_user_become(const struct tern_seal_user *user)
{
    if (!user->changes)
        return TERN_OK;
    /* Groups first, while we may; the ids last, real, effective and saved. */
    if (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0)
        return TERN_REFUSED;
    /* LeakSanitizer looks at its own process from another. */
    if (tern_seal_is_watched())
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (user->uid != 0 && setuid(0) == 0)
        return TERN_BUG;
    return TERN_OK;
}

enum tern_err tern_seal_capabilities_drop(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &head, none) == 0 ? TERN_OK : TERN_REFUSED;
}
