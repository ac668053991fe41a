/* SPDX-License-Identifier: MIT
 *
 * The steps that make a booted kernel a node. Each is a text of fields with tabs between them; the
 * host sends them in one FRAME_SETUP, each with its NUL, and they are done in that order:
 *
 *   mount TYPE SOURCE TARGET ro|rw OPTIONS    makes TARGET if it is missing
 *   bind SOURCE TARGET ro|rw                  a folder or a file
 *   dir PATH MODE                             and its parents
 *   link TEXT PATH                            a symbolic link; one that is there stays
 *   file PATH CONTENT
 *   device PATH MODE MAJOR MINOR              a character device
 *   enter PATH                                makes PATH the root, with /dev, /proc and /sys
 *   hostname NAME
 *   sysctl KEY VALUE required|optional
 *   congestion NAME                           TCP's congestion control: is it there?
 *   pids N                                    so many processes and threads beside the kernel's own
 *   interface MAC NAME                        names the interface that has this address
 *   no-offloads NAME                          the interface sends and receives wire packets
 */
#ifndef WANLAB_AGENT_SETUP_H
#define WANLAB_AGENT_SETUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SETUP_INTERFACES_MAX = 64 };

struct setup_result {
    int32_t indices[SETUP_INTERFACES_MAX]; /* of the interfaces, in the order of their steps */
    size_t count;
};

/* Does the steps in `data` (`size` bytes, the last one a NUL) up to the first that fails. */
int setup_run(const char *data, size_t size, struct setup_result *ret, struct error *err);

#endif
