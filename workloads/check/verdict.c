/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include <stdlib.h>

bool verdict_show(struct verdict *v, uint32_t key, double begin_s, double end_s, char *what,
                  uint32_t *operations_shown, size_t shown_count)
{
    if (v->shown && v->end_s <= end_s) {
        free(what);
        free(operations_shown);
        return false;
    }
    free(v->what);
    free(v->operations_shown);
    v->shown = true;
    v->key = key;
    v->begin_s = begin_s;
    v->end_s = end_s;
    v->what = what;
    v->operations_shown = operations_shown;
    v->shown_count = shown_count;
    return true;
}

void verdict_done(struct verdict *v)
{
    free(v->reason);
    free(v->what);
    free(v->operations_shown);
    *v = (struct verdict){0};
}

const char *verdict_name(enum verdict_answer answer)
{
    static const char *const names[] = {"valid", "violation", "unknown"};
    return names[answer];
}
