/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_axis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"

enum sweep_quantity sweep_axis_quantity(const char *text, double *ret)
{
    char *end;
    uint64_t whole;
    double number = strtod(text, &end);
    if (end != text && *end == '\0' && isfinite(number)) {
        *ret = number;
        return SWEEP_PLAIN;
    }
    if (units_parse_frequency(text, &number, NULL) == 0) {
        *ret = number * 60;
        return SWEEP_FREQUENCY;
    }
    if (units_parse_time(text, &whole, NULL) == 0) {
        *ret = (double)whole / 1e9;
        return SWEEP_TIME;
    }
    if (units_parse_share(text, &number, NULL) == 0) {
        *ret = number * 100;
        return SWEEP_SHARE;
    }
    if (units_parse_rate(text, &whole, NULL) == 0) {
        *ret = (double)whole / 1e6;
        return SWEEP_BIT_RATE;
    }
    if (units_parse_size(text, &whole, NULL) == 0) {
        *ret = (double)whole / (1 << 20);
        return SWEEP_SIZE;
    }
    return SWEEP_WORD;
}

bool sweep_axis_number(const char *text, double *ret)
{
    return sweep_axis_quantity(text, ret) != SWEEP_WORD;
}

const char *sweep_axis_short(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

static unsigned value_at(const struct scenario *s, size_t point, size_t axis)
{
    return s->points[point * s->sweep_count + axis];
}

/* Whether points that have the same value on `axis` always have the same on `other`. */
static bool follows(const struct scenario *s, size_t other, size_t axis)
{
    for (size_t a = 0; a < s->point_count; a++)
        for (size_t b = a + 1; b < s->point_count; b++)
            if (value_at(s, a, axis) == value_at(s, b, axis) &&
                value_at(s, a, other) != value_at(s, b, other))
                return false;
    return true;
}

unsigned sweep_axis_with_length(const struct scenario *s, size_t axis)
{
    unsigned set = SWEEP_AXIS(axis);
    for (size_t i = 0; i < s->sweep_count; i++) {
        const char *key = s->sweep[i].key, *name = sweep_axis_short(key);
        bool is_length = strncmp(key, "workload.", 9) == 0 &&
                         (strcmp(name, "duration") == 0 || strcmp(name, "count") == 0);
        if (is_length && follows(s, i, axis))
            set |= SWEEP_AXIS(i);
    }
    return set;
}

bool sweep_same_line(const struct scenario *s, size_t a, size_t b, unsigned without)
{
    for (size_t i = 0; i < s->sweep_count; i++)
        if (!(without & SWEEP_AXIS(i)) &&
            s->points[a * s->sweep_count + i] != s->points[b * s->sweep_count + i])
            return false;
    return true;
}

char *sweep_line_name(const struct scenario *s, size_t point, unsigned without)
{
    struct text text = {0};
    for (size_t i = 0; i < s->sweep_count; i++) {
        const struct sweep_axis *axis = &s->sweep[i];
        unsigned value = s->points[point * s->sweep_count + i];
        if (!(without & SWEEP_AXIS(i)) && value != SWEEP_AS_FILE)
            text_add(&text, "%s%s %s", text.len ? ", " : "", sweep_axis_short(axis->key),
                     axis->values[value]);
    }
    return text.data ? text.data : xstrdup("");
}
