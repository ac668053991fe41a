/* SPDX-License-Identifier: MIT
 *
 * How the main measure, and its ratio to nominal, grow along each axis whose values are numbers
 * (nodes, rates per minute, seconds): for each combination of the other axes a straight line
 * y = a + b x and a power law y = a x^b (a straight line through the logarithms), by least squares
 * over all trusted runs. Lines of the ratio may have loops of different lengths on them, where
 * `duration` or `count` follow from the axis. Points without a trusted run are left out and
 * counted; a line with fewer than three points left is not fitted.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_FIT_H
#define WANLAB_EXPERIMENT_SWEEP_FIT_H

#include "experiment/sweep.h"

/* Writes FOLDER/fits.csv (its headings alone when nothing can be fitted), and prints the
 * first of them on standard output (of the ratio, where there is one). */
int sweep_fit_all(const struct sweep *w, struct error *err);

#endif
