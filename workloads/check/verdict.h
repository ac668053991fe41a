/* SPDX-License-Identifier: MIT
 *
 * What a checker found.
 */
#ifndef CHECK_VERDICT_H
#define CHECK_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict_answer { VERDICT_VALID, VERDICT_VIOLATION, VERDICT_UNDECIDED };

struct verdict {
    enum verdict_answer answer;
    uint64_t objects, operations;   /* that were checked */
    uint64_t violations, undecided; /* objects */
    char *reason;                   /* of being undecided; NULL */
    /* The violation that is shown. */
    bool shown;
    uint32_t key;               /* of history.keys */
    double begin_s, end_s;      /* within them it happened */
    char *what;                 /* in words */
    uint32_t *operations_shown; /* places in history.operations, by call */
    size_t shown_count;
    uint64_t lost, from_nowhere, twice, recovered; /* of sets: elements */
    uint64_t reads, went_back, unordered;          /* of sessions: reads */
};

/* Makes the key of the violation the one that is shown, if none that ended earlier is; returns
 * whether it did. Consumes `what` and `operations_shown` either way. */
bool verdict_show(struct verdict *v, uint32_t key, double begin_s, double end_s, char *what,
                  uint32_t *operations_shown, size_t shown_count);
void verdict_done(struct verdict *v);

const char *verdict_name(enum verdict_answer answer);

#endif
