/* SPDX-License-Identifier: MIT
 *
 * The report of a results folder, of a run or of a sweep: its pictures (plots/, as SVG, PNG and
 * gnuplot scripts) and report.html, one page that needs nothing else. All is made of what is in the
 * folder; nothing that is missing there but run.json or sweep.json keeps the rest from being shown.
 *
 * What cannot be drawn (gnuplot is not installed) is warned of, and the page says so.
 */
#ifndef WANLAB_EXPERIMENT_REPORT_H
#define WANLAB_EXPERIMENT_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "base/error.h"
#include "base/stats.h"
#include "experiment/sweep_book.h"
#include "report/plot.h"

/* Writes `file`, or FOLDER/report.html where it is NULL, in one step: whoever looks sees the old
 * page or the whole new one. Errors of input: no results folder, one of another format, and that of
 * a run that is under way or was killed. A sweep may be under way. */
int report_write(const char *folder, const char *file, struct error *err);

/* The same at the end of a run or sweep: all that goes wrong is warned of. */
void report_try(const char *folder);

/* --- inside the layer --- */

struct report {
    const char *folder;
    char *plots; /* the folder of the pictures */
    bool plots_are_temporary;
    FILE *out;
    struct error not_drawn; /* the first reason */
    size_t not_drawn_count;
};

/* Draws the plot as FOLDER/plots/NAME.svg and puts it into the page. */
void report_figure(struct report *r, const struct plot *plot, const char *name);

/* FOLDER/NAME.csv as a table, at most so many rows of it; nothing where there is no such file. */
void report_csv(struct report *r, const char *name);
/* The same, to be opened by a click on `summary`. */
void report_csv_folded(struct report *r, const char *name, const char *summary);

/* The banner in the verdict's colour; `reasons` is an array of texts or NULL. */
void report_verdict(struct report *r, const char *verdict, const char *headline,
                    const char *sentence, json_t *reasons);

/* report_scenario.c: what was run, on what, and how to repeat it. `about` is run.json's "scenario"
 * or sweep.json; `command` is "run" or "sweep". */
void report_scenario(struct report *r, const char *command, json_t *about, json_t *host,
                     const char *version);

/* report_run.c and report_sweep.c: the page's body. */
void report_run(struct report *r, json_t *run);
void report_sweep(struct report *r, const struct sweep_book *book);

/* report_comparison.c: the winner table of a sweep that is a comparison; else nothing. */
void report_comparison(struct report *r, const struct sweep_book *book);

/* report_figures.c: the figures of a sweep (figures.h). */
void report_figures(struct report *r, const struct sweep_book *book);

/* A value as people read it: with a fitting unit where that is "s". */
enum { REPORT_VALUE_MAX = 64 };
char *report_value(char text[REPORT_VALUE_MAX], double value, const char *unit);

/* "1.011 ± 0.02 ms": with half the width of the interval, if that is known. */
char *report_mean(char text[REPORT_VALUE_MAX], const struct stats *s, const char *unit);

/* "main loop" of "main_loop"; the caller frees it. */
char *report_words(const char *metric);

#endif
