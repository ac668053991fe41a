/* SPDX-License-Identifier: MIT
 *
 * A program's beginning, with the pipes that it reads and writes, and what it says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "experiment/crew_internal.h"

void crew_close_program(struct program *p)
{
    if (p->log.out && p->log.cut_lines > 0)
        log_warn("%s: the log of %s is cut at %llu bytes: %llu lines more (%llu bytes) are not in "
                 "it (log_limit in workload.yaml is the limit)",
                 p->where, p->task.role, (unsigned long long)p->log.written,
                 (unsigned long long)p->log.cut_lines, (unsigned long long)p->log.cut_bytes);
    program_log_done(&p->log);
    fd_closep(&p->input);
    fd_closep(&p->pidfd);
    free(p->log_file);
    free(p->where);
}

static void on_output_line(const char *line, void *arg)
{
    struct program *p = arg;
    p->heard_ns = clock_monotonic_ns();
    json_t *object = json_loads(line, 0, NULL);
    const char *error = json_string_value(json_object_get(object, "error"));
    if (error)
        snprintf(p->said, sizeof(p->said), "%s", error);
    json_decref(object);
    p->task.on_output(p->task.node, line, p->task.arg);
}

static void on_log_line(const char *line, void *arg)
{
    struct program *p = arg;
    program_log_add(&p->log, line);
    snprintf(p->last_line, sizeof(p->last_line), "%.255s", line);
    if (p->task.on_line)
        p->task.on_line(p->task.node, line, p->task.arg);
    if (p->task.ready && !p->ready && strstr(line, p->task.ready)) {
        p->ready = true;
        crew_settle(p->crew);
    }
}

static void on_stream_end(void *arg)
{
    crew_settle(((struct program *)arg)->crew);
}

static json_t *json_texts(char *const *texts)
{
    json_t *list = json_array();
    for (; *texts; texts++)
        json_array_append_new(list, json_string(*texts));
    return list;
}

static int open_pipe(int fds[2], struct error *err)
{
    return pipe2(fds, O_CLOEXEC) < 0 ? error_errno(err, errno, "cannot make a pipe") : 0;
}

/* What the program reads: nothing, or what crew_tell() says. */
static int open_input(struct program *p, int *ret, struct error *err)
{
    int pair[2];
    if (!p->task.hears) {
        *ret = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return *ret < 0 ? error_errno(err, errno, "cannot open /dev/null") : 0;
    }
    int r = open_pipe(pair, err);
    if (r < 0)
        return r;
    *ret = pair[0];
    p->input = pair[1];
    fcntl(p->input, F_SETFL, O_NONBLOCK); /* who does not listen holds nobody up */
    return 0;
}

int crew_open_pipes(struct program *p, int fds[4], struct error *err)
{
    int log[2], output[2];
    int r = open_input(p, &fds[0], err);
    if (r == 0)
        r = open_pipe(log, err);
    if (r < 0)
        return r;
    fds[1] = p->task.out_fd > 0 ? fcntl(p->task.out_fd, F_DUPFD_CLOEXEC, 3) : dup(log[1]);
    fds[2] = log[1];
    lines_open_fd(&p->lines, &p->crew->loop, log[0], on_log_line, on_stream_end, p);
    if (p->task.on_output && (r = open_pipe(output, err)) == 0) {
        fds[3] = output[1];
        lines_open_fd(&p->output, &p->crew->loop, output[0], on_output_line, on_stream_end, p);
    }
    return r;
}

struct program *crew_add_program(struct crew *c, const struct crew_task *task,
                                 const char *node_name, char *where)
{
    struct program *p = xcalloc(1, sizeof(*p));
    *p = (struct program){.crew = c, .task = *task, .node_name = node_name, .where = where};
    p->ready = !task->ready && !task->lacks;
    p->input = p->pidfd = -1;
    p->log_file = xstrdup(task->log_file);
    program_log_init(&p->log, task->log, task->log_start_s, task->log_limit);
    p->heard_ns = clock_monotonic_ns();
    c->programs = array_grow(c->programs, c->count, sizeof(*c->programs));
    c->programs[c->count++] = p;
    return p;
}

static int start_program(struct crew *c, const struct crew_task *task, const char *what,
                         struct error *err)
{
    int fds[4] = {-1, -1, -1, -1};
    const char *node_name = c->plan->scenario->nodes[task->node].name;
    struct program *p = crew_add_program(c, task, node_name, xasprintf("node '%s'", node_name));
    int r = crew_open_pipes(p, fds, err);
    if (r == 0) {
        int fd_count = task->on_output ? 4 : 3;
        json_t *request = json_pack("{s:s s:s s:o s:i}", "do", what, "node", p->node_name, "argv",
                                    json_texts(task->argv), "fds", fd_count);
        if (task->env)
            json_object_set_new(request, "env", json_texts(task->env));
        json_object_set_new(request, "own_clock", json_true());
        json_object_set_new(request, "folder",
                            json_string(task->env ? "/run/wanlab/workload" : "/"));
        r = client_request(c->client, request, fds, (size_t)fd_count, NULL, &p->exec, err);
    }
    for (int i = 0; i < 4; i++)
        fd_closep(&fds[i]);
    if (r < 0)
        p->ended = true;
    return r < 0 ? error_wrap(err, "%s", task->role) : 0;
}

int crew_start(struct crew *c, const struct crew_task *task, struct error *err)
{
    return start_program(c, task, "exec", err);
}

int crew_start_builtin(struct crew *c, const struct crew_task *task, struct error *err)
{
    return start_program(c, task, "builtin", err);
}
