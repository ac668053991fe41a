/* SPDX-License-Identifier: MIT */
#include "experiment/host.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

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
    environment_add(e, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
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

/* Runs a program in the workload's folder with its output in a pipe, and calls `on_line` for each
 * line. The exit status (128 + signal if killed), or -errno. `last` (512 bytes) becomes the last
 * line. */
static int run_program(const struct workload *w, char *const *argv, char *const *env,
                       void (*on_line)(const char *line, void *arg), void *arg, char *last,
                       struct error *err)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return error_errno(err, errno, "cannot make a pipe");
    pid_t child = fork();
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        dup2(fds[1], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        if (chdir(w->folder) == 0)
            execve(argv[0], argv, env);
        dprintf(STDERR_FILENO, "cannot run '%s': %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    close(fds[1]);
    _cleanup_(file_closep) FILE *in = fdopen(fds[0], "r");
    if (child < 0 || !in)
        return error_errno(err, errno, "cannot run '%s'", argv[0]);
    char line[512];
    *last = '\0';
    while (fgets(line, sizeof(line), in)) {
        line[strcspn(line, "\n")] = '\0';
        strcpy(last, line);
        if (on_line)
            on_line(line, arg);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int host_prepare(const struct workload *w, const char *cache, struct error *err)
{
    char last[512];
    if (!w->prepare)
        return 0;
    struct environment env = {0};
    environment_add_values(&env, w, NULL);
    environment_add(&env, "WANLAB_CACHE=%s", cache);
    int status = run_program(w, w->prepare, env.items, NULL, NULL, last, err);
    environment_done(&env);
    if (status == STATUS_MACHINE)
        return error_machine(err, ENOENT, "%s", last);
    if (status > 0)
        return error_set(err, EIO, "the preparation of workload '%s' failed with status %d: %s",
                         w->name, status, last);
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
    char last[512];
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
    int status = run_program(w, w->lint, env.items, on_lint_line, &lint, last, err);
    environment_done(&env);
    if (status == STATUS_INPUT)
        return error_input(err, "%s", last);
    hand_on_held(&lint);
    if (status > 0)
        return error_set(err, EIO, "the lint of workload '%s' failed with status %d: %s", w->name,
                         status, last);
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
        needed += w->memory + (s->nodes[i].scratch_on_disk ? 0 : w->scratch);
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
