/* SPDX-License-Identifier: MIT
 *
 * The verdicts as text for people and as JSON for programs.
 */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include <stdio.h>

#include "history.h"
#include "verdict.h"

enum report_check { CHECK_REGISTERS, CHECK_SETS, CHECK_SESSIONS, CHECK_COUNT };

struct report {
    const struct history *h; /* sorted */
    struct verdict verdicts[CHECK_COUNT];
    bool made[CHECK_COUNT];
    double time_s; /* that it took */
};

const char *report_check_name(enum report_check check);

/* A violation is one whatever else is undecided. */
enum verdict_answer report_answer(const struct report *r);

/* The check whose violation is shown: the one that ended first; CHECK_COUNT: none. */
enum report_check report_shown(const struct report *r);

void report_print(const struct report *r, FILE *out);
void report_print_json(const struct report *r, FILE *out);

#endif
