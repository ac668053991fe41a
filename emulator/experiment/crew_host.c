/* SPDX-License-Identifier: MIT
 *
 * A program on the host among a crew's: with a log and an end like the others', though no lab runs
 * it. It leads a process group, which is killed with the crew; until then it is not reaped, so that
 * the group's number stays its own.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "experiment/crew_internal.h"

static _Noreturn void become_program(const struct crew_task *task, const char *folder,
                                     const int *fds)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    for (int i = 0; i <= STDERR_FILENO; i++)
        dup2(fds[i], i);
    if (!*folder || chdir(folder) == 0)
        execvpe(task->argv[0], task->argv, task->env);
    dprintf(STDERR_FILENO, "cannot run '%s' in '%s': %s\n", task->argv[0], folder, strerror(errno));
    _exit(127);
}

static void on_exit_of_program(uv_poll_t *poll, int status, int events)
{
    struct program *p = poll->data;
    siginfo_t info = {0};
    (void)status, (void)events;
    if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
        return;
    uv_poll_stop(poll);
    json_t *event =
        json_pack("{s:i}", info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
    crew_end_program(p, event);
    json_decref(event);
}

int crew_start_on_host(struct crew *c, const struct crew_task *task, const char *folder,
                       struct error *err)
{
    struct crew_task own = *task;
    int fds[4] = {-1, -1, -1, -1};
    own.node = (unsigned)c->plan->scenario->node_count; /* none */
    struct program *p = crew_add_program(c, &own, "host", xstrdup("the host"));
    int r = crew_open_pipes(p, fds, err);
    if (r == 0 && (p->pid = fork()) == 0)
        become_program(task, folder, fds);
    if (r == 0 && p->pid < 0)
        r = error_errno(err, errno, "cannot fork");
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        fd_closep(&fds[i]);
    if (r == 0 && (p->pidfd = pidfd_open(p->pid, 0)) < 0)
        r = error_errno(err, errno, "cannot watch it");
    if (r < 0) {
        p->ended = true;
        return error_wrap(err, "%s", task->role);
    }
    uv_poll_init(&c->loop, &p->poll, p->pidfd);
    p->poll.data = p;
    uv_poll_start(&p->poll, UV_READABLE, on_exit_of_program);
    return 0;
}

void crew_kill_on_host(struct program *p)
{
    if (p->pid <= 0)
        return;
    kill(-p->pid, SIGKILL);
    kill(p->pid, SIGKILL); /* before it leads its group */
    waitpid(p->pid, NULL, 0);
    p->pid = 0;
}
