/* SPDX-License-Identifier: MIT
 *
 * What is left to chance: who is on which side of a partition, faults that come by themselves, and
 * nodes that leave and come back.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/prng.h"
#include "base/text.h"
#include "base/units.h"
#include "topology/events_internal.h"
#include "topology/scenario_decode.h"

static double draw_unit(struct events_entry *e)
{
    return prng_unit(e->key, e->draws++);
}

/* One of 0 … count - 1. */
static size_t draw_below(struct events_entry *e, size_t count)
{
    return (size_t)(draw_unit(e) * (double)count);
}

/* Puts the first `wanted` of a random order to the front. */
static void shuffle(struct events_entry *e, unsigned *nodes, size_t count, size_t wanted)
{
    for (size_t i = 0; i < wanted && i + 1 < count; i++) {
        const size_t other = i + draw_below(e, count - i);
        const unsigned node = nodes[i];
        nodes[i] = nodes[other];
        nodes[other] = node;
    }
}

static int compare_nodes(const void *a, const void *b)
{
    const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return (x > y) - (x < y);
}

/* --- partitions */

static const char *const partition_words[] = {PARTITION_WORDS};
static const size_t least_nodes[] = {2, 3, 2, 4, 3, 2}; /* for each of the words */

/* The groups of the majority ring: each node sees a majority, no two the same one. Neighbours on
 * the ring up to `reach` apart see each other, and so are `reach` + 1 in a row a group. */
static json_t *ring_groups(const struct scenario *s, const unsigned *nodes, size_t count)
{
    json_t *groups = json_array();
    const size_t reach = (count / 2 + 1) / 2;
    _cleanup_(freep) unsigned *group = xcalloc(reach + 1, sizeof(*group));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k <= reach; k++)
            group[k] = nodes[(i + k) % count];
        json_array_append_new(groups, events_json_names(s, group, reach + 1));
    }
    return groups;
}

/* [nodes[0] … nodes[split - 1]] and [nodes[from] … nodes[count - 1]], each in the file's order. */
static json_t *two_groups(const struct scenario *s, unsigned *nodes, size_t count, size_t split,
                          size_t from)
{
    _cleanup_(freep) unsigned *second = xcalloc(count, sizeof(*second));
    memcpy(second, nodes + from, (count - from) * sizeof(*second));
    qsort(nodes, split, sizeof(*nodes), compare_nodes);
    qsort(second, count - from, sizeof(*second), compare_nodes);
    return json_pack("[o,o]", events_json_names(s, nodes, split),
                     events_json_names(s, second, count - from));
}

static json_t *split_anywhere(struct events_entry *e, unsigned *nodes, size_t count)
{
    const size_t split = 1 + draw_below(e, count - 1);
    return two_groups(e->scenario, nodes, count, split, split);
}

/* The word's place in partition_words; their number: it is none. */
static size_t find_word(const char *word)
{
    size_t which = 0;
    while (which < ARRAY_LEN(partition_words) && strcmp(word, partition_words[which]) != 0)
        which++;
    return which;
}

static int expect_nodes(const char *word, size_t least, const struct node_list *of,
                        const struct mark *mark, struct error *err)
{
    if (of->count >= least)
        return 0;
    return yaml_error(err, mark, "'%s' is for at least %zu nodes, found %zu", word, least,
                      of->count);
}

int events_draw_partition(struct events_entry *e, const char *word, const struct node_list *of,
                          const struct mark *mark, json_t **ret, struct error *err)
{
    const size_t n = of->count;
    const size_t which = find_word(word);
    if (which == ARRAY_LEN(partition_words))
        return yaml_error(err, mark,
                          "found '%.60s', expected groups such as [[%s], others], or halves, "
                          "minority, one, ring, bridge or random",
                          word, e->scenario->nodes[0].name);
    int r = expect_nodes(word, least_nodes[which], of, mark, err);
    if (r < 0)
        return r;
    _cleanup_(freep) unsigned *nodes = xcalloc(n, sizeof(*nodes));
    memcpy(nodes, of->nodes, n * sizeof(*nodes));
    shuffle(e, nodes, n, n);
    const struct scenario *s = e->scenario;
    if (strcmp(word, "halves") == 0)
        *ret = two_groups(s, nodes, n, n / 2, n / 2);
    else if (strcmp(word, "minority") == 0)
        *ret = two_groups(s, nodes, n, (n - 1) / 2, (n - 1) / 2);
    else if (strcmp(word, "one") == 0)
        *ret = two_groups(s, nodes, n, 1, 1);
    else if (strcmp(word, "ring") == 0)
        *ret = ring_groups(s, nodes, n);
    else if (strcmp(word, "bridge") == 0)
        *ret = two_groups(s, nodes, n, n / 2 + 1, n / 2);
    else
        *ret = split_anywhere(e, nodes, n);
    return 0;
}

/* --- times that are drawn */

struct waiting {
    bool exponential;
    uint64_t mean_ns;
};

/* "5s", always the same, or "exponential 5s". */
static int read_waiting(const struct yaml *map, const char *key, struct waiting *io,
                        struct error *err)
{
    static const char word[] = "exponential ";
    const struct yaml *node = yaml_get(map, key);
    if (!node)
        return 0;
    int r = yaml_expect_scalar(node, "a time, or exponential TIME", err);
    if (r < 0)
        return r;
    io->exponential = strncmp(node->scalar, word, strlen(word)) == 0;
    const char *time = node->scalar + (io->exponential ? strlen(word) : 0);
    if (units_parse_time(time, &io->mean_ns, err) < 0)
        return yaml_wrap(err, &node->mark);
    if (io->mean_ns < NS_PER_MS)
        return yaml_error(err, &node->mark, "'%s: %.40s' is too short: expected at least 1ms", key,
                          node->scalar);
    return 0;
}

static uint64_t draw_time(struct events_entry *e, const struct waiting *w)
{
    if (!w->exponential)
        return w->mean_ns;
    const double ns = -log1p(-draw_unit(e)) * (double)w->mean_ns;
    return ns < (double)NS_PER_MS ? NS_PER_MS : (uint64_t)ns / NS_PER_US * NS_PER_US;
}

static int read_until(const struct events_entry *e, const struct yaml *map, uint64_t *ret,
                      struct error *err)
{
    *ret = e->duration_ns;
    int r = events_time(map, "until", NS_PER_MS, ret, err);
    if (r == 0 && *ret == 0)
        r = yaml_error(err, &map->mark,
                       "expected 'until', since the file does not say how long "
                       "the workload lasts");
    return r;
}

/* Nodes that end, or stand still, and come back. */
static int add_outage(struct events_entry *e, bool is_pause, uint64_t at_ns, uint64_t for_ns,
                      unsigned *nodes, size_t count, struct error *err)
{
    qsort(nodes, count, sizeof(*nodes), compare_nodes);
    json_t *names = events_json_names(e->scenario, nodes, count);
    int r = schedule_add(e, is_pause ? EVENT_PAUSE : EVENT_KILL, at_ns,
                         json_pack("{s:O}", is_pause ? "pause" : "kill", names), err);
    if (r == 0)
        r = schedule_add(e, is_pause ? EVENT_RESUME : EVENT_RESTART, at_ns + for_ns,
                         json_pack("{s:O}", is_pause ? "resume" : "restart", names), err);
    json_decref(names);
    return r;
}

/* --- faults at random, one after the other */

enum { KINDS_MAX = 16 };

struct faults {
    const char *kinds[KINDS_MAX];
    size_t kind_count;
    struct mark mark;
    struct waiting every, lasts;
    uint64_t stable_ns, until_ns;
    struct node_list of;
};

static int read_kinds(const struct yaml *list, struct faults *ret, struct error *err)
{
    static const char *const known[] = {"partition", "one-way", "pause", "kill", PARTITION_WORDS};
    int r = yaml_expect_list(list, "kinds", err);
    if (r == 0 && (list->count == 0 || list->count > KINDS_MAX))
        r = yaml_error(err, &list->mark, "found %zu kinds, expected 1 to %d", list->count,
                       KINDS_MAX);
    for (size_t i = 0; r == 0 && i < list->count; i++) {
        const struct yaml *item = list->items[i];
        r = yaml_expect_scalar(item, "a kind of fault", err);
        bool found = false;
        for (size_t k = 0; r == 0 && k < ARRAY_LEN(known); k++)
            found |= strcmp(item->scalar, known[k]) == 0;
        if (r < 0)
            return r;
        const char *nearest = text_nearest(item->scalar, known, ARRAY_LEN(known));
        if (!found)
            return yaml_error(err, &item->mark, "unknown kind of fault '%.60s', %s%s%s",
                              item->scalar, nearest ? "did you mean '" : "expected ",
                              nearest ? nearest
                                      : "partition, one-way, pause, kill, halves, minority, one, "
                                        "ring, bridge or random",
                              nearest ? "'?" : "");
        ret->kinds[i] = item->scalar;
    }
    ret->kind_count = list->count;
    return r;
}

static int read_faults(struct events_entry *e, const struct yaml *map, struct faults *ret,
                       struct error *err)
{
    static const char *const keys[] = {"every", "lasts", "stable", "until", "kinds", "of"};
    int r = yaml_expect_map(map, "faults at random", keys, ARRAY_LEN(keys), err);
    *ret = (struct faults){.kinds = {"partition", "pause", "kill"},
                           .kind_count = 3,
                           .mark = map->mark,
                           .lasts = {false, 2 * NS_PER_SEC}};
    if (r == 0 && !yaml_get(map, "every"))
        r = yaml_error(err, &map->mark,
                       "expected 'every', the time between the faults, such as "
                       "exponential 5s");
    if (r == 0 && yaml_get(map, "kinds"))
        r = read_kinds(yaml_get(map, "kinds"), ret, err);
    if (r == 0)
        r = read_waiting(map, "every", &ret->every, err);
    if (r == 0)
        r = read_waiting(map, "lasts", &ret->lasts, err);
    if (r == 0)
        r = events_time(map, "stable", 0, &ret->stable_ns, err);
    if (r == 0)
        r = read_until(e, map, &ret->until_ns, err);
    return r < 0 ? r : events_names(e->scenario, yaml_get(map, "of"), &ret->of, err);
}

/* For each kind, whether it will be drawn or not. */
static int check_kinds(const struct faults *f, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < f->kind_count && r == 0; i++) {
        const size_t word = find_word(f->kinds[i]);
        if (word < ARRAY_LEN(partition_words))
            r = expect_nodes(f->kinds[i], least_nodes[word], &f->of, &f->mark, err);
        else if (strcmp(f->kinds[i], "pause") != 0 && strcmp(f->kinds[i], "kill") != 0)
            r = expect_nodes(f->kinds[i], 2, &f->of, &f->mark, err);
    }
    return r;
}

/* Up to a minority, or the only node. */
static int add_fault_of_nodes(struct events_entry *e, const struct faults *f, bool is_pause,
                              uint64_t at_ns, uint64_t for_ns, struct error *err)
{
    const size_t most = f->of.count > 2 ? (f->of.count - 1) / 2 : 1;
    const size_t count = 1 + draw_below(e, most);
    _cleanup_(freep) unsigned *nodes = xcalloc(f->of.count, sizeof(*nodes));
    memcpy(nodes, f->of.nodes, f->of.count * sizeof(*nodes));
    shuffle(e, nodes, f->of.count, count);
    return add_outage(e, is_pause, at_ns, for_ns, nodes, count, err);
}

static int add_fault(struct events_entry *e, const struct faults *f, uint64_t at_ns,
                     uint64_t for_ns, struct error *err)
{
    const char *kind = f->kinds[draw_below(e, f->kind_count)], *word = kind;
    const bool one_way = strcmp(kind, "one-way") == 0;
    json_t *groups = NULL;
    if (strcmp(kind, "pause") == 0 || strcmp(kind, "kill") == 0)
        return add_fault_of_nodes(e, f, *kind == 'p', at_ns, for_ns, err);
    if (strcmp(kind, "partition") == 0 || one_way) {
        const char *possible[ARRAY_LEN(partition_words)];
        size_t count = 0;
        for (size_t i = 0; i < ARRAY_LEN(partition_words); i++)
            if (f->of.count >= least_nodes[i])
                possible[count++] = partition_words[i];
        word = possible[draw_below(e, count)];
    }
    int r = events_draw_partition(e, word, &f->of, &f->mark, &groups, err);
    return r < 0 ? r : schedule_add_partition(e, at_ns, for_ns, groups, NULL, one_way, err);
}

int events_read_random(struct events_entry *e, const struct yaml *map, struct error *err)
{
    struct faults f;
    int r = read_faults(e, map, &f, err);
    if (r == 0)
        r = check_kinds(&f, err);
    uint64_t at_ns = e->at_ns;
    while (r == 0) {
        at_ns += draw_time(e, &f.every);
        const uint64_t for_ns = draw_time(e, &f.lasts);
        if (at_ns + for_ns > f.until_ns)
            break;
        r = add_fault(e, &f, at_ns, for_ns, err);
        at_ns += for_ns + f.stable_ns;
    }
    free(f.of.nodes);
    return r;
}

/* --- churn */

struct churn {
    double share;
    uint64_t every_ns, down_ns, until_ns;
    bool is_pause;
    struct node_list of;
};

static int read_churn_how(const struct yaml *map, struct churn *c, struct error *err)
{
    const struct yaml *by = yaml_get(map, "by"), *share = yaml_get(map, "share");
    int r = by ? yaml_expect_scalar(by, "how nodes leave", err) : 0;
    c->is_pause = r == 0 && by && strcmp(by->scalar, "pause") == 0;
    if (r == 0 && by && !c->is_pause && strcmp(by->scalar, "kill") != 0)
        return yaml_error(err, &by->mark, "found '%.60s', expected kill or pause", by->scalar);
    if (r == 0)
        r = yaml_expect_scalar(share, "a share of the nodes", err);
    if (r == 0 && units_parse_share(share->scalar, &c->share, err) < 0)
        return yaml_wrap(err, &share->mark);
    return r;
}

static int read_churn(struct events_entry *e, const struct yaml *map, struct churn *c,
                      struct error *err)
{
    static const char *const keys[] = {"share", "every", "down", "until", "of", "by"};
    int r = yaml_expect_map(map, "churn", keys, ARRAY_LEN(keys), err);
    *c = (struct churn){0};
    for (size_t i = 0; r == 0 && i < 3; i++)
        if (!yaml_get(map, keys[i]))
            r = yaml_error(err, &map->mark,
                           "churn without '%s', expected {share: 20%%, every: 10s, down: 3s}",
                           keys[i]);
    if (r == 0)
        r = read_churn_how(map, c, err);
    if (r == 0)
        r = events_time(map, "every", NS_PER_MS, &c->every_ns, err);
    if (r == 0)
        r = events_time(map, "down", NS_PER_MS, &c->down_ns, err);
    if (r == 0 && c->down_ns >= c->every_ns)
        r = yaml_error(err, &yaml_get(map, "down")->mark,
                       "nodes are to be down longer than until the next ones are: expected less "
                       "than 'every'");
    if (r == 0)
        r = read_until(e, map, &c->until_ns, err);
    return r < 0 ? r : events_names(e->scenario, yaml_get(map, "of"), &c->of, err);
}

int events_read_churn(struct events_entry *e, const struct yaml *map, struct error *err)
{
    struct churn c;
    int r = read_churn(e, map, &c, err);
    size_t count = (size_t)(c.share * (double)c.of.count + 0.5);
    if (count == 0)
        count = 1;
    for (uint64_t at_ns = e->at_ns + c.every_ns; r == 0 && at_ns + c.down_ns <= c.until_ns;
         at_ns += c.every_ns) {
        shuffle(e, c.of.nodes, c.of.count, count);
        r = add_outage(e, c.is_pause, at_ns, c.down_ns, c.of.nodes, count, err);
    }
    free(c.of.nodes);
    return r;
}
