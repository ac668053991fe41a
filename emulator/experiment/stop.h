/* SPDX-License-Identifier: MIT
 *
 * The signals by which a user asks a command to stop. While they are held, no stage of an
 * experiment is cut in the middle: it looks for them where it waits, and cleans up.
 */
#ifndef WANLAB_EXPERIMENT_STOP_H
#define WANLAB_EXPERIMENT_STOP_H

#include <signal.h>
#include <stdbool.h>

/* SIGINT, SIGTERM and SIGHUP. */
sigset_t stop_signals(void);

/* Blocks them; `before` is for stop_release(). */
void stop_hold(sigset_t *before);

/* Whether one of them has come since. */
bool stop_was_asked(void);

/* Ends the holding. What came meanwhile has been heeded and does not kill the process now. */
void stop_release(const sigset_t *before);

#endif
