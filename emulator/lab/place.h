/* SPDX-License-Identifier: MIT
 *
 * Where labs live: a folder each under the runtime folder (/run/wanlab for root, else
 * $XDG_RUNTIME_DIR/wanlab or /tmp/wanlab-UID; $WANLAB_RUNTIME overrides). It holds the lock, the
 * control socket and the log. A lab lives exactly as long as someone holds the lock: its init and
 * its supervisor do, and the kernel lets go when both are dead. No pid is ever trusted.
 */
#ifndef WANLAB_LAB_PLACE_H
#define WANLAB_LAB_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The folder of all labs; made if missing. The caller frees `*ret`. */
int place_root(char **ret, struct error *err);

/* ROOT/LAB; the caller frees `*ret`. Refuses (STATUS_INPUT) what is no lab's name. */
int place_of(const char *lab, char **ret, struct error *err);

/* Makes a lab's folder and takes its lock. -EBUSY when such a lab lives. `*ret_lock` is a
 * close-on-exec descriptor whose copies all hold the lock. */
int place_claim(const char *lab, char **ret_folder, int *ret_lock, struct error *err);

/* Whether someone holds the lock of the lab in that folder. */
bool place_is_alive(const char *folder);

/* Waits until nobody holds the lock any more; -ETIMEDOUT after `timeout_ms`. */
int place_wait_end(const char *folder, unsigned timeout_ms, struct error *err);

/* Removes the folders of labs that no longer live, of any killed one too; called by every command.
 */
void place_sweep(void);

/* Names of the labs that live, sorted; free each and the array. */
int place_list(char ***ret_names, size_t *ret_count, struct error *err);

#endif
