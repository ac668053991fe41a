/* SPDX-License-Identifier: MIT
 *
 * Which wires the words of a change mean.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "topology/change.h"
#include "topology/scenario_decode.h"

/* What a name stands for: nodes, or a network. */
struct party {
    unsigned first, count;         /* into nodes … */
    const struct network *network; /* … or NULL */
};

static const struct network *find_network(const struct scenario *s, const char *name)
{
    for (size_t i = 0; i < s->network_count; i++)
        if (strcmp(s->networks[i].name, name) == 0)
            return &s->networks[i];
    return NULL;
}

/* The party of the first `len` characters of `text`. */
static bool find_party(const struct scenario *s, const char *text, size_t len, struct party *ret)
{
    _cleanup_(freep) char *name = xasprintf("%.*s", (int)len, text);
    const struct scenario_name *nodes = scenario_find(s, name);
    const struct network *network = find_network(s, name);
    if (nodes)
        *ret = (struct party){.first = nodes->first, .count = nodes->count};
    else if (network)
        *ret = (struct party){.network = network};
    return nodes || network;
}

static bool has_node(const struct party *p, unsigned node)
{
    return node >= p->first && node < p->first + p->count;
}

/* A network's wires have its name before or behind the arrow of their own. */
static bool begins_at(const struct plan *p, const struct wire *w, const struct party *party)
{
    if (w->kind != WIRE_DOWNLINK)
        return has_node(party, p->ports[w->from_port].node);
    const char *name = party->network ? party->network->name : "";
    size_t len = strlen(name);
    return len > 0 && strncmp(w->name, name, len) == 0 && strncmp(w->name + len, "->", 2) == 0;
}

static bool ends_at(const struct plan *p, const struct wire *w, const struct party *party)
{
    if (w->kind != WIRE_UPLINK)
        return has_node(party, p->ports[w->to_port].node);
    return party->network && strcmp(strstr(w->name, "->") + 2, party->network->name) == 0;
}

/* The number of wires from one party to the other; they are marked in `named` if that is not NULL.
 */
static size_t mark_from_to(const struct plan *p, const struct party *from, const struct party *to,
                           bool *named)
{
    size_t count = 0;
    for (size_t i = 0; i < plan_wires(p); i++) {
        const struct wire *w = &p->wires[i];
        if (!begins_at(p, w, from) || !ends_at(p, w, to))
            continue;
        count++;
        if (named)
            named[i] = true;
    }
    return count;
}

static size_t mark_of(const struct plan *p, const struct party *party, bool *named)
{
    size_t count = 0;
    for (size_t i = 0; i < plan_wires(p); i++) {
        const struct wire *w = &p->wires[i];
        if (!begins_at(p, w, party) && !ends_at(p, w, party))
            continue;
        count++;
        named[i] = true;
    }
    return count;
}

static int unknown_name(const struct scenario *s, const char *text, size_t len, struct error *err)
{
    size_t count = 0;
    _cleanup_(freep) char *name = xasprintf("%.*s", (int)len, text);
    _cleanup_(freep) const char **names =
        xcalloc(s->name_count + s->network_count + 1, sizeof(*names));
    for (size_t i = 0; i < s->name_count; i++)
        names[count++] = s->names[i].name;
    for (size_t i = 0; i < s->network_count; i++)
        names[count++] = s->networks[i].name;
    names[count++] = "all";
    const char *nearest = text_nearest(name, names, count);
    if (nearest)
        return error_input(err, "no wire, node, group or network '%.60s', did you mean '%s'?", name,
                           nearest);
    return error_input(err,
                       "no wire, node, group or network '%.60s', expected one such as '%s', "
                       "or 'all'",
                       name, s->nodes[0].name);
}

static int no_wire(const char *word, struct error *err)
{
    return error_input(err, "no wire '%.120s' ('wanlab link LAB' lists them)", word);
}

static int select_direction(const struct plan *p, const char *word, const char *arrow, bool *named,
                            struct error *err)
{
    const struct scenario *s = p->scenario;
    struct party from, to;
    size_t len = (size_t)(arrow - word);
    if (!find_party(s, word, len, &from))
        return unknown_name(s, word, len, err);
    if (!find_party(s, arrow + 2, strlen(arrow + 2), &to))
        return unknown_name(s, arrow + 2, strlen(arrow + 2), err);
    return mark_from_to(p, &from, &to, named) ? 0 : no_wire(word, err);
}

/* "db1-db2": names may have hyphens, too, so each of them may be the one that is meant. */
static int select_pair(const struct plan *p, const char *word, bool *named, struct error *err)
{
    const struct scenario *s = p->scenario;
    struct party one = {0}, other = {0}, a, b;
    unsigned readings = 0, known = 0;
    for (const char *hyphen = strchr(word, '-'); hyphen; hyphen = strchr(hyphen + 1, '-')) {
        if (!find_party(s, word, (size_t)(hyphen - word), &a) ||
            !find_party(s, hyphen + 1, strlen(hyphen + 1), &b))
            continue;
        known++;
        if (mark_from_to(p, &a, &b, NULL) + mark_from_to(p, &b, &a, NULL) == 0)
            continue;
        one = a;
        other = b;
        readings++;
    }
    if (readings > 1)
        return error_input(err, "'%.120s' can be read in %u ways, say it as 'A->B' and 'B->A'",
                           word, readings);
    if (readings == 0 && word[strlen(word) - 1] == '-')
        return error_input(err, "no wire '%.120s': quote 'A->B', or the shell takes '>' for itself",
                           word);
    if (readings == 0)
        return known ? no_wire(word, err) : unknown_name(s, word, strlen(word), err);
    mark_from_to(p, &one, &other, named);
    mark_from_to(p, &other, &one, named);
    return 0;
}

int change_select(const struct plan *p, const char *word, bool *named, struct error *err)
{
    const char *arrow = strstr(word, "->");
    struct party party;
    if (strcmp(word, "all") == 0) {
        memset(named, true, plan_wires(p) * sizeof(*named));
        return plan_wires(p) ? 0 : error_input(err, "the lab has no wires");
    }
    if (arrow)
        return select_direction(p, word, arrow, named, err);
    if (find_party(p->scenario, word, strlen(word), &party))
        return mark_of(p, &party, named)
                   ? 0
                   : error_input(err, "'%.60s' has no wires ('wanlab link LAB' lists them)", word);
    if (strchr(word, '-'))
        return select_pair(p, word, named, err);
    return unknown_name(p->scenario, word, strlen(word), err);
}
