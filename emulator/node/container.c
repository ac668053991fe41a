/* SPDX-License-Identifier: MIT
 *
 * A container node is an OCI bundle in the lab's memory, run by crun or runc.
 *
 * For each boot a helper's child takes a mount namespace of its own, without the other nodes'
 * folders, which the runtime would copy once more for each container, lays an overlay over the
 * node's root (everything that the node writes goes into memory and dies with the lab), and becomes
 * `RUNTIME run --detach`. So the overlay is seen by nobody but the runtime and the container, and
 * with the container's last process it is gone. The container's first process is not one of its
 * root's: it is a small program of ours that reaps (agent/main.c). When runtime and helper end, the
 * first process becomes the supervisor's child, as the supervisor is the reaper of its descendants;
 * its pid then cannot be another's until the supervisor has waited for it.
 *
 * What follows is as with kind process: a child opens the sockets in the node's network namespace,
 * programs enter by setns() (program.c), and killing the first process ends the node. The runtime
 * is never asked again: what it keeps about the container lies in the lab's memory too.
 *
 * crun is told to leave cgroups alone: the helper is in the node's already. runc cannot be told: it
 * gets the same folder's name. Limits are set when the runtime has done its work, so that they
 * are the node's and not the runtime's.
 */
#include "node/container.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/message.h"
#include "node/bundle.h"
#include "node/child.h"
#include "node/embedded.h"
#include "node/program.h"
#include "node/root.h"
#include "node/sandbox.h"
#include "node/tool.h"

enum {
    NODE_NAMESPACES =
        CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP,
    SETTLE_TRIES = 10000, /* 2 s in all */
    SETTLE_NS = 200000,
};

/* --- the runtime --- */

/* crun, as it is several times faster; else runc; NULL. */
static const char *find_runtime(void)
{
    return tool_exists("crun") ? "crun" : tool_exists("runc") ? "runc" : NULL;
}

static int prepare(const struct scenario *s, const struct node *node, char **ret_root,
                   struct error *err)
{
    if (geteuid() != 0)
        return error_machine(err, EPERM, "node '%s': a node of kind container needs root",
                             node->name);
    if (!find_runtime())
        return error_machine(err, ENOENT,
                             "node '%s': a node of kind container needs an OCI runtime, and "
                             "neither 'crun' nor 'runc' is installed (Debian package: crun)",
                             node->name);
    int r = root_find(s, node, ret_root, err);
    return r < 0 ? error_wrap(err, "node '%s'", node->name) : 0;
}

/* --- the boot: in the helper, which becomes the runtime --- */

/* Opened in this mount namespace, since no overlay takes a layer out of another one; relative and
 * by number, since overlay's options know no quotes. */
static int mount_root(const struct node_spec *spec, struct error *err)
{
    char options[80];
    _cleanup_(fd_closep) int root = open(spec->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return error_errno(err, errno, "cannot open its root '%s'", spec->root);
    snprintf(options, sizeof(options), "lowerdir=/proc/self/fd/%d,upperdir=upper,workdir=work",
             root);
    if (chdir(spec->work) < 0 || mount("overlay", "rootfs", "overlay", MS_NODEV, options) < 0)
        return error_errno(err, errno, "cannot lay an overlay over its root '%s'", spec->root);
    return 0;
}

static int take_output(const char *path, struct error *err)
{
    _cleanup_(fd_closep) int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
        return error_errno(err, errno, "cannot make '%s'", path);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    return 0;
}

static void exec_runtime(const char *runtime, const char *work, const char *name)
{
    _cleanup_(freep) char *state = xasprintf("%s/state", work);
    _cleanup_(freep) char *pid = xasprintf("%s/pid", work);
    char *argv[12];
    size_t n = 0;
    bool is_crun = strcmp(runtime, "crun") == 0;
    argv[n++] = (char *)runtime;
    argv[n++] = "--root";
    argv[n++] = state;
    if (is_crun)
        argv[n++] = "--cgroup-manager=disabled";
    argv[n++] = "run";
    argv[n++] = "--detach";
    argv[n++] = "--bundle";
    argv[n++] = (char *)work;
    argv[n++] = "--pid-file";
    argv[n++] = pid;
    argv[n++] = (char *)name;
    argv[n] = NULL;
    if (is_crun) /* it refuses to work where both versions are; nothing of it is needed here */
        umount2("/sys/fs/cgroup/unified", MNT_DETACH);
    setenv("_LIBCONTAINER_STATEDIR", work, 1); /* for a file that it would else make in /tmp */
    execvp(runtime, argv);
    dprintf(STDERR_FILENO, "cannot run '%s': %s\n", runtime, strerror(errno));
}

static void become_runtime(const struct node_spec *spec, const struct cgroup *cgroup,
                           const char *runtime)
{
    struct error err;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    fd_limit_restore();
    int r = take_output(spec->console, &err);
    if (strcmp(runtime, "crun") == 0)
        cgroup_join(cgroup);
    if (r == 0)
        r = sandbox_enter_bare(spec, &err);
    if (r == 0)
        r = mount_root(spec, &err);
    if (r == 0)
        exec_runtime(runtime, spec->work, spec->name);
    else
        dprintf(STDERR_FILENO, "%s\n", err.text);
    _exit(127);
}

/* The container's first process as its pid file has it; 0: there is none. */
static pid_t read_pid(const char *work)
{
    _cleanup_(freep) char *path = xasprintf("%s/pid", work);
    _cleanup_(freep) char *text = NULL;
    return file_read(path, 64, &text, NULL, NULL) == 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

/* crun leaves a child of its own behind, unwaited for, between itself and the container: when that
 * has ended too, the container is ours, and next, when we end, the supervisor's. */
static void await_container(pid_t pid)
{
    siginfo_t info;
    for (int i = 0; i < SETTLE_TRIES; i++) {
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
            break;
        nanosleep(&(struct timespec){.tv_nsec = SETTLE_NS}, NULL);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

/* The helper's body. */
static void boot(const struct node_spec *spec, const struct cgroup *cgroup, const char *runtime)
{
    int status;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t child = fork();
    if (child == 0)
        become_runtime(spec, cgroup, runtime);
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
        _exit(1);
    pid_t pid = read_pid(spec->work);
    if (pid > 0)
        await_container(pid);
    _exit(0);
}

/* --- the boot: in the supervisor --- */

static int make_work_folder(const struct node_spec *spec, char **ret_init, struct error *err)
{
    static const char *const folders[] = {"upper", "work", "rootfs", "state", "run/lock", "tmp"};
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(folders) && r == 0; i++) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", spec->work, folders[i]);
        r = file_make_dirs(path, err);
        if (r == 0 && i >= 4)
            chmod(path, 01777);
    }
    _cleanup_(freep) char *init = xasprintf("%s/../init", spec->work);
    if (r == 0)
        r = embedded_write_agent(init, err);
    if (r == 0)
        *ret_init = TAKE_PTR(init);
    return r;
}

static int write_bundle(const struct node_spec *spec, const char *runtime, struct error *err)
{
    _cleanup_(freep) char *init = NULL;
    _cleanup_(freep) char *cgroup = NULL;
    _cleanup_(freep) char *config = xasprintf("%s/config.json", spec->work);
    bool is_host = strcmp(spec->root, "/") == 0;
    int r = make_work_folder(spec, &init, err);
    if (r == 0 && spec->cgroups && strcmp(runtime, "runc") == 0)
        cgroup = cgroup_runtime_path(spec->cgroups, spec->name);
    if (r == 0)
        r = bundle_write(config, spec, init, is_host ? spec->work : NULL, cgroup, err);
    return r;
}

static int begin(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    const char *runtime = find_runtime();
    int r = 0;
    node_init(n, &node_container, spec->name);
    n->namespaces = NODE_NAMESPACES;
    if (!runtime)
        r = error_machine(err, ENOENT, "no OCI runtime is left (Debian package: crun)");
    if (r == 0 && spec->cgroups)
        r = cgroup_open(spec->cgroups, spec->name, spec->limits, &n->cgroup, err);
    if (r == 0)
        r = write_bundle(spec, runtime, err);
    if (r < 0)
        return error_wrap(err, "node '%s'", spec->name);
    n->boot_log = xstrdup(spec->console);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t helper = child_clone(0, &n->boot_fd);
    if (helper == 0)
        boot(spec, &n->cgroup, runtime);
    if (helper < 0)
        return error_errno(err, errno, "node '%s': cannot fork", spec->name);
    n->boot_pid = helper;
    return 0;
}

/* The helper has ended: takes the container over from it. */
static int adopt_container(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    int status = -1;
    while (waitpid(n->boot_pid, &status, 0) < 0 && errno == EINTR)
        continue;
    n->boot_pid = 0;
    fd_closep(&n->boot_fd);
    n->pid = read_pid(spec->work);
    if (status != 0 || n->pid <= 0)
        return error_set(err, EIO, "the OCI runtime could not start it");
    n->pidfd = pidfd_open(n->pid, 0);
    siginfo_t info = {0};
    if (n->pidfd < 0 || waitid(P_PIDFD, (id_t)n->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        return error_errno(err, errno, "cannot watch its first process");
    return info.si_pid ? error_set(err, EIO, "its first process died at once") : 0;
}

static int finish(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    int r = adopt_container(n, spec, err);
    if (r == 0) {
        cgroup_move(&n->cgroup, n->pid); /* wherever the runtime has put it */
        r = cgroup_limit(&n->cgroup, spec->limits, spec->disk, err);
    }
    if (r == 0)
        r = node_open_network(n, spec, n->pidfd, err);
    return r < 0 ? error_wrap(err, "node '%s'", spec->name) : 0;
}

static void halt(struct node_instance *n)
{
    if (n->boot_pid > 0)
        child_end_tree(n->boot_pid);
    n->boot_pid = 0;
    program_halt_node(n);
}

static void stop(struct node_instance *n)
{
    halt(n);
    program_stop_node(n);
}

const struct node_driver node_container = {
    .name = "container",
    .prepare = prepare,
    .begin = begin,
    .finish = finish,
    .exec = program_start,
    .pause = program_pause_node,
    .end = program_end_node,
    .halt = halt,
    .stop = stop,
};
