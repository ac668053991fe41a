/* SPDX-License-Identifier: MIT */
#include "experiment/account.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "topology/loss_law.h"

static uint64_t count_of(json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static uint64_t since(json_t *before, json_t *after, const char *key)
{
    uint64_t old = count_of(before, key), new = count_of(after, key);
    return new > old ? new - old : 0;
}

uint64_t account_excess(uint64_t lost, uint64_t sent, double loss, double variance)
{
    const double sigmas = 3.72; /* of a normal distribution's upper tail of 1 in 10,000 */
    double mean = (double)sent * loss, sd = sqrt((double)sent * variance);
    double most = ceil(mean + sigmas * sd + (loss > 0));
    return (double)lost > most ? lost - (uint64_t)most : 0;
}

static void read_histogram(json_t *lateness, struct histogram *ret)
{
    json_t *buckets = json_object_get(lateness, "buckets_ns"), *bucket;
    size_t i;
    json_array_foreach(buckets, i, bucket)
        histogram_record_many(ret, (uint64_t)json_integer_value(json_array_get(bucket, 0)),
                              (uint64_t)json_integer_value(json_array_get(bucket, 1)));
    if (ret->count == 0)
        return;
    ret->sum = json_number_value(json_object_get(lateness, "mean_s")) * 1e9 * (double)ret->count;
    ret->max = (uint64_t)(json_number_value(json_object_get(lateness, "max_s")) * 1e9);
}

static void read_lateness(struct account *a, json_t *before, json_t *after)
{
    json_t *old = json_object_get(before, "lateness"), *new = json_object_get(after, "lateness");
    struct histogram *earlier = xcalloc(1, sizeof(*earlier));
    a->has_lateness = new != NULL;
    read_histogram(new, &a->lateness);
    read_histogram(old, earlier);
    histogram_subtract(&a->lateness, earlier);
    free(earlier);
    a->taps = since(old, new, "tap_drops");
    a->memory = since(old, new, "no_memory");
    a->refused = since(old, new, "write_errors");
}

/* What the engine counts of chance, if it does. */
static void add_chances(json_t *wire, json_t *old, json_t *new)
{
    static const char *const counters[] = {"duplicated", "corrupted", "reordered"};
    for (size_t i = 0; i < ARRAY_LEN(counters); i++)
        if (json_object_get(new, counters[i]))
            json_object_set_new(wire, counters[i],
                                json_integer((json_int_t)since(old, new, counters[i])));
}

/* One wire, as it was asked for and as it was. A delay without a lateness is not known here. */
static json_t *describe_wire(json_t *old, json_t *new, uint64_t lost, uint64_t queue_drops)
{
    json_t *asked = json_object_get(new, "asked"), *before = json_object_get(old, "asked");
    const uint64_t packets = since(old, new, "packets"), sent = packets + lost + queue_drops;
    json_t *wire =
        json_pack("{s:O? s:O? s:O? s:O? s:O? s:I s:I s:I s:I}", "name",
                  json_object_get(new, "name"), "delay_s", json_object_get(new, "delay_s"), "loss",
                  json_object_get(new, "loss"), "rate_bps", json_object_get(new, "rate_bps"),
                  "queue_packets", json_object_get(new, "queue_packets"), "packets",
                  (json_int_t)packets, "bytes", (json_int_t)since(old, new, "bytes"), "lost",
                  (json_int_t)lost, "queue_drops", (json_int_t)queue_drops);
    add_chances(wire, old, new);
    if (asked)
        json_object_set(wire, "asked", asked);
    if ((before && !json_equal(before, asked)) || json_object_get(new, "asked_at_start") ||
        since(old, new, "changes") > 0)
        json_object_set_new(wire, "changed", json_true());
    if (sent > 0)
        json_object_set_new(wire, "loss_achieved", json_real((double)lost / (double)sent));
    double old_packets = (double)count_of(old, "packets"),
           late = json_number_value(json_object_get(new, "late_mean_s")) *
                      (double)count_of(new, "packets") -
                  json_number_value(json_object_get(old, "late_mean_s")) * old_packets;
    if (packets > 0 && json_object_get(new, "late_mean_s")) {
        double delay_s = json_number_value(json_object_get(new, "delay_s"));
        json_object_set_new(wire, "delay_achieved_s",
                            json_real(delay_s + fmax(0, late / (double)packets)));
        json_object_set(wire, "late_max_s", json_object_get(new, "late_max_s"));
    }
    return wire;
}

static double loss_variance(const struct impairment *i, double loss)
{
    return i ? loss_law_of(&(struct path){.wires = &i, .wire_count = 1}).share_variance
             : loss * (1 - loss);
}

/* `i` is NULL where no plan is at hand. */
static void read_wire(struct account *a, json_t *old, json_t *new, const struct impairment *i)
{
    const bool has_rate = count_of(new, "rate_bps") > 0 || (i && i->trace && impairment_rate(i));
    uint64_t packets = since(old, new, "packets"), lost = since(old, new, "lost");
    uint64_t queue_drops = since(old, new, "queue_drops");
    if (json_object_get(new, "drops")) { /* netem: by chance or by the queue */
        uint64_t drops = since(old, new, "drops");
        double loss = json_number_value(json_object_get(new, "loss"));
        queue_drops = account_excess(drops, packets + drops, loss, loss_variance(i, loss));
        lost = drops - queue_drops;
    }
    a->packets += packets;
    if (!has_rate)
        a->queues += queue_drops;
    json_array_append_new(a->wires, describe_wire(old, new, lost, queue_drops));
}

/* A wire in the earlier status: mostly in the same place, but some come in by their first change.
 */
static json_t *find_wire(json_t *wires, size_t place, json_t *name)
{
    json_t *wire = json_array_get(wires, place);
    size_t i;
    if (json_equal(json_object_get(wire, "name"), name))
        return wire;
    json_array_foreach(wires, i,
                       wire) if (json_equal(json_object_get(wire, "name"), name)) return wire;
    return NULL;
}

struct account *account_between(json_t *before, json_t *after, const struct plan *plan)
{
    struct account *a = xcalloc(1, sizeof(*a));
    json_t *old = json_object_get(before, "wires"), *wire;
    size_t i;
    a->wires = json_array();
    read_lateness(a, before, after);
    a->ports = since(before, after, "port_drops");
    json_array_foreach(json_object_get(after, "wires"), i, wire)
        read_wire(a, find_wire(old, i, json_object_get(wire, "name")), wire,
                  plan && i < plan->wire_count ? &plan->wires[i].impairment : NULL);
    return a;
}

void account_free(struct account *a)
{
    if (!a)
        return;
    json_decref(a->wires);
    free(a->worst);
    free(a);
}

uint64_t account_unasked_drops(const struct account *a)
{
    return a->queues + a->taps + a->memory + a->refused + a->ports;
}

double account_unasked_share(const struct account *a)
{
    uint64_t drops = account_unasked_drops(a);
    return drops ? (double)drops / (double)(a->packets + drops) : 0;
}

char *account_describe_drops(const struct account *a)
{
    const struct {
        uint64_t count;
        const char *what;
    } causes[] = {
        {a->queues, "found the queue of a wire without a rate full"},
        {a->taps, "came faster than the delay line could take them"},
        {a->memory, "found the delay line's memory used up"},
        {a->refused, "were refused by an interface that is down or gone"},
        {a->ports, "came faster than a node's kernel could take them"},
    };
    struct text text = {0};
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (causes[i].count > 0)
            text_add(&text, "%s%llu %s", text.len ? ", " : "", (unsigned long long)causes[i].count,
                     causes[i].what);
    return text.data ? text.data : xstrdup("none");
}

json_t *account_describe(const struct account *a)
{
    const struct histogram *h = &a->lateness;
    json_t *drops = json_pack("{s:I s:I s:I s:I s:I}", "queue_without_rate", (json_int_t)a->queues,
                              "tap", (json_int_t)a->taps, "memory", (json_int_t)a->memory,
                              "refused", (json_int_t)a->refused, "node", (json_int_t)a->ports);
    json_t *all = json_pack("{s:I s:o s:f}", "packets", (json_int_t)a->packets, "unasked_drops",
                            drops, "unasked_share", account_unasked_share(a));
    if (!a->has_lateness)
        return all;
    json_t *buckets = json_array();
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (h->bucket[i])
            json_array_append_new(buckets, json_pack("[I,I]", (json_int_t)histogram_bucket_top(i),
                                                     (json_int_t)h->bucket[i]));
    json_object_set_new(all, "lateness",
                        json_pack("{s:I s:f s:f s:f s:f s:f s:o}", "packets", (json_int_t)h->count,
                                  "mean_s", histogram_mean(h) / 1e9, "p50_s",
                                  (double)histogram_quantile(h, 0.5) / 1e9, "p99_s",
                                  (double)histogram_quantile(h, 0.99) / 1e9, "p999_s",
                                  (double)histogram_quantile(h, 0.999) / 1e9, "max_s",
                                  (double)h->max / 1e9, "buckets_ns", buckets));
    return all;
}
