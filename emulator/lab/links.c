/* SPDX-License-Identifier: MIT
 *
 * Wires that change while the lab runs. A client sends one request with all that is to change; it
 * is decoded, checked and prepared here as a whole, and then made by the engine at one instant, so
 * that a client that dies leaves either no change or all of it.
 *
 * A wire without any impairment is joined directly until its first change: then its connection is
 * put into the engine's hands first, which does nothing to its packets yet.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "lab/supervisor.h"

enum { HISTORY_MAX = 1000, NAMES_MAX = 100, LINE_MAX_LEN = 400 };

void links_init(struct supervisor *s)
{
    struct links *l = &s->links;
    const struct plan *p = s->tree->plan;
    l->asked = xcalloc(plan_wires(p), sizeof(*l->asked));
    l->bare = xcalloc(plan_wires(p), sizeof(*l->bare));
    l->wire_packets = xcalloc(p->port_count, sizeof(*l->wire_packets));
    l->changed = xcalloc(plan_wires(p), sizeof(*l->changed));
    l->cut = xcalloc(plan_wires(p), sizeof(*l->cut));
    l->refused = xcalloc(plan_wires(p), sizeof(*l->refused));
    l->history = json_array();
    for (unsigned i = 0; i < plan_wires(p); i++) {
        l->asked[i] = p->wires[i].impairment;
        l->bare[i] = plan_is_bare(p, i);
        if (p->engine == ENGINE_NETEM && impairment_needs_wire_packets(&l->asked[i]))
            l->wire_packets[p->wires[i].from_port] = true;
    }
}

/* --- the words of a request */

/* The texts of a list; the caller frees the array. */
static int take_texts(json_t *list, const char *what, const char ***ret, size_t *ret_count,
                      struct error *err)
{
    json_t *item;
    size_t i;
    *ret_count = json_array_size(list);
    *ret = xcalloc(*ret_count + 1, sizeof(**ret));
    json_array_foreach(list, i, item)
    {
        (*ret)[i] = json_string_value(item);
        if (!(*ret)[i])
            return error_input(err, "expected texts in '%s'", what);
    }
    return 0;
}

static int add_words(struct change *c, json_t *words, struct error *err)
{
    _cleanup_(freep) const char **wires = NULL;
    _cleanup_(freep) const char **sets = NULL;
    size_t wire_count, set_count = 0;
    int r = take_texts(json_object_get(words, "wires"), "wires", &wires, &wire_count, err);
    if (r == 0)
        r = take_texts(json_object_get(words, "set"), "set", &sets, &set_count, err);
    return r < 0 ? r : change_add(c, wires, wire_count, sets, set_count, err);
}

int links_prepare(struct supervisor *s, json_t *words, const char *folder, struct change *ret,
                  struct error *err)
{
    json_t *item;
    size_t i;
    int r = 0;
    change_init(ret, s->tree->plan, s->links.asked, &s->links.tables, folder);
    json_array_foreach(words, i, item) if (r == 0) r = add_words(ret, item, err);
    if (r == 0 && ret->count == 0)
        r = error_input(err, "expected at least one wire to change");
    if (r < 0)
        change_done(ret);
    return r;
}

/* "db1-db2 web delay=5ms, all up", not too long. */
static char *in_one_line(json_t *words)
{
    static const char *const keys[] = {"wires", "set"};
    struct text text = {0};
    json_t *item, *word;
    size_t i, n;
    json_array_foreach(words, i, item)
    {
        text_add(&text, "%s", i ? "," : "");
        for (int k = 0; k < 2; k++)
            json_array_foreach(json_object_get(item, keys[k]), n, word) if (text.len < LINE_MAX_LEN)
                text_add(&text, "%s%.100s", text.len ? " " : "", json_string_value(word));
    }
    if (text.len >= LINE_MAX_LEN)
        text_add(&text, " …");
    return text.data;
}

/* --- making it */

/* On the delay line a connection has two wires. */
int links_splice(struct supervisor *s, const struct change *c, struct error *err)
{
    struct links *l = &s->links;
    const struct plan *p = s->tree->plan;
    for (size_t i = 0; i < c->count; i++) {
        const unsigned wire = c->wires[i].wire;
        if (!l->bare[wire])
            continue;
        int r = fabric_splice(&s->fabric, wire, s->engine, s->engine_run, err);
        if (r < 0)
            return error_wrap(err, "wire '%s'", p->wires[wire].name);
        l->bare[wire] = false;
        if (p->engine == ENGINE_DELAYLINE)
            l->bare[p->wire_count + ((wire - p->wire_count) ^ 1)] = false;
    }
    return 0;
}

/* On netem the sender itself has to hand wire packets over; the delay line sees to it alone. */
static int clear_offloads(struct supervisor *s, const struct change *c, struct error *err)
{
    const struct plan *p = s->tree->plan;
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->count && p->engine == ENGINE_NETEM; i++) {
        const unsigned port = p->wires[c->wires[i].wire].from_port;
        if (s->links.wire_packets[port] || !impairment_needs_wire_packets(&c->wires[i].impairment))
            continue;
        r = fabric_set_offloads_off(&s->fabric, port, err);
        s->links.wire_packets[port] = r == 0;
    }
    return r;
}

int links_rewire(struct supervisor *s, unsigned node, struct error *err)
{
    const struct plan *p = s->tree->plan;
    int r = 0;
    for (unsigned i = 0; r == 0 && i < p->port_count; i++)
        if (p->ports[i].node == node && s->links.wire_packets[i] &&
            !scenario_is_machine(p->scenario->nodes[node].kind))
            r = fabric_set_offloads_off(&s->fabric, i, err);
    return r;
}

static json_t *describe_switch(const struct change *c, const struct wire_switch *w)
{
    json_t *ret = control_describe_switch(w);
    json_object_set_new(ret, "count", json_integer((json_int_t)c->count));
    return ret;
}

static void note_change(struct supervisor *s, const struct change *c, json_t *words, bool scheduled,
                        const struct wire_switch *when)
{
    struct links *l = &s->links;
    _cleanup_(freep) char *line = in_one_line(words);
    json_t *entry = describe_switch(c, when), *names = json_array();
    json_t *what = json_string(line); /* NULL: a word was cut in the middle of a character */
    json_object_set_new(entry, "what", what ? what : json_string("…"));
    l->changes++;
    if (json_array_size(l->history) == HISTORY_MAX)
        json_array_remove(l->history, 0);
    json_array_append(l->history, entry);
    for (size_t i = 0; i < c->count && i < NAMES_MAX; i++)
        json_array_append_new(names, json_string(c->plan->wires[c->wires[i].wire].name));
    json_t *event = json_copy(entry);
    json_object_set_new(event, "event", json_string("link"));
    json_object_set_new(event, "wires", names);
    if (scheduled)
        json_object_set_new(event, "scheduled", json_true());
    control_broadcast(s, event);
    json_decref(entry);
}

struct impairment links_effective(const struct supervisor *s, unsigned wire)
{
    struct impairment i = s->links.asked[wire];
    i.cut |= s->links.cut[wire] > 0;
    i.refused = s->links.refused[wire];
    return i;
}

/* What the engine gets of it. */
static int make_change(struct supervisor *s, const struct change *c, struct wire_switch *ret,
                       struct error *err)
{
    struct change made = *c;
    made.wires = xcalloc(c->count + 1, sizeof(*made.wires));
    for (size_t i = 0; i < c->count; i++) {
        made.wires[i] = c->wires[i];
        made.wires[i].impairment.cut |= s->links.cut[c->wires[i].wire] > 0;
        made.wires[i].impairment.refused = s->links.refused[c->wires[i].wire];
    }
    int r = s->engine->change(s->engine_run, &made, ret, err);
    free(made.wires);
    return r;
}

int links_apply(struct supervisor *s, const struct change *c, json_t *words, bool scheduled,
                struct wire_switch *ret, struct error *err)
{
    int r = links_splice(s, c, err);
    if (r == 0)
        r = clear_offloads(s, c, err);
    if (r == 0)
        r = make_change(s, c, ret, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < c->count; i++) {
        s->links.asked[c->wires[i].wire] = c->wires[i].impairment;
        s->links.changed[c->wires[i].wire]++;
    }
    note_change(s, c, words, scheduled, ret);
    return 0;
}

/* --- requests */

/* A network's wires have it at one of their ends. */
static json_t *describe_link(const struct supervisor *s, unsigned number)
{
    const struct plan *p = s->tree->plan;
    const struct wire *w = &p->wires[number];
    const struct port *from = &p->ports[w->from_port], *to = &p->ports[w->to_port];
    const char *arrow = strstr(w->name, "->");
    json_t *wire = status_describe_wire(s, number);
    json_object_set_new(wire, "from", json_stringn(w->name, (size_t)(arrow - w->name)));
    json_object_set_new(wire, "to", json_string(arrow + 2));
    if (w->kind != WIRE_DOWNLINK)
        json_object_set_new(wire, "from_interface", json_string(from->node_dev));
    if (w->kind != WIRE_UPLINK)
        json_object_set_new(wire, "to_interface", json_string(to->node_dev));
    return wire;
}

static int show(const struct supervisor *s, json_t *words, json_t *answer, struct error *err)
{
    const struct plan *p = s->tree->plan;
    const size_t all = plan_wires(p);
    _cleanup_(freep) bool *named = xcalloc(all, sizeof(*named));
    _cleanup_(freep) const char **wires = NULL;
    size_t count;
    int r = take_texts(words, "wires", &wires, &count, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = change_select(p, wires[i], named, err);
    if (r < 0)
        return r;
    json_t *list = json_array();
    for (unsigned i = 0; i < all; i++)
        if (named[i] || count == 0)
            json_array_append_new(list, describe_link(s, i));
    json_object_set_new(answer, "wires", list);
    return 0;
}

int links_request(struct connection *c, json_t *request, json_t *answer, struct error *err)
{
    struct supervisor *s = c->supervisor;
    json_t *words = json_object_get(request, "changes");
    const char *folder = json_string_value(json_object_get(request, "folder"));
    const bool is_ahead = json_is_true(json_object_get(request, "prepare"));
    struct change change;
    struct wire_switch when;
    if (json_object_get(request, "partition"))
        return partitions_part(s, request, answer, err);
    if (json_object_get(request, "heal"))
        return partitions_heal(s, request, answer, err);
    if (!words)
        return show(s, json_object_get(request, "wires"), answer, err);
    int r = links_prepare(s, words, folder ? folder : "", &change, err);
    if (r < 0)
        return r;
    if (is_ahead) {
        r = links_splice(s, &change, err);
        change_done(&change);
        return r;
    }
    r = links_apply(s, &change, words, json_is_true(json_object_get(request, "scheduled")), &when,
                    err);
    if (r == 0) {
        json_t *list = json_array();
        for (size_t i = 0; i < change.count; i++)
            json_array_append_new(list, describe_link(s, change.wires[i].wire));
        json_object_set_new(answer, "change", describe_switch(&change, &when));
        json_object_set_new(answer, "wires", list);
    }
    change_done(&change);
    return r;
}
