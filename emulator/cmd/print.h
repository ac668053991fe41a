/* SPDX-License-Identifier: MIT
 *
 * How commands print facts for programs: one JSON object or array, keys in words with units
 * (delay_s, memory_bytes), indented, on standard output.
 */
#ifndef WANLAB_CMD_PRINT_H
#define WANLAB_CMD_PRINT_H

#include <jansson.h>

void print_json_facts(json_t *facts); /* consumes them */

#endif
