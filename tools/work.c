/* SPDX-License-Identifier: ISC */
/*
 * A tool's temporary work: directory, children, the end.
 */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *command;
static char *directory, *also;
static volatile sig_atomic_t caught;
static volatile pid_t child;

static void on_signal(int sig)
{
    caught = sig;
    if (child > 0)
        (void)kill(child, SIGTERM);
}

void *work_alloc(size_t len)
{
    void *p = calloc(1, len > 0 ? len : 1);
    if (p == NULL) {
        fprintf(stderr, "%s: out of memory\n", command != NULL ? command : "tern");
        exit(1);
    }
    return p;
}

static char *format_va(const char *format, va_list args)
{
    char *text;
    if (vasprintf(&text, format, args) < 0) {
        fprintf(stderr, "%s: out of memory\n", command != NULL ? command : "tern");
        exit(1);
    }
    return text;
}

char *work_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_va(format, args);
    va_end(args);
    return text;
}

void work_word(struct work_words *words, const char *word)
{
    if (words->cap - words->n < 2) {
        size_t cap = words->cap * 2 + 16;
        const char **grown = work_alloc(cap * sizeof *grown);
        if (words->n > 0)
            memcpy(grown, words->word, words->n * sizeof *grown);
        free(words->word);
        words->word = grown;
        words->cap = cap;
    }
    words->word[words->n++] = work_format("%s", word);
    words->word[words->n] = NULL;
}

void work_wordf(struct work_words *words, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_va(format, args);
    va_end(args);
    work_word(words, text);
    free(text);
}

bool work_begin(const char *name)
{
    command = name;
    const char *tmp = getenv("TMPDIR");
    directory = work_format("%s/tern.XXXXXX", tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    if (mkdtemp(directory) != NULL)
        return true;
    fprintf(stderr, "%s: cannot make a directory in %s: %s\n", name, tmp != NULL ? tmp : "/tmp",
            strerror(errno));
    free(directory);
    directory = NULL;
    return false;
}

const char *work_dir(void)
{
    return directory;
}

const char *work_path(const char *file)
{
    return work_format("%s/%s", directory, file);    /* goes with the program */
}

void work_also(const char *path)
{
    also = work_format("%s", path);
}

void work_keep(void)
{
    free(also);
    also = NULL;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void work_end(void)
{
    if (also != NULL)
        (void)unlink(also);
    if (directory != NULL)
        (void)nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(directory);
    free(also);
    directory = also = NULL;
    if (caught != 0) {
        int sig = caught;
        signal(sig, SIG_DFL);
        raise(sig);
    }
}

bool work_interrupted(void)
{
    return caught != 0;
}

/* In the child: its parent's death ends it, its output goes into the pipe. */
static void become(const char *const argv[], int out, bool errors_too, pid_t parent)
{
    size_t n = 0;
    while (argv[n] != NULL)
        n++;
    char **args = work_alloc((n + 1) * sizeof *args);
    for (size_t i = 0; i < n; i++)
        args[i] = work_format("%s", argv[i]);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0)
        (void)dup2(null, 0);
    if (out >= 0) {
        (void)dup2(out, 1);
        if (errors_too)
            (void)dup2(out, 2);
    }
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    /* fine: nobody runs nothing */
    execvp(args[0], args);
    _exit(errno == ENOENT ? WORK_NOT_FOUND : 126);
}

static char *read_all(int fd)
{
    size_t len = 0, cap = 4096;
    char *text = work_alloc(cap);
    for (;;) {
        if (cap - len < 2048) {
            cap *= 2;
            text = realloc(text, cap);
            if (text == NULL)
                exit(1);
        }
        ssize_t n = read(fd, text + len, cap - len - 1);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        if (n > 0)
            len += (size_t)n;
    }
    text[len] = '\0';
    return text;
}

int work_run(const char *const argv[], char **output, bool errors_too)
{
    int pipes[2] = { -1, -1 };
    if (output != NULL && pipe2(pipes, O_CLOEXEC) != 0)
        return 126;
    pid_t parent = getpid();
    child = fork();
    if (child == 0)
        become(argv, pipes[1], errors_too, parent);
    if (pipes[1] >= 0)
        close(pipes[1]);
    if (child < 0) {
        if (pipes[0] >= 0)
            close(pipes[0]);
        return 126;
    }
    if (output != NULL) {
        *output = read_all(pipes[0]);
        close(pipes[0]);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 126;
    child = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool work_is_inside(const char *root, const char *path)
{
    char *real = realpath(path, NULL);
    size_t len = strlen(root);
    bool inside = real != NULL && strncmp(real, root, len) == 0 &&
                  (real[len] == '/' || real[len] == '\0' || root[len - 1] == '/');
    free(real);
    return inside;
}
