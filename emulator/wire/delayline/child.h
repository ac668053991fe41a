/* SPDX-License-Identifier: MIT
 *
 * The delay line's process from within: it cuts itself off from what it inherited, becomes as
 * punctual as it is allowed to, and runs the loop until its parent goes.
 */
#ifndef WANLAB_WIRE_DELAYLINE_CHILD_H
#define WANLAB_WIRE_DELAYLINE_CHILD_H

#include <sys/types.h>

#include "wire/delayline/delayline.h"
#include "wire/delayline/exchange.h"

struct child {
    const struct plan *plan;
    const int *tap_fds; /* of the TAPs that are not bare */
    int fates_fd;       /* 0: none */
    int control; /* a SOCK_SEQPACKET: it answers there once and then to each request of exchange.h;
                    it ends when the other end closes */
    const struct exchange *exchange;
    pid_t parent;
    struct delayline_stats *stats; /* shared with the parent */
};

/* What the child says when it is set up, or cannot be. */
struct child_answer {
    int result; /* 0 or -errno */
    struct error err;
};

_Noreturn void child_run(const struct child *c);

#endif
