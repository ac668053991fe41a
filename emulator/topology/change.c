/* SPDX-License-Identifier: MIT
 *
 * The values are decoded by the scenario's own decoder, into a scenario that shares everything with
 * the lab's but owns the traces and distributions that are read for the change.
 */
#include "topology/change.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "topology/distribution.h"
#include "topology/scenario_decode.h"
#include "topology/stations.h"
#include "topology/trace.h"

/* --- traces and distributions */

static void free_tables(struct scenario *s)
{
    for (size_t i = 0; i < s->distribution_count; i++)
        distribution_free(s->distributions[i]);
    for (size_t i = 0; i < s->trace_count; i++)
        trace_free(s->traces[i]);
    free(s->distributions);
    free(s->traces);
}

void change_tables_done(struct change_tables *t)
{
    struct scenario s = {.distributions = t->distributions,
                         .distribution_count = t->distribution_count,
                         .traces = t->traces,
                         .trace_count = t->trace_count};
    free_tables(&s);
    for (size_t i = 0; i < t->station_count; i++)
        free(t->stations[i]);
    free(t->stations);
    *t = (struct change_tables){0};
}

const struct stations *change_keep_stations(struct change_tables *t, struct stations *s)
{
    for (size_t i = 0; i < t->station_count; i++) {
        if (!stations_equal(t->stations[i], s))
            continue;
        free(s);
        return t->stations[i];
    }
    t->stations = array_grow(t->stations, t->station_count, sizeof(*t->stations));
    return t->stations[t->station_count++] = s;
}

/* The one that is kept of those with the same contents; consumes `d`. */
static const struct distribution *keep_distribution(struct change_tables *t, struct distribution *d)
{
    for (size_t i = 0; i < t->distribution_count; i++) {
        const struct distribution *known = t->distributions[i];
        if (known->count != d->count || strcmp(known->name, d->name) != 0 ||
            memcmp(known->values, d->values, d->count * sizeof(*d->values)) != 0)
            continue;
        distribution_free(d);
        return known;
    }
    t->distributions =
        array_grow(t->distributions, t->distribution_count, sizeof(*t->distributions));
    return t->distributions[t->distribution_count++] = d;
}

static bool same_trace(const struct trace *a, const struct trace *b)
{
    if (a->kind != b->kind || a->count != b->count || strcmp(a->path, b->path) != 0 ||
        a->has_delay != b->has_delay || a->has_loss != b->has_loss || a->has_rate != b->has_rate)
        return false;
    if (a->kind == TRACE_DELIVERY)
        return memcmp(a->deliveries, b->deliveries, a->count * sizeof(*a->deliveries)) == 0;
    for (size_t i = 0; i < a->count; i++) {
        const struct trace_row *x = &a->rows[i], *y = &b->rows[i];
        if (x->at_ns != y->at_ns || x->delay_ns != y->delay_ns || x->rate_bps != y->rate_bps ||
            x->loss != y->loss)
            return false;
    }
    return true;
}

static const struct trace *keep_trace(struct change_tables *t, struct trace *trace)
{
    for (size_t i = 0; i < t->trace_count; i++) {
        if (!same_trace(t->traces[i], trace))
            continue;
        const struct trace *known = t->traces[i];
        trace_free(trace);
        return known;
    }
    t->traces = array_grow(t->traces, t->trace_count, sizeof(*t->traces));
    return t->traces[t->trace_count++] = trace;
}

/* Moves what was read into the tables; the new impairments then refer to those. */
static void keep_tables(struct change_tables *t, struct scenario *from, struct change_wire *wires,
                        size_t count)
{
    for (size_t d = 0; d < from->distribution_count; d++) {
        const struct distribution *old = from->distributions[d];
        const struct distribution *kept = keep_distribution(t, from->distributions[d]);
        for (size_t i = 0; i < count; i++)
            if (wires[i].impairment.distribution == old)
                wires[i].impairment.distribution = kept;
    }
    for (size_t d = 0; d < from->trace_count; d++) {
        const struct trace *old = from->traces[d], *kept = keep_trace(t, from->traces[d]);
        for (size_t i = 0; i < count; i++)
            if (wires[i].impairment.trace == old)
                wires[i].impairment.trace = kept;
    }
    from->distribution_count = from->trace_count = 0;
}

/* --- what is set */

static const char *const keys[] = {WIRE_KEYS};

/* All that is set, read once for any number of wires. */
struct setting {
    struct scenario scenario; /* the lab's; but see above */
    struct yaml_document values;
    bool none[ARRAY_LEN(keys)];
    bool down, up;
};

static void setting_done(struct setting *s)
{
    free_tables(&s->scenario);
    free(s->scenario.needs_delayline);
    free(s->scenario.document.file);
    yaml_close(&s->values);
}

/* As if the key, with what can only stand beside it, were not there. */
static void unset(const char *key, struct impairment *io)
{
    if (strcmp(key, "delay") == 0)
        io->delay_ns = 0;
    if (strcmp(key, "jitter") == 0) {
        io->jitter_ns = 0;
        io->order_free = false;
    }
    if (strcmp(key, "jitter") == 0 || strcmp(key, "distribution") == 0)
        io->distribution = NULL;
    if (strcmp(key, "jitter") == 0 || strcmp(key, "correlation") == 0)
        io->jitter_correlation = 0;
    if (strcmp(key, "loss") == 0) {
        io->loss = 0;
        io->loss_model = LOSS_RANDOM;
        memset(io->loss_parameters, 0, sizeof(io->loss_parameters));
    }
    if (strcmp(key, "duplicate") == 0)
        io->duplicate = (struct chance){0};
    if (strcmp(key, "corrupt") == 0)
        io->corrupt = (struct chance){0};
    if (strcmp(key, "reorder") == 0) {
        io->reorder = (struct chance){0};
        io->reorder_gap = 0;
        io->order_free = false;
    }
    if (strcmp(key, "trace") == 0) {
        io->trace = NULL;
        io->trace_hold = false;
    }
}

static void unset_rate(const char *key, struct impairment *io)
{
    const bool all = strcmp(key, "rate") == 0;
    if (all)
        io->rate_bps = 0;
    if (all || strcmp(key, "overhead") == 0)
        io->framing.overhead = 0;
    if (all || strcmp(key, "cell") == 0)
        io->framing.cell = 0;
    if (all || strcmp(key, "cell") == 0 || strcmp(key, "cell_overhead") == 0)
        io->framing.cell_overhead = 0;
    if (all || strcmp(key, "queue") == 0) {
        io->queue = (struct queue_limit){.drop_head = io->queue.drop_head};
        io->queue_by_default = true;
    }
    if (all || strcmp(key, "drop") == 0)
        io->queue.drop_head = false;
}

static int read_value(struct setting *s, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return error_input(err, "'%.60s' is neither KEY=VALUE nor 'down' or 'up'", text);
    _cleanup_(freep) char *key = xasprintf("%.*s", (int)(equals - text), text);
    if (yaml_get(s->values.root, key))
        return error_input(err, "%.60s: '%s' is set already", text, key);
    for (size_t i = 0; i < ARRAY_LEN(keys) && strcmp(equals + 1, "none") == 0; i++) {
        if (strcmp(key, keys[i]) != 0)
            continue;
        s->none[i] = true;
        return 0;
    }
    return yaml_override_as(&s->values, text, key, equals + 1, err);
}

static int refuse_both(const struct setting *s, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (s->none[i] && yaml_get(s->values.root, keys[i]))
            return error_input(err, "found '%s' both with a value and as none", keys[i]);
    if (s->down && s->up)
        return error_input(err, "found both 'down' and 'up', expected one of them");
    return 0;
}

static int setting_read(struct setting *ret, const struct change *c, const char *const *sets,
                        size_t count, struct error *err)
{
    struct text label = {0};
    *ret = (struct setting){.scenario = *c->plan->scenario};
    struct scenario *s = &ret->scenario;
    s->distributions = NULL;
    s->traces = NULL;
    s->distribution_count = s->trace_count = 0;
    s->needs_delayline = NULL;
    s->engine = c->plan->engine;
    s->delay_scale = 1; /* a person means the delay that is said */
    s->document.file = xstrdup(c->folder);
    for (size_t i = 0; i < count; i++)
        text_add(&label, "%s%s", i ? " " : "", sets[i]);
    int r = yaml_parse(label.data ? label.data : "", "{}", 2, &ret->values, err);
    text_done(&label);
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (strcmp(sets[i], "down") == 0)
            ret->down = true;
        else if (strcmp(sets[i], "up") == 0)
            ret->up = true;
        else
            r = read_value(ret, sets[i], err);
    }
    if (r < 0)
        return r;
    ret->values.root->mark.line = 0; /* it has no place in a file */
    r = yaml_expect_map(ret->values.root, "a wire", keys, ARRAY_LEN(keys), err);
    return r < 0 ? r : refuse_both(ret, err);
}

/* What is asked of one wire from then on. */
static int set_wire(struct setting *s, const struct wire *w, struct impairment *io,
                    struct error *err)
{
    static const enum wire_place places[] = {[WIRE_LINK] = IN_LINK,
                                             [WIRE_WAN] = IN_WAN,
                                             [WIRE_UPLINK] = IN_NETWORK,
                                             [WIRE_DOWNLINK] = IN_NETWORK};
    const struct yaml *maps[] = {s->values.root};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (!s->none[i])
            continue;
        unset(keys[i], io);
        unset_rate(keys[i], io);
    }
    if (s->down || s->up)
        io->cut = s->down;
    int r = scenario_decode_impairment(&s->scenario, s->values.root, io, err);
    if (r < 0)
        return r;
    if (io->queue_by_default)
        io->queue.size = 0;
    r = scenario_finish_wire(&s->scenario, maps, 1, places[w->kind], io, err);
    return r < 0 ? error_wrap(err, "wire '%s'", w->name) : 0;
}

/* --- the change */

void change_init(struct change *c, const struct plan *plan, const struct impairment *now,
                 struct change_tables *tables, const char *folder)
{
    *c = (struct change){.plan = plan, .now = now, .tables = tables, .folder = folder};
    c->place = xcalloc(plan_wires(plan), sizeof(*c->place));
}

void change_done(struct change *c)
{
    free(c->wires);
    free(c->place);
    *c = (struct change){0};
}

static void put_wires(struct change *c, const struct change_wire *wires, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned *place = &c->place[wires[i].wire];
        if (*place == 0) {
            c->wires = array_grow(c->wires, c->count, sizeof(*c->wires));
            *place = (unsigned)++c->count;
        }
        c->wires[*place - 1] = wires[i];
    }
}

int change_add(struct change *c, const char *const *words, size_t word_count,
               const char *const *sets, size_t set_count, struct error *err)
{
    const size_t all = plan_wires(c->plan);
    _cleanup_(freep) bool *named = xcalloc(all, sizeof(*named));
    _cleanup_(freep) struct change_wire *wires = NULL;
    size_t count = 0;
    if (word_count == 0)
        return error_input(err, "expected a wire such as 'a-b', a node, a group, a network or "
                                "'all' to change");
    if (set_count == 0)
        return error_input(err, "expected KEY=VALUE, 'down' or 'up' behind '%.60s'",
                           words[word_count - 1]);
    int r = 0;
    for (size_t i = 0; r == 0 && i < word_count; i++)
        r = change_select(c->plan, words[i], named, err);
    if (r < 0)
        return r;
    _cleanup_(setting_done) struct setting setting;
    r = setting_read(&setting, c, sets, set_count, err);
    for (unsigned i = 0; r == 0 && i < all; i++) {
        if (!named[i])
            continue;
        wires = array_grow(wires, count, sizeof(*wires));
        wires[count] =
            (struct change_wire){i, c->place[i] ? c->wires[c->place[i] - 1].impairment : c->now[i]};
        r = set_wire(&setting, &c->plan->wires[i], &wires[count++].impairment, err);
    }
    if (r < 0)
        return r;
    keep_tables(c->tables, &setting.scenario, wires, count);
    put_wires(c, wires, count);
    return 0;
}
