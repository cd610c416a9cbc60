/* SPDX-License-Identifier: ISC */
/*
 * Opening of names beneath the root of tern serve, by openat2 with
 * RESOLVE_BENEATH: neither ".." nor a symbolic link leads out of it, whatever
 * happens to the tree meanwhile.
 *
 * A name that begins with a dot is hidden, also where a symbolic link leads to
 * it. So no link is followed by the kernel, unless nothing is hidden: a path
 * that has one is walked here, name by name, and what comes of it, a path
 * without links, is judged and opened as any other.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "serve.h"

#define LINKS_MAX 40u    /* as the kernel follows */

/* What is still to be walked, and where that has led: "/sub/file", without links. */
struct walk {
    char todo[2 * PATH_MAX], done[PATH_MAX];
    size_t done_len;
    unsigned n_links;
};

bool serve_is_hidden(const char *path, size_t len)
{
    static const char known[] = ".well-known";
    const size_t known_len = sizeof known - 1;

    for (size_t i = 0; i + 1 < len; i++) {
        const char *name = path + i + 1;
        size_t left = len - i - 1;
        if (path[i] == '/' && name[0] == '.' &&
            (left < known_len || memcmp(name, known, known_len) != 0 ||
             (left > known_len && name[known_len] != '/')))
            return true;
    }
    return false;
}

static int beneath(int root_fd, const char *relative, uint64_t flags, uint64_t resolve)
{
    struct open_how how = { .flags = flags | O_CLOEXEC,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve };
    return (int)syscall(SYS_openat2, root_fd, relative, &how, sizeof how);
}

static int fails(int number)
{
    errno = number;
    return -1;
}

/* Out of the directory that has been walked to; not out of the root. */
static int step_up(struct walk *w)
{
    if (w->done_len == 0)
        return fails(EXDEV);
    while (w->done[--w->done_len] != '/')
        continue;
    return 0;
}

/* Into a name; *link: what it says, if it is a link, of at most PATH_MAX - 1 octets. */
static int step_into(struct walk *w, int root_fd, const char *name, size_t len, char *link,
                     size_t *link_len)
{
    if (len + 2 > sizeof w->done - w->done_len)
        return fails(ENAMETOOLONG);
    w->done[w->done_len] = '/';
    memcpy(w->done + w->done_len + 1, name, len);
    w->done_len += len + 1;
    w->done[w->done_len] = '\0';
    int fd = beneath(root_fd, w->done + 1, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
    if (fd < 0)
        return fails(errno == ELOOP ? EAGAIN : errno);
    ssize_t n = readlinkat(fd, "", link, PATH_MAX);
    int number = errno;
    close(fd);
    *link_len = n < 0 ? 0 : (size_t)n;
    if (n < 0)
        return number == ENOENT || number == EINVAL ? 0 : fails(number);    /* no link */
    if (n == PATH_MAX)
        return fails(ENAMETOOLONG);
    if (n == 0 || link[0] == '/')
        return fails(EXDEV);
    return ++w->n_links > LINKS_MAX ? fails(ELOOP) : 0;
}

/* A link's text instead of its name, before the rest. */
static int link_follow(struct walk *w, const char *rest, const char *link, size_t link_len)
{
    char todo[sizeof w->todo];
    size_t rest_len = strlen(rest);

    if (link_len + rest_len + 2 > sizeof todo)
        return fails(ENAMETOOLONG);
    memcpy(todo, link, link_len);
    todo[link_len] = '/';
    memcpy(todo + link_len + 1, rest, rest_len + 1);
    memcpy(w->todo, todo, link_len + rest_len + 2);
    return step_up(w);
}

/* Ends: a step makes what is left shorter, or follows one more link. */
static int walk(struct walk *w, int root_fd)
{
    char link[PATH_MAX];
    size_t at = 0, link_len;

    while (w->todo[at] != '\0') {
        const char *name = w->todo + at;
        size_t len = strcspn(name, "/");
        at += len + (name[len] == '/');
        if (len == 0 || (len == 1 && name[0] == '.'))
            continue;
        if (len == 2 && name[0] == '.' && name[1] == '.') {
            if (step_up(w) != 0)
                return -1;
            continue;
        }
        if (step_into(w, root_fd, name, len, link, &link_len) != 0)
            return -1;
        if (link_len == 0)
            continue;
        if (link_follow(w, w->todo + at, link, link_len) != 0)
            return -1;
        at = 0;
    }
    return 0;
}

int serve_open(int root_fd, const char *relative, bool dot_files)
{
    /* Without waiting for whoever writes a FIFO. */
    const uint64_t flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    struct walk w;
    size_t len = strlen(relative);
    int fd = beneath(root_fd, relative, flags, dot_files ? 0 : RESOLVE_NO_SYMLINKS);

    if (fd >= 0 || dot_files || errno != ELOOP || len >= sizeof w.todo)
        return fd;
    memcpy(w.todo, relative, len + 1);
    w.done_len = 0;
    w.n_links = 0;
    if (walk(&w, root_fd) != 0)
        return -1;
    if (serve_is_hidden(w.done, w.done_len))
        return fails(ENOENT);
    w.done[w.done_len] = '\0';
    fd = beneath(root_fd, w.done_len > 0 ? w.done + 1 : ".", flags, RESOLVE_NO_SYMLINKS);
    return fd < 0 && errno == ELOOP ? fails(EAGAIN) : fd;
}

int serve_open_root(const char *dir)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    int here = beneath(fd, ".", O_PATH, 0);
    if (here >= 0) {
        close(here);
        return fd;
    }
    int number = errno;
    close(fd);
    return fails(number);
}
