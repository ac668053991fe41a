/* SPDX-License-Identifier: MIT
 *
 * What the keys of one wire have to be together.
 */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "topology/scenario_decode.h"
#include "topology/trace.h"

enum { ETHERNET_HEADER = 14 };

/* Where a wire's values come from, the most general map first. */
struct source {
    const struct yaml *const *maps;
    size_t count;
};

static const struct yaml *find_value(const struct source *from, const char *key)
{
    for (size_t i = from->count; i-- > 0;) {
        const struct yaml *value = yaml_get(from->maps[i], key);
        if (value)
            return value;
    }
    return NULL;
}

static const struct mark *place_of(const struct source *from, const char *key)
{
    const struct yaml *value = find_value(from, key);
    return value ? &value->mark : &from->maps[0]->mark;
}

/* The first of the keys that the file has although what it belongs to is not there. */
static int refuse_alone(const struct source *from, const char *const *keys, size_t count,
                        const char *missing, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct yaml *value = find_value(from, keys[i]);
        if (value)
            return yaml_error(err, &value->mark, "found '%s' without %s", keys[i], missing);
    }
    return 0;
}

static int check_jitter(const struct source *from, const struct impairment *i, struct error *err)
{
    static const char *const belongings[] = {"distribution", "correlation"};
    const bool by_trace = i->trace && i->trace->has_delay;
    const uint64_t delay = by_trace ? i->trace->delay_min_ns : i->delay_ns;
    char jitter_text[UNITS_TEXT_MAX], delay_text[UNITS_TEXT_MAX];
    if (i->jitter_ns == 0) {
        if (i->order_free)
            return yaml_error(err, place_of(from, "reorder"),
                              "found reordering by jitter without 'jitter'");
        return refuse_alone(from, belongings, ARRAY_LEN(belongings), "'jitter'", err);
    }
    if (i->jitter_ns > delay && !i->order_free && i->reorder.probability == 0)
        return yaml_error(err, place_of(from, "jitter"),
                          "found a jitter of %s above the delay of %s, expected at most the delay, "
                          "or 'reorder: jitter'",
                          units_format_time(jitter_text, i->jitter_ns),
                          units_format_time(delay_text, delay));
    return 0;
}

static int check_reorder(const struct source *from, const struct impairment *i, struct error *err)
{
    bool has_delay = i->delay_ns > 0 || (i->trace && i->trace->has_delay);
    if (i->reorder.probability > 0 && !has_delay)
        return yaml_error(err, place_of(from, "reorder"),
                          "found reordering without a delay that a packet could skip");
    return 0;
}

static int check_trace(const struct source *from, const struct impairment *i, struct error *err)
{
    const struct trace *t = i->trace;
    if (!t)
        return 0;
    const struct {
        bool both;
        const char *key;
    } conflicts[] = {
        {t->rate_bps > 0 && i->rate_bps > 0, "rate"},
        {t->has_delay && i->delay_ns > 0, "delay"},
        {t->has_loss && i->loss > 0, "loss"},
    };
    for (size_t n = 0; n < ARRAY_LEN(conflicts); n++)
        if (conflicts[n].both)
            return yaml_error(err, place_of(from, conflicts[n].key),
                              "found a %s beside a trace that has one, expected one of them",
                              conflicts[n].key);
    return 0;
}

/* The MTU of the link, network or wan that the wire belongs to, the first of its maps. What is
 * wrong with it is said elsewhere. */
static uint32_t mtu_of(const struct source *from)
{
    unsigned mtu = 1500;
    struct error ignored;
    scenario_decode_mtu(from->maps[0], &mtu, &ignored);
    return mtu;
}

static int check_queue(const struct source *from, const struct impairment *i, struct error *err)
{
    const struct queue_limit *q = &i->queue;
    char text[UNITS_TEXT_MAX];
    const uint32_t frame = mtu_of(from) + ETHERNET_HEADER;
    const double frame_ns =
        (double)impairment_cost(&i->framing, frame) * 8e9 / (double)impairment_rate(i);
    if (q->unit == QUEUE_BYTES && q->size > 0 && q->size < frame)
        return yaml_error(err, place_of(from, "queue"),
                          "found a queue smaller than one packet, expected at least %uB", frame);
    if (q->unit == QUEUE_TIME && q->size > 0 && (double)q->size < frame_ns)
        return yaml_error(
            err, place_of(from, "queue"),
            "found a queue shorter than one packet, expected at least the %s that one "
            "needs at this rate",
            units_format_time_short(text, frame_ns));
    return 0;
}

static int check_rate(const struct source *from, const struct impairment *i, struct error *err)
{
    static const char *const belongings[] = {"queue", "drop", "overhead", "cell", "cell_overhead"};
    if (!impairment_has_rate(i))
        return refuse_alone(from, belongings, ARRAY_LEN(belongings), "'rate'", err);
    if (i->framing.cell == 0 && i->framing.cell_overhead)
        return refuse_alone(from, belongings + 4, 1, "'cell'", err);
    return check_queue(from, i, err);
}

int scenario_need_delayline(struct scenario *s, const struct mark *mark, const char *key,
                            const char *why, struct error *err)
{
    char place[SCENARIO_PLACE_MAX];
    if (s->engine == ENGINE_NETEM)
        return yaml_error(err, mark, "'%s': the engine netem %s, expected engine delayline or auto",
                          key, why);
    if (!s->needs_delayline)
        s->needs_delayline = xasprintf("netem %s: '%s', %s", why, key, scenario_place(place, mark));
    return 0;
}

static int check_engine(struct scenario *s, const struct source *from, const struct impairment *i,
                        enum wire_place place, struct error *err)
{
    const char *key, *why = impairment_netem_lacks(i, &key);
    if (!why && place == IN_WAN && i->duplicate.probability > 0) {
        key = "duplicate"; /* recent kernels refuse such a netem beside others */
        why = "cannot duplicate in a wan";
    }
    return why ? scenario_need_delayline(s, place_of(from, key), key, why, err) : 0;
}

/* `delay_scale` may take all delay away: what belongs to it is checked before. */
static int scale_delay(const struct scenario *s, const struct source *from, struct impairment *io,
                       struct error *err)
{
    if (s->delay_scale != 1 && io->trace && io->trace->has_delay)
        return yaml_error(err, place_of(from, "trace"),
                          "found a trace of delays beside 'delay_scale', expected one of them");
    io->delay_ns = (uint64_t)llround((double)io->delay_ns * s->delay_scale);
    io->jitter_ns = (uint64_t)llround((double)io->jitter_ns * s->delay_scale);
    return 0;
}

int scenario_finish_wire(struct scenario *s, const struct yaml *const *maps, size_t count,
                         enum wire_place place, struct impairment *io, struct error *err)
{
    const struct source from = {maps, count};
    int r = check_jitter(&from, io, err);
    if (r == 0)
        r = check_reorder(&from, io, err);
    if (r == 0)
        r = check_trace(&from, io, err);
    if (r == 0)
        r = check_rate(&from, io, err);
    if (r == 0)
        r = scale_delay(s, &from, io, err);
    if (r == 0)
        r = check_engine(s, &from, io, place, err);
    if (r == 0 && io->queue.size == 0) {
        io->queue_by_default = true;
        io->queue.size = impairment_default_queue(io, mtu_of(&from));
    }
    return r;
}
