/* SPDX-License-Identifier: MIT
 *
 * What is left to do for the first process of a PID namespace that runs nothing itself.
 */
#ifndef WANLAB_BASE_REAP_H
#define WANLAB_BASE_REAP_H

/* Reaps, and never executes anything. Closes all descriptors; the process is called "wanlab-node"
 * from then on. */
_Noreturn void reap_forever(void);

#endif
