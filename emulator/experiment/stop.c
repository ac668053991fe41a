/* SPDX-License-Identifier: MIT */
#include "experiment/stop.h"

#include <stddef.h>

sigset_t stop_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    return signals;
}

void stop_hold(sigset_t *before)
{
    const sigset_t signals = stop_signals();
    sigprocmask(SIG_BLOCK, &signals, before);
}

bool stop_was_asked(void)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
           sigismember(&pending, SIGHUP);
}

void stop_release(const sigset_t *before)
{
    const sigset_t signals = stop_signals();
    while (stop_was_asked())
        sigwaitinfo(&signals, NULL);
    sigprocmask(SIG_SETMASK, before, NULL);
}
