/* SPDX-License-Identifier: MIT
 *
 * PID 1 of a lab. All it does is to start the supervisor and to outlive nothing: it reaps orphans,
 * and when the supervisor ends, in whatever way, it ends too, upon which the kernel kills every
 * process of the lab. No libuv here: uv_spawn and a waitpid(-1) in one process lose each other's
 * children.
 */
#include "lab/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/message.h"
#include "node/child.h"
#include "node/secrets.h"

static void report_failure(const struct tree *t, const struct error *err)
{
    struct report report = {.kind = REPORT_FAILED, .err = *err};
    message_send(t->reports, &report, sizeof(report), NULL, 0);
}

/* Standard input is nothing, the rest goes to the lab's log. */
static int redirect_output(const struct tree *t, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/log", t->folder);
    _cleanup_(fd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    _cleanup_(fd_closep) int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (null < 0 || log < 0)
        return error_errno(err, errno, "cannot open '%s'", path);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    return 0;
}

static int prepare(const struct tree *t, struct error *err)
{
    int r = t->new_user ? child_become_root(t->uid, t->gid, err) : 0;
    if (r == 0)
        r = redirect_output(t, err);
    if (r < 0)
        return r;
    setsid();
    umask(022);
    if (chdir("/") < 0)
        return error_errno(err, errno, "cannot enter '/'");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return error_errno(err, errno, "cannot make the lab's mounts private");
    while (umount2("/run/netns", MNT_DETACH) == 0) /* other labs' nodes would outlive those */
        continue;
    if (!t->new_user) /* else the kernel keeps them */
        r = secrets_hide(t->folder, err);
    if (r < 0)
        return r;
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return error_errno(err, errno, "cannot mount the lab's /proc");
    return 0;
}

static void on_sigterm(int signal)
{
    (void)signal;
    _exit(0);
}

_Noreturn void tree_init(const struct tree *t)
{
    struct error err;
    prctl(PR_SET_NAME, "wanlab-init");
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL); /* whatever the launcher blocks */
    signal(SIGTERM, on_sigterm);
    /* The lab keeps nothing that the launcher happened to have open: somebody's lock, say. */
    const int fates = t->options->fates_fd > 0 ? t->options->fates_fd : -1;
    const int capture = t->options->capture.wires ? t->options->capture.folder : -1;
    fd_close_others((int[]){t->lock, t->reports, t->lifeline, t->broker, t->mounts, fates, capture,
                            t->idle, t->host[0], t->host[1], t->host[2], t->host[3]},
                    8 + NATIVE_NAMESPACES);
    if (prepare(t, &err) < 0) {
        report_failure(t, &err);
        _exit(1);
    }
    pid_t supervisor = fork();
    if (supervisor == 0) {
        signal(SIGTERM, SIG_DFL);
        _exit(supervisor_run(t));
    }
    close(t->reports); /* so that the launcher sees the supervisor die */
    if (t->lifeline >= 0)
        close(t->lifeline);
    for (;;) {
        pid_t gone = waitpid(-1, NULL, 0);
        if (gone == supervisor || (gone < 0 && errno != EINTR))
            _exit(0);
    }
}
