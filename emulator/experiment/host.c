/* SPDX-License-Identifier: MIT */
#include "experiment/host.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "experiment/stop.h"

enum { TICK_MS = 100 };

void environment_done(struct environment *e)
{
    for (size_t i = 0; i < e->count; i++)
        free(e->items[i]);
    free(e->items);
    *e = (struct environment){0};
}

void environment_add(struct environment *e, const char *fmt, ...)
{
    va_list ap;
    char *text;
    va_start(ap, fmt);
    int r = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (r < 0)
        abort();
    e->items = xrealloc(e->items, e->count + 2, sizeof(*e->items));
    e->items[e->count++] = text;
    e->items[e->count] = NULL;
}

void environment_add_values(struct environment *e, const struct workload *w,
                            const struct workload_value *values)
{
    environment_add(e, "PATH=%s", HOST_PATH);
    environment_add(e, "LANG=C.UTF-8");
    for (size_t i = 0; values && i < w->parameter_count; i++) {
        _cleanup_(freep) char *name = xstrdup(values[i].name);
        for (char *p = name; *p; p++)
            *p = (char)toupper((unsigned char)*p);
        environment_add(e, "WANLAB_PARAM_%s=%s", name, values[i].number);
    }
}

int host_cache_folder(const struct workload *w, char **ret, struct error *err)
{
    return cache_folder(w->name, ret, err);
}

/* A program on the host, and what is done with its lines. */
struct host_program {
    const struct workload *workload;
    char *const *argv, *const *env;
    void (*on_line)(const char *line, void *arg); /* NULL: nothing */
    void *arg;
    uint64_t timeout_ns; /* 0: it may take for ever; else it is also ended when the user asks */
    char last[512];      /* what it said last */
};

static _Noreturn void become_program(const struct host_program *p, int out)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (p->timeout_ns)
        setpgid(0, 0); /* all of it can be killed */
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (chdir(p->workload->folder) == 0)
        execvpe(p->argv[0], p->argv, p->env);
    dprintf(STDERR_FILENO, "cannot run '%s': %s\n", p->argv[0], strerror(errno));
    _exit(127);
}

static void take_line(struct host_program *p, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    if (*line)
        strcpy(p->last, line);
    if (p->on_line)
        p->on_line(line, p->arg);
}

/* Waits for more of its output, as long as it may take and nobody asks it to end. */
static int wait_for_output(const struct host_program *p, int fd, uint64_t deadline_ns,
                           struct error *err)
{
    while (p->timeout_ns && poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, TICK_MS) == 0) {
        if (stop_was_asked())
            return error_set(err, EINTR, "interrupted");
        if (clock_monotonic_ns() > deadline_ns)
            return error_set(err, ETIMEDOUT, "it has not ended after %llu s%s%s",
                             (unsigned long long)(p->timeout_ns / NS_PER_SEC),
                             *p->last ? "; it said last: " : "", p->last);
    }
    return 0;
}

/* Takes the whole lines off the front of `data`, and what is left if nothing more comes. */
static size_t take_lines(struct host_program *p, char *data, size_t len, bool at_end)
{
    char line[sizeof(p->last)];
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        if (!end && !at_end && len < sizeof(line) - 1)
            break;
        size_t size = end ? (size_t)(end - data) + 1 : len;
        memcpy(line, data, size);
        line[size] = '\0';
        take_line(p, line);
        len -= size;
        memmove(data, data + size, len);
    }
    return len;
}

static int read_lines(struct host_program *p, int fd, struct error *err)
{
    char data[sizeof(p->last) - 1];
    size_t len = 0;
    ssize_t n = 1;
    uint64_t deadline_ns = clock_monotonic_ns() + p->timeout_ns;
    while (n > 0) {
        int r = wait_for_output(p, fd, deadline_ns, err);
        if (r < 0)
            return r;
        n = read(fd, data + len, sizeof(data) - len);
        len = take_lines(p, data, len + (n > 0 ? (size_t)n : 0), n <= 0);
    }
    return 0;
}

/* Runs a program in the workload's folder with its output in a pipe. The exit status (128 + signal
 * if killed), or -errno. */
static int run_program(struct host_program *p, struct error *err)
{
    int fds[2], status;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return error_errno(err, errno, "cannot make a pipe");
    pid_t child = fork();
    if (child == 0)
        become_program(p, fds[1]);
    close(fds[1]);
    _cleanup_(fd_closep) int in = fds[0];
    if (child < 0)
        return error_errno(err, errno, "cannot run '%s'", p->argv[0]);
    int r = read_lines(p, in, err);
    if (r < 0)
        kill(-child, SIGKILL);
    waitpid(child, &status, 0);
    return r < 0 ? r : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int host_prepare(const struct workload *w, const char *cache, struct error *err)
{
    if (!w->prepare)
        return 0;
    struct environment env = {0};
    environment_add_values(&env, w, NULL);
    environment_add(&env, "WANLAB_CACHE=%s", cache);
    struct host_program p = {.workload = w, .argv = w->prepare, .env = env.items};
    int status = run_program(&p, err);
    environment_done(&env);
    if (status == STATUS_MACHINE)
        return error_machine(err, ENOENT, "%s", p.last);
    if (status > 0)
        return error_set(err, EIO, "the preparation of workload '%s' failed with status %d: %s",
                         w->name, status, p.last);
    return status;
}

/* The peers file for programs on the host: in memory, inherited by the program. */
static int open_peers(const struct plan *plan, struct error *err)
{
    int fd = memfd_create("peers", 0);
    if (fd < 0)
        return error_errno(err, errno, "cannot make a memory file");
    FILE *out = fdopen(dup(fd), "w");
    if (out) {
        plan_print_peers(plan, 0, out);
        fclose(out);
    }
    return fd;
}

struct lint {
    struct workload *workload;
    void (*on_warning)(const char *line);
    char held[512]; /* the last warning: of a lint that refuses, it is the error */
};

static void hand_on_held(struct lint *lint)
{
    if (*lint->held)
        lint->on_warning(lint->held);
    *lint->held = '\0';
}

static void on_lint_line(const char *line, void *arg)
{
    struct lint *lint = arg;
    json_t *needs = *line == '{' ? json_loads(line, 0, NULL) : NULL;
    json_int_t memory, scratch;
    if (!needs) {
        hand_on_held(lint);
        snprintf(lint->held, sizeof(lint->held), "%s", line);
    } else if (json_unpack(needs, "{s:I s:I}", "memory", &memory, "scratch", &scratch) == 0) {
        lint->workload->memory = (uint64_t)memory;
        lint->workload->scratch = (uint64_t)scratch;
    }
    json_decref(needs);
}

int host_lint(struct workload *w, const struct workload_value *values, const struct plan *plan,
              void (*on_warning)(const char *line), struct error *err)
{
    if (!w->lint)
        return 0;
    _cleanup_(fd_closep) int peers = open_peers(plan, err);
    if (peers < 0)
        return peers;
    struct lint lint = {.workload = w, .on_warning = on_warning};
    struct environment env = {0};
    environment_add_values(&env, w, values);
    environment_add(&env, "WANLAB_COUNT=%zu", plan->scenario->node_count);
    environment_add(&env, "WANLAB_PEERS=/proc/self/fd/%d", peers);
    struct host_program p = {
        .workload = w, .argv = w->lint, .env = env.items, .on_line = on_lint_line, .arg = &lint};
    int status = run_program(&p, err);
    environment_done(&env);
    if (status == STATUS_INPUT)
        return error_input(err, "%s", p.last);
    hand_on_held(&lint);
    if (status > 0)
        return error_set(err, EIO, "the lint of workload '%s' failed with status %d: %s", w->name,
                         status, p.last);
    return status;
}

static void keep_line(const char *line, void *arg)
{
    fprintf(arg, "%s\n", line);
}

int host_check(const struct workload *w, const struct plan *plan, struct environment *env,
               FILE *log, uint64_t timeout_ns, struct error *err)
{
    _cleanup_(fd_closep) int peers = open_peers(plan, err);
    if (peers < 0)
        return peers;
    environment_add(env, "WANLAB_PEERS=/proc/self/fd/%d", peers);
    setlinebuf(log);
    struct host_program p = {.workload = w,
                             .argv = w->check,
                             .env = env->items,
                             .on_line = keep_line,
                             .arg = log,
                             .timeout_ns = timeout_ns};
    int status = run_program(&p, err);
    if (status > 0)
        return error_set(err, EIO, "it ended with status %d%s%s", status,
                         *p.last ? "; it said last: " : "", p.last);
    return status;
}

uint64_t host_available_memory(void)
{
    _cleanup_(freep) char *meminfo = NULL;
    if (file_read("/proc/meminfo", 1 << 16, &meminfo, NULL, NULL) < 0)
        return UINT64_MAX;
    const char *line = strstr(meminfo, "MemAvailable:");
    return line ? strtoull(line + strlen("MemAvailable:"), NULL, 10) * 1024 : UINT64_MAX;
}

int host_check_memory(const struct workload *w, const struct scenario *s, struct error *err)
{
    uint64_t have = host_available_memory(), needed = 0;
    for (size_t i = 0; i < s->node_count; i++)
        needed += w->memory + (s->nodes[i].scratch == SCRATCH_IN_MEMORY ? w->scratch : 0);
    if (needed > have)
        return error_machine(err, ENOMEM,
                             "%zu nodes of workload '%s' need %llu MiB each (programs "
                             "and what scratch is in memory), %llu MiB in all, but the machine "
                             "has %llu MiB left: use fewer nodes",
                             s->node_count, w->name,
                             (unsigned long long)(needed / s->node_count) >> 20,
                             (unsigned long long)needed >> 20, (unsigned long long)have >> 20);
    return 0;
}
