/* SPDX-License-Identifier: MIT
 *
 * The range and the tics of a plot's axis. gnuplot's own choice for a logarithmic axis goes to the
 * next powers of ten and has tics only there: half of the picture empty, or a picture without tics.
 */
#ifndef WANLAB_REPORT_AXIS_H
#define WANLAB_REPORT_AXIS_H

#include <stdbool.h>

#include "base/text.h"

/* What an axis has to show. */
struct axis {
    double low, high;
    bool used; /* false: nothing was included yet */
};             /* all zero is an empty one */

/* Extends the axis to a finite value (above zero, when the axis is to be logarithmic). */
void axis_include(struct axis *a, double value);

/* Widens the axis so that no value is at the very end; bars get some length on a logarithmic one.
 */
void axis_pad(struct axis *a, bool is_log, bool has_bars);

/* Adds the settings of the axis `name`, 'x' or 'y', to a gnuplot script. */
void axis_add(const struct axis *a, char name, bool is_log, struct text *script);

#endif
