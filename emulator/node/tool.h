/* SPDX-License-Identifier: MIT
 *
 * Programs of the host that take a while (tar, umoci, mmdebstrap). Each runs in PID and mount
 * namespaces of its own: whatever ends this process ends the tool with all that it started and
 * mounted.
 */
#ifndef WANLAB_NODE_TOOL_H
#define WANLAB_NODE_TOOL_H

#include <stdbool.h>

#include "base/error.h"

/* Runs argv[0] from PATH and waits for it. `package` is the one to install where it is missing
 * (exit 3). `quiet` keeps what it says for the error's text; else all goes to standard error. */
int tool_run(char *const *argv, const char *package, bool quiet, struct error *err);

/* Whether a program is in PATH. */
bool tool_exists(const char *name);

#endif
