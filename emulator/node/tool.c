/* SPDX-License-Identifier: MIT */
#include "node/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "node/child.h"

enum { MISSING = 127, WORDS_MAX = 4096 };

/* PID 1 of the tool's namespace. */
static void run_inside(char *const *argv, int output, uid_t uid, gid_t gid)
{
    int status = 0;
    sigset_t none;
    struct error err;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    if (uid != 0 && child_become_root(uid, gid, &err) < 0)
        _exit(1);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        _exit(1);
    pid_t tool = fork();
    if (tool == 0) {
        execvp(argv[0], argv);
        _exit(errno == ENOENT || errno == EACCES ? MISSING : 1);
    }
    while (tool > 0 && waitpid(-1, &status, 0) != tool)
        continue;
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* The last line that is in the file. */
static char *last_words(int fd, char *words)
{
    off_t size = lseek(fd, 0, SEEK_END), from = size > WORDS_MAX - 1 ? size - WORDS_MAX + 1 : 0;
    ssize_t len = size > 0 ? pread(fd, words, WORDS_MAX - 1, from) : 0;
    words[len > 0 ? len : 0] = '\0';
    while (len > 0 && words[len - 1] == '\n')
        words[--len] = '\0';
    char *line = strrchr(words, '\n');
    return line ? line + 1 : words;
}

bool tool_exists(const char *name)
{
    const char *variable = getenv("PATH");
    _cleanup_(freep) char *path = xstrdup(variable ? variable : "");
    char *rest = path;
    for (char *folder; (folder = strsep(&rest, ":"));) {
        _cleanup_(freep) char *file = xasprintf("%s/%s", folder, name);
        if (access(file, X_OK) == 0)
            return true;
    }
    return false;
}

int tool_run(char *const *argv, const char *package, bool quiet, struct error *err)
{
    int status = 0, pidfd = -1;
    char words[WORDS_MAX];
    _cleanup_(fd_closep) int kept = quiet ? memfd_create("output", MFD_CLOEXEC) : -1;
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    pid_t pid = child_clone(CLONE_NEWPID | CLONE_NEWNS | (uid != 0 ? CLONE_NEWUSER : 0), &pidfd);
    if (pid == 0)
        run_inside(argv, kept >= 0 ? kept : STDERR_FILENO, uid, gid);
    if (pid < 0)
        return error_errno(err, errno, "cannot start '%s'", argv[0]);
    close(pidfd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == MISSING)
        return error_machine(err, ENOENT, "'%s' is not installed (Debian package: %s)", argv[0],
                             package);
    if (status != 0)
        return error_set(err, EIO, "%s failed%s%s", argv[0], kept >= 0 ? ": " : "",
                         kept >= 0 ? last_words(kept, words) : "");
    return 0;
}
