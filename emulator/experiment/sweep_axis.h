/* SPDX-License-Identifier: MIT
 *
 * The axes of a sweep as pictures and fits see them: where a value lies, and which points make a
 * line along one axis.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_AXIS_H
#define WANLAB_EXPERIMENT_SWEEP_AXIS_H

#include "topology/scenario.h"

/* What a value is, in the unit of its axis: a plain number, a rate per minute (as the papers have
 * them), a time in seconds, a share in percent, bits per second in millions, a size in MiB. */
enum sweep_quantity {
    SWEEP_WORD, /* none of them */
    SWEEP_PLAIN,
    SWEEP_FREQUENCY,
    SWEEP_TIME,
    SWEEP_SHARE,
    SWEEP_BIT_RATE,
    SWEEP_SIZE,
};
enum sweep_quantity sweep_axis_quantity(const char *text, double *ret);

/* Whether a value is a number at all, and which. */
bool sweep_axis_number(const char *text, double *ret);

/* What comes after the last dot of a key. */
const char *sweep_axis_short(const char *key);

/* Sets of axes are bits, by the axes' order. */
#define SWEEP_AXIS(index) (1u << (index))

/* An axis, and the workload's `duration` and `count` where they follow from it (shorter loops at
 * higher rates): they make no other line of what is in proportion to the nominal time. */
unsigned sweep_axis_with_length(const struct scenario *s, size_t axis);

/* Whether two points differ in nothing but some axes. */
bool sweep_same_line(const struct scenario *s, size_t a, size_t b, unsigned without);

/* The other axes' values at a point, "kind uml, mode parallel": the name of its line. "" when there
 * are none. The caller frees it. */
char *sweep_line_name(const struct scenario *s, size_t point, unsigned without);

#endif
