/* SPDX-License-Identifier: MIT
 *
 * What processors do that have nothing to do. As a rule they sleep, and to be woken takes a
 * processor tens of microseconds, in a virtual machine hundreds, since its own host has to do it:
 * that delays every packet, every wake-up and every answer on a lab that is not busy. As long as a
 * process holds /dev/cpu_dma_latency open with 0 written to it, they poll instead (see the kernel's
 * Documentation/power/pm_qos_interface.rst); the kernel counts that time as idle all the same.
 */
#ifndef WANLAB_LAB_IDLE_H
#define WANLAB_LAB_IDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "topology/scenario.h"

/* Keeps processors from sleeping until the last copy of `*ret_fd` is closed (close-on-exec, the
 * caller's; -1: they sleep). IDLE_AUTO does so where it can if `attached`, for a lab that is there
 * for a measurement. `why` (size bytes) becomes a sentence for people. IDLE_POLL where it cannot be
 * done is an error (STATUS_MACHINE). */
int idle_choose(enum idle_choice choice, bool attached, int *ret_fd, char *why, size_t size,
                struct error *err);

/* "poll" or "halt", as in files. */
const char *idle_name(bool polls);

#endif
