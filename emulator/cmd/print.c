/* SPDX-License-Identifier: MIT */
#include "cmd/print.h"

#include <stdio.h>

void print_json_facts(json_t *facts)
{
    json_dumpf(facts, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(facts);
}
