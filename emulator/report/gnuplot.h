/* SPDX-License-Identifier: MIT
 *
 * Running gnuplot on a script, without a shell, and writing texts and numbers such that no
 * character of them means anything to it.
 */
#ifndef WANLAB_REPORT_GNUPLOT_H
#define WANLAB_REPORT_GNUPLOT_H

#include "base/error.h"
#include "base/text.h"

/* Runs the script FOLDER/NAME in its folder and waits for the end. The person's own gnuplot
 * settings are not read. Errors as those of plot_write(). */
int gnuplot_run(const char *folder, const char *name, struct error *err);

/* Adds ` 'text'`: quotes doubled, control characters as blanks, bytes that are no UTF-8 as '?'.
 * Inside single quotes gnuplot expands nothing. */
void gnuplot_add_quoted(struct text *script, const char *text);

/* The same for the label of a tic, which gnuplot takes for a format: % is doubled. */
void gnuplot_add_quoted_format(struct text *script, const char *text);

/* Adds ` number`, or ` NaN`, which gnuplot leaves out, for what is not finite. */
void gnuplot_add_number(struct text *script, double number);

#endif
