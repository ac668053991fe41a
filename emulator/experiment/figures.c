/* SPDX-License-Identifier: MIT */
#include "experiment/figures.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "experiment/sweep_axis.h"

/* --- keys and values --- */

/* Of all its values; SWEEP_WORD also where they are not of one kind. */
static enum sweep_quantity quantity_of(const struct figure_key *key)
{
    double value;
    enum sweep_quantity first =
        key->value_count ? sweep_axis_quantity(key->values[0], &value) : SWEEP_WORD;
    for (size_t i = 1; i < key->value_count; i++)
        if (sweep_axis_quantity(key->values[i], &value) != first)
            return SWEEP_WORD;
    return first;
}

bool figure_is_number(const struct figure_key *key)
{
    return key->role != FIGURE_KIND && key->role != FIGURE_MODE && key->role != FIGURE_WORD;
}

double figure_position(const struct figure_key *key, size_t value)
{
    double position;
    if (!figure_is_number(key))
        return (double)value;
    sweep_axis_quantity(key->values[value], &position);
    return position;
}

char *figure_axis_name(const struct figure_key *key)
{
    static const char *const units[] = {
        [SWEEP_FREQUENCY] = " (per minute)", [SWEEP_TIME] = " (s)",   [SWEEP_SHARE] = " (%)",
        [SWEEP_BIT_RATE] = " (Mbit/s)",      [SWEEP_SIZE] = " (MiB)", [SWEEP_WORD] = NULL};
    if (key->role == FIGURE_COUNT)
        return xstrdup("nodes");
    const char *unit = figure_is_number(key) ? units[quantity_of(key)] : NULL;
    const char *name = key->role == FIGURE_RATE ? "inserts per node" : sweep_axis_short(key->key);
    return xasprintf("%s%s", name, unit ? unit : "");
}

static bool is_nodes(const char *key, const char *last)
{
    return strncmp(key, "nodes.", 6) == 0 && strcmp(sweep_axis_short(key), last) == 0;
}

static enum figure_role role_of(const struct figure_key *key)
{
    enum sweep_quantity quantity = quantity_of(key);
    if (is_nodes(key->key, "kind"))
        return FIGURE_KIND;
    if (is_nodes(key->key, "count") && quantity == SWEEP_PLAIN)
        return FIGURE_COUNT;
    if (strcmp(sweep_axis_short(key->key), "rate") == 0 && quantity == SWEEP_FREQUENCY)
        return FIGURE_RATE;
    if (strcmp(sweep_axis_short(key->key), "mode") == 0)
        return FIGURE_MODE;
    return quantity == SWEEP_WORD ? FIGURE_WORD : FIGURE_NUMBER;
}

static size_t add_key(struct figure_points *p, const char *name)
{
    for (size_t i = 0; i < p->key_count; i++)
        if (strcmp(p->keys[i].key, name) == 0)
            return i;
    p->keys = array_grow(p->keys, p->key_count, sizeof(*p->keys));
    p->keys[p->key_count] = (struct figure_key){.key = name};
    return p->key_count++;
}

static int add_value(struct figure_key *key, const char *value)
{
    for (size_t i = 0; i < key->value_count; i++)
        if (strcmp(key->values[i], value) == 0)
            return (int)i;
    key->values = array_grow(key->values, key->value_count, sizeof(*key->values));
    key->values[key->value_count] = value;
    return (int)key->value_count++;
}

/* Whether the value of a key tells that of another, at every point. */
static bool tells(const struct figure_points *p, size_t key, size_t other)
{
    _cleanup_(freep) int *told = xcalloc(p->keys[key].value_count + 1, sizeof(*told));
    for (size_t i = 0; i < p->count; i++) {
        const int *values = &p->values[i * p->key_count];
        int *seen = &told[values[key] + 1]; /* 0: not yet; else what was told, and 2 */
        if (*seen && *seen != values[other] + 2)
            return false;
        *seen = values[other] + 2;
    }
    return true;
}

/* Of two that tell each other the first leads; one that is the same everywhere follows nobody. */
static void find_followers(struct figure_points *p)
{
    for (size_t k = 0; k < p->key_count; k++)
        for (size_t other = 0; other < p->key_count && !p->keys[k].follows; other++)
            p->keys[k].follows = other != k && !p->keys[other].follows &&
                                 p->keys[other].value_count > 1 && tells(p, other, k) &&
                                 (other < k || !tells(p, k, other));
}

void figure_points_read(json_t *points, struct figure_points *ret)
{
    struct figure_points p = {.count = json_array_size(points)};
    const char *name;
    json_t *value;
    for (size_t i = 0; i < p.count; i++)
        json_object_foreach(json_array_get(points, i), name, value) add_key(&p, name);
    p.values = xcalloc(p.count * p.key_count + 1, sizeof(*p.values));
    for (size_t i = 0; i < p.count; i++)
        for (size_t k = 0; k < p.key_count; k++) {
            const char *text =
                json_string_value(json_object_get(json_array_get(points, i), p.keys[k].key));
            p.values[i * p.key_count + k] = text ? add_value(&p.keys[k], text) : -1;
        }
    for (size_t k = 0; k < p.key_count; k++)
        p.keys[k].role = role_of(&p.keys[k]);
    find_followers(&p);
    *ret = p;
}

void figure_points_done(struct figure_points *p)
{
    for (size_t i = 0; i < p->key_count; i++)
        free(p->keys[i].values);
    free(p->keys);
    free(p->values);
    *p = (struct figure_points){0};
}

/* --- which points a figure is of --- */

enum { NO_KEY = -1 };

enum kinds { ANY_KIND, CONTAINERS, MACHINES };
enum modes { ANY_MODE, BASELINE, REPLICATED };

struct wish {
    const char *title, *name;
    enum kinds kinds;
    enum modes modes;
    int x, series;
};

static const char *value_of(const struct figure_points *p, size_t point, int key)
{
    int value = key == NO_KEY ? -1 : p->values[point * p->key_count + (size_t)key];
    return value < 0 ? "" : p->keys[key].values[value];
}

static int key_with(const struct figure_points *p, enum figure_role role)
{
    for (size_t i = 0; i < p->key_count; i++)
        if (p->keys[i].role == role && !p->keys[i].follows)
            return (int)i;
    return NO_KEY;
}

static bool is_machine(const char *kind)
{
    return strcmp(kind, "uml") == 0 || strcmp(kind, "qemu") == 0;
}

static bool is_wanted(const struct figure_points *p, const struct wish *w, size_t point)
{
    const char *kind = value_of(p, point, key_with(p, FIGURE_KIND));
    const char *mode = value_of(p, point, key_with(p, FIGURE_MODE));
    return *value_of(p, point, w->x) &&
           (w->kinds == ANY_KIND || is_machine(kind) == (w->kinds == MACHINES)) &&
           (w->modes == ANY_MODE || (strcmp(mode, "baseline") == 0) == (w->modes == BASELINE));
}

/* --- panels --- */

static bool is_panel_key(const struct figure_points *p, const struct wish *w, size_t key)
{
    return (int)key != w->x && (int)key != w->series && !p->keys[key].follows;
}

static bool same_panel(const struct figure_points *p, const struct wish *w, size_t a, size_t b)
{
    for (size_t k = 0; k < p->key_count; k++)
        if (is_panel_key(p, w, k) &&
            p->values[a * p->key_count + k] != p->values[b * p->key_count + k])
            return false;
    return true;
}

/* Whether all points of the figure have the same value there: then no title need say it. */
static bool is_constant(const struct figure_points *p, const struct wish *w, size_t key)
{
    int first = -2;
    for (size_t i = 0; i < p->count; i++) {
        int value = p->values[i * p->key_count + key];
        if (!is_wanted(p, w, i))
            continue;
        if (first != -2 && value != first)
            return false;
        first = value;
    }
    return true;
}

static void add_words(const struct figure_points *p, size_t key, size_t point, struct text *title)
{
    const char *value = value_of(p, point, (int)key), *between = title->len ? ", " : "";
    const struct figure_key *k = &p->keys[key];
    if (!*value)
        return;
    if (k->role == FIGURE_COUNT)
        text_add(title, "%s%s nodes", between, value);
    else if (k->role == FIGURE_KIND || k->role == FIGURE_MODE || k->role == FIGURE_RATE)
        text_add(title, "%s%s", between, value);
    else
        text_add(title, "%s%s %s", between, sweep_axis_short(k->key), value);
}

/* Letters, digits and dots; what is between becomes one '-'. */
static void add_file_name(struct text *name, const char *text)
{
    for (; *text; text++) {
        bool plain = isalnum((unsigned char)*text) || *text == '.' || *text == '_';
        if (plain)
            text_add(name, "%c", *text);
        else if (name->len && name->data[name->len - 1] != '-')
            text_add(name, "-");
    }
    while (name->len && name->data[name->len - 1] == '-')
        name->data[--name->len] = '\0';
}

static void add_panel(struct figure *f, const struct figure_points *p, const struct wish *w,
                      size_t first)
{
    struct text title = {0}, name = {0};
    f->panels = array_grow(f->panels, f->panel_count, sizeof(*f->panels));
    struct figure_panel *panel = &f->panels[f->panel_count++];
    *panel = (struct figure_panel){.points = xcalloc(p->count, sizeof(size_t))};
    for (size_t i = first; i < p->count; i++)
        if (is_wanted(p, w, i) && same_panel(p, w, first, i))
            panel->points[panel->count++] = i;
    for (size_t k = 0; k < p->key_count; k++)
        if (is_panel_key(p, w, k) && !is_constant(p, w, k))
            add_words(p, k, first, &title);
    add_file_name(&name, w->name);
    if (title.data) {
        text_add(&name, "-");
        add_file_name(&name, title.data);
    }
    panel->title = title.data ? title.data : xstrdup("");
    panel->name = name.data ? name.data : xstrdup("figure");
}

static void add_figure(const struct figure_points *p, const struct wish *w, struct figure **list,
                       size_t *count)
{
    struct figure f = {.x = (size_t)w->x, .series = w->series};
    for (size_t i = 0; i < p->count && f.panel_count < FIGURE_PANELS_MAX; i++) {
        bool seen = !is_wanted(p, w, i);
        for (size_t k = 0; k < i && !seen; k++)
            seen = is_wanted(p, w, k) && same_panel(p, w, i, k);
        if (!seen)
            add_panel(&f, p, w, i);
    }
    if (f.panel_count == 0)
        return;
    f.title = xstrdup(w->title);
    f.name = xstrdup(w->name);
    *list = array_grow(*list, *count, sizeof(**list));
    (*list)[(*count)++] = f;
}

/* --- which figures --- */

static void select_study(const struct figure_points *p, struct figure **list, size_t *count)
{
    int kind = key_with(p, FIGURE_KIND), nodes = key_with(p, FIGURE_COUNT);
    int rate = key_with(p, FIGURE_RATE), mode = key_with(p, FIGURE_MODE);
    enum modes replicated = mode == NO_KEY ? ANY_MODE : REPLICATED;
    const struct wish wishes[] = {
        {"Containers by rate", "containers-by-rate", CONTAINERS, replicated, rate, nodes},
        {"Virtual machines by rate", "machines-by-rate", MACHINES, replicated, rate, nodes},
        {"Containers by number of nodes", "containers-by-nodes", CONTAINERS, replicated, nodes,
         rate},
        {"Virtual machines by number of nodes", "machines-by-nodes", MACHINES, replicated, nodes,
         rate},
        {"Baseline by rate", "baseline-by-rate", ANY_KIND, BASELINE, rate, kind},
        {"Containers and virtual machines face to face", "face-to-face", ANY_KIND, replicated,
         rate == NO_KEY ? nodes : rate, kind},
    };
    for (size_t i = 0; i < ARRAY_LEN(wishes); i++)
        if (wishes[i].x != NO_KEY && (wishes[i].modes != BASELINE || mode != NO_KEY))
            add_figure(p, &wishes[i], list, count);
}

/* The key with the most values, so that panels are few. */
static int most_values(const struct figure_points *p, int without)
{
    enum { LINES_MAX = 8 };
    int best = NO_KEY;
    for (size_t i = 0; i < p->key_count; i++) {
        size_t values = p->keys[i].value_count;
        if ((int)i != without && !p->keys[i].follows && values <= LINES_MAX &&
            (best == NO_KEY || values > p->keys[best].value_count))
            best = (int)i;
    }
    return best;
}

static void select_axis(const struct figure_points *p, size_t key, struct figure **list,
                        size_t *count)
{
    _cleanup_(freep) char *title = xasprintf("By %s", sweep_axis_short(p->keys[key].key));
    _cleanup_(freep) char *name = xasprintf("by-%s", p->keys[key].key);
    struct wish w = {.title = title, .name = name, .x = (int)key};
    w.series = most_values(p, w.x);
    add_figure(p, &w, list, count);
}

size_t figures_select(const struct figure_points *p, struct figure **ret)
{
    size_t count = 0;
    *ret = NULL;
    if (key_with(p, FIGURE_KIND) != NO_KEY &&
        (key_with(p, FIGURE_RATE) != NO_KEY || key_with(p, FIGURE_COUNT) != NO_KEY)) {
        select_study(p, ret, &count);
        return count;
    }
    for (size_t i = 0; i < p->key_count; i++)
        if (figure_is_number(&p->keys[i]) && !p->keys[i].follows && p->keys[i].value_count > 1)
            select_axis(p, i, ret, &count);
    for (size_t i = 0; i < p->key_count && count == 0; i++) /* words only: the first */
        select_axis(p, i, ret, &count);
    return count;
}

void figures_free(struct figure *figures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < figures[i].panel_count; k++) {
            free(figures[i].panels[k].title);
            free(figures[i].panels[k].name);
            free(figures[i].panels[k].points);
        }
        free(figures[i].panels);
        free(figures[i].title);
        free(figures[i].name);
    }
    free(figures);
}
