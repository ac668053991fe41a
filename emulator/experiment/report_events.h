/* SPDX-License-Identifier: MIT
 *
 * A run's events.jsonl, for its page: what is marked and shaded in pictures over time, and a table
 * of the events that the file asked for.
 */
#ifndef WANLAB_EXPERIMENT_REPORT_EVENTS_H
#define WANLAB_EXPERIMENT_REPORT_EVENTS_H

#include "experiment/report.h"

enum { MARKS_MAX = 64 };

struct marks {
    struct plot_band bands[MARKS_MAX];
    char *names[MARKS_MAX];
    char *keys[MARKS_MAX]; /* what is still to be ended: "split", "db1", …; NULL: nothing is */
    size_t count;
};

/* Empty where there is no such file. What has an end is shaded up to there. */
struct marks *marks_read(const char *folder);
void marks_free(struct marks *m);

/* The section "Events"; nothing where there were none. */
void report_events(struct report *r);

#endif
