/* SPDX-License-Identifier: MIT
 *
 * A wire in words: netem's, as tc takes them, and the scenario's.
 */
#include <inttypes.h>

#include "base/units.h"
#include "topology/distribution.h"
#include "topology/impairment.h"
#include "topology/stations.h"
#include "topology/trace.h"

static void print_share(FILE *out, const char *word, double share)
{
    char text[UNITS_TEXT_MAX];
    fprintf(out, " %s%s%s", word, *word ? " " : "", units_format_share(text, share));
}

static void print_netem_loss(const struct impairment *i, FILE *out)
{
    const double *p = i->loss_parameters;
    double ge[2];
    if (i->cut) {
        print_share(out, "loss", 1);
    } else if (i->loss_model == LOSS_GEMODEL || i->loss_model == LOSS_STATE) {
        static const char *const words[] = {[LOSS_GEMODEL] = "gemodel", [LOSS_STATE] = "state"};
        fprintf(out, " loss %s", words[i->loss_model]);
        for (int n = 0; n < (i->loss_model == LOSS_GEMODEL ? 4 : 5); n++)
            print_share(out, "", p[n]);
    } else if (i->loss > 0 && p[0] > 0) {
        impairment_correlated_loss(i, &ge[0], &ge[1]);
        fprintf(out, " loss gemodel");
        print_share(out, "", ge[0]);
        print_share(out, "", ge[1]);
    } else if (i->loss > 0) {
        print_share(out, "loss", i->loss);
    }
}

static void print_netem_rate(uint64_t rate_bps, const struct framing *f, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    fprintf(out, " rate %s", units_format_rate(text, rate_bps));
    if (f->overhead || f->cell)
        fprintf(out, " %d", f->overhead);
    if (f->cell)
        fprintf(out, " %u %d", f->cell, f->cell_overhead);
}

void impairment_print_netem(const struct impairment *i, uint32_t limit, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    fprintf(out, "netem limit %u", limit);
    if (i->delay_ns || i->jitter_ns)
        fprintf(out, " delay %s", units_format_time(text, i->delay_ns));
    if (i->jitter_ns)
        fprintf(out, " %s", units_format_time(text, i->jitter_ns));
    if (i->distribution)
        fprintf(out, " distribution %s", i->distribution->name);
    print_netem_loss(i, out);
    if (i->duplicate.probability > 0)
        print_share(out, "duplicate", i->duplicate.probability);
    if (i->corrupt.probability > 0)
        print_share(out, "corrupt", i->corrupt.probability);
    if (i->reorder.probability > 0)
        print_share(out, "reorder", i->reorder.probability);
    if (i->reorder_gap > 1)
        fprintf(out, " gap %u", i->reorder_gap);
    uint64_t rate = impairment_netem_rate(i);
    if (rate)
        print_netem_rate(rate, &i->framing, out);
}

/* "KEY 1%", or "KEY 1% correlation 25%". */
static void print_chance(const char *key, const struct chance *c, FILE *out)
{
    if (c->probability == 0)
        return;
    fputc(',', out);
    print_share(out, key, c->probability);
    if (c->correlation > 0)
        print_share(out, "correlation", c->correlation);
}

static void print_loss(const struct impairment *i, FILE *out)
{
    static const char *const names[2][LOSS_PARAMETERS_MAX] = {{"p", "r", "1-h", "1-k"},
                                                              {"p13", "p31", "p32", "p23", "p14"}};
    static const char *const words[] = {[LOSS_GEMODEL] = "gemodel", [LOSS_STATE] = "state"};
    if (i->loss_model == LOSS_RANDOM) {
        print_chance("loss", &(struct chance){i->loss, i->loss_parameters[0]}, out);
        return;
    }
    fprintf(out, ", loss %s", words[i->loss_model]);
    const char *const *name = names[i->loss_model == LOSS_STATE];
    for (int n = 0; n < LOSS_PARAMETERS_MAX && name[n]; n++)
        print_share(out, name[n], i->loss_parameters[n]);
}

static void print_jitter(const struct impairment *i, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (i->jitter_ns == 0)
        return;
    fprintf(out, ", jitter %s", units_format_time(text, i->jitter_ns));
    fprintf(out, " %s", i->distribution ? i->distribution->name : "uniform");
    if (i->jitter_correlation > 0)
        print_share(out, "correlation", i->jitter_correlation);
}

static void print_queue(const struct queue_limit *q, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (q->unit == QUEUE_TIME)
        fprintf(out, ", queue %s", units_format_time(text, q->size));
    else
        fprintf(out, ", queue %" PRIu64 "%s", q->size, q->unit == QUEUE_BYTES ? "B" : "packets");
    if (q->drop_head)
        fputs(" drop head", out);
}

void impairment_print(const struct impairment *i, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    const struct framing *f = &i->framing;
    if (i->refused)
        fprintf(out, "deaf to %zu of the members, ", i->refused->count);
    fprintf(out, "%sdelay %s", i->cut ? "down, " : "", units_format_time(text, i->delay_ns));
    print_jitter(i, out);
    print_loss(i, out);
    print_chance("duplicate", &i->duplicate, out);
    print_chance("corrupt", &i->corrupt, out);
    print_chance("reorder", &i->reorder, out);
    if (i->reorder_gap > 1)
        fprintf(out, " gap %u", i->reorder_gap);
    if (i->order_free)
        fputs(", order free", out);
    if (i->rate_bps)
        fprintf(out, ", rate %s", units_format_rate(text, i->rate_bps));
    if (f->overhead)
        fprintf(out, " overhead %dB", f->overhead);
    if (f->cell)
        fprintf(out, " cell %uB + %dB", f->cell, f->cell_overhead);
    if (i->trace)
        fprintf(out, ", trace %s%s", i->trace->path, i->trace_hold ? " held at its end" : "");
    if (i->queue.size > 0)
        print_queue(&i->queue, out);
}
