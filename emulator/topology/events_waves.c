/* SPDX-License-Identifier: MIT
 *
 * Wires that change step by step: ramps, and links that flap.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "topology/events_internal.h"
#include "topology/scenario_decode.h"

enum { STEPS_MAX = 10000, STEPS_DEFAULT = 10 };

/* --- ramps */

enum quantity { TIME, SHARE, RATE };

struct slope {
    const char *key;
    enum quantity quantity;
    bool used;
    double from, to;
};

static int read_quantity(const struct yaml *node, enum quantity q, double *ret, struct error *err)
{
    uint64_t whole = 0;
    int r = yaml_expect_scalar(node, "an end of a ramp", err);
    if (r < 0)
        return r;
    if (q == SHARE)
        r = units_parse_share(node->scalar, ret, err);
    else
        r = q == TIME ? units_parse_time(node->scalar, &whole, err)
                      : units_parse_rate(node->scalar, &whole, err);
    if (r < 0)
        return yaml_wrap(err, &node->mark);
    if (q != SHARE)
        *ret = (double)whole;
    return 0;
}

static int read_slope(const struct yaml *map, struct slope *s, struct error *err)
{
    const struct yaml *ends = yaml_get(map, s->key);
    if (!ends)
        return 0;
    int r = yaml_expect_list(ends, "the ends of a ramp", err);
    if (r == 0 && ends->count != 2)
        r = yaml_error(err, &ends->mark, "found %zu values, expected two: [from, to]", ends->count);
    if (r == 0)
        r = read_quantity(ends->items[0], s->quantity, &s->from, err);
    s->used = r == 0;
    return r < 0 ? r : read_quantity(ends->items[1], s->quantity, &s->to, err);
}

static void put_value(json_t *link, const struct slope *s, double share)
{
    char text[UNITS_TEXT_MAX];
    const double value = s->from + (s->to - s->from) * share;
    if (s->quantity == SHARE)
        units_format_share(text, (double)(int64_t)(value * 1e9 + 0.5) / 1e9);
    else if (s->quantity == TIME)
        units_format_time(text, (uint64_t)(value + 0.5));
    else
        units_format_rate(text, (uint64_t)(value + 0.5));
    json_object_set_new(link, s->key, json_string(text));
}

static int add_steps(struct events_entry *e, json_t *wires, const struct slope *slopes,
                     size_t count, uint64_t over_ns, uint64_t steps, struct error *err)
{
    int r = 0;
    for (uint64_t i = 0; r == 0 && i <= steps; i++) {
        json_t *link = json_pack("{s:O}", "wires", wires);
        for (size_t k = 0; k < count; k++)
            if (slopes[k].used)
                put_value(link, &slopes[k], (double)i / (double)steps);
        const uint64_t at_ns = e->at_ns + (uint64_t)((double)over_ns * (double)i / (double)steps);
        r = schedule_add(e, EVENT_LINK, at_ns, json_pack("{s:o}", "link", link), err);
    }
    return r;
}

int events_read_ramp(struct events_entry *e, const struct yaml *map, struct error *err)
{
    static const char *const keys[] = {"ends",  "wires",  "over", "steps",
                                       "delay", "jitter", "loss", "rate"};
    struct slope slopes[] = {{.key = "delay", .quantity = TIME},
                             {.key = "jitter", .quantity = TIME},
                             {.key = "loss", .quantity = SHARE},
                             {.key = "rate", .quantity = RATE}};
    uint64_t over_ns = 0, steps = STEPS_DEFAULT;
    json_t *wires = NULL;
    bool any = false;
    int r = yaml_expect_map(map, "a ramp", keys, ARRAY_LEN(keys), err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(slopes); i++) {
        r = read_slope(map, &slopes[i], err);
        any |= slopes[i].used;
    }
    if (r == 0 && (!any || !yaml_get(map, "over")))
        r = yaml_error(err, &map->mark,
                       "expected a ramp such as {ends: [a, b], delay: [10ms, "
                       "100ms], over: 5s}");
    if (r == 0)
        r = events_time(map, "over", NS_PER_MS, &over_ns, err);
    if (r == 0 && yaml_get(map, "steps"))
        r = scenario_decode_integer(yaml_get(map, "steps"), "the number of steps", 1, STEPS_MAX,
                                    &steps, err);
    if (r == 0)
        r = events_wires(map, &wires, err);
    if (r == 0)
        r = add_steps(e, wires, slopes, ARRAY_LEN(slopes), over_ns, steps, err);
    json_decref(wires);
    return r;
}

/* --- flaps */

static int add_flap(struct events_entry *e, uint64_t at_ns, json_t *wires, bool down,
                    struct error *err)
{
    return schedule_add(e, EVENT_LINK, at_ns,
                        json_pack("{s:{s:O s:b}}", "link", "wires", wires, down ? "down" : "up", 1),
                        err);
}

int events_read_flap(struct events_entry *e, const struct yaml *map, struct error *err)
{
    static const char *const keys[] = {"ends", "wires", "period", "down"};
    const struct yaml *share = yaml_get(map, "down");
    uint64_t period_ns = 0;
    double down = 0.5;
    json_t *wires = NULL;
    int r = yaml_expect_map(map, "a link that flaps", keys, ARRAY_LEN(keys), err);
    if (r == 0 && (!yaml_get(map, "period") || e->for_ns == 0))
        r = yaml_error(err, &map->mark,
                       "expected {at: 5s, for: 10s, flap: {ends: [a, b], period: "
                       "2s, down: 50%%}}");
    if (r == 0)
        r = events_time(map, "period", 2 * NS_PER_MS, &period_ns, err);
    if (r == 0 && share)
        r = yaml_expect_scalar(share, "the share of the time in which it is down", err);
    if (r == 0 && share && units_parse_share(share->scalar, &down, err) < 0)
        return yaml_wrap(err, &share->mark);
    if (r == 0 && !(down > 0 && down < 1))
        r = yaml_error(err, &share->mark, "expected a share of the time between 0%% and 100%%");
    if (r == 0)
        r = events_wires(map, &wires, err);
    const uint64_t end_ns = e->at_ns + e->for_ns;
    for (uint64_t at_ns = e->at_ns; r == 0 && at_ns < end_ns; at_ns += period_ns) {
        const uint64_t up_ns = at_ns + (uint64_t)((double)period_ns * down);
        r = add_flap(e, at_ns, wires, true, err);
        if (r == 0)
            r = add_flap(e, up_ns < end_ns ? up_ns : end_ns, wires, false, err);
    }
    json_decref(wires);
    return r;
}
