/* SPDX-License-Identifier: MIT */
#include "topology/delay_law.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/distribution.h"
#include "topology/trace.h"

enum {
    UNIFORM_VALUES = 4096,
    OF_EACH = 256, /* quantiles of each of two wires that are convolved */
    SAMPLES = 512, /* of a mean over the distribution */
};
static const double held_back_max = 1 / 500.0, tail = 0.0005;
static const double early_margin_s = 1e-3;

static double least_delay_s(const struct impairment *i)
{
    uint64_t ns = i->trace && i->trace->has_delay ? i->trace->delay_min_ns : i->delay_ns;
    return (double)ns / 1e9;
}

/* Value n of `count` equally likely ones of a wire's jitter. */
static double jitter_s(const struct impairment *i, size_t n, size_t count)
{
    const struct distribution *d = i->distribution;
    double rank = ((double)n + 0.5) / (double)count, jitter = (double)i->jitter_ns / 1e9;
    double value = d ? d->values[(size_t)(rank * (double)d->count)] / (double)DISTRIBUTION_SCALE
                     : 2 * rank - 1;
    return fmax(value * jitter, -least_delay_s(i));
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static bool jitters(const struct impairment *i)
{
    return i->jitter_ns > 0;
}

static void sort(struct delay_law *l)
{
    qsort(l->values_s, l->count, sizeof(*l->values_s), by_value);
}

/* The first wire's values as they are, sums of quantiles for each further one. */
static void add_wire(struct delay_law *l, const struct impairment *i)
{
    const struct delay_law before = *l;
    const size_t own = i->distribution ? i->distribution->count : UNIFORM_VALUES;
    l->count = before.has_jitter ? (size_t)OF_EACH * OF_EACH : own;
    l->values_s = xcalloc(l->count, sizeof(*l->values_s));
    for (size_t n = 0; n < l->count; n++) {
        const size_t earlier = n / OF_EACH; /* of the wires before */
        l->values_s[n] = before.has_jitter
                             ? jitter_s(i, n % OF_EACH, OF_EACH) +
                                   delay_law_quantile(&before, ((double)earlier + 0.5) / OF_EACH)
                             : jitter_s(i, n, own);
    }
    l->has_jitter = true;
    free(before.values_s);
    sort(l);
}

static void fill_values(struct delay_law *l, const struct path *p)
{
    l->count = 1;
    l->values_s = xcalloc(1, sizeof(*l->values_s));
    for (size_t i = 0; i < p->wire_count; i++)
        if (jitters(p->wires[i]))
            add_wire(l, p->wires[i]);
}

static void sum_up(struct delay_law *l)
{
    double sum = 0, second = 0, fourth = 0;
    for (size_t i = 0; i < l->count; i++)
        sum += l->values_s[i];
    l->mean_s = sum / (double)l->count;
    for (size_t i = 0; i < l->count; i++) {
        double square = pow(l->values_s[i] - l->mean_s, 2);
        second += square;
        fourth += square * square;
    }
    l->sd_s = sqrt(second / (double)l->count);
    l->fourth = second > 0 ? fourth / (double)l->count / pow(l->sd_s, 4) : 3;
}

/* netem's rule: `gap` - 1 packets keep their place, each further one has the chance not to. */
static double early_share(const struct impairment *i)
{
    if (i->reorder.probability == 0)
        return 0;
    double kept = i->reorder_gap > 1 ? i->reorder_gap - 1 : 0;
    return 1 / (kept + 1 / i->reorder.probability);
}

/* The most that jitter adds on the other wires. */
static double others_jitter(const struct path *p, size_t wire)
{
    double sum = 0;
    for (size_t i = 0; i < p->wire_count; i++)
        if (i != wire && jitters(p->wires[i]))
            sum += jitter_s(p->wires[i], OF_EACH - 1, OF_EACH);
    return sum;
}

/* What lies between the packets that skip a delay and the others. */
static double early_threshold(const struct delay_law *l, const struct path *p)
{
    double latest = -INFINITY, earliest = delay_law_quantile(l, tail);
    for (size_t i = 0; i < p->wire_count; i++)
        if (early_share(p->wires[i]) > 0)
            latest = fmax(latest, others_jitter(p, i) - least_delay_s(p->wires[i]));
    return earliest - latest >= early_margin_s ? (earliest + latest) / 2 : NAN;
}

/* Of several wires' it is the mean by variance: exact for normal distributions, close for others.
 */
static double correlation_of(const struct path *p)
{
    double sum = 0, weights = 0;
    for (size_t i = 0; i < p->wire_count; i++) {
        struct delay_law alone = {.count = 0};
        if (!jitters(p->wires[i]))
            continue;
        fill_values(&alone, &(struct path){.wires = &p->wires[i], .wire_count = 1});
        sum_up(&alone);
        double weight = alone.sd_s * alone.sd_s;
        sum += weight * p->wires[i]->jitter_correlation;
        weights += weight;
        delay_law_done(&alone);
    }
    return weights > 0 ? sum / weights : 0;
}

void delay_law_init(struct delay_law *l, const struct path *p)
{
    double kept = 1;
    *l = (struct delay_law){.early_below_s = NAN};
    fill_values(l, p);
    sum_up(l);
    for (size_t i = 0; i < p->wire_count; i++) {
        const struct impairment *w = p->wires[i];
        l->order_free |= w->order_free;
        kept *= 1 - early_share(w);
        if (early_share(w) > 0)
            l->early_correlation = fmax(l->early_correlation, w->reorder.correlation);
    }
    l->early = 1 - kept;
    if (l->early > 0)
        l->early_below_s = early_threshold(l, p);
    if (l->has_jitter)
        l->correlation = correlation_of(p);
}

void delay_law_done(struct delay_law *l)
{
    free(l->values_s);
    *l = (struct delay_law){0};
}

double delay_law_share(const struct delay_law *l, double value_s)
{
    size_t low = 0, high = l->count; /* the first above the value lies in low … high */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (l->values_s[middle] <= value_s)
            low = middle + 1;
        else
            high = middle;
    }
    return (double)low / (double)l->count;
}

double delay_law_quantile(const struct delay_law *l, double share)
{
    double at = floor(share * (double)l->count);
    return l->values_s[(size_t)fmin(fmax(at, 0), (double)l->count - 1)];
}

/* Value n of so many that stand for the distribution. */
static size_t samples_of(const struct delay_law *l)
{
    return l->count < SAMPLES ? l->count : SAMPLES;
}

static double sample(const struct delay_law *l, size_t n)
{
    return delay_law_quantile(l, ((double)n + 0.5) / (double)samples_of(l));
}

double delay_law_catches_up(const struct delay_law *l, double gap_s)
{
    double sum = 0;
    for (size_t i = 0; i < samples_of(l); i++)
        sum += delay_law_share(l, sample(l, i) - gap_s);
    return sum / (double)samples_of(l);
}

double delay_law_gap(const struct delay_law *l)
{
    if (!l->has_jitter || l->order_free)
        return 0;
    double low = 0, high = l->values_s[l->count - 1] - l->values_s[0];
    while (high - low > high / 1000) {
        double middle = (low + high) / 2;
        if (delay_law_catches_up(l, middle) > held_back_max)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double delay_law_disorder(const struct delay_law *l, double gap_s, double loss)
{
    const double least_s = l->values_s[0];
    double sum = 0;
    for (size_t i = 0; i < samples_of(l); i++) {
        double value_s = sample(l, i), in_order = 1;
        for (double ahead_s = gap_s; value_s - ahead_s > least_s; ahead_s += gap_s)
            in_order *= 1 - (1 - loss) * delay_law_share(l, value_s - ahead_s);
        sum += 1 - in_order;
    }
    return sum / (double)samples_of(l);
}
