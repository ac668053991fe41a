/* SPDX-License-Identifier: MIT
 *
 * The log of one program: its lines, each with the second of the run in which it came, up to a
 * limit. What is beyond is counted, and of it the last lines are kept.
 */
#ifndef WANLAB_EXPERIMENT_PROGRAM_LOG_H
#define WANLAB_EXPERIMENT_PROGRAM_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PROGRAM_LOG_TAIL = 20, PROGRAM_LOG_LINE = 512 }; /* lines; bytes of each that are kept */

struct program_log {
    FILE *out;      /* NULL: nothing is written */
    double start_s; /* realtime of the run's zero */
    uint64_t limit; /* bytes */
    uint64_t written, cut_bytes, cut_lines;
    size_t lines;                   /* in all */
    char (*tail)[PROGRAM_LOG_LINE]; /* a ring of the last ones, with their times */
};

/* `out` (may be NULL) is consumed. */
void program_log_init(struct program_log *l, FILE *out, double start_s, uint64_t limit);
/* Ends the file: with what was cut, and the last lines of that. */
void program_log_done(struct program_log *l);

void program_log_add(struct program_log *l, const char *line);

/* The last `count` lines (of at most PROGRAM_LOG_TAIL), each ended by a line feed, on `out`. */
void program_log_print_tail(const struct program_log *l, size_t count, const char *indent,
                            FILE *out);

#endif
