/* SPDX-License-Identifier: ISC */
/*
 * The order of the seal: whether we are alone, who we are, what we may gain
 * (nothing), which files, which system calls. Each step needs what the next one
 * takes away.
 *
 * A kernel or a container that lacks a step is no reason not to serve, unless
 * seal=must: the log says what is missing.
 */
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "seal.h"

static void say(const struct tern_seal *seal, enum tern_log_level level, const char *line)
{
    size_t len = 0;
    while (line[len] != '\0')
        len++;
    tern_host_log(&seal->core->host, level, line, len);
}

/* A step that the kernel lacks. */
static enum tern_err missing(const struct tern_seal *seal, enum tern_log_level level,
                             const char *what)
{
    say(seal, seal->must ? TERN_LOG_ERROR : level, what);
    return seal->must ? TERN_UNSUPPORTED : TERN_OK;
}

/*
 * Landlock and capset(2) bind the thread that calls them, and what it starts
 * later; only a change of user and seccomp's step reach threads that are there.
 * One that is alone stays so: nobody else is there to start another. Without
 * /proc the kernel is asked to take apart what threads share, which it does for
 * one that shares nothing.
 */
static bool is_alone(void)
{
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *task;
    size_t n = 0;

    if (tasks == NULL)
        return unshare(CLONE_VM) == 0;
    while ((task = readdir(tasks)) != NULL)
        n += task->d_name[0] != '.';
    closedir(tasks);
    return n == 1;
}

static enum tern_err threads_step(const struct tern_seal *seal)
{
    if (is_alone())
        return TERN_OK;
    return missing(seal, TERN_LOG_WARN, "seal: threads that the appliance has started are bound "
                                        "by their user and in their calls alone, not in files");
}

enum tern_err tern_seal_user(const struct tern_seal *seal)
{
    struct tern_seal_user user;
    char line[128];

    enum tern_err err = tern_seal_user_choose(seal->user, &user, line, sizeof line);
    if (err != TERN_OK) {
        say(seal, TERN_LOG_ERROR, line);
        return err;
    }
    err = tern_seal_user_become(&user);
    if (err != TERN_OK && (seal->user != NULL || err != TERN_REFUSED)) {
        say(seal, TERN_LOG_ERROR, "option user: root cannot become this user here");
        return err;
    }
    if (err != TERN_OK) {
        err = missing(seal, TERN_LOG_WARN, "seal: root cannot become another user here, and "
                                           "only gives up its rights");
        if (err != TERN_OK)
            return err;
    } else if (user.changes) {
        snprintf(line, sizeof line, "seal: runs as user %u, group %u", (unsigned)user.uid,
                 (unsigned)user.gid);
        say(seal, TERN_LOG_INFO, line);
    }
    return TERN_OK;
}

static enum tern_err user_step(const struct tern_seal *seal)
{
    enum tern_err err = tern_seal_user(seal);
    if (err != TERN_OK)
        return err;
    if (tern_seal_capabilities_drop() != TERN_OK)
        return missing(seal, TERN_LOG_WARN, "seal: capabilities cannot be given up");
    return TERN_OK;
}

static enum tern_err files_step(const struct tern_seal *seal)
{
    char line[128];
    int version;

    if (tern_seal_files(seal->files_fd, seal->connects, &version) != TERN_OK)
        return missing(seal, TERN_LOG_DEBUG, "seal: this kernel has no Landlock: what files may "
                                             "be opened their owners decide");
    snprintf(line, sizeof line, "seal: %s (Landlock version %d)",
             seal->files_fd >= 0 ? "files are read beneath the folder alone"
                                 : "no file can be opened",
             version);
    say(seal, TERN_LOG_DEBUG, line);
    return TERN_OK;
}

static enum tern_err calls_step(const struct tern_seal *seal)
{
    char line[128];

    enum tern_err err = tern_seal_calls(seal);
    if (err == TERN_BUG) {
        say(seal, TERN_LOG_ERROR, "seal: the lists of system calls are too long");
        return err;
    }
    if (err != TERN_OK)
        return missing(seal, TERN_LOG_WARN,
                       "seal: this kernel or container lets no system calls be refused (seccomp)");
    snprintf(line, sizeof line, "seal: the system calls of host %s alone%s",
             seal->core->host.name, seal->connects ? ", and connections out" : "");
    say(seal, TERN_LOG_DEBUG, line);
    return TERN_OK;
}

enum tern_err tern_seal_process(const struct tern_seal *seal)
{
    enum tern_err err = threads_step(seal);
    if (err == TERN_OK)
        err = user_step(seal);
    if (err != TERN_OK)
        return err;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return missing(seal, TERN_LOG_WARN, "seal: this kernel has no no_new_privs");
    if (tern_seal_is_watched())
        return missing(seal, TERN_LOG_DEBUG,
                       "seal: sanitizers watch this program: its files and calls are not bound");
    err = files_step(seal);
    return err == TERN_OK ? calls_step(seal) : err;
}
