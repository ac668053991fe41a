/* SPDX-License-Identifier: MIT
 *
 * A latency matrix: a CSV file whose first line names the destination regions and whose first
 * column names the source regions ("from,dallas,toronto,…"), values in milliseconds.
 *
 * Comment lines begin with '#'. One of them must say what the file holds: "# holds: rtt" (the
 * value is a round trip, each direction gets half of it) or "# holds: one-way". Others name the
 * source. An empty diagonal means 0; any other empty cell is an error only when it is asked for.
 */
#ifndef WANLAB_TOPOLOGY_MATRIX_H
#define WANLAB_TOPOLOGY_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct matrix;

/* Errors (status STATUS_INPUT) begin with "FILE:LINE:COL: ". The caller frees with matrix_free().
 */
int matrix_open(const char *path, struct matrix **ret, struct error *err);
void matrix_free(struct matrix *m);

/* Whether the file holds round-trip times. */
bool matrix_is_rtt(const struct matrix *m);

/* Index of a region, or -ENOENT with an error that names the nearest region. */
int matrix_region(const struct matrix *m, const char *region, struct error *err);

/* One-way delay from region `from` to region `to` in ns. For an rtt file this is half of the value
 * in row `from`, column `to`, and the two directions may differ; `*ret_ns` of both directions
 * then adds up to the mean of the two published round-trip times. */
int matrix_delay(const struct matrix *m, unsigned from, unsigned to, uint64_t *ret_ns,
                 struct error *err);

#endif
