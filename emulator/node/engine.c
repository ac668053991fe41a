/* SPDX-License-Identifier: MIT */
#include "node/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "node/child.h"

#define PACKAGES "(Debian packages: docker.io, podman)"

enum {
    ANSWER_MS = 5000, /* for what takes milliseconds in an engine that works */
    REMOVE_MS = 10000,
    END_MS = 2000,  /* between asking the command to end and killing it, which Podman's does not
                       bear: it leaves processes behind */
    LATE_MS = 1000, /* after which no container comes to be whose command was ended */
    OUT_MAX = 1 << 16,
};

/* --- one call --- */

/* Outputs are files, as a container's processes inherit them: a pipe would never see its end. */
static void become_command(const struct engine *e, char *const *words, int out, int complaints)
{
    char *argv[80] = {(char *)e->command};
    size_t n = 1;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (; words[n - 1] && n < ARRAY_LEN(argv) - 1; n++)
        argv[n] = words[n - 1];
    if (e->env)
        environ = (char **)e->env; /* whose PATH is to be searched */
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(complaints, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    execvp(argv[0], argv);
    dprintf(STDERR_FILENO, "%s\n", strerror(errno));
    _exit(127);
}

static char *read_all(int fd)
{
    char *text = xcalloc(OUT_MAX + 1, 1);
    ssize_t n = pread(fd, text, OUT_MAX, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

/* The line that says what is wrong: both engines warn before it and advise after it. */
static const char *find_complaint(char *text)
{
    const char *found = "it does not say why";
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (!*line)
            continue;
        found = line;
        if (strstr(line, "rror"))
            break;
    }
    return found;
}

static bool has_ended(int pidfd, unsigned ms)
{
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};
    int r;
    while ((r = poll(&wait, 1, (int)ms)) < 0 && errno == EINTR)
        continue;
    return r > 0;
}

/* The exit status, or -ETIMEDOUT. */
static int await(pid_t pid, int pidfd, unsigned timeout_ms)
{
    int status = 0;
    bool in_time = has_ended(pidfd, timeout_ms);
    if (!in_time)
        kill(pid, SIGTERM);
    if (!in_time && !has_ended(pidfd, END_MS))
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return !in_time ? -ETIMEDOUT : WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int engine_call(const struct engine *e, char *const *words, unsigned timeout_ms, char **ret_out,
                struct error *err)
{
    _cleanup_(fd_closep) int out = memfd_create("output", MFD_CLOEXEC);
    _cleanup_(fd_closep) int complaints = memfd_create("complaints", MFD_CLOEXEC);
    _cleanup_(fd_closep) int pidfd = -1;
    if (out < 0 || complaints < 0)
        return error_errno(err, errno, "cannot make a file in memory");
    pid_t pid = child_clone(0, &pidfd);
    if (pid == 0)
        become_command(e, words, out, complaints);
    if (pid < 0)
        return error_errno(err, errno, "cannot fork");
    int status = await(pid, pidfd, timeout_ms);
    if (status == -ETIMEDOUT)
        return error_set(err, ETIMEDOUT, "'%s %s' has not answered for %.1f s", e->command,
                         words[0], timeout_ms / 1e3);
    if (status != 0) {
        _cleanup_(freep) char *text = read_all(complaints);
        return error_set(err, status == 127 ? ENOENT : EIO, "'%s %s': %.500s", e->command, words[0],
                         find_complaint(text));
    }
    if (ret_out)
        *ret_out = read_all(out);
    return 0;
}

/* --- which --- */

/* Answered by the engine itself, not by its command alone; also by one without any container. */
static int ask(const char *command, struct error *err)
{
    char *words[] = {"ps", "-q", "--filter", "label=wanlab.lab=none", NULL};
    return engine_call(&(struct engine){.command = command}, words, ANSWER_MS, NULL, err);
}

int engine_find(const char **ret, struct error *err)
{
    static const char *found;
    const char *asked = getenv("WANLAB_ENGINE");
    struct error docker, podman;
    if (!found && asked && *asked) {
        if (ask(asked, &docker) < 0)
            return error_machine(err, docker.code,
                                 "the engine that WANLAB_ENGINE names does not work: %s " PACKAGES,
                                 docker.text);
        found = asked;
    } else if (!found) {
        int r = ask("docker", &docker);
        if (r == -ETIMEDOUT)
            return error_machine(err, ETIMEDOUT, "%s", docker.text);
        if (r < 0 && ask("podman", &podman) < 0)
            return error_machine(err, docker.code,
                                 "no container engine works: %.400s; %.400s " PACKAGES, docker.text,
                                 podman.text);
        found = r == 0 ? "docker" : "podman";
    }
    *ret = found;
    return 0;
}

int engine_check_image(const char *command, const char *image, struct error *err)
{
    char *words[] = {"image", "inspect", "-f", "{{.Id}}", (char *)image, NULL};
    struct error why;
    int r = engine_call(&(struct engine){.command = command}, words, ANSWER_MS, NULL, &why);
    if (r == -ETIMEDOUT)
        return error_machine(err, ETIMEDOUT, "%s", why.text);
    if (r < 0)
        return error_machine(err, ENOENT,
                             "there is no image '%s' in %s (get it: %s pull, load or import)",
                             image, command, command);
    return 0;
}

/* --- the end --- */

/* Cuts what `ps -q` printed into words behind "rm -f -v"; the first of them, NULL if none. */
static char **add_ids(char *printed, char **words, size_t room)
{
    static const char *const verb[] = {"rm", "-f", "-v"};
    size_t n = 0;
    char *rest = printed;
    for (; n < ARRAY_LEN(verb); n++)
        words[n] = (char *)verb[n];
    for (char *id; (id = strsep(&rest, "\n")) && n < room - 1;)
        if (*id)
            words[n++] = id;
    words[n] = NULL;
    return n > ARRAY_LEN(verb) ? words : NULL;
}

int engine_remove_labelled(const struct engine *e, const char *label, bool unsure,
                           struct error *err)
{
    uint64_t deadline = clock_monotonic_ns() + REMOVE_MS * NS_PER_MS;
    _cleanup_(freep) char *filter = xasprintf("label=%s", label);
    char *list[] = {"ps", "-a", "-q", "--no-trunc", "--filter", filter, NULL};
    while (clock_monotonic_ns() < deadline) {
        _cleanup_(freep) char *printed = NULL;
        char *words[40];
        int r = engine_call(e, list, ANSWER_MS, &printed, err);
        if (r < 0)
            return r;
        if (add_ids(printed, words, ARRAY_LEN(words)))
            engine_call(e, words, REMOVE_MS, NULL, NULL); /* what is left shows in the list */
        else if (!unsure)
            return 0;
        else
            unsure = nanosleep(&(struct timespec){.tv_sec = LATE_MS / 1000}, NULL) != 0;
    }
    return error_set(err, EBUSY, "'%s rm' leaves some that have %s", e->command, label);
}
