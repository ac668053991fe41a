/* SPDX-License-Identifier: MIT
 *
 * What a long command says while it works, on standard error: a line for each stage, and a bar for
 * the one that takes its time. On a terminal the bar is redrawn in place; elsewhere it is a line
 * every tenth.
 */
#ifndef WANLAB_REPORT_PROGRESS_H
#define WANLAB_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

extern bool progress_quiet; /* nothing is printed */

/* "  services   mariadb on 5 nodes, ready in 310 ms" */
void progress_stage(const char *stage, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* More about the stage, as it is, with its line feeds. */
void progress_text(const char *text);

/* "  boot       3 of 8 nodes": how much of a stage is done. On a terminal the line is redrawn, and
 * cleared when all is; with -v it is a line of the log each time, and else there is none. */
void progress_count(const char *stage, size_t done, size_t count, const char *what);

struct progress_bar {
    const char *stage;
    double started_s; /* monotonic; set by the first call */
    int last_tenth;   /* printed, without a terminal */
};

/* Shows the share (0…1) and the time left as it follows from it. */
void progress_bar_show(struct progress_bar *b, double share);
void progress_bar_end(struct progress_bar *b); /* clears the bar's line */

#endif
