/* SPDX-License-Identifier: MIT */
#include "experiment/verify_facts.h"

#include <math.h>
#include <stdlib.h>

#include "agent/train.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/stats.h"
#include "topology/delay_law.h"
#include "topology/forecast.h"

static const double late_share_max = 0.01, error_share = 0.9;

/* A packet by its number. */
struct packet {
    bool came, is_damaged, is_early, is_late;
    unsigned copies;
    double delay_s, forecast_s, excess_s;
    size_t place; /* in the order of arrival */
};

struct reading {
    const struct verify_train *train;
    const struct train_list *list;
    struct packet *packets;
    struct delay_law law;
    struct verify_facts *facts;
    double *sorted; /* excesses of those kept, without the late ones */
    size_t sorted_count;
};

void train_list_add(struct train_list *l, json_t *lines)
{
    json_t *line;
    size_t i;
    json_array_foreach(json_object_get(lines, "arrivals"), i, line)
    {
        l->arrivals = array_grow(l->arrivals, l->count, sizeof(*l->arrivals));
        l->arrivals[l->count++] = (struct train_arrival){
            .number = (uint64_t)json_integer_value(json_array_get(line, 0)),
            .at_ns = (uint64_t)json_integer_value(json_array_get(line, 1)),
            .delay_ns = json_integer_value(json_array_get(line, 2)),
            .is_damaged = json_integer_value(json_array_get(line, 3)) != 0,
        };
    }
}

void train_list_done(struct train_list *l)
{
    free(l->arrivals);
    *l = (struct train_list){0};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double quantile(const double *sorted, size_t count, double share)
{
    double at = share * ((double)count - 1), below = floor(at);
    size_t low = (size_t)below, high = low + 1 < count ? low + 1 : low;
    return sorted[low] + (sorted[high] - sorted[low]) * (at - below);
}

/* --- what came */

static void read_packets(struct reading *r)
{
    for (size_t i = 0; i < r->list->count; i++) {
        const struct train_arrival *a = &r->list->arrivals[i];
        if (a->number >= r->facts->sent)
            continue;
        struct packet *p = &r->packets[a->number];
        if (p->came) {
            r->facts->copied += p->copies++ == 0;
            continue;
        }
        *p = (struct packet){.came = true,
                             .is_damaged = a->is_damaged,
                             .delay_s = (double)a->delay_ns / 1e9,
                             .place = i};
        r->facts->received++;
        r->facts->damaged += a->is_damaged;
    }
}

static void count_losses(struct reading *r)
{
    for (uint64_t n = 0; n < r->facts->sent; n++) {
        bool begins = !r->packets[n].came && (n == 0 || r->packets[n - 1].came);
        r->facts->lost += !r->packets[n].came;
        r->facts->bursts += begins;
    }
}

static uint64_t since_start_ns(const struct reading *r, uint64_t number)
{
    return number / r->train->plan->burst * r->train->plan->gap_ns;
}

/* When the packets were sent that never came follows from those that did. */
static void expect_losses(struct reading *r)
{
    struct forecast forecast;
    uint64_t start_ns = UINT64_MAX;
    double mean = 0, variance = 0;
    r->facts->trace_lost = NAN;
    if (!path_has_trace_loss(r->train->path))
        return;
    for (size_t i = 0; i < r->list->count; i++) {
        const struct train_arrival *a = &r->list->arrivals[i];
        uint64_t sent_ns = a->at_ns - (uint64_t)a->delay_ns;
        uint64_t start = sent_ns - since_start_ns(r, a->number);
        start_ns = start < start_ns ? start : start_ns;
    }
    forecast_init(&forecast, r->train->path, r->train->origin_ns);
    for (uint64_t n = 0; n < r->facts->sent; n++) {
        double loss = forecast_loss(&forecast, start_ns + since_start_ns(r, n));
        mean += loss;
        variance += loss * (1 - loss);
    }
    forecast_done(&forecast);
    r->facts->trace_lost = mean;
    r->facts->trace_lost_sd = sqrt(variance);
}

/* --- delays */

static const struct train_arrival *arrival_of(const struct reading *r, const struct packet *p)
{
    return &r->list->arrivals[p->place];
}

/* Of packets in the order in which they were sent; copies take their part of a rate. */
static void forecast_all(struct reading *r)
{
    const uint64_t bytes = r->train->plan->payload + TRAIN_HEADERS;
    const double passage_s = (double)path_passage_ns(r->train->path, bytes) / 1e9;
    struct forecast forecast;
    double first_ns = NAN, last_ns = NAN;
    forecast_init(&forecast, r->train->path, r->train->origin_ns);
    for (uint64_t n = 0; n < r->facts->sent; n++) {
        struct packet *p = &r->packets[n];
        if (!p->came)
            continue;
        const struct train_arrival *a = arrival_of(r, p);
        uint64_t sent_ns = a->at_ns - (uint64_t)a->delay_ns;
        double at_ns = forecast_arrival(&forecast, sent_ns, bytes);
        for (unsigned i = 0; i < p->copies; i++)
            last_ns = forecast_arrival(&forecast, sent_ns, bytes);
        p->forecast_s = r->train->apart ? passage_s : (at_ns - (double)sent_ns) / 1e9;
        p->excess_s = p->delay_s - p->forecast_s;
        first_ns = isnan(first_ns) ? at_ns : first_ns;
        last_ns = p->copies ? last_ns : at_ns;
    }
    forecast_done(&forecast);
    r->facts->asked_span_s = (last_ns - first_ns) / 1e9;
}

/* How far the middle of those that skip no delay lies from where the law has it: what is below them
 * in the order of delays are those that do. */
static double shift_of(const struct reading *r)
{
    _cleanup_(freep) double *all = xcalloc(r->facts->received, sizeof(*all));
    size_t count = 0;
    for (uint64_t n = 0; n < r->facts->sent; n++)
        if (r->packets[n].came)
            all[count++] = r->packets[n].excess_s;
    qsort(all, count, sizeof(*all), by_value);
    return quantile(all, count, (1 + r->law.early) / 2) - delay_law_quantile(&r->law, 0.5);
}

static void find_early(struct reading *r)
{
    const double shift_s = shift_of(r), limit_s = r->train->limit_s;
    const double latest_s = r->law.values_s[r->law.count - 1] + shift_s + limit_s;
    for (uint64_t n = 0; n < r->facts->sent; n++) {
        struct packet *p = &r->packets[n];
        p->is_early = p->came && p->excess_s < r->law.early_below_s + shift_s; /* NAN: never */
        p->is_late = p->came && p->excess_s > latest_s;
        r->facts->early += p->is_early;
        r->facts->kept += p->came && !p->is_early;
        r->facts->late += p->is_late;
    }
    if ((double)r->facts->late <= late_share_max * (double)r->facts->kept)
        return;
    r->facts->late = 0; /* that is no accident */
    for (uint64_t n = 0; n < r->facts->sent; n++)
        r->packets[n].is_late = false;
}

/* Whether place n of the list is the first arrival of a packet that kept its place. */
static bool is_kept(const struct reading *r, size_t n, uint64_t *ret_number)
{
    *ret_number = r->list->arrivals[n].number;
    return *ret_number < r->facts->sent && r->packets[*ret_number].place == n &&
           !r->packets[*ret_number].is_early;
}

static void count_disorder(struct reading *r)
{
    uint64_t number, highest = 0, lowest = UINT64_MAX;
    for (size_t i = 0; i < r->list->count; i++) {
        if (!is_kept(r, i, &number))
            continue;
        r->facts->overtaken += number < highest;
        highest = number > highest ? number : highest;
    }
    for (size_t i = r->list->count; i-- > 0;) {
        if (!is_kept(r, i, &number))
            continue;
        r->facts->overtakers += number > lowest;
        lowest = number < lowest ? number : lowest;
    }
}

static bool counts(const struct packet *p)
{
    return p->came && !p->is_early && !p->is_late;
}

static void measure_delays(struct reading *r)
{
    struct verify_facts *f = r->facts;
    double sum = 0, squares = 0, forecasts = 0;
    r->sorted = xcalloc(f->received, sizeof(*r->sorted));
    for (uint64_t n = 0; n < f->sent; n++) {
        if (!counts(&r->packets[n]))
            continue;
        r->sorted[r->sorted_count++] = r->packets[n].excess_s;
        sum += r->packets[n].excess_s;
        forecasts += r->packets[n].forecast_s;
    }
    if (r->sorted_count == 0)
        return;
    const double count = (double)r->sorted_count;
    qsort(r->sorted, r->sorted_count, sizeof(*r->sorted), by_value);
    f->mean_s = sum / count;
    f->forecast_s = forecasts / count;
    for (size_t i = 0; i < r->sorted_count; i++)
        squares += pow(r->sorted[i] - f->mean_s, 2);
    f->sd_s = sqrt(squares / fmax(count - 1, 1));
    f->median_s = quantile(r->sorted, r->sorted_count, 0.5);
    f->spread_s = (quantile(r->sorted, r->sorted_count, 0.841) -
                   quantile(r->sorted, r->sorted_count, 0.159)) /
                  2;
}

/* The largest distance between the two distribution functions, where each value may be off by a
 * quarter of the limit of delays. */
static double distance_of(const struct reading *r, double shift_s)
{
    const double within_s = r->train->limit_s / 4, count = (double)r->sorted_count;
    double distance = 0;
    for (size_t i = 0; i < r->sorted_count; i++) {
        double value = r->sorted[i] - shift_s;
        double above = (double)(i + 1) / count - delay_law_share(&r->law, value + within_s);
        double below = delay_law_share(&r->law, value - within_s) - (double)i / count;
        distance = fmax(distance, fmax(above, below));
    }
    return distance;
}

static double score_of(const struct reading *r, double value_s)
{
    double half = 0.5 / (double)r->law.count, share = delay_law_share(&r->law, value_s) - half;
    return stats_normal_quantile(fmin(fmax(share, half), 1 - half));
}

/* Their mean is the law's, zero, not the sample's. */
static void correlate(struct reading *r, double shift_s)
{
    double products = 0, squares = 0, last = NAN;
    for (uint64_t n = 0; n < r->facts->sent; n++) {
        const struct packet *p = &r->packets[n];
        double score = counts(p) ? score_of(r, p->excess_s - shift_s) : NAN;
        if (!isnan(score) && !isnan(last)) {
            products += score * last;
            squares += (score * score + last * last) / 2;
            r->facts->neighbours++;
        }
        last = score;
    }
    r->facts->correlation = squares > 0 ? products / squares : 0;
}

static void measure_jitter(struct reading *r)
{
    double shift_s = r->facts->median_s - delay_law_quantile(&r->law, 0.5);
    r->facts->distance = distance_of(r, shift_s);
    correlate(r, shift_s);
}

/* How far 9 of 10 packets are at most from their forecast. */
static void measure_error(struct reading *r)
{
    for (size_t i = 0; i < r->sorted_count; i++)
        r->sorted[i] = fabs(r->sorted[i]);
    qsort(r->sorted, r->sorted_count, sizeof(*r->sorted), by_value);
    r->facts->error_s = quantile(r->sorted, r->sorted_count, error_share);
}

static void measure_span(struct reading *r)
{
    const struct train_list *l = r->list;
    r->facts->frames = l->count - 1;
    r->facts->span_s = (double)(l->arrivals[l->count - 1].at_ns - l->arrivals[0].at_ns) / 1e9;
}

struct verify_facts verify_facts_of(const struct verify_train *t, const struct train_list *l)
{
    struct verify_facts facts = {.sent = t->plan->count};
    struct reading r = {.train = t, .list = l, .facts = &facts};
    if (l->count == 0)
        return facts;
    r.packets = xcalloc(facts.sent + 1, sizeof(*r.packets));
    delay_law_init(&r.law, t->path);
    read_packets(&r);
    count_losses(&r);
    expect_losses(&r);
    if (facts.received > 0) {
        facts.known = true;
        forecast_all(&r);
        find_early(&r);
        count_disorder(&r);
        measure_delays(&r);
        measure_span(&r);
        if (r.sorted_count > 0 && r.law.has_jitter)
            measure_jitter(&r);
        if (r.sorted_count > 0)
            measure_error(&r);
    }
    delay_law_done(&r.law);
    free(r.packets);
    free(r.sorted);
    return facts;
}
