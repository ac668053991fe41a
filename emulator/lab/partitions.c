/* SPDX-License-Identifier: MIT
 *
 * Partitions of a running lab. Each holds a set of wires; a wire lets nothing through as long as
 * any holds it. What is asked of it beside that stays what it was, may be changed meanwhile, and
 * holds again when the last of them is healed.
 *
 * Also what a person says of events: it is taken apart here, where the lab's names are known.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "lab/supervisor.h"
#include "topology/events.h"
#include "topology/partition.h"

struct held_partition {
    char *name;
    bool *wires;
};

static const struct held_partition *find(const struct links *l, const char *name)
{
    for (size_t i = 0; i < l->partition_count; i++)
        if (strcmp(l->partitions[i].name, name) == 0)
            return &l->partitions[i];
    return NULL;
}

/* The wires of a partition are held once more, or once less. */
static void hold(struct links *l, size_t count, const bool *wires, int more)
{
    for (size_t i = 0; i < count; i++)
        if (wires[i])
            l->cut[i] += (unsigned)more;
}

/* Makes the wires what they are to be now; each stays as it is asked. */
static int apply(struct supervisor *s, const bool *wires, char *what, json_t *request,
                 json_t *answer, struct error *err)
{
    struct links *l = &s->links;
    const struct plan *p = s->tree->plan;
    const bool scheduled = json_is_true(json_object_get(request, "scheduled"));
    _cleanup_(freep) char *words_text = what;
    struct wire_switch when;
    struct change change;
    change_init(&change, p, l->asked, &l->tables, "");
    for (unsigned i = 0; i < plan_wires(p); i++) {
        if (!wires[i])
            continue;
        change.wires = array_grow(change.wires, change.count, sizeof(*change.wires));
        change.wires[change.count++] = (struct change_wire){i, l->asked[i]};
    }
    json_t *words = json_pack("[{s:[s]}]", "wires", words_text);
    int r = links_apply(s, &change, words, scheduled, &when, err);
    if (r == 0) {
        json_t *answered = control_describe_switch(&when);
        json_object_set_new(answered, "count", json_integer((json_int_t)change.count));
        json_object_set_new(answer, "change", answered);
    }
    json_decref(words);
    change_done(&change);
    return r;
}

int partitions_part(struct supervisor *s, json_t *request, json_t *answer, struct error *err)
{
    struct links *l = &s->links;
    const size_t count = plan_wires(s->tree->plan);
    _cleanup_(freep) bool *wires = xcalloc(count + 1, sizeof(*wires));
    struct partition p;
    int r = partition_read(s->tree->plan->scenario, request, &p, err);
    if (r < 0)
        return r;
    if (!*p.name || find(l, p.name))
        r = error_input(err, "there is a partition '%.60s' already, which is not healed", p.name);
    if (r == 0)
        r = partition_select(&p, s->tree->plan, wires, err);
    if (r == 0) {
        hold(l, count, wires, 1);
        r = apply(s, wires, xasprintf("partition %s", p.name), request, answer, err);
        if (r < 0)
            hold(l, count, wires, -1);
    }
    if (r == 0) {
        l->partitions = array_grow(l->partitions, l->partition_count, sizeof(*l->partitions));
        l->partitions[l->partition_count++] =
            (struct held_partition){TAKE_PTR(p.name), TAKE_PTR(wires)};
    }
    partition_done(&p);
    return r;
}

static void forget(struct links *l, const bool *healed)
{
    size_t left = 0;
    for (size_t i = 0; i < l->partition_count; i++) {
        if (!healed[i]) {
            l->partitions[left++] = l->partitions[i];
            continue;
        }
        free(l->partitions[i].name);
        free(l->partitions[i].wires);
    }
    l->partition_count = left;
}

static int check_heal(const struct links *l, const char *name, struct error *err)
{
    if (l->partition_count == 0)
        return error_input(err, "the lab has no partition to heal");
    if (strcmp(name, "all") == 0 || find(l, name))
        return 0;
    return error_input(err, "the lab has no partition '%.60s', but '%s'", name,
                       l->partitions[0].name);
}

int partitions_heal(struct supervisor *s, json_t *request, json_t *answer, struct error *err)
{
    struct links *l = &s->links;
    const size_t count = plan_wires(s->tree->plan);
    const char *name = json_string_value(json_object_get(request, "heal"));
    _cleanup_(freep) bool *wires = xcalloc(count + 1, sizeof(*wires));
    _cleanup_(freep) bool *healed = xcalloc(l->partition_count + 1, sizeof(*healed));
    name = name ? name : "";
    int r = check_heal(l, name, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < l->partition_count; i++) {
        const struct held_partition *p = &l->partitions[i];
        healed[i] = strcmp(name, "all") == 0 || strcmp(name, p->name) == 0;
        for (size_t k = 0; healed[i] && k < count; k++)
            wires[k] |= p->wires[k];
        if (healed[i])
            hold(l, count, p->wires, -1);
    }
    r = apply(s, wires, xasprintf("heal %s", name), request, answer, err);
    for (size_t i = 0; r < 0 && i < l->partition_count; i++)
        if (healed[i])
            hold(l, count, l->partitions[i].wires, 1);
    if (r == 0)
        forget(l, healed);
    return r;
}

json_t *partitions_describe(const struct supervisor *s)
{
    json_t *names = json_array();
    for (size_t i = 0; i < s->links.partition_count; i++)
        json_array_append_new(names, json_string(s->links.partitions[i].name));
    return names;
}

int partitions_expand(struct supervisor *s, json_t *request, json_t *answer, struct error *err)
{
    const char *text = json_string_value(json_object_get(request, "entry"));
    struct yaml_document doc;
    struct schedule schedule;
    text = text ? text : "";
    int r = yaml_parse("event", text, strlen(text), &doc, err);
    if (r < 0)
        return r;
    r = schedule_read_by_hand(s->tree->plan->scenario, doc.root, (unsigned)s->links.changes + 1,
                              &schedule, err);
    yaml_close(&doc);
    if (r < 0)
        return r;
    json_t *list = json_array();
    for (size_t i = 0; i < schedule.count; i++)
        json_array_append_new(list, json_pack("{s:f s:s s:O}", "at_s",
                                              (double)schedule.events[i].at_ns / 1e9, "kind",
                                              event_kind_name(schedule.events[i].kind), "asked",
                                              schedule.events[i].asked));
    json_object_set_new(answer, "events", list);
    schedule_done(&schedule);
    return 0;
}
