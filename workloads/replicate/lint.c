/* SPDX-License-Identifier: MIT */
#include "lint.h"

#include <math.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/units.h"

static const char *time_text(char *buf, double seconds)
{
    return units_format_time_short(buf, seconds * (double)NS_PER_SEC);
}

/* The round trips of one node to all the others, one after the other; unknown ones are 0. */
static double rtt_sum(const struct peers *peers, size_t node)
{
    double sum = 0;
    for (size_t i = 0; i < peers->count; i++)
        if (i != node && !isnan(peers->list[node].rtt_s[i]))
            sum += peers->list[node].rtt_s[i];
    return sum;
}

static void warn_expected(const struct parameters *p, double expected_s, struct text *ret)
{
    char expected[UNITS_TEXT_MAX], nominal[UNITS_TEXT_MAX];
    text_add(ret, "expect a main loop of %s or more instead of %s\n",
             time_text(expected, expected_s), time_text(nominal, parameters_nominal_s(p)));
}

static void lint_sequential(const struct parameters *p, const struct peers *peers, struct text *ret)
{
    double interval_s = parameters_batch_interval_s(p), worst_s = 0;
    double batches = (double)parameters_batches(p);
    size_t worst = 0;
    for (size_t i = 0; i < peers->count; i++) {
        double sum_s = rtt_sum(peers, i);
        if (sum_s > worst_s) {
            worst_s = sum_s;
            worst = i;
        }
    }
    if (worst_s <= interval_s)
        return;
    char sum[UNITS_TEXT_MAX], interval[UNITS_TEXT_MAX];
    text_add(ret,
             "mode sequential cannot keep up at '%s': its round trips add up to %s, but a batch is "
             "due every %s; ",
             peers->list[worst].name, time_text(sum, worst_s), time_text(interval, interval_s));
    double before_s = p->pacing == PACING_SLEEP ? parameters_nominal_s(p) : interval_s;
    warn_expected(p, before_s + batches * worst_s, ret);
}

static void lint_parallel(const struct parameters *p, const struct peers *peers, struct text *ret)
{
    double interval_s = parameters_batch_interval_s(p), worst_s = 0;
    double turns = ceil((double)parameters_batches(p) / p->connections);
    size_t from = 0, to = 0;
    for (size_t i = 0; i < peers->count; i++)
        for (size_t j = 0; j < peers->count; j++)
            if (i != j && peers->list[i].rtt_s[j] > worst_s) { /* never true for NaN */
                worst_s = peers->list[i].rtt_s[j];
                from = i;
                to = j;
            }
    if (worst_s <= interval_s * p->connections)
        return;
    char rtt[UNITS_TEXT_MAX], interval[UNITS_TEXT_MAX];
    text_add(ret,
             "mode parallel: the backlog grows from '%s' to '%s': a batch is due every %s, the "
             "round trip is %s, so %.1f batches fall due per round trip and %u can be sent; ",
             peers->list[from].name, peers->list[to].name, time_text(interval, interval_s),
             time_text(rtt, worst_s), worst_s / interval_s, p->connections);
    warn_expected(p, interval_s + turns * worst_s, ret);
}

struct needs lint_needs(const struct parameters *p)
{
    const uint64_t mib = 1 << 20;
    const uint64_t row = 2 * ((uint64_t)p->tuple_len + 72); /* pages are half full at worst */
    const uint64_t rows = p->inserts + (p->count - 1) * parameters_replicated(p);
    return (struct needs){
        .memory = 44 * mib + p->count * p->connections * mib / 24,
        .scratch = 32 * mib + rows * row,
    };
}

int lint_paths(const struct peers *peers, struct error *err)
{
    for (size_t i = 0; i < peers->count; i++)
        for (size_t j = i + 1; j < peers->count; j++)
            if (isnan(peers->list[i].rtt_s[j]))
                return error_input(err,
                                   "'%s' and '%s' have no direct path, but every node replicates "
                                   "to every other: join all by a wan or a network",
                                   peers->list[i].name, peers->list[j].name);
    return 0;
}

void lint_warnings(const struct parameters *p, const struct peers *peers, struct text *ret)
{
    if (p->mode == MODE_SEQUENTIAL)
        lint_sequential(p, peers, ret);
    else if (p->mode == MODE_PARALLEL)
        lint_parallel(p, peers, ret);
}
