/* SPDX-License-Identifier: MIT
 *
 * A container engine, Docker or Podman, by its command line: what both understand. A call never
 * takes longer than it is given, since the command itself waits for ever for an engine that hangs.
 */
#ifndef WANLAB_NODE_ENGINE_H
#define WANLAB_NODE_ENGINE_H

#include <stdbool.h>

#include "base/error.h"

struct engine {
    const char *command; /* a program's name or path */
    char *const *env;    /* all its variables; NULL: this process's own */
};

/* The command of the engine that is there: $WANLAB_ENGINE, else docker, else podman, whichever
 * answers first; one that hangs is not passed over. Exit 3 if none does. Looked for once in a
 * process. */
int engine_find(const char **ret, struct error *err);

/* Whether the engine has the image; exit 3 if not. */
int engine_check_image(const char *command, const char *image, struct error *err);

/* Runs the engine's command with `words` and waits. `*ret_out`, if not NULL, is what it printed,
 * the caller's to free. -ETIMEDOUT: it did not end in time and was ended; what it asked for may
 * still come to be. */
int engine_call(const struct engine *e, char *const *words, unsigned timeout_ms, char **ret_out,
                struct error *err);

/* Removes all containers with the label "KEY=VALUE" and looks whether all are gone. `unsure`: one
 * that was asked for may still come to be, so it looks twice. */
int engine_remove_labelled(const struct engine *e, const char *label, bool unsure,
                           struct error *err);

#endif
