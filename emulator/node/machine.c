/* SPDX-License-Identifier: MIT
 *
 * A machine's node is a process tree of its own, in namespaces of its own but in the fabric's
 * network, since that is where its TAPs are:
 *
 *   supervisor -> guard (PID 1 of the node) -> helpers, the machine's program (linux.uml, qemu)
 *              -> relays, one for each program that runs in the guest
 *
 * In the guest the agent is the first process. Between the two runs one line of bytes. The guard
 * carries frames between it and any number of channels: a relay has one, and the supervisor has one
 * for netlink, so that the guest's network is set up by the very requests that set up all others.
 * When the guard dies, of whatever cause, the kernel ends the machine; its TAPs stay and are
 * silent.
 */
#include "node/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/message.h"
#include "node/child.h"
#include "node/machine_guard.h"
#include "node/machine_relay.h"
#include "node/program.h"

enum {
    LOG_FLAGS = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
    NODE_NAMESPACES = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC,
    COMMAND_MS = 2000, /* the guard's */
    ANSWER_MS = 10000, /* a guest's, to what the supervisor itself asks */
    STEP_MS = 100,
    SILENCE_MS = 5000, /* after which it is asked nothing: it answers a ping every second */
};

struct machine {
    int control;  /* to the guard */
    int channel;  /* for netlink; -1: none yet */
    bool relayed; /* netlink requests go through the guest */
    struct frame_reader in;
    struct machine_facts *facts; /* shared with the guard */
    int32_t indices[SETUP_INTERFACES_MAX];
};

/* --- netlink --- */

static int command(const struct machine *m, enum machine_command what, int fd, struct error *err)
{
    const char byte = (char)what;
    ssize_t n = message_send(m->control, &byte, 1, &fd, fd >= 0 ? 1 : 0);
    return n == 1 ? 0 : error_set(err, ESRCH, "its machine has gone");
}

/* A new channel; `*ret` is our end. */
static int open_channel(const struct machine *m, int *ret, struct error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, errno, "cannot make a socket pair");
    int r = command(m, MACHINE_ATTACH, pair[1], err);
    close(pair[1]);
    if (r < 0)
        close(pair[0]);
    else
        *ret = pair[0];
    return r;
}

/* See netlink_open_remote(). */
static int transact(void *arg, const void *request, size_t size, void *ret_answer, size_t *ret_size,
                    struct error *err)
{
    struct machine *m = arg;
    struct frame_writer out = {0};
    struct frame f;
    frame_put(&out, 0, FRAME_NETLINK, 0, request, size);
    int r = frame_flush(&out, m->channel);
    frame_writer_done(&out);
    while (r >= 0 && (r = frame_next(&m->in, &f)) == 0) {
        struct pollfd wait = {.fd = m->channel, .events = POLLIN};
        r = poll(&wait, 1, ANSWER_MS) > 0 ? frame_read(&m->in, m->channel) : -ETIMEDOUT;
        if (r == 0)
            r = -ECONNRESET;
    }
    if (r < 0)
        return error_errno(err, -r, "its guest does not answer");
    *ret_size = f.head.size < *ret_size ? f.head.size : *ret_size;
    memcpy(ret_answer, f.data, *ret_size);
    return 0;
}

/* --- the life --- */

static struct machine *new_machine(void)
{
    struct machine *m = xcalloc(1, sizeof(*m));
    m->control = m->channel = -1;
    m->facts =
        mmap(NULL, sizeof(*m->facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (m->facts == MAP_FAILED)
        abort();
    return m;
}

static int clone_guard(struct node_instance *n, const struct node_spec *spec,
                       const struct machine_launch *l, struct error *err)
{
    int pair[2];
    _cleanup_(fd_closep) int log = open(n->boot_log, LOG_FLAGS, 0600);
    if (log < 0)
        return error_errno(err, errno, "cannot make '%s'", n->boot_log);
    int r = child_channel(pair, err);
    if (r < 0)
        return r;
    n->pid = child_clone(NODE_NAMESPACES, &n->pidfd);
    if (n->pid == 0) {
        const struct guard_options o = {
            .spec = spec,
            .launch = l,
            .cgroup = &n->cgroup,
            .facts = n->machine->facts,
            .console = log,
            .control = pair[1],
        };
        close(pair[0]);
        guard_run(&o);
    }
    close(pair[1]);
    n->machine->control = pair[0];
    if (n->pid < 0) {
        n->pid = 0;
        return error_errno(err, errno, "cannot make its namespaces");
    }
    n->boot_fd = n->machine->control;
    return 0;
}

int machine_begin(struct node_instance *n, const struct node_spec *spec, struct machine_launch *l,
                  struct error *err)
{
    struct node_limits limits = *spec->limits;
    struct node_spec own = *spec;
    _cleanup_(freep) struct node_mount *mounts = xcalloc(spec->mount_count + 1, sizeof(*mounts));
    memcpy(mounts, spec->mounts, spec->mount_count * sizeof(*mounts));
    mounts[spec->mount_count] = (struct node_mount){spec->root, MACHINE_ROOT_FOLDER, false};
    own.mounts = mounts;
    own.mount_count += !machine_root_is_host(spec);
    limits.memory_bytes = 0; /* it is the size of the guest's, which the program needs more than */
    limits.pids = 0;         /* of the guest's processes */
    limits.io_read = limits.io_write = 0; /* limited by QEMU; its program uses the host's cache */
    own.limits = &limits;
    n->machine = new_machine();
    n->machine->facts->accelerator = l->accelerator;
    n->boot_log = xstrdup(spec->console);
    int r = node_limit(n, &own, err);
    if (r == 0)
        r = clone_guard(n, &own, l, err);
    machine_launch_done(l);
    return r < 0 ? error_wrap(err, "node '%s'", spec->name) : 0;
}

static int take_answer(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    struct machine *m = n->machine;
    struct machine_answer answer;
    _cleanup_(fd_closep) int network = -1;
    size_t fd_count = 1;
    ssize_t len = message_receive(m->control, &answer, sizeof(answer), &network, &fd_count);
    if (len != (ssize_t)sizeof(answer))
        return error_set(err, EIO, "its first process died before it was ready");
    if (answer.result < 0) {
        *err = answer.err;
        return answer.result;
    }
    memcpy(m->indices, answer.indices, sizeof(m->indices));
    m->relayed = network < 0;
    if (!m->relayed)
        return node_open_network(n, spec, network, err);
    int r = open_channel(m, &m->channel, err);
    return r < 0 ? r : netlink_open_remote(transact, m, &n->netlink, err);
}

int machine_finish(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    n->boot_fd = -1;
    int r = take_answer(n, spec, err);
    return r < 0 ? error_wrap(err, "node '%s'", spec->name) : 0;
}

int machine_end(struct node_instance *n, bool first, bool *ret_ended, struct error *err)
{
    int r = first ? command(n->machine, MACHINE_POWER_OFF, -1, err) : 0;
    *ret_ended = false;
    return r < 0 ? error_wrap(err, "node '%s'", n->name) : 0;
}

int machine_pause(struct node_instance *n, bool paused, struct error *err)
{
    int r = command(n->machine, paused ? MACHINE_PAUSE : MACHINE_RESUME, -1, err);
    for (int ms = 0; r == 0 && n->machine->facts->paused != paused; ms++) {
        if (ms == COMMAND_MS)
            r = error_set(err, ETIMEDOUT, "its first process does not answer");
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return r < 0 ? error_wrap(err, "node '%s'", n->name) : 0;
}

/* The supervisor, and with it all other nodes' requests, would wait in vain. */
static bool is_silent(const struct node_instance *n)
{
    return clock_monotonic_ns() > n->machine->facts->heard_ns + SILENCE_MS * NS_PER_MS;
}

/* Until the guest has said that it is done, or how it failed. */
static int await_clock(const struct node_instance *n, unsigned before, struct error *err)
{
    const struct machine_facts *facts = n->machine->facts;
    for (int ms = 0; facts->clocks_set == before; ms++) {
        if (ms == COMMAND_MS)
            return error_set(err, ETIMEDOUT, "its guest does not answer");
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return facts->clock_errno
               ? error_errno(err, facts->clock_errno, "its guest cannot set its clock")
               : 0;
}

int machine_set_clock(struct node_instance *n, int64_t step_ns, int64_t drift_ppb,
                      struct error *err)
{
    const struct frame_clock clock = {.step_ns = step_ns, .drift_ppb = drift_ppb};
    const unsigned before = n->machine->facts->clocks_set;
    char message[1 + sizeof(clock)] = {MACHINE_CLOCK};
    memcpy(message + 1, &clock, sizeof(clock));
    const bool paused = n->machine->facts->paused;
    int r = !paused && is_silent(n) ? error_set(err, ETIMEDOUT, "its guest does not answer") : 0;
    if (r == 0 && message_send(n->machine->control, message, sizeof(message), NULL, 0) < 0)
        r = error_set(err, ESRCH, "its machine has gone");
    if (r == 0 && !paused)
        r = await_clock(n, before, err);
    return r < 0 ? error_wrap(err, "node '%s'", n->name) : 0;
}

static int await_relay(const struct node_instance *n, int report, struct error *err)
{
    struct child_answer answer;
    struct pollfd wait = {.fd = report, .events = POLLIN};
    for (int ms = 0; poll(&wait, 1, STEP_MS) <= 0; ms += STEP_MS)
        if (ms >= ANSWER_MS || is_silent(n))
            return error_set(err, ETIMEDOUT, "its guest does not answer");
    size_t no_fds = 0;
    ssize_t len = message_receive(report, &answer, sizeof(answer), NULL, &no_fds);
    if (len != (ssize_t)sizeof(answer))
        return error_set(err, EIO, "its machine has gone");
    if (answer.result < 0)
        *err = answer.err;
    return answer.result;
}

/* A terminal of this kernel's for the client and the relay; the guest's own is in the guest. */
static int open_terminal(const struct winsize *size, int *ret_master, int *ret_slave,
                         struct error *err)
{
    _cleanup_(fd_closep) int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || unlockpt(master) < 0 || ioctl(master, TIOCSWINSZ, size) < 0)
        return error_errno(err, errno, "cannot open a terminal");
    *ret_slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*ret_slave < 0)
        return error_errno(err, errno, "cannot open a terminal");
    *ret_master = take_fd(&master);
    return 0;
}

static int start_relay(const struct node_instance *n, const struct node_exec *e, pid_t *ret_pid,
                       int *ret_pidfd, struct error *err)
{
    int pair[2], channel = -1;
    int r = child_channel(pair, err);
    if (r < 0)
        return r;
    _cleanup_(fd_closep) int report = pair[0];
    r = open_channel(n->machine, &channel, err);
    pid_t pid = r == 0 ? child_clone(0, ret_pidfd) : -1;
    if (pid == 0)
        relay_run(e, channel, pair[1], n->pidfd);
    close(pair[1]);
    fd_closep(&channel);
    if (r == 0 && pid < 0)
        r = error_errno(err, errno, "cannot fork");
    if (r == 0)
        r = await_relay(n, report, err);
    if (r < 0 && pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        fd_closep(ret_pidfd);
    }
    *ret_pid = pid;
    return r;
}

int machine_exec(const struct node_instance *n, const struct node_exec *e, pid_t *ret_pid,
                 int *ret_pidfd, struct error *err)
{
    struct node_exec exec = *e;
    _cleanup_(fd_closep) int master = -1;
    _cleanup_(fd_closep) int slave = -1;
    int r = n->pid == 0    ? error_set(err, ESRCH, "it is not running")
            : is_silent(n) ? error_set(err, ETIMEDOUT, "its guest does not answer")
                           : 0;
    if (r == 0 && e->tty) {
        r = open_terminal(&e->size, &master, &slave, err);
        exec.fds[0] = slave;
        exec.fd_count = 1;
    }
    if (r == 0)
        r = start_relay(n, &exec, ret_pid, ret_pidfd, err);
    if (r == 0 && e->tty)
        *e->ret_master = take_fd(&master);
    return r < 0 ? error_wrap(err, "node '%s'", n->name) : 0;
}

/* Of a machine nothing is kept, its TAPs are the fabric's; but a network of this kernel is. */
void machine_halt(struct node_instance *n)
{
    struct machine *m = n->machine;
    bool shared = m && n->boot_fd == m->control;
    n->boot_fd = shared ? -1 : n->boot_fd;
    program_halt_node(n);
    if (!m)
        return;
    if (m->relayed) {
        netlink_close(n->netlink);
        n->netlink = NULL;
    }
    fd_closep(&m->control);
    fd_closep(&m->channel);
    frame_reader_done(&m->in);
    munmap(m->facts, sizeof(*m->facts));
    free(m);
    n->machine = NULL;
}

void machine_stop(struct node_instance *n)
{
    machine_halt(n);
    program_stop_node(n);
}

const struct machine_facts *machine_facts(const struct node_instance *n)
{
    return n->machine && n->machine->relayed ? n->machine->facts : NULL;
}

const char *machine_why(const struct node_instance *n)
{
    return n->machine ? n->machine->facts->why : "";
}

int machine_interface(const struct node_instance *n, unsigned eth)
{
    return n->machine->indices[eth];
}
