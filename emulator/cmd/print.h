/* SPDX-License-Identifier: MIT
 *
 * How commands print facts for programs: one JSON object or array, keys in words with units
 * (delay_s, memory_bytes), indented, on standard output.
 */
#ifndef WANLAB_CMD_PRINT_H
#define WANLAB_CMD_PRINT_H

#include <jansson.h>

void print_json_facts(json_t *facts); /* consumes them */

/* "changed at 12:00:01.123456 (monotonic 5.1 s), all within 3 us": a line for people of when a
 * change took effect, as the lab answers it. */
void print_change(json_t *change);

#endif
