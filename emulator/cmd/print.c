/* SPDX-License-Identifier: MIT */
#include "cmd/print.h"

#include <stdio.h>
#include <time.h>

#include "base/json.h"
#include "base/units.h"

void print_json_facts(json_t *facts)
{
    json_dumpf(facts, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(facts);
}

void print_change(json_t *change)
{
    char text[UNITS_TEXT_MAX], when[32];
    const double at_s = json_number_of(change, "at_s");
    const time_t whole_s = (time_t)at_s;
    struct tm tm;
    strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&whole_s, &tm));
    printf("changed at %s.%06d (monotonic %.6f s), all within %s\n", when,
           (int)((at_s - (double)whole_s) * 1e6), json_number_of(change, "monotonic_s"),
           units_format_time_short(text, json_number_of(change, "skew_s") * 1e9));
}
