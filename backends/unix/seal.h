/* SPDX-License-Identifier: ISC */
/*
 * The seal inside: once tern_main has its listeners the process gives up what
 * it will not need again.
 *
 * In reading order:
 *     seal.c           the order of the steps, and what is said of them
 *     seal_user.c      another user than root, and no capabilities
 *     seal_files.c     Landlock: no files, or those beneath one folder
 *     seal_calls.c     seccomp: a list of system calls becomes a program
 *
 * The lists themselves stand beside the code that makes the calls: sockets.c,
 * tap_host.c; what all hosts and what files need is in seal_calls.c.
 */
#ifndef TERN_SEAL_H
#define TERN_SEAL_H

#include <sys/syscall.h>
#include <sys/types.h>

#include "unix_internal.h"

/* What becomes of a call. One that stands in no list fails with EPERM. */
enum tern_seal_how {
    TERN_SEAL_END,            /* of the list */
    TERN_SEAL_ALLOW,
    TERN_SEAL_KILL,           /* only a stranger in the process makes it: it dies */
    TERN_SEAL_DATA,           /* memory that is not executable; the rest kills */
    TERN_SEAL_OWN,            /* a signal to this process */
    TERN_SEAL_SEND_AT_2,      /* flags in that argument, without MSG_FASTOPEN */
    TERN_SEAL_SEND_AT_3,
    TERN_SEAL_SOCKET,         /* TCP and UDP sockets of IPv4 and IPv6 */
    TERN_SEAL_OPTION,         /* the socket options that the host sets */
};

struct tern_seal_call {
    uint16_t number, how;
};

/* What is allowed and what is not; zeros: nothing. */
struct tern_seal {
    struct tern_host_core *core;
    const struct tern_seal_call *calls;    /* the host's list */
    const char *user;                      /* user=; NULL: not given */
    bool connects;                         /* the appliance opens connections */
    int files_fd;                          /* beneath it files are read; -1: none are */
    bool must;                             /* a kernel that cannot is an error */
};

/*
 * Seals the process, for good. TERN_OK, or an error after which it must end:
 * a user that cannot be had, or a step that is missing though it must be. Says
 * itself what fails.
 */
enum tern_err tern_seal_process(const struct tern_seal *seal);

/* The change of user alone; with root's user go root's capabilities. */
enum tern_err tern_seal_user(const struct tern_seal *seal);

/* seal_user.c: to whom; TERN_INVALID: error says what is wrong. */
struct tern_seal_user {
    bool changes;
    uid_t uid;
    gid_t gid;
};
enum tern_err tern_seal_user_choose(const char *given, struct tern_seal_user *user, char *error,
                                    size_t error_cap);
/* TERN_REFUSED: this user is not to be had (a namespace without it). */
enum tern_err tern_seal_user_become(const struct tern_seal_user *user);
/* All capabilities, of every set. */
enum tern_err tern_seal_capabilities_drop(void);

/* seal_files.c: *version of Landlock; TERN_UNSUPPORTED: the kernel has none. */
enum tern_err tern_seal_files(int beneath_fd, bool connects, int *version);

/* seal_calls.c: TERN_UNSUPPORTED: no filters, or no such processor. */
enum tern_err tern_seal_calls(const struct tern_seal *seal);

/* True where a filter and Landlock would stop the tools that watch the program. */
bool tern_seal_is_watched(void);

extern const struct tern_seal_call tern_sockets_calls[];     /* sockets.c */
extern const struct tern_seal_call tern_tap_host_calls[];    /* tap_host.c */

#endif
