/* SPDX-License-Identifier: MIT */
#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/message.h"
#include "lab/client.h"
#include "lab/idle.h"
#include "lab/limits.h"
#include "lab/pin.h"
#include "lab/place.h"
#include "lab/tree.h"
#include "node/broker.h"
#include "node/faketime.h"
#include "node/machine.h"
#include "node/node.h"
#include "node/scratch.h"
#include "topology/events.h"
#include "wire/engine.h"

enum {
    LAB_NAMESPACES = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC,
    DOWN_TIMEOUT_MS = 30000,
    DOWN_TIMEOUT_NODE_MS = 20, /* beside it; ten times what a busy machine takes */
    ANSWER_TIMEOUT_MS = 5000,
    SCRATCH_BYTES_DEFAULT = 64 << 20,
};

/* The log is all that is left to say why, when a supervisor dies without a word. */
static int died_silently(const char *folder, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/log", folder);
    _cleanup_(file_closep) FILE *log = fopen(path, "re");
    char line[512] = "";
    while (log && fgets(line, sizeof(line), log))
        line[strcspn(line, "\n")] = '\0';
    return error_set(err, EIO, "the lab's supervisor died before the lab was up%s%s",
                     *line ? "; its last words: " : "", line);
}

static int await_ready(const struct lab_options *options, const char *folder, int reports,
                       struct error *err)
{
    for (;;) {
        struct report report;
        size_t no_fds = 0;
        ssize_t n = message_receive(reports, &report, sizeof(report), NULL, &no_fds);
        if (n != (ssize_t)sizeof(report))
            return died_silently(folder, err);
        if (report.kind == REPORT_READY)
            return 0;
        if (report.kind == REPORT_FAILED) {
            *err = report.err;
            return -err->code;
        }
        if (report.kind == REPORT_BOOT && options->on_boot)
            options->on_boot(report.booted, report.count, options->arg);
        if (report.kind == REPORT_STEP && options->on_step)
            options->on_step(report.err.text, options->arg);
    }
}

static int clone_failed(int errnum, struct error *err)
{
    if (geteuid() == 0)
        return error_machine(err, errnum,
                             "cannot make namespaces: %s (in a container, it has to be "
                             "a privileged one)",
                             strerror(errnum));
    return error_machine(err, errnum,
                         "cannot make namespaces: %s (run as root, or allow user "
                         "namespaces: sysctl user.max_user_namespaces and "
                         "kernel.unprivileged_userns_clone)",
                         strerror(errnum));
}

/* Makes the tree's first process; the launcher's side closes what only the tree needs. */
static int clone_tree(struct tree *t, pid_t *ret_init, struct error *err)
{
    struct clone_args args = {
        .flags = LAB_NAMESPACES | (t->new_user ? CLONE_NEWUSER : 0),
        .exit_signal = SIGCHLD,
    };
    pid_t init = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (init == 0)
        tree_init(t);
    if (init < 0)
        return clone_failed(errno, err);
    *ret_init = init;
    return 0;
}

/* Before there is a lab: its native nodes are to get back to here. */
static int open_host(const struct scenario *s, int fds[NATIVE_NAMESPACES], struct error *err)
{
    for (size_t i = 0; i < NATIVE_NAMESPACES; i++)
        fds[i] = -1;
    for (size_t i = 0; i < s->node_count; i++)
        if (!scenario_is_wired(s->nodes[i].kind))
            return native_open_host(fds, err);
    return 0;
}

static uint64_t scratch_bytes(const struct lab_options *options)
{
    return options->scratch_bytes ? options->scratch_bytes : SCRATCH_BYTES_DEFAULT;
}

/* What is there before the lab is. */
struct supplies {
    char **roots; /* by node */
    char *scratch_disk, *scratch_memory;
    int broker, mounts, idle;
};

static int start_tree(struct lab *lab, const struct lab_options *options, const struct supplies *s,
                      int lock, struct error *err)
{
    int reports[2], lifeline[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports) < 0 ||
        (options->attached && pipe2(lifeline, O_CLOEXEC) < 0))
        return error_errno(err, errno, "cannot make a socket pair");
    _cleanup_(fd_closep) int reader = reports[0];
    _cleanup_(fd_closep) int hold = lifeline[1];
    struct tree tree = {
        .plan = lab->plan,
        .options = options,
        .folder = lab->folder,
        .scratch_disk = s->scratch_disk,
        .scratch_memory = s->scratch_memory,
        .scratch_bytes = scratch_bytes(options),
        .roots = s->roots,
        .lock = lock,
        .reports = reports[1],
        .lifeline = lifeline[0],
        .broker = s->broker,
        .mounts = s->mounts,
        .idle = s->idle,
        .new_user = geteuid() != 0,
        .uid = geteuid(),
        .gid = getegid(),
    };
    pid_t init = -1;
    int r = open_host(lab->plan->scenario, tree.host, err);
    if (r == 0)
        r = clone_tree(&tree, &init, err);
    for (size_t i = 0; i < NATIVE_NAMESPACES; i++)
        fd_closep(&tree.host[i]);
    close(reports[1]);
    fd_closep(&lifeline[0]);
    if (r == 0)
        r = await_ready(options, lab->folder, reader, err);
    else
        return r;
    if (r < 0) {
        kill(init, SIGKILL);
        waitpid(init, NULL, 0);
        return r;
    }
    lab->lifeline = take_fd(&hold);
    return 0;
}

/* A plan without TAPs on the delay line has no impaired wire at all: then any machine will do. */
static int make_plan(const struct scenario *s, struct lab *lab, struct error *err)
{
    enum engine_choice engine;
    int r = plan_new(s, ENGINE_DELAYLINE, &lab->plan, err);
    if (r < 0)
        return r;
    if (lab->plan->tap_count == 0) {
        snprintf(lab->why_engine, sizeof(lab->why_engine), "no wire is impaired");
        return 0;
    }
    r = wire_engine_choose(s, &engine, lab->why_engine, sizeof(lab->why_engine), err);
    if (r < 0 || engine == ENGINE_DELAYLINE)
        return r;
    plan_free(lab->plan);
    lab->plan = NULL;
    return plan_new(s, engine, &lab->plan, err);
}

static void free_roots(char **roots, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(roots[i]);
    free(roots);
}

/* Nodes whose clocks events change need something for it, unless they have a kernel of their own.
 */
static int check_clocks(const struct scenario *s, char *const *roots, struct error *err)
{
    _cleanup_(freep) bool *changed = xcalloc(s->node_count, sizeof(*changed));
    if (s->events)
        schedule_mark_clocks(s, s->events, changed);
    for (size_t i = 0; i < s->node_count; i++) {
        _cleanup_(freep) char *library = NULL;
        if (changed[i] && !node_driver(s->nodes[i].kind)->set_clock &&
            faketime_find(roots[i] ? roots[i] : "/", &library, err) < 0)
            return error_wrap(err, "node '%s'", s->nodes[i].name);
    }
    return 0;
}

/* What the nodes' drivers find out or make before anything is started. */
static int prepare_nodes(const struct scenario *s, char ***ret_roots, struct error *err)
{
    char **roots = xcalloc(s->node_count, sizeof(*roots));
    int r = machine_check_memory(s, err);
    for (size_t i = 0; i < s->node_count && r == 0; i++) {
        const struct node_driver *driver = node_driver(s->nodes[i].kind);
        if (driver->prepare)
            r = driver->prepare(s, &s->nodes[i], &roots[i], err);
    }
    if (r == 0)
        r = check_clocks(s, roots, err);
    if (r < 0)
        free_roots(roots, s->node_count);
    else
        *ret_roots = roots;
    return r;
}

/* Containers of an engine are started by a process that stays outside of the lab's namespaces. */
static int start_broker(const struct scenario *s, const char *folder, int lock, int *ret_broker,
                        struct error *err)
{
    for (size_t i = 0; i < s->node_count; i++)
        if (s->nodes[i].kind == NODE_KIND_DOCKER)
            return broker_start(folder, lock, ret_broker, err);
    return 0;
}

/* The folders that hold those scratch folders which lie in the host's files. */
static int reserve_scratch(const struct scenario *s, const struct lab_options *options,
                           const char *folder, struct supplies *ret, struct error *err)
{
    uint64_t on_disk = 0, in_memory = 0;
    for (size_t i = 0; i < s->node_count; i++) {
        const struct node *n = &s->nodes[i];
        on_disk += n->scratch == SCRATCH_IN_FOLDER;
        in_memory += n->scratch == SCRATCH_IN_MEMORY && n->kind == NODE_KIND_NATIVE;
    }
    const uint64_t each = scratch_bytes(options);
    int r = 0;
    if (on_disk > 0)
        r = scratch_reserve(folder, true, on_disk * each, &ret->scratch_disk, err);
    if (r == 0 && in_memory > 0)
        r = scratch_reserve(folder, false, in_memory * each, &ret->scratch_memory, err);
    return r;
}

static void supplies_done(struct supplies *s, size_t node_count)
{
    if (s->roots)
        free_roots(s->roots, node_count);
    free(s->scratch_disk);
    free(s->scratch_memory);
    fd_closep(&s->mounts);
    fd_closep(&s->idle);
    fd_closep(&s->broker);
}

int lab_up(const struct scenario *s, const struct lab_options *options, struct lab *ret,
           struct error *err)
{
    struct lab lab = {.lifeline = -1};
    _cleanup_(fd_closep) int lock = -1;
    struct supplies supplies = {.broker = -1, .mounts = -1, .idle = -1};
    lab.name = xstrdup(options->name ? options->name : s->name);
    int r = place_claim(lab.name, &lab.folder, &lock, err);
    for (unsigned i = 2; r == -EBUSY && options->attached && !options->name; i++) {
        free(lab.name);
        lab.name = xasprintf("%s-%u", s->name, i);
        r = place_claim(lab.name, &lab.folder, &lock, err);
    }
    if (r == 0)
        r = make_plan(s, &lab, err);
    if (r == 0)
        r = limits_check(lab.plan, err);
    if (r == 0)
        r = capture_check(lab.plan, &options->capture, err);
    if (r == 0)
        r = idle_choose(s->idle, options->attached, &supplies.idle, lab.why_idle,
                        sizeof(lab.why_idle), err);
    lab.polls = supplies.idle >= 0;
    if (r == 0)
        r = prepare_nodes(s, &supplies.roots, err);
    if (r == 0)
        r = reserve_scratch(s, options, lab.folder, &supplies, err);
    if (r == 0)
        r = start_broker(s, lab.folder, lock, &supplies.broker, err);
    if (r == 0 && options->pin)
        r = pin_reserve(lab.folder, s, &supplies.mounts, err);
    if (r == 0)
        r = start_tree(&lab, options, &supplies, lock, err);
    const bool has_broker = supplies.broker >= 0;
    supplies_done(&supplies, s->node_count);
    if (r < 0) {
        fd_closep(&lock);
        if (has_broker) /* it removes what there is already, and lets the lock go */
            place_wait_end(lab.folder, DOWN_TIMEOUT_MS, NULL);
        lab_done(&lab);
        place_sweep();
        return r;
    }
    *ret = lab;
    return 0;
}

void lab_done(struct lab *lab)
{
    fd_closep(&lab->lifeline);
    plan_free(lab->plan);
    free(lab->name);
    free(lab->folder);
    *lab = (struct lab){.lifeline = -1};
}

/* Asks the supervisor to end; one that does not even answer is killed, upon which init ends. What
 * becomes readable when the lab is gone, or -1; and the number of its nodes, 0 if not known. */
static int ask_to_end(struct client *client, unsigned *ret_nodes)
{
    json_t *answer = NULL;
    client_set_timeout(client, ANSWER_TIMEOUT_MS);
    _cleanup_(fd_closep) int supervisor = client_supervisor(client);
    int r = client_request(client, json_pack("{s:s}", "do", "down"), NULL, 0, &answer, NULL, NULL);
    if (r == -ETIMEDOUT && supervisor >= 0)
        pidfd_send_signal(supervisor, SIGKILL, NULL, 0);
    *ret_nodes = (unsigned)json_integer_value(json_object_get(answer, "nodes"));
    json_decref(answer);
    return client_take_fd(client);
}

/* The kernel closes init's files, and with them the lock, before it kills the others. */
static int await_last_process(int init, unsigned timeout_ms, struct error *err)
{
    if (init < 0 || poll(&(struct pollfd){.fd = init, .events = POLLIN}, 1, (int)timeout_ms) != 0)
        return 0;
    return error_set(err, ETIMEDOUT,
                     "the lab's processes have not all ended after %u ms: the kernel goes on "
                     "ending them",
                     timeout_ms);
}

int lab_down(const char *folder, unsigned timeout_ms, struct error *err)
{
    struct client *client;
    unsigned nodes = 0;
    int r = client_open(folder, &client, err);
    if (r < 0 && r != -ENOENT)
        return r;
    _cleanup_(fd_closep) int init = r == 0 ? ask_to_end(client, &nodes) : -1;
    if (r == 0)
        client_close(client);
    if (timeout_ms == 0)
        timeout_ms = DOWN_TIMEOUT_MS + nodes * DOWN_TIMEOUT_NODE_MS;
    r = await_last_process(init, timeout_ms, err);
    if (r == 0)
        r = place_wait_end(folder, timeout_ms, err);
    while (waitpid(-1, NULL, WNOHANG) > 0) /* the tree's init, if this process started it */
        continue;
    place_sweep();
    return r;
}
