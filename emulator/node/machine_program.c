/* SPDX-License-Identifier: MIT */
#include "node/machine_program.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "node/sandbox.h"

static void keep_to_one_processor(unsigned turn)
{
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
        return;
    int left = (int)(turn % (unsigned)CPU_COUNT(&allowed));
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &allowed) || left-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        sched_setaffinity(0, sizeof(one), &one);
        return;
    }
}

static void become(char **argv, const struct machine_launch *l, int line)
{
    sigset_t none;
    int high[1 + MACHINE_FDS_MAX];
    size_t count = 1 + l->fd_count;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    if (l->stays && argv == l->argv)
        keep_to_one_processor(l->turn);
    for (size_t i = 0; i < count; i++)
        high[i] = fcntl(i == 0 ? line : l->fds[i - 1], F_DUPFD_CLOEXEC, 64);
    for (size_t i = 0; i < count; i++)
        dup2(high[i], MACHINE_LINE_FD + (int)i);
    close_range(MACHINE_LINE_FD + (unsigned)count, ~0U, 0);
    execvp(argv[0], argv);
    dprintf(STDERR_FILENO, "cannot run '%s': %s\n", argv[0], strerror(errno));
    _exit(127);
}

pid_t machine_program_spawn(char **argv, const struct machine_launch *l, int line)
{
    pid_t pid = fork();
    if (pid == 0)
        become(argv, l, line);
    return pid;
}

int machine_program_sandbox(const struct node_spec *of, const struct machine_launch *l,
                            struct error *err)
{
    struct node_spec spec = *of;
    char options[64];
    spec.device = l->device;
    spec.setting_count = 0; /* they are for the guest's network, not for the fabric's */
    int r = sandbox_build(&spec, -1, err);
    snprintf(options, sizeof(options), "mode=1777,size=%llu", (unsigned long long)l->shm_bytes);
    if (r == 0 && mount("wanlab", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        r = error_errno(err, errno, "cannot mount the machine's /dev/shm");
    return r < 0 ? r : sandbox_drop_privileges(err);
}
