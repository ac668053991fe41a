/* SPDX-License-Identifier: MIT */
#include "wire/delayline/child.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/message.h"
#include "wire/delayline/loop.h"

enum { PRIORITY = 5 };

/* Closes what the parent had open, but the standard three (the lab's log), the TAPs, the control
 * socket and the record of fates. */
static void close_others(const struct child *c)
{
    size_t count = c->plan->tap_count + 2;
    _cleanup_(freep) int *keep = xcalloc(count, sizeof(*keep));
    memcpy(keep, c->tap_fds, c->plan->tap_count * sizeof(*keep));
    keep[count - 2] = c->control;
    keep[count - 1] = c->fates_fd;
    fd_close_others(keep, count);
}

/* A lab's parts die together. */
static void follow_parent(const struct child *c)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != c->parent)
        _exit(1);
}

/* What the kernel has taken from us waits for its receiver in a queue of the processor that we
 * wrote it on. If we wandered to another one, packets could overtake each other there. */
static void stay_on_this_processor(void)
{
    cpu_set_t set;
    int here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE)
        return;
    CPU_ZERO(&set);
    CPU_SET(here, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

/* Before other processes, exact timers, no page of its own on disk. What is not allowed is done
 * without: the lateness that is measured tells the difference. */
static void become_punctual(struct delayline_stats *stats)
{
    const struct sched_param param = {.sched_priority = PRIORITY};
    stats->realtime = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) == 0;
    prctl(PR_SET_TIMERSLACK, 1UL);
    /* Only what is mapped by now, packet memory included, and each page when it is first touched:
     * LOOP_MEMORY bounds it, and no later mapping can fail because of it. */
    mlockall(MCL_CURRENT | MCL_ONFAULT);
}

void child_run(const struct child *c)
{
    struct child_answer answer = {0};
    struct loop loop;
    prctl(PR_SET_NAME, "wanlab-wire");
    follow_parent(c);
    close_others(c);
    answer.result = loop_init(&loop, c, &answer.err);
    if (answer.result == 0) {
        stay_on_this_processor();
        become_punctual(c->stats);
    }
    if (message_send(c->control, &answer, sizeof(answer), NULL, 0) < 0 || answer.result < 0)
        _exit(1);
    _exit(loop_run(&loop, NULL) < 0);
}
