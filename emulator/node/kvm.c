/* SPDX-License-Identifier: MIT */
#include "node/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#define SIGN  "wanlab-agent" /* the agent says its name on the console */
#define WORKS "works"

enum { DEADLINE_S = 8, KILL_MS = 2000, INITRAMFS_FD = 3, OUTPUT_MAX = 1 << 16 };

static void become_guest(const char *kernel, int initramfs, int output)
{
    char *argv[] = {"qemu-system-x86_64",
                    "-nodefaults",
                    "-no-user-config",
                    "-display",
                    "none",
                    "-no-reboot",
                    "-M",
                    "microvm,acpi=on,auto-kernel-cmdline=off",
                    "-accel",
                    "kvm",
                    "-cpu",
                    "host",
                    "-m",
                    "128M",
                    "-serial",
                    "stdio",
                    "-kernel",
                    (char *)kernel,
                    "-initrd",
                    "/proc/self/fd/3",
                    "-append",
                    "console=ttyS0 quiet panic=-1 reboot=t",
                    NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    initramfs = fcntl(initramfs, F_DUPFD, 16);
    dup2(null, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    dup2(initramfs, INITRAMFS_FD);
    close_range(INITRAMFS_FD + 1, ~0U, 0);
    execvp(argv[0], argv);
    _exit(127);
}

/* What hangs inside the kernel may not even heed SIGKILL: then it is left behind. */
static void end_guest(pid_t pid)
{
    _cleanup_(fd_closep) int pidfd = pidfd_open(pid, 0);
    kill(pid, SIGKILL);
    if (pidfd >= 0)
        poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, KILL_MS);
    waitpid(pid, NULL, WNOHANG);
}

/* Reads what the guest says until it ends, or to the deadline: then false. */
static bool listen_to(int output, char *said, size_t size)
{
    uint64_t deadline = clock_monotonic_ns() + DEADLINE_S * NS_PER_SEC;
    size_t len = 0;
    said[0] = '\0';
    for (;;) {
        uint64_t now = clock_monotonic_ns();
        struct pollfd wait = {.fd = output, .events = POLLIN};
        if (now >= deadline)
            return false;
        if (poll(&wait, 1, (int)((deadline - now) / NS_PER_MS) + 1) <= 0)
            continue;
        ssize_t n = read(output, said + len, size - 1 - len);
        if (n <= 0 || len + (size_t)n == size - 1)
            return true;
        len += (size_t)n;
        said[len] = '\0';
    }
}

static bool probe(const char *kernel, int initramfs, char *why, size_t why_size)
{
    int pair[2];
    _cleanup_(freep) char *said = xmalloc(OUTPUT_MAX);
    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        snprintf(why, why_size, "/dev/kvm: %s", strerror(errno));
        return false;
    }
    if (pipe2(pair, O_CLOEXEC) < 0) {
        snprintf(why, why_size, "cannot make a pipe: %s", strerror(errno));
        return false;
    }
    _cleanup_(fd_closep) int output = pair[0];
    pid_t pid = fork();
    if (pid == 0)
        become_guest(kernel, initramfs, pair[1]);
    close(pair[1]);
    bool ended = pid > 0 && listen_to(output, said, OUTPUT_MAX);
    if (pid > 0)
        end_guest(pid);
    if (ended && strstr(said, SIGN))
        return true;
    said[strcspn(said, "\r\n")] = '\0';
    if (ended)
        snprintf(why, why_size, "a guest did not boot: %s", said);
    else
        snprintf(why, why_size, "/dev/kvm is there, but a guest hangs");
    return false;
}

/* One file a boot of this machine and kernel of the guest: WORKS, or the reason why not. One that
 * is empty is being written, or could not be. */
static char *record_path(const char *kernel)
{
    _cleanup_(freep) char *folder = NULL;
    _cleanup_(freep) char *boot = NULL;
    const char *name = strrchr(kernel, '/');
    if (cache_folder("kvm", &folder, NULL) < 0 ||
        file_read("/proc/sys/kernel/random/boot_id", 64, &boot, NULL, NULL) < 0)
        return NULL;
    boot[strcspn(boot, "\n")] = '\0';
    return xasprintf("%s/%s-%s", folder, name ? name + 1 : kernel, boot);
}

bool kvm_works(const char *kernel, int initramfs, char *why, size_t why_size)
{
    _cleanup_(freep) char *path = record_path(kernel);
    _cleanup_(freep) char *known = NULL;
    why[0] = '\0';
    if (path && file_read(path, 4096, &known, NULL, NULL) == 0 && *known) {
        snprintf(why, why_size, "%s", known);
        return strcmp(known, WORKS) == 0;
    }
    bool works = probe(kernel, initramfs, why, why_size);
    if (path)
        file_write(path, works ? WORKS : why, NULL);
    return works;
}
