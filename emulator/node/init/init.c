/* SPDX-License-Identifier: MIT
 *
 * The first process of a container node: it holds the namespaces and reaps what is orphaned. It is
 * linked statically, so that it runs over any root, and brought along by wanlab itself, so that no
 * root needs to have an init.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    prctl(PR_SET_NAME, "wanlab-node");
    close_range(0, ~0U, 0);
    for (;;) {
        siginfo_t info;
        sigwaitinfo(&all, &info);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
    }
}
