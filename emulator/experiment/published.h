/* SPDX-License-Identifier: MIT
 *
 * The winners that others have published, to be shown beside what comes out: a CSV file with the
 * columns cell, metric, winner and, if there is something to say, note. A cell is written as the
 * winner table shows it ("count 4"), the winner is one of the compared values, or "tie".
 */
#ifndef WANLAB_EXPERIMENT_PUBLISHED_H
#define WANLAB_EXPERIMENT_PUBLISHED_H

#include <jansson.h>

#include "base/error.h"

/* What the rows may say: arrays of texts. An empty one: anything. */
struct published_names {
    json_t *cells, *metrics, *winners;
};

/* `*ret` is [{"cell", "metric", "winner", "note"}, …], the caller's. Errors of input begin with
 * "FILE:LINE:1: ". */
int published_read(const char *path, const struct published_names *known, json_t **ret,
                   struct error *err);

#endif
