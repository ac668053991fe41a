/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/proc.h"
#include "lab/boot.h"
#include "lab/supervisor.h"
#include "node/faketime.h"
#include "node/usage.h"

enum { HANGUP_MS = 2000 }; /* from the loss of a terminal to the end */

static void free_program(uv_handle_t *handle)
{
    struct program *p = handle->data;
    close(p->pidfd);
    free(p);
}

static void on_exit_of_program(uv_poll_t *poll, int status, int events)
{
    struct program *p = poll->data;
    (void)status, (void)events;
    siginfo_t info;
    if (!usage_reap(p->pidfd, &info, &p->node->reaped_cpu_ns))
        return;
    struct program **link = &p->supervisor->programs;
    while (*link != p)
        link = &(*link)->next;
    *link = p->next;
    if (p->owner)
        control_send(p->owner,
                     json_pack("{s:s s:I s:i}", "event", "exit", "exec", p->id,
                               info.si_code == CLD_EXITED ? "status" : "signal", info.si_status));
    uv_close((uv_handle_t *)&p->poll, free_program);
}

/* The node that a request is about, if programs can be started in it. */
static struct node_instance *find_node(struct supervisor *s, json_t *request, struct error *err)
{
    const char *name = json_string_value(json_object_get(request, "node"));
    unsigned first, count;
    if (scenario_named(s->tree->plan->scenario, name ? name : "", &first, &count, err) < 0)
        return NULL;
    struct node_instance *n = &s->fabric.nodes[first];
    if (count > 1)
        error_input(err, "'%s' is a group of %u nodes, expected one of them", name, count);
    else if (n->state != NODE_RUNNING)
        error_set(err, ESRCH, "node '%s' is %s", name, node_state_name(n->state));
    else
        return n;
    return NULL;
}

/* Turns a JSON list of texts into a NULL-terminated array of borrowed pointers; NULL: it is none.
 */
static char **texts_of(json_t *list)
{
    if (!json_is_array(list))
        return NULL;
    char **texts = xcalloc(json_array_size(list) + 1, sizeof(*texts));
    for (size_t i = 0; i < json_array_size(list); i++) {
        texts[i] = (char *)json_string_value(json_array_get(list, i));
        if (!texts[i]) {
            free(texts);
            return NULL;
        }
    }
    return texts;
}

static void watch_program(struct connection *c, json_int_t id, struct node_instance *node,
                          pid_t pid, int pidfd, bool tty)
{
    struct program *p = xcalloc(1, sizeof(*p));
    *p = (struct program){.supervisor = c->supervisor,
                          .owner = c,
                          .id = id,
                          .node = node,
                          .pid = pid,
                          .tty = tty,
                          .pidfd = pidfd,
                          .next = c->supervisor->programs};
    c->supervisor->programs = p;
    uv_poll_init(&c->supervisor->loop, &p->poll, pidfd);
    p->poll.data = p;
    uv_poll_start(&p->poll, UV_READABLE, on_exit_of_program);
}

/* Starts it, where the node's clock is not its kernel's, with what makes it see that clock. */
static int start_with_clock(struct supervisor *s, struct node_instance *node,
                            struct node_exec *exec, pid_t *ret_pid, int *ret_pidfd,
                            struct error *err)
{
    const struct boot *boot = &s->fabric.boots[node - s->fabric.nodes];
    struct faketime_environment env = {0};
    const bool has_clock = boot->clock.file && !exec->builtin;
    exec->faked &= has_clock;
    if (has_clock) {
        faketime_environment_init(&env, exec->env, boot->clock.library, boot->clock.seen);
        exec->env = env.items;
    }
    int r = node->driver->exec(node, exec, ret_pid, ret_pidfd, err);
    faketime_environment_done(&env);
    return r;
}

int programs_start(struct connection *c, json_int_t id, json_t *request, int *ret_master,
                   struct error *err)
{
    _cleanup_(freep) char **argv = texts_of(json_object_get(request, "argv"));
    _cleanup_(freep) char **env = texts_of(json_object_get(request, "env"));
    static char *const no_env[] = {NULL};
    size_t fd_count = (size_t)json_integer_value(json_object_get(request, "fds"));
    const char *what = json_string_value(json_object_get(request, "do"));
    int rows = 0, columns = 0;
    json_unpack(request, "{s?i s?i}", "rows", &rows, "columns", &columns);
    struct node_exec exec = {
        .argv = argv,
        .env = env ? env : no_env,
        .folder = json_string_value(json_object_get(request, "folder")),
        .fd_count = fd_count,
        .faked = json_is_true(json_object_get(request, "own_clock")),
        .builtin = strcmp(what, "builtin") == 0,
        .tty = strcmp(what, "shell") == 0,
        .size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns},
        .ret_master = ret_master,
    };
    if (fd_count > NODE_FDS_MAX || !channel_take_fds(&c->channel, exec.fds, fd_count))
        return error_input(err, "the request's descriptors did not come with it");
    pid_t pid;
    int pidfd;
    struct node_instance *node = find_node(c->supervisor, request, err);
    int r = node ? 0 : -err->code;
    if (r == 0 && (!argv || !argv[0]))
        r = error_input(err, "expected a command to run");
    if (r == 0)
        r = start_with_clock(c->supervisor, node, &exec, &pid, &pidfd, err);
    for (size_t i = 0; i < fd_count; i++)
        close(exec.fds[i]);
    if (r == 0)
        watch_program(c, id, node, pid, pidfd, exec.tty);
    return r;
}

int programs_signal(struct connection *c, json_t *request, struct error *err)
{
    json_int_t id = json_integer_value(json_object_get(request, "exec"));
    int number = (int)json_integer_value(json_object_get(request, "signal"));
    for (struct program *p = c->supervisor->programs; p; p = p->next)
        if (p->owner == c && p->id == id)
            return kill(-p->pid, number) < 0 ? error_errno(err, errno, "cannot send a signal") : 0;
    return error_set(err, ESRCH, "no program of that number runs any more");
}

/* A session whose terminal has gone. */
struct hangup {
    struct supervisor *supervisor;
    pid_t session;
    uv_timer_t timer;
};

static void free_hangup(uv_handle_t *handle)
{
    free(handle->data);
}

/* Whoever has ignored that the terminal is gone. A session's number is no other's as long as it has
 * a process. */
static void kill_session(uv_timer_t *timer)
{
    struct hangup *h = timer->data;
    _cleanup_(freep) struct proc *list = NULL;
    size_t count = proc_list(&list);
    bool again = false;
    for (struct program *p = h->supervisor->programs; p; p = p->next)
        again |= p->pid == h->session && p->owner; /* a new one of that number */
    for (size_t i = 0; i < count && !again; i++)
        if (list[i].session == h->session)
            kill(list[i].pid, SIGKILL);
    uv_close((uv_handle_t *)timer, free_hangup);
}

static void hang_up(struct supervisor *s, pid_t session)
{
    struct hangup *h = xcalloc(1, sizeof(*h));
    *h = (struct hangup){.supervisor = s, .session = session};
    uv_timer_init(&s->loop, &h->timer);
    h->timer.data = h;
    uv_update_time(&s->loop);
    uv_timer_start(&h->timer, kill_session, HANGUP_MS, 0);
}

void programs_orphan(struct connection *c)
{
    for (struct program *p = c->supervisor->programs; p; p = p->next) {
        if (p->owner != c)
            continue;
        p->owner = NULL;
        if (p->tty)
            hang_up(p->supervisor, p->pid);
        else
            kill(-p->pid, SIGKILL);
    }
}
