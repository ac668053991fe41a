/* SPDX-License-Identifier: MIT */
#include "import/latency.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/units.h"
#include "import/names.h"
#include "topology/matrix.h"

#define NORMAL_P90 1.2815515655446 /* standard deviations above the middle */

enum { REGION_NAME_MAX = SCENARIO_NAME_MAX - 7 }; /* room for "-n" and a number */

DEFINE_CLEANUP(struct matrix *, matrix_free);

struct region {
    const char *name;      /* in the matrix */
    char group[NAME_SIZE]; /* of its nodes */
    unsigned row, p90_row;
    uint64_t count;
};

struct latency_import {
    const struct matrix *matrix, *p90; /* the latter NULL: no jitter */
    struct region *regions;
    size_t region_count;
    struct import *out;
    struct import_list capped, crossed;
};

static int add_region(struct latency_import *l, char *word, struct names *names, uint64_t *total,
                      struct error *err)
{
    char *colon = strrchr(word, ':');
    struct region region = {.name = word, .count = 1};
    if (colon)
        *colon = '\0';
    if (colon &&
        units_parse_integer(colon + 1, 1, SCENARIO_WAN_MEMBERS_MAX, &region.count, err) < 0)
        return error_wrap(err, "region '%s'", word);
    int row = matrix_region(l->matrix, word, err);
    int p90_row = l->p90 && row >= 0 ? matrix_region(l->p90, word, err) : 0;
    if (row < 0 || p90_row < 0)
        return row < 0 ? row : p90_row;
    for (size_t i = 0; i < l->region_count; i++)
        if (strcmp(l->regions[i].name, word) == 0)
            return error_input(err, "region '%s' is there twice, expected it once", word);
    *total += region.count;
    if (*total > SCENARIO_WAN_MEMBERS_MAX)
        return error_input(err, "too many nodes: found %llu up to '%s', expected at most %d",
                           (unsigned long long)*total, word, SCENARIO_WAN_MEMBERS_MAX);
    region.row = (unsigned)row;
    region.p90_row = (unsigned)p90_row;
    /* "us-east-11" would be read as another region's */
    bool ends_in_digit = *word && isdigit((unsigned char)word[strlen(word) - 1]);
    _cleanup_(freep) char *label =
        xasprintf("%.*s%s", REGION_NAME_MAX, word, ends_in_digit ? "-n" : "");
    names_make(names, label, "region", region.group);
    l->regions = array_grow(l->regions, l->region_count, sizeof(*l->regions));
    l->regions[l->region_count++] = region;
    return 0;
}

static int read_spec(struct latency_import *l, char *spec, struct error *err)
{
    struct names names = {0};
    uint64_t total = 0;
    char *rest = spec;
    int r = 0;
    for (char *word; r == 0 && (word = strsep(&rest, ","));)
        r = add_region(l, word, &names, &total, err);
    names_done(&names);
    return r;
}

/* The standard deviation of one direction; 0 where it has none. */
static int jitter_of(struct latency_import *l, const struct region *a, const struct region *b,
                     uint64_t *ret_ns, struct error *err)
{
    uint64_t median, high;
    int r = matrix_delay(l->matrix, a->row, b->row, &median, err);
    if (r == 0)
        r = matrix_delay(l->p90, a->p90_row, b->p90_row, &high, err);
    if (r < 0)
        return r;
    _cleanup_(freep) char *pair = xasprintf("%s->%s", a->name, b->name);
    if (high < median)
        import_list_add(&l->crossed, pair);
    /* Of an rtt file these are halves. */
    const double halves = matrix_is_rtt(l->matrix) ? M_SQRT2 : 1;
    const double jitter = high > median ? (double)(high - median) * halves / NORMAL_P90 : 0;
    *ret_ns = (uint64_t)llround(jitter / 1000) * 1000;
    if (*ret_ns > median) {
        *ret_ns = median;
        import_list_add(&l->capped, pair);
    }
    return 0;
}

static int write_jitter(struct latency_import *l, struct error *err)
{
    char text[UNITS_TEXT_MAX];
    for (size_t i = 0; i < l->region_count * l->region_count; i++) {
        const struct region *a = &l->regions[i / l->region_count];
        const struct region *b = &l->regions[i % l->region_count];
        uint64_t jitter = 0;
        int r = a == b && a->count == 1 ? 0 : jitter_of(l, a, b, &jitter, err);
        if (r < 0)
            return r;
        if (jitter > 0)
            text_add(&l->out->body, "  %s->%s: {jitter: %s, distribution: normal}\n", a->group,
                     b->group, units_format_time(text, jitter));
    }
    if (l->capped.count > 0)
        import_warn(l->out, "jitter held down to the delay (%zu): %s", l->capped.count,
                    import_list_end(&l->capped));
    if (l->crossed.count > 0)
        import_warn(l->out, "no jitter, since the 90th percentile is below the median (%zu): %s",
                    l->crossed.count, import_list_end(&l->crossed));
    return 0;
}

/* A matrix without times inside of regions makes their nodes neighbours. */
static void warn_of_regions_without_delay(struct latency_import *l)
{
    struct import_list list = {0};
    uint64_t ns;
    for (size_t i = 0; i < l->region_count; i++) {
        const struct region *r = &l->regions[i];
        if (r->count > 1 && matrix_delay(l->matrix, r->row, r->row, &ns, NULL) == 0 && ns == 0)
            import_list_add(&list, r->group);
    }
    if (list.count > 0)
        import_warn(l->out,
                    "no delay within a region, since the matrix has none; '%s->%s: {delay: 1ms}' "
                    "in the wan gives one (%zu): %s",
                    l->regions[0].group, l->regions[0].group, list.count, import_list_end(&list));
    import_list_done(&list);
}

static void write_facts(struct latency_import *l, const char *matrix,
                        const struct latency_options *o)
{
    struct text text = {0};
    import_add_foreign(&text, matrix);
    import_fact(l->out, "Delays: %s of the times in %s.", matrix_is_rtt(l->matrix) ? "half" : "all",
                text.data);
    text_done(&text);
    if (!o->p90)
        return;
    import_add_foreign(&text, o->p90);
    import_fact(l->out, "Jitter: normal, such that 90 %% of the times are below those in %s;",
                text.data);
    import_fact(l->out, "what was seen there over a long time happens here from packet to packet.");
    text_done(&text);
}

static int write_scenario(struct latency_import *l, const struct latency_options *o,
                          struct error *err)
{
    struct text *out = &l->out->body;
    text_add(out, "nodes:\n");
    for (size_t i = 0; i < l->region_count; i++) {
        const struct region *r = &l->regions[i];
        text_add(out, "  %s: {count: %llu, region: ", r->group, (unsigned long long)r->count);
        import_add_quoted(out, r->name);
        text_add(out, "}\n");
    }
    text_add(out, "wan:\n  members: [");
    for (size_t i = 0; i < l->region_count; i++)
        text_add(out, "%s%s", i > 0 ? ", " : "", l->regions[i].group);
    text_add(out, "]\n  matrix: ");
    import_add_quoted(out, o->reference);
    text_add(out, "\n");
    warn_of_regions_without_delay(l);
    return l->p90 ? write_jitter(l, err) : 0;
}

int import_latency(const char *matrix, const char *spec, const struct latency_options *options,
                   struct import *ret, struct error *err)
{
    _cleanup_(matrix_freep) struct matrix *m = NULL;
    _cleanup_(matrix_freep) struct matrix *p90 = NULL;
    _cleanup_(freep) char *words = xstrdup(spec);
    int r = matrix_open(matrix, &m, err);
    if (r == 0 && options->p90)
        r = matrix_open(options->p90, &p90, err);
    if (r == 0 && p90 && matrix_is_rtt(m) != matrix_is_rtt(p90))
        r = error_input(err, "%s:1:1: one of '%s' and this file holds round trips, the other not",
                        options->p90, matrix);
    if (r < 0)
        return r;
    struct latency_import l = {.matrix = m, .p90 = p90, .out = ret};
    r = read_spec(&l, words, err);
    if (r == 0) {
        write_facts(&l, matrix, options);
        r = write_scenario(&l, options, err);
    }
    import_list_done(&l.capped);
    import_list_done(&l.crossed);
    free(l.regions);
    return r;
}
