/* SPDX-License-Identifier: ISC */
/*
 * KVM or TCG. That /dev/kvm opens says little: there are hosts whose KVM
 * emulates every instruction in software, a thousand times slower than TCG, and
 * stops at the first vector instruction. So a probe image runs under KVM for at
 * most a second, once a version of QEMU and a kernel; what came out is kept.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"

enum { PROBE_STATUS = 0x2a, PROBE_LIMIT_MS = 1000 };

#if defined(__x86_64__)
extern const uint8_t tern_boot_probe[];
extern const uint64_t tern_boot_probe_len;
#else
static const uint8_t tern_boot_probe[1];    /* no host but x86-64 has this KVM */
static const uint64_t tern_boot_probe_len;
#endif

const char *boot_accel_cpu(const char *accel)
{
    return strcmp(accel, "kvm") == 0 ? "host" : "max";
}

/* ---- What is remembered --------------------------------------------------- */

/* What a verdict holds for, in a line without tabs. NULL: no such QEMU. */
static char *key_make(const char *qemu)
{
    const char *argv[] = { qemu, "--version", NULL };
    char *version = NULL;
    struct utsname name;
    if (work_run(argv, &version, false) == WORK_NOT_FOUND || uname(&name) != 0) {
        free(version);
        return NULL;
    }
    version[strcspn(version, "\n")] = '\0';
    bool opens = access("/dev/kvm", R_OK | W_OK) == 0;
    char *key = work_format("%s; %s; %s; /dev/kvm %s", qemu, version, name.release,
                            opens ? "opens" : "does not open");
    for (char *p = key; *p != '\0'; p++)
        if (*p == '\t')
            *p = ' ';
    free(version);
    return key;
}

/* $XDG_CACHE_HOME/tern, or the build directory, or ~/.cache/tern. */
static char *cache_file(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache != NULL && cache[0] == '/')
        return work_format("%s/tern/accel", cache);
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    self[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL) {
        *slash = '\0';
        char *makefile = work_format("%s/config.status", self);
        bool built = access(makefile, R_OK) == 0;
        free(makefile);
        if (built)
            return work_format("%s/accel", self);
    }
    return work_format("%s/.cache/tern/accel", home != NULL ? home : "");
}

/* "kvm" or "tcg" from a line "key TAB verdict", or NULL. */
static const char *recall(const char *file, const char *key)
{
    FILE *f = fopen(file, "r");
    if (f == NULL)
        return NULL;
    char *line = NULL;
    size_t cap = 0, key_len = strlen(key);
    const char *verdict = NULL;
    while (getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, key, key_len) != 0 || line[key_len] != '\t')
            continue;
        const char *word = line + key_len + 1;
        verdict = strcmp(word, "kvm") == 0 ? "kvm" : strcmp(word, "tcg") == 0 ? "tcg" : verdict;
    }
    free(line);
    fclose(f);
    return verdict;
}

/* Makes the folders of a path. */
static void folders_make(const char *file)
{
    char *path = work_format("%s", file);
    for (char *p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
        *p = '\0';
        (void)mkdir(path, 0777);
        *p = '/';
    }
    free(path);
}

/* One line at the end, in one write: two that do so at once harm nothing. */
static bool remember(const char *file, const char *key, const char *verdict)
{
    folders_make(file);
    FILE *f = fopen(file, "a");
    if (f == NULL)
        return false;
    fprintf(f, "%s\t%s\n", key, verdict);
    return fclose(f) == 0;
}

/* ---- The probe ---------------------------------------------------------------- */

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static pid_t probe_start(const char *qemu, const char *image)
{
    pid_t parent = getpid(), child = fork();
    if (child != 0)
        return child;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    const char *argv[] = {
        qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-machine", "microvm", "-accel", "kvm", "-cpu", boot_accel_cpu("kvm"), "-m", "8M",
        "-device", "isa-debug-exit,iobase=" BOOT_EXIT_PORT ",iosize=1", "-kernel", image, NULL,
    };
    char *args[sizeof argv / sizeof argv[0]] = { NULL };
    for (size_t i = 0; argv[i] != NULL; i++)
        args[i] = work_format("%s", argv[i]);
    if (freopen("/dev/null", "r", stdin) == NULL || freopen("/dev/null", "w", stdout) == NULL ||
        freopen("/dev/null", "w", stderr) == NULL)
        _exit(126);
    (void)setpgid(0, 0);
    /* fine: its name is the first */
    execvp(args[0], args);
    _exit(WORK_NOT_FOUND);
}

/* Waits until the child ends or the time is up, and then ends it. */
static int wait_limited(pid_t child, long limit_ms, bool *in_time)
{
    long begin = now_ms();
    int status = 0;
    for (;;) {
        pid_t got = waitpid(child, &status, WNOHANG);
        *in_time = got == child;
        if (got == child || got < 0)
            return status;
        if (work_interrupted() || now_ms() - begin >= limit_ms)
            break;
        (void)poll(NULL, 0, 2);
    }
    (void)kill(-child, SIGKILL);    /* its group, with whatever it has started */
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
    return status;
}

/* True if the guest answered in time; *why says how it was, for people. */
static bool probe(const char *qemu, const char **why)
{
    const char *image = work_path("probe.elf");
    FILE *f = tern_boot_probe_len > 0 ? fopen(image, "wb") : NULL;
    if (f == NULL) {
        *why = "there is no probe for this machine";
        return false;
    }
    bool written = fwrite(tern_boot_probe, 1, tern_boot_probe_len, f) == tern_boot_probe_len;
    if (fclose(f) != 0 || !written) {
        *why = "the probe cannot be written";
        return false;
    }
    long begin = now_ms();
    bool in_time = false;
    pid_t child = probe_start(qemu, image);
    int status = child > 0 ? wait_limited(child, PROBE_LIMIT_MS, &in_time) : 0;
    if (child < 0)
        *why = "QEMU cannot be started";
    else if (!in_time)
        *why = "its probe gave no answer within a second";
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 2 * PROBE_STATUS + 1)
        *why = "QEMU cannot use it";
    else {
        *why = work_format("its probe answered in %ld ms", now_ms() - begin);
        return true;
    }
    return false;
}

const char *boot_accel_choose(const struct boot *boot)
{
    if (strcmp(boot->accel, "auto") != 0)
        return boot->accel;
    char *key = key_make(boot->qemu);
    if (key == NULL)
        return NULL;
    char *file = cache_file();
    const char *verdict = recall(file, key);
    if (verdict != NULL) {
        fprintf(stderr, "tern boot: accel %s (remembered in %s)\n", verdict, file);
    } else {
        const char *why;
        verdict = probe(boot->qemu, &why) ? "kvm" : "tcg";
        if (!work_interrupted()) {
            bool kept = remember(file, key, verdict);
            fprintf(stderr, "tern boot: accel %s: KVM: %s%s%s\n", verdict, why,
                    kept ? "; kept in " : "", kept ? file : "");
        }
    }
    free(key);
    free(file);
    return verdict;
}
