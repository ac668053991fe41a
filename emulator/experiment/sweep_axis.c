/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_axis.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"

bool sweep_axis_number(const char *text, double *ret)
{
    double number, per_s;
    uint64_t ns;
    char *end;
    number = strtod(text, &end);
    if (end != text && *end == '\0')
        *ret = number;
    else if (units_parse_frequency(text, &per_s, NULL) == 0)
        *ret = per_s * 60;
    else if (units_parse_time(text, &ns, NULL) == 0)
        *ret = (double)ns / 1e9;
    else
        return false;
    return true;
}

bool sweep_axis_is_frequency(const struct sweep_axis *axis)
{
    double per_s;
    return units_parse_frequency(axis->values[0], &per_s, NULL) == 0;
}

const char *sweep_axis_short(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

bool sweep_same_line(const struct scenario *s, size_t a, size_t b, size_t without)
{
    for (size_t i = 0; i < s->sweep_count; i++)
        if (i != without && s->points[a * s->sweep_count + i] != s->points[b * s->sweep_count + i])
            return false;
    return true;
}

char *sweep_line_name(const struct scenario *s, size_t point, size_t without)
{
    struct text text = {0};
    for (size_t i = 0; i < s->sweep_count; i++) {
        const struct sweep_axis *axis = &s->sweep[i];
        unsigned value = s->points[point * s->sweep_count + i];
        if (i != without && value != SWEEP_AS_FILE)
            text_add(&text, "%s%s %s", text.len ? ", " : "", sweep_axis_short(axis->key),
                     axis->values[value]);
    }
    return text.data ? text.data : xstrdup("");
}
