/* SPDX-License-Identifier: MIT
 *
 * Text -> YAML tree -> overrides -> arrays. The sections are decoded in the order in which they
 * need each other (nodes first, the sweep last), whatever their order in the file.
 */
#include "topology/scenario.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "topology/distribution.h"
#include "topology/events.h"
#include "topology/routing.h"
#include "topology/scenario_decode.h"
#include "topology/trace.h"
#include "topology/yaml_edit.h"

enum {
    DELAY_SCALE_MAX = 1000,
    EFFORT_MAX = 30000000 /* of the trials of a sweep: half a minute */
};
DEFINE_CLEANUP(struct scenario *, scenario_free);

const char *scenario_place(char *buf, const struct mark *mark)
{
    if (mark->line == 0)
        snprintf(buf, SCENARIO_PLACE_MAX, "%s", mark->file);
    else
        snprintf(buf, SCENARIO_PLACE_MAX, "line %u, column %u", mark->line, mark->column);
    return buf;
}

int scenario_check_name(const char *name, const char *what, const struct mark *mark,
                        struct error *err)
{
    size_t allowed = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (name[allowed] || !(*name >= 'a' && *name <= 'z'))
        return yaml_error(err, mark,
                          "found '%.60s' as the name of %s, expected lower-case letters, digits "
                          "and '-', a letter first",
                          name, what);
    if (allowed > SCENARIO_NAME_MAX)
        return yaml_error(err, mark, "the name '%.60s' of %s is too long: expected at most %d",
                          name, what, SCENARIO_NAME_MAX);
    return 0;
}

int scenario_decode_integer(const struct yaml *node, const char *what, uint64_t min, uint64_t max,
                            uint64_t *ret, struct error *err)
{
    int r = yaml_expect_scalar(node, what, err);
    if (r < 0)
        return r;
    if (units_parse_integer(node->scalar, min, max, ret, err) < 0)
        return yaml_wrap(err, &node->mark);
    return 0;
}

int scenario_decode_number(const struct yaml *node, const char *what, double min, double max,
                           double *ret, struct error *err)
{
    int r = yaml_expect_scalar(node, what, err);
    if (r < 0)
        return r;
    char *end;
    double number = strtod(node->scalar, &end);
    if (!*node->scalar || *end || node->scalar[strspn(node->scalar, "0123456789.")])
        return yaml_error(err, &node->mark, "found '%.60s', expected %s such as 0.5", node->scalar,
                          what);
    if (!(number >= min && number <= max))
        return yaml_error(err, &node->mark, "'%.60s' is out of range: expected %g to %g",
                          node->scalar, min, max);
    *ret = number;
    return 0;
}

int scenario_decode_bool(const struct yaml *node, const char *what, bool *ret, struct error *err)
{
    int r = yaml_expect_scalar(node, what, err);
    if (r < 0)
        return r;
    bool yes = strcmp(node->scalar, "yes") == 0 || strcmp(node->scalar, "true") == 0;
    if (!yes && strcmp(node->scalar, "no") != 0 && strcmp(node->scalar, "false") != 0)
        return yaml_error(err, &node->mark, "found '%.60s' as %s, expected yes or no", node->scalar,
                          what);
    *ret = yes;
    return 0;
}

/* "dir/My Lab.yaml" -> "my-lab". */
static char *default_name(const char *file)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    size_t len = strlen(base);
    if (len > 5 && strcmp(base + len - 5, ".yaml") == 0)
        len -= 5;
    else if (len > 4 && strcmp(base + len - 4, ".yml") == 0)
        len -= 4;
    bool has_letter_first = isalpha((unsigned char)*base);
    char *name = xasprintf("%s%.*s", has_letter_first ? "" : "s-", (int)len, base);
    for (char *p = name; *p; p++) {
        *p = (char)tolower((unsigned char)*p);
        if (!isalnum((unsigned char)*p))
            *p = '-';
    }
    if (strlen(name) > SCENARIO_NAME_MAX)
        name[SCENARIO_NAME_MAX] = '\0';
    return name;
}

static int decode_name(struct scenario *s, const struct yaml *node, struct error *err)
{
    if (!node) {
        s->name = default_name(s->document.file);
        return 0;
    }
    int r = yaml_expect_scalar(node, "the scenario's name", err);
    if (r == 0)
        r = scenario_check_name(node->scalar, "a scenario", &node->mark, err);
    if (r == 0)
        s->name = xstrdup(node->scalar);
    return r;
}

static int decode_engine(struct scenario *s, const struct yaml *node, struct error *err)
{
    static const char *const engines[] = {
        [ENGINE_AUTO] = "auto", [ENGINE_NETEM] = "netem", [ENGINE_DELAYLINE] = "delayline"};
    int r = yaml_expect_word(node, "the engine", engines, ARRAY_LEN(engines), err);
    if (r < 0)
        return r;
    s->engine = (enum engine_choice)r;
    return 0;
}

static int decode_idle(struct scenario *s, const struct yaml *node, struct error *err)
{
    static const char *const choices[] = {
        [IDLE_AUTO] = "auto", [IDLE_POLL] = "poll", [IDLE_HALT] = "halt"};
    int r = yaml_expect_word(node, "'idle'", choices, ARRAY_LEN(choices), err);
    if (r < 0)
        return r;
    s->idle = (enum idle_choice)r;
    return 0;
}

static int check_top_level(const struct yaml *root, struct error *err)
{
    static const char *const keys[] = {
        "name",       "seed",         "engine",  "nodes",        "delay_scale", "wan",
        "links",      "networks",     "tcp",     "workload",     "sweep",       "repeat",
        "precision",  "repeat_max",   "warmup",  "saturation",   "events",      "quick",
        "verdict",    "reproducible", "routing", "disconnected", "include",     "generate",
        "comparison", "idle"};
    int r = yaml_expect_map(root, "a scenario", keys, ARRAY_LEN(keys), err);
    for (size_t i = 0; r == 0 && i < root->count; i++) {
        if (strcmp(root->pairs[i].key, "include") == 0)
            return yaml_error(err, &root->pairs[i].key_mark,
                              "files are included before anything is changed: expected 'include' "
                              "in the file itself");
    }
    return r;
}

static int decode_plain_keys(struct scenario *s, const struct yaml *root, struct error *err)
{
    const struct yaml *seed = yaml_get(root, "seed"), *engine = yaml_get(root, "engine"),
                      *idle = yaml_get(root, "idle"), *scale = yaml_get(root, "delay_scale"),
                      *reproducible = yaml_get(root, "reproducible");
    s->seed = 1;
    s->delay_scale = 1;
    int r = decode_name(s, yaml_get(root, "name"), err);
    if (r == 0 && seed)
        r = scenario_decode_integer(seed, "the seed", 0, INT64_MAX, &s->seed, err);
    if (r == 0 && engine)
        r = decode_engine(s, engine, err);
    if (r == 0 && idle)
        r = decode_idle(s, idle, err);
    if (r == 0 && scale)
        r = scenario_decode_number(scale, "a factor for the delays", 0, DELAY_SCALE_MAX,
                                   &s->delay_scale, err);
    if (r == 0 && reproducible)
        r = scenario_decode_bool(reproducible, "'reproducible'", &s->reproducible, err);
    if (r == 0 && s->reproducible)
        r = scenario_need_delayline(s, &reproducible->mark, "reproducible",
                                    "cannot promise the same fates", err);
    if (r == 0)
        r = scenario_decode_metric(s, root, err);
    if (r == 0)
        r = scenario_decode_tcp(s, yaml_get(root, "tcp"), err);
    if (r == 0)
        r = scenario_decode_verdict(s, yaml_get(root, "verdict"), err);
    return r < 0 ? r : scenario_decode_repeats(s, root, err);
}

static int decode_sections(struct scenario *s, const struct yaml *root, struct error *err)
{
    static const struct {
        const char *key;
        int (*decode)(struct scenario *s, const struct yaml *node, struct error *err);
    } sections[] = {
        {"wan", scenario_decode_wan},
        {"links", scenario_decode_links},
        {"networks", scenario_decode_networks},
        {"workload", scenario_decode_workload},
    };
    const struct yaml *nodes = yaml_get(root, "nodes");
    if (!nodes)
        return yaml_error(err, &root->mark, "found no 'nodes', expected at least one node");
    int r = scenario_decode_nodes(s, nodes, err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(sections); i++) {
        const struct yaml *section = yaml_get(root, sections[i].key);
        if (section)
            r = sections[i].decode(s, section, err);
    }
    if (r == 0)
        r = scenario_check_addresses(s, err);
    if (r == 0)
        r = scenario_make_routing(s, err);
    const struct yaml *events = yaml_get(root, "events");
    return r == 0 && events ? scenario_decode_events(s, events, err) : r;
}

int scenario_check_key(const struct yaml *root, const char *key, const struct mark *mark,
                       struct error *err)
{
    static const char *const sections[] = {"nodes", "networks", "generate"};
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        size_t len = strlen(sections[i]);
        if (strncmp(key, sections[i], len) != 0 || key[len] != '.')
            continue;
        const struct yaml *section = yaml_get(root, sections[i]);
        _cleanup_(freep) char *name =
            xasprintf("%.*s", (int)strcspn(key + len + 1, "."), key + len + 1);
        if (yaml_get(section, name))
            return 0;
        size_t count = section && section->kind == YAML_MAP ? section->count : 0;
        _cleanup_(freep) const char **names = xcalloc(count, sizeof(*names));
        for (size_t j = 0; j < count; j++)
            names[j] = section->pairs[j].key;
        const char *nearest = text_nearest(name, names, count);
        return yaml_error(err, mark, "the file has no '%s' in '%s'%s%s%s", name, sections[i],
                          nearest ? ", did you mean '" : "", nearest ? nearest : "",
                          nearest ? "'?" : ", expected one that is declared");
    }
    return 0;
}

static int apply_set(struct scenario *s, const char *key, const char *value, struct error *err)
{
    _cleanup_(freep) char *label = xasprintf("--set %s", key);
    int r = scenario_check_key(s->document.root, key, &(struct mark){.file = label}, err);
    if (r < 0)
        return r;
    return yaml_override(&s->document, key, value, err);
}

static int apply_quick(struct scenario *s, struct error *err)
{
    const struct yaml *root = s->document.root, *quick = yaml_get(root, SCENARIO_QUICK);
    int r = 0;
    for (size_t i = 0; quick && quick->kind == YAML_MAP && i < quick->count && r == 0; i++)
        r = scenario_check_key(root, quick->pairs[i].key, &quick->pairs[i].key_mark, err);
    return r < 0 ? r : yaml_apply(&s->document, SCENARIO_QUICK, err);
}

static int apply_sets(struct scenario *s, const struct scenario_source *source, struct error *err)
{
    for (size_t i = 0; i < source->set_count; i++) {
        if (strcmp(source->sets[i], SCENARIO_QUICK) == 0) {
            int r = apply_quick(s, err);
            if (r < 0)
                return r;
            continue;
        }
        const char *equals = strchr(source->sets[i], '=');
        if (!equals)
            return error_input(err, "--set %s: found no '=', expected KEY=VALUE", source->sets[i]);
        _cleanup_(freep) char *key =
            xasprintf("%.*s", (int)(equals - source->sets[i]), source->sets[i]);
        int r = apply_set(s, key, equals + 1, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Everything but the sweep. With `key` (not NULL), that key has `value`. */
static int read_source(const struct scenario_source *source, const char *key, const char *value,
                       struct scenario **ret, struct error *err)
{
    _cleanup_(scenario_freep) struct scenario *s = xcalloc(1, sizeof(*s));
    int r = yaml_parse(source->file, source->text, source->size, &s->document, err);
    if (r == 0)
        r = yaml_expand_variables(s->document.root, err);
    if (r == 0)
        r = yaml_include(&s->document, err);
    if (r == 0)
        r = apply_sets(s, source, err);
    if (r == 0 && key)
        r = apply_set(s, key, value, err);
    if (r == 0)
        r = scenario_generate(s, err);
    if (r == 0)
        r = check_top_level(s->document.root, err);
    if (r == 0)
        r = decode_plain_keys(s, s->document.root, err);
    if (r == 0)
        r = decode_sections(s, s->document.root, err);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(s);
    return 0;
}

/* What it takes to read it, roughly in microseconds: one for a wire, more where paths are found. */
static uint64_t effort_of(const struct scenario *s, const struct scenario_source *source)
{
    uint64_t members = s->wan.member_count, wires = members * members + 2 * s->link_count;
    for (size_t i = 0; i < s->network_count; i++)
        wires += 2 * s->networks[i].member_count;
    uint64_t effort = 100 + source->size / 16 + s->node_count + wires;
    if (s->routing)
        effort += s->node_count * wires / 16;
    for (size_t i = 0; i < s->trace_count; i++)
        effort += s->traces[i]->count / 8;
    return effort;
}

int scenario_try(const struct scenario_source *source, const char *key, const char *value,
                 struct error *err)
{
    _cleanup_(scenario_freep) struct scenario *s = NULL;
    int r = read_source(source, key, value, &s, err);
    if (r < 0)
        return r;
    *source->effort += effort_of(s, source);
    if (*source->effort > EFFORT_MAX)
        return error_input(err,
                           "to try the sweep's values up to this one takes %llu steps, expected at "
                           "most %d: sweep fewer values, or a smaller network",
                           (unsigned long long)*source->effort, EFFORT_MAX);
    return 0;
}

int scenario_try_sets(const struct scenario_source *source, const char *const *sets, size_t count,
                      struct error *err)
{
    struct scenario_source more = *source;
    _cleanup_(freep) const char **all = xcalloc(source->set_count + count, sizeof(*all));
    for (size_t i = 0; i < source->set_count; i++)
        all[i] = source->sets[i];
    for (size_t i = 0; i < count; i++)
        all[source->set_count + i] = sets[i];
    more.sets = all;
    more.set_count += count;
    return scenario_try(&more, NULL, NULL, err);
}

/* Its quick form has to be right, too. */
static int try_quick(const struct scenario *s, const struct scenario_source *source,
                     struct error *err)
{
    const struct yaml *quick = yaml_get(s->document.root, SCENARIO_QUICK);
    if (!quick)
        return 0;
    _cleanup_(freep) const char **more = xcalloc(source->set_count + 1, sizeof(*more));
    more[0] = SCENARIO_QUICK;
    for (size_t i = 0; i < source->set_count; i++)
        more[i + 1] = source->sets[i];
    _cleanup_(scenario_freep) struct scenario *tried = NULL;
    return scenario_open(source->file, more, source->set_count + 1, &tried, err);
}

static int decode_experiment(struct scenario *s, const struct scenario_source *source,
                             struct error *err)
{
    const struct yaml *sweep = yaml_get(s->document.root, "sweep"),
                      *saturation = yaml_get(s->document.root, "saturation"),
                      *comparison = yaml_get(s->document.root, "comparison");
    int r = sweep ? scenario_decode_sweep(s, source, sweep, err) : 0;
    if (r == 0 && saturation)
        r = scenario_decode_saturation(s, saturation, err);
    if (r == 0 && comparison)
        r = scenario_decode_comparison(s, comparison, err);
    return r < 0 ? r : try_quick(s, source, err);
}

static void keep_sets(struct scenario *s, const char *const *sets, size_t count)
{
    s->sets = xcalloc(count + 1, sizeof(*s->sets));
    for (size_t i = 0; i < count; i++)
        s->sets[i] = xstrdup(sets[i]);
    s->set_count = count;
}

static int open_scenario(const char *file, const char *const *sets, size_t set_count,
                         bool with_experiment, struct scenario **ret, struct error *err)
{
    uint64_t effort = 0;
    struct scenario_source source = {
        .file = file, .sets = sets, .set_count = set_count, .effort = &effort};
    _cleanup_(freep) char *text = NULL;
    int r = yaml_read(file, &text, &source.size, err);
    if (r < 0)
        return r;
    source.text = text;
    _cleanup_(scenario_freep) struct scenario *s = NULL;
    r = read_source(&source, NULL, NULL, &s, err);
    if (r == 0 && with_experiment)
        r = decode_experiment(s, &source, err);
    if (r < 0)
        return r;
    keep_sets(s, sets, set_count);
    *ret = TAKE_PTR(s);
    return 0;
}

int scenario_open(const char *file, const char *const *sets, size_t set_count,
                  struct scenario **ret, struct error *err)
{
    return open_scenario(file, sets, set_count, true, ret, err);
}

int scenario_open_one(const char *file, const char *const *sets, size_t set_count,
                      struct scenario **ret, struct error *err)
{
    return open_scenario(file, sets, set_count, false, ret, err);
}

static void free_experiment(struct scenario *s)
{
    for (size_t i = 0; i < s->set_count; i++)
        free(s->sets[i]);
    free(s->sets);
    for (size_t i = 0; i < s->workload.parameter_count; i++) {
        free(s->workload.parameters[i].name);
        free(s->workload.parameters[i].value);
    }
    free(s->workload.parameters);
    free(s->workload.name), free(s->workload.path);
    for (size_t i = 0; i < s->sweep_count; i++) {
        for (size_t j = 0; j < s->sweep[i].value_count; j++)
            free(s->sweep[i].values[j]);
        free(s->sweep[i].values);
        free(s->sweep[i].key);
    }
    free(s->sweep);
    free(s->points);
    free(s->saturation.of);
    free(s->saturation.from);
    free(s->saturation.to);
    scenario_comparison_done(&s->comparison);
}

void scenario_free(struct scenario *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->node_count; i++) {
        free(s->nodes[i].name);
        free(s->nodes[i].group);
        free(s->nodes[i].region);
        free(s->nodes[i].root);
        free(s->nodes[i].image);
    }
    for (size_t i = 0; i < s->network_count; i++) {
        free(s->networks[i].name);
        free(s->networks[i].members);
    }
    free(s->nodes);
    free(s->names);
    free(s->links);
    free(s->networks);
    free(s->wan.members);
    free(s->wan.pairs);
    for (size_t i = 0; i < s->distribution_count; i++)
        distribution_free(s->distributions[i]);
    free(s->distributions);
    for (size_t i = 0; i < s->trace_count; i++)
        trace_free(s->traces[i]);
    free(s->traces);
    free(s->needs_delayline);
    routing_free(s->routing);
    if (s->events)
        schedule_done(s->events);
    free(s->events);
    free_experiment(s);
    free(s->tcp.congestion);
    free(s->name);
    yaml_close(&s->document);
    free(s);
}

int scenario_node(const struct scenario *s, const char *name)
{
    const struct scenario_name *found = scenario_find(s, name);
    return found && !found->is_group ? (int)found->first : -1;
}
