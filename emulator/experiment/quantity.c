/* SPDX-License-Identifier: MIT */
#include "experiment/quantity.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"

int quantity_parse(enum workload_type type, const char *text, struct quantity *ret,
                   struct error *err)
{
    struct quantity q = {.type = type};
    int r = 0;
    switch (type) {
    case WORKLOAD_FREQUENCY:
        r = units_parse_frequency(text, &q.real, err);
        break;
    case WORKLOAD_TIME:
        r = units_parse_time(text, &q.whole, err);
        break;
    case WORKLOAD_SIZE:
        r = units_parse_size(text, &q.whole, err);
        break;
    case WORKLOAD_SHARE:
        r = units_parse_share(text, &q.real, err);
        break;
    case WORKLOAD_INTEGER:
        r = units_parse_integer(text, 0, UINT64_MAX, &q.whole, err);
        break;
    case WORKLOAD_CHOICE:
        assert(!"a choice is no quantity");
    }
    if (r == 0)
        *ret = q;
    return r;
}

bool quantity_less(const struct quantity *a, const struct quantity *b)
{
    assert(a->type == b->type);
    return a->whole < b->whole || a->real < b->real; /* the other member is 0 in both */
}

/* The shortest decimal text, without exponent, that strtod() makes the same number of: shell
 * arithmetic and many a parser do not take exponents. */
static char *decimal_text(double v)
{
    char buf[32];
    int digits = 1;
    for (; digits < 17; digits++) {
        snprintf(buf, sizeof(buf), "%.*e", digits - 1, v);
        if (strtod(buf, NULL) == v)
            break;
    }
    snprintf(buf, sizeof(buf), "%.*e", digits - 1, v);
    int decimals = digits - 1 - atoi(strchr(buf, 'e') + 1);
    return xasprintf("%.*f", decimals > 0 ? decimals : 0, v);
}

static char *number_text(const struct quantity *q)
{
    if (q->type == WORKLOAD_TIME)
        return decimal_text((double)q->whole / 1e9);
    if (q->type == WORKLOAD_FREQUENCY || q->type == WORKLOAD_SHARE)
        return decimal_text(q->real);
    return xasprintf("%" PRIu64, q->whole);
}

static int check_choice(const struct workload_parameter *p, const char *text, struct error *err)
{
    size_t count = 0;
    for (; p->values[count]; count++) {
        if (strcmp(p->values[count], text) == 0)
            return 0;
    }
    const char *nearest = text_nearest(text, (const char *const *)p->values, count);
    if (nearest)
        return error_input(err, "unknown value '%s', did you mean '%s'?", text, nearest);
    struct text known = {0};
    for (size_t i = 0; i < count; i++)
        text_add(&known, "%s%s", i ? ", " : "", p->values[i]);
    int r = error_input(err, "unknown value '%s', expected one of: %s", text, known.data);
    text_done(&known);
    return r;
}

static int check_bounds(const struct workload_parameter *p, const char *text,
                        const struct quantity *q, struct error *err)
{
    struct quantity min = *q, max = *q;
    if (p->min_text) {
        int r = quantity_parse(p->type, p->min_text, &min, err);
        if (r < 0)
            return r;
    }
    if (p->max_text) {
        int r = quantity_parse(p->type, p->max_text, &max, err);
        if (r < 0)
            return r;
    }
    if (!quantity_less(q, &min) && !quantity_less(&max, q))
        return 0;
    if (!p->max_text)
        return error_input(err, "'%s' is out of range: expected at least %s", text, p->min_text);
    if (!p->min_text)
        return error_input(err, "'%s' is out of range: expected at most %s", text, p->max_text);
    return error_input(err, "'%s' is out of range: expected %s to %s", text, p->min_text,
                       p->max_text);
}

int quantity_check(const struct workload_parameter *p, const char *text, char **ret_number,
                   struct error *err)
{
    if (p->type == WORKLOAD_CHOICE) {
        int r = check_choice(p, text, err);
        if (r == 0 && ret_number)
            *ret_number = xstrdup(text);
        return r;
    }
    struct quantity q = {.type = p->type};
    int r = quantity_parse(p->type, text, &q, err);
    if (r < 0)
        return r;
    r = check_bounds(p, text, &q, err);
    if (r == 0 && ret_number)
        *ret_number = number_text(&q);
    return r;
}
