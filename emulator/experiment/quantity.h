/* SPDX-License-Identifier: MIT
 *
 * A workload parameter's value while it is checked: read from text by the parameter's type,
 * compared with the bounds, and written as the plain number that programs get.
 */
#ifndef WANLAB_EXPERIMENT_QUANTITY_H
#define WANLAB_EXPERIMENT_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "experiment/workload.h"

/* Of any type but WORKLOAD_CHOICE. Two are only compared when their types are the same. */
struct quantity {
    enum workload_type type;
    uint64_t whole; /* TIME in ns, SIZE, INTEGER */
    double real;    /* FREQUENCY, SHARE */
};

int quantity_parse(enum workload_type type, const char *text, struct quantity *ret,
                   struct error *err);

bool quantity_less(const struct quantity *a, const struct quantity *b);

/* Whether `text` is a value of the parameter, within its bounds or among its choices.
 * `*ret_number`, which the caller frees, is what a program gets for it; NULL when nobody wants it.
 */
int quantity_check(const struct workload_parameter *p, const char *text, char **ret_number,
                   struct error *err);

#endif
