/* SPDX-License-Identifier: MIT */
#include "topology/distribution.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/yaml.h"

enum { VALUES = 4096 };
DEFINE_CLEANUP(struct distribution *, distribution_free);

static struct distribution *distribution_new(const char *name, size_t count)
{
    struct distribution *d = xcalloc(1, sizeof(*d) + count * sizeof(d->values[0]));
    d->name = xstrdup(name);
    d->count = count;
    return d;
}

void distribution_free(struct distribution *d)
{
    if (!d)
        return;
    free(d->name);
    free(d);
}

/* The quantiles of the standard normal distribution. iproute2 walks along x in small steps and
 * notes for each quantile the last x that rounds to it; so does this. The first does not fit into
 * 16 bits. */
static void normal_quantiles(int *ret)
{
    enum { FINE = 4 * VALUES };
    double quantile[FINE + 1] = {0};
    for (double x = -10; x < 10.05; x += .00005)
        quantile[lrint(FINE * (.5 + .5 * erf(x / sqrt(2))))] = x;
    for (size_t i = 0; i < VALUES; i++)
        ret[i] = (int)rint(quantile[4 * i] * DISTRIBUTION_SCALE);
}

static void fill_normal(int16_t *values)
{
    int normal[VALUES];
    normal_quantiles(normal);
    for (size_t i = 0; i < VALUES; i++)
        values[i] = (int16_t)(normal[i] < INT16_MIN ? INT16_MIN : normal[i]);
}

/* A Pareto distribution of shape 3, moved to a mean of about zero. */
static void fill_pareto(int16_t *values)
{
    for (size_t i = 0; i < VALUES; i++) {
        double share = (double)(VALUES - i) / VALUES;
        double value = (1 / pow(share, 1 / 3.0) - 1.5) * (4 / 3.0) * DISTRIBUTION_SCALE;
        values[i] = (int16_t)rint(fmin(value, INT16_MAX));
    }
}

static void fill_paretonormal(int16_t *values)
{
    int normal[VALUES];
    normal_quantiles(normal);
    fill_pareto(values);
    for (size_t i = 0; i < VALUES; i++)
        values[i] = (int16_t)((normal[i] + 3 * values[i]) / 4);
}

struct distribution *distribution_named(const char *name)
{
    static const struct {
        const char *name;
        void (*fill)(int16_t *values);
    } known[] = {
        {"normal", fill_normal}, {"pareto", fill_pareto}, {"paretonormal", fill_paretonormal}};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        struct distribution *d = distribution_new(name, VALUES);
        known[i].fill(d->values);
        return d;
    }
    return NULL;
}

static int compare_values(const void *a, const void *b)
{
    return *(const int16_t *)a - *(const int16_t *)b;
}

/* The numbers of one line, up to a comment. */
static int read_line(struct mark *mark, const char *text, int16_t *values, size_t *count,
                     struct error *err)
{
    const char *start = text;
    while (*text && *text != '#' && *text != '\n') {
        if (isspace((unsigned char)*text)) {
            text++;
            continue;
        }
        mark->column = (unsigned)(text - start) + 1;
        char *end;
        size_t len = strcspn(text, " \t\r\n");
        long value = strtol(text, &end, 10);
        if (end == text || (*end && !isspace((unsigned char)*end) && *end != '#'))
            return yaml_error(err, mark,
                              "found '%.*s', expected a table of jitter: whole numbers in 1/%d "
                              "of it",
                              (int)(len < 20 ? len : 20), text, DISTRIBUTION_SCALE);
        if (value < INT16_MIN || value > INT16_MAX)
            return yaml_error(err, mark, "'%ld' is out of range: expected %d to %d", value,
                              INT16_MIN, INT16_MAX);
        if (*count == DISTRIBUTION_VALUES_MAX)
            return yaml_error(err, mark, "more than %d values", DISTRIBUTION_VALUES_MAX);
        values[(*count)++] = (int16_t)value;
        text = end;
    }
    return 0;
}

int distribution_open(const char *path, const char *name, struct distribution **ret,
                      struct error *err)
{
    enum { SIZE_MAX_READ = 1 << 20 };
    _cleanup_(freep) char *text = NULL;
    _cleanup_(distribution_freep) struct distribution *d =
        distribution_new(name, DISTRIBUTION_VALUES_MAX);
    struct mark mark = {path, 1, 1};
    int r = yaml_read_foreign(path, SIZE_MAX_READ, &text, err);
    d->count = 0;
    for (const char *at = text; r == 0 && at; mark.line++) {
        r = read_line(&mark, at, d->values, &d->count, err);
        const char *end = strchr(at, '\n');
        at = end ? end + 1 : NULL;
    }
    if (r == 0 && d->count < 2)
        r = yaml_error(err, &(struct mark){path, 1, 1},
                       "found %zu numbers, expected a table of jitter", d->count);
    if (r < 0)
        return r;
    qsort(d->values, d->count, sizeof(d->values[0]), compare_values);
    *ret = TAKE_PTR(d);
    return 0;
}
