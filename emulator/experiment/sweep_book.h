/* SPDX-License-Identifier: MIT
 *
 * The folder of a sweep: sweep.json says what it is of, points.jsonl has one line for each run that
 * ended, written and synced before the next begins, and each run's own folder lies beside them.
 * What is not on record did not happen: when a sweep is resumed, other runs' folders and a line
 * that was cut off are removed.
 *
 * A folder has one writer, who holds a lock on it.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_BOOK_H
#define WANLAB_EXPERIMENT_SWEEP_BOOK_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "experiment/fidelity.h"

/* A run that ended, as points.jsonl has it. */
struct sweep_record {
    json_t *line;
    char *point; /* as sweep_point_text() has it */
    unsigned repeat;
    bool failed;
    bool for_good; /* failed, and not for what the machine lacks: that may be there by now */
    enum verdict verdict;
    double took_s;
    double guess_s;   /* what it had been expected to take; 0: an attempt after the first */
    json_t *measures; /* NULL: failed */
    bool emulated;    /* the processor of one of its nodes was: QEMU without KVM */
};

struct sweep_book {
    char *folder;
    int folder_fd; /* locked; -1: only read */
    int lines_fd;  /* points.jsonl, for appending */
    json_t *about; /* sweep.json */
    struct sweep_record *records;
    size_t record_count;
    bool resumed; /* the folder was there before */
};

/* "rate=600/min, nodes.db.count=2" of {"rate": "600/min", …}; the caller frees it. */
char *sweep_point_text(json_t *point);

/* Opens the folder for writing, making it if it is not there. `about` (consumed) has to have
 * "format", "wanlab" and "scenario_hash"; a folder where one of these differs is refused, with both
 * named. */
int sweep_book_open(const char *folder, json_t *about, struct sweep_book *ret, struct error *err);

/* Opens the folder of a sweep for reading. One of another format, one that is not finished unless
 * `unfinished_too`, and what is no sweep's folder are errors of input that name it. */
int sweep_book_read(const char *folder, bool unfinished_too, struct sweep_book *ret,
                    struct error *err);
bool sweep_book_is_finished(const struct sweep_book *b);
void sweep_book_close(struct sweep_book *b);

/* Appends a line, consuming it; when it returns 0, the line is on the disk. */
int sweep_book_add(struct sweep_book *b, json_t *line, struct error *err);

/* Writes sweep.json anew, with "state": "under way" or "done". */
int sweep_book_set_state(struct sweep_book *b, const char *state, struct error *err);

/* The record of a run that was done, or NULL. */
const struct sweep_record *sweep_book_find(const struct sweep_book *b, const char *point,
                                           unsigned repeat);
/* The points that the sweep is of, or, of a search, those that it tried: these have one key more.
 * The caller releases them. */
json_t *sweep_book_points(const struct sweep_book *b);

/* How often that run has been tried and failed: in all, and for good. */
unsigned sweep_book_failures(const struct sweep_book *b, const char *point, unsigned repeat,
                             bool only_for_good);

#endif
