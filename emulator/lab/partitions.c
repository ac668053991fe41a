/* SPDX-License-Identifier: MIT
 *
 * Partitions of a running lab. Each holds a set of wires; a wire lets nothing through as long as
 * any holds it, and one to a member of a network takes no frames from those of whom any keeps it
 * apart. What is asked of it beside that stays what it was, may be changed meanwhile, and
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
#include "topology/stations.h"

struct held_partition {
    struct partition partition;
    bool *cuts;   /* by wire */
    bool *sieves; /* by wire: those that refuse the frames of some */
};

static void held_free(struct held_partition *h)
{
    if (!h)
        return;
    partition_done(&h->partition);
    free(h->cuts);
    free(h->sieves);
    free(h);
}
DEFINE_CLEANUP(struct held_partition *, held_free);

static const struct held_partition *find(const struct links *l, const char *name)
{
    for (size_t i = 0; i < l->partition_count; i++)
        if (strcmp(l->partitions[i]->partition.name, name) == 0)
            return l->partitions[i];
    return NULL;
}

static void hold(struct supervisor *s, struct held_partition *h)
{
    struct links *l = &s->links;
    l->partitions = array_grow(l->partitions, l->partition_count, sizeof(*l->partitions));
    l->partitions[l->partition_count++] = h;
    for (size_t i = 0; i < plan_wires(s->tree->plan); i++)
        l->cut[i] += h->cuts[i];
}

static void let_go(struct supervisor *s, const struct held_partition *h)
{
    struct links *l = &s->links;
    size_t place = 0;
    while (l->partitions[place] != h)
        place++;
    l->partition_count--;
    memmove(l->partitions + place, l->partitions + place + 1,
            (l->partition_count - place) * sizeof(*l->partitions));
    for (size_t i = 0; i < plan_wires(s->tree->plan); i++)
        l->cut[i] -= h->cuts[i];
}

/* Whose frames these wires refuse follows from all partitions that there are. */
static void sift(struct supervisor *s, const bool *wires)
{
    struct links *l = &s->links;
    const struct plan *p = s->tree->plan;
    _cleanup_(freep) const struct partition **all = xcalloc(l->partition_count + 1, sizeof(*all));
    for (size_t i = 0; i < l->partition_count; i++)
        all[i] = &l->partitions[i]->partition;
    for (unsigned i = 0; i < plan_wires(p); i++) {
        if (!wires[i])
            continue;
        struct stations *refused = partition_refused(all, l->partition_count, p, i);
        l->refused[i] = refused ? change_keep_stations(&l->tables, refused) : NULL;
    }
}

/* Those that some partition sifts: else whole cuts do it. */
static void sift_all(struct supervisor *s, const bool *wires)
{
    const size_t count = plan_wires(s->tree->plan);
    const struct links *l = &s->links;
    _cleanup_(freep) bool *sieves = xcalloc(count + 1, sizeof(*sieves));
    for (size_t i = 0; i < count; i++) {
        bool is_sieve = l->refused[i] != NULL;
        for (size_t k = 0; k < l->partition_count; k++)
            is_sieve |= l->partitions[k]->sieves[i];
        sieves[i] = wires[i] && is_sieve;
    }
    sift(s, sieves);
}

/* A change of these wires, by which each stays as it is asked. */
static struct change change_of(struct supervisor *s, const bool *wires)
{
    struct change change;
    change_init(&change, s->tree->plan, s->links.asked, &s->links.tables, "");
    for (unsigned i = 0; i < plan_wires(s->tree->plan); i++) {
        if (!wires[i])
            continue;
        change.wires = array_grow(change.wires, change.count, sizeof(*change.wires));
        change.wires[change.count++] = (struct change_wire){i, s->links.asked[i]};
    }
    return change;
}

/* Makes the wires what they are to be now. */
static int apply(struct supervisor *s, const bool *wires, const char *what, json_t *request,
                 json_t *answer, struct error *err)
{
    struct wire_switch when;
    struct change change = change_of(s, wires);
    sift_all(s, wires);
    json_t *words = json_pack("[{s:[s]}]", "wires", what);
    int r = links_apply(s, &change, words, json_is_true(json_object_get(request, "scheduled")),
                        &when, err);
    if (r == 0) {
        json_t *answered = control_describe_switch(&when);
        json_object_set_new(answered, "count", json_integer((json_int_t)change.count));
        json_object_set_new(answer, "change", answered);
    }
    json_decref(words);
    change_done(&change);
    return r;
}

static void add_wires(const struct supervisor *s, const struct held_partition *h, bool *io)
{
    for (size_t i = 0; i < plan_wires(s->tree->plan); i++)
        io[i] |= h->cuts[i] || h->sieves[i];
}

static int prepare(const struct supervisor *s, json_t *request, struct held_partition *h,
                   struct error *err)
{
    const struct plan *p = s->tree->plan;
    int r = partition_read(p->scenario, request, &h->partition, err);
    if (r < 0)
        return r;
    const char *name = h->partition.name;
    if (!*name || find(&s->links, name))
        return error_input(err, "there is a partition '%.60s' already, which is not healed", name);
    h->cuts = xcalloc(plan_wires(p) + 1, sizeof(*h->cuts));
    h->sieves = xcalloc(plan_wires(p) + 1, sizeof(*h->sieves));
    return partition_select(&h->partition, p, h->cuts,
                            p->engine == ENGINE_DELAYLINE ? h->sieves : NULL, err);
}

int partitions_part(struct supervisor *s, json_t *request, json_t *answer, struct error *err)
{
    _cleanup_(held_freep) struct held_partition *h = xcalloc(1, sizeof(*h));
    _cleanup_(freep) bool *wires = xcalloc(plan_wires(s->tree->plan) + 1, sizeof(*wires));
    int r = prepare(s, request, h, err);
    if (r < 0)
        return r;
    _cleanup_(freep) char *what = xasprintf("partition %s", h->partition.name);
    add_wires(s, h, wires);
    if (json_is_true(json_object_get(request, "prepare"))) {
        struct change change = change_of(s, wires);
        r = links_splice(s, &change, err);
        change_done(&change);
        return r;
    }
    hold(s, h);
    r = apply(s, wires, what, request, answer, err);
    if (r < 0) {
        let_go(s, h);
        sift_all(s, wires);
        return r;
    }
    (void)TAKE_PTR(h);
    return 0;
}

static int check_heal(const struct links *l, const char *name, struct error *err)
{
    if (l->partition_count == 0)
        return error_input(err, "the lab has no partition to heal");
    if (strcmp(name, "all") == 0 || find(l, name))
        return 0;
    return error_input(err, "the lab has no partition '%.60s', but '%s'", name,
                       l->partitions[0]->partition.name);
}

int partitions_heal(struct supervisor *s, json_t *request, json_t *answer, struct error *err)
{
    struct links *l = &s->links;
    const char *name = json_string_value(json_object_get(request, "heal"));
    _cleanup_(freep) bool *wires = xcalloc(plan_wires(s->tree->plan) + 1, sizeof(*wires));
    name = name ? name : "";
    int r = check_heal(l, name, err);
    if (r < 0)
        return r;
    const bool all = strcmp(name, "all") == 0;
    struct held_partition **healed = xcalloc(l->partition_count, sizeof(*healed));
    size_t count = 0;
    for (size_t i = 0; i < l->partition_count; i++)
        if (all || strcmp(name, l->partitions[i]->partition.name) == 0)
            healed[count++] = l->partitions[i];
    for (size_t i = 0; i < count; i++) {
        add_wires(s, healed[i], wires);
        let_go(s, healed[i]);
    }
    _cleanup_(freep) char *what = xasprintf("heal %s", name);
    r = apply(s, wires, what, request, answer, err);
    for (size_t i = 0; i < count; i++) {
        if (r < 0)
            hold(s, healed[i]);
        else
            held_free(healed[i]);
    }
    if (r < 0)
        sift_all(s, wires);
    free(healed);
    return r;
}

json_t *partitions_describe(const struct supervisor *s)
{
    json_t *names = json_array();
    for (size_t i = 0; i < s->links.partition_count; i++)
        json_array_append_new(names, json_string(s->links.partitions[i]->partition.name));
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
