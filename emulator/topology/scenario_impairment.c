/* SPDX-License-Identifier: MIT
 *
 * The keys of a wire. A wire's values come from one map, or from a general one and then a more
 * special one (a direction, a pair); what has to fit together is looked at when all are read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/units.h"
#include "topology/distribution.h"
#include "topology/scenario_decode.h"
#include "topology/trace.h"

enum { MTU = 1500, FRAME = MTU + 14, OVERHEAD_MAX = 10000, CELL_MAX = 65535 };

typedef int decode_fn(struct scenario *s, const struct yaml *value, struct impairment *io,
                      struct error *err);

/* --- single values */

static int decode_time(const struct yaml *v, const char *what, uint64_t *ret, struct error *err)
{
    int r = yaml_expect_scalar(v, what, err);
    if (r == 0 && units_parse_time(v->scalar, ret, err) < 0)
        r = yaml_wrap(err, &v->mark);
    return r;
}

static int decode_share(const struct yaml *v, const char *what, double *ret, struct error *err)
{
    int r = yaml_expect_scalar(v, what, err);
    if (r == 0 && units_parse_share(v->scalar, ret, err) < 0)
        r = yaml_wrap(err, &v->mark);
    return r;
}

static int decode_correlation_of(const struct yaml *v, double *ret, struct error *err)
{
    int r = v ? decode_share(v, "a correlation", ret, err) : 0;
    if (r == 0 && *ret >= 1)
        r = yaml_error(err, &v->mark, "found a correlation of %s, expected less than 100%%",
                       v->scalar);
    return r;
}

/* Bytes that may be negative: "24B", "-14B". */
static int decode_bytes(const struct yaml *v, const char *what, int64_t min, int64_t max,
                        int64_t *ret, struct error *err)
{
    uint64_t size;
    int r = yaml_expect_scalar(v, what, err);
    if (r < 0)
        return r;
    bool negative = *v->scalar == '-';
    if (units_parse_size(v->scalar + negative, &size, err) < 0)
        return yaml_wrap(err, &v->mark);
    int64_t bytes = size > INT32_MAX ? INT32_MAX : (int64_t)size;
    bytes = negative ? -bytes : bytes;
    if (bytes < min || bytes > max)
        return yaml_error(err, &v->mark, "'%s' is out of range: expected %lldB to %lldB", v->scalar,
                          (long long)min, (long long)max);
    *ret = bytes;
    return 0;
}

char *scenario_path(const struct scenario *s, const char *path, const struct mark *mark)
{
    const char *file = mark->line ? mark->file : s->document.file;
    const char *slash = strrchr(file, '/');
    int folder = slash && *path != '/' ? (int)(slash - file) + 1 : 0;
    return xasprintf("%.*s%s", folder, file, path);
}

int scenario_find_file(const struct scenario *s, const struct yaml *node, const char *what,
                       char **ret, struct error *err)
{
    int r = yaml_expect_scalar(node, what, err);
    if (r < 0)
        return r;
    _cleanup_(freep) char *path = scenario_path(s, node->scalar, &node->mark);
    if (!*node->scalar || !file_is_regular(path)) /* a pipe would wait for ever */
        return yaml_error(err, &node->mark, "no file '%s', expected %s", path, what);
    *ret = TAKE_PTR(path);
    return 0;
}

static int decode_chance(const struct yaml *v, const char *what, struct chance *ret,
                         const char *const *more_keys, size_t more_count, struct error *err)
{
    const char *keys[4] = {"probability", "correlation"};
    *ret = (struct chance){0};
    if (v->kind == YAML_SCALAR)
        return decode_share(v, what, &ret->probability, err);
    for (size_t i = 0; i < more_count; i++)
        keys[2 + i] = more_keys[i];
    const struct yaml *probability = yaml_get(v, "probability");
    int r = yaml_expect_map(v, what, keys, 2 + more_count, err);
    if (r == 0 && probability)
        r = decode_share(probability, what, &ret->probability, err);
    if (r == 0)
        r = decode_correlation_of(yaml_get(v, "correlation"), &ret->correlation, err);
    return r;
}

/* --- delay and jitter */

static int decode_delay(struct scenario *s, const struct yaml *v, struct impairment *io,
                        struct error *err)
{
    (void)s;
    return decode_time(v, "a delay", &io->delay_ns, err);
}

static int decode_jitter(struct scenario *s, const struct yaml *v, struct impairment *io,
                         struct error *err)
{
    (void)s;
    return decode_time(v, "a jitter", &io->jitter_ns, err);
}

static const struct distribution *known_distribution(const struct scenario *s, const char *name)
{
    for (size_t i = 0; i < s->distribution_count; i++)
        if (strcmp(s->distributions[i]->name, name) == 0)
            return s->distributions[i];
    return NULL;
}

/* What is no known name is a file. */
static int decode_distribution(struct scenario *s, const struct yaml *v, struct impairment *io,
                               struct error *err)
{
    int r = yaml_expect_scalar(v, "a distribution", err);
    if (r < 0)
        return r;
    io->distribution = known_distribution(s, v->scalar);
    if (io->distribution || strcmp(v->scalar, "uniform") == 0)
        return 0;
    struct distribution *d = distribution_named(v->scalar);
    if (!d) {
        _cleanup_(freep) char *path = NULL;
        r = scenario_find_file(s, v,
                               "uniform, normal, pareto, paretonormal or a table of jitter as "
                               "iproute2 has them",
                               &path, err);
        if (r == 0 && distribution_open(path, v->scalar, &d, err) < 0)
            r = yaml_wrap(err, &v->mark);
    }
    if (r < 0)
        return r;
    s->distributions =
        array_grow(s->distributions, s->distribution_count, sizeof(*s->distributions));
    io->distribution = s->distributions[s->distribution_count++] = d;
    return 0;
}

static int decode_correlation(struct scenario *s, const struct yaml *v, struct impairment *io,
                              struct error *err)
{
    (void)s;
    return decode_correlation_of(v, &io->jitter_correlation, err);
}

/* --- loss and other chances */

struct model {
    const char *key;
    enum loss_model model;
    size_t count;
    const char *names[LOSS_PARAMETERS_MAX];
};

static const struct model models[] = {
    {"gemodel", LOSS_GEMODEL, 4, {"p", "r", "1-h", "1-k"}},
    {"state", LOSS_STATE, 5, {"p13", "p31", "p32", "p23", "p14"}},
};

/* What the file leaves out has netem's default. */
static int decode_model(const struct model *m, const struct yaml *v, struct impairment *io,
                        struct error *err)
{
    double *p = io->loss_parameters;
    bool given[LOSS_PARAMETERS_MAX] = {false};
    int r = yaml_expect_map(v, m->key, m->names, m->count, err);
    memset(p, 0, sizeof(io->loss_parameters));
    for (size_t i = 0; r == 0 && i < m->count; i++) {
        const struct yaml *value = yaml_get(v, m->names[i]);
        given[i] = value != NULL;
        if (value)
            r = decode_share(value, m->names[i], &p[i], err);
    }
    if (r == 0 && !given[0])
        r = yaml_error(err, &v->mark, "found no '%s' in '%s'", m->names[0], m->key);
    if (r < 0)
        return r;
    p[1] = given[1] ? p[1] : 1 - p[0];
    if (m->model == LOSS_GEMODEL)
        p[2] = given[2] ? p[2] : 1;
    else
        p[3] = given[3] ? p[3] : 1;
    if (m->model == LOSS_STATE && (p[0] + p[4] > 1 || p[1] + p[2] > 1))
        return yaml_error(err, &v->mark, "%s is more than 100%%, expected at most that",
                          p[0] + p[4] > 1 ? "p13 and p14 together" : "p31 and p32 together");
    io->loss_model = m->model;
    io->loss = impairment_mean_loss(m->model, p);
    return 0;
}

static int decode_random_loss(const struct yaml *v, struct impairment *io, struct error *err)
{
    static const char *const keys[] = {"random", "correlation", "gemodel", "state"};
    int r = yaml_expect_map(v, "a loss", keys, ARRAY_LEN(keys), err);
    const struct yaml *random = yaml_get(v, "random");
    if (r == 0 && !random)
        r = yaml_error(err, &v->mark, "found no model of loss, expected random, gemodel or state");
    if (r == 0)
        r = decode_share(random, "a loss", &io->loss, err);
    if (r == 0)
        r = decode_correlation_of(yaml_get(v, "correlation"), &io->loss_parameters[0], err);
    return r;
}

static int decode_loss(struct scenario *s, const struct yaml *v, struct impairment *io,
                       struct error *err)
{
    (void)s;
    io->loss_model = LOSS_RANDOM;
    memset(io->loss_parameters, 0, sizeof(io->loss_parameters));
    if (v->kind == YAML_SCALAR)
        return decode_share(v, "a loss", &io->loss, err);
    for (size_t i = 0; i < ARRAY_LEN(models); i++) {
        const struct yaml *model = yaml_get(v, models[i].key);
        if (model && v->count > 1)
            return yaml_error(err, &model->mark, "found '%s' beside another key, expected it alone",
                              models[i].key);
        if (model)
            return decode_model(&models[i], model, io, err);
    }
    return decode_random_loss(v, io, err);
}

static int decode_duplicate(struct scenario *s, const struct yaml *v, struct impairment *io,
                            struct error *err)
{
    (void)s;
    return decode_chance(v, "a share of duplicates", &io->duplicate, NULL, 0, err);
}

static int decode_corrupt(struct scenario *s, const struct yaml *v, struct impairment *io,
                          struct error *err)
{
    (void)s;
    return decode_chance(v, "a share of corruption", &io->corrupt, NULL, 0, err);
}

/* `jitter`, a share, or both in a map. */
static int decode_reorder(struct scenario *s, const struct yaml *v, struct impairment *io,
                          struct error *err)
{
    static const char *const more[] = {"gap", "jitter"};
    (void)s;
    io->reorder = (struct chance){0};
    io->reorder_gap = 0;
    io->order_free = v->kind == YAML_SCALAR && strcmp(v->scalar, "jitter") == 0;
    if (io->order_free)
        return 0;
    int r = decode_chance(v, "reordering", &io->reorder, more, ARRAY_LEN(more), err);
    const struct yaml *gap = yaml_get(v, "gap"), *jitter = yaml_get(v, "jitter");
    uint64_t value = 0;
    if (r == 0 && gap)
        r = scenario_decode_integer(gap, "a gap", 1, 1000000, &value, err);
    io->reorder_gap = (uint32_t)value;
    if (r == 0 && jitter)
        r = scenario_decode_bool(jitter, "'jitter'", &io->order_free, err);
    return r;
}

/* --- rate and queue */

static int decode_rate(struct scenario *s, const struct yaml *v, struct impairment *io,
                       struct error *err)
{
    (void)s;
    int r = yaml_expect_scalar(v, "a rate", err);
    if (r == 0 && units_parse_rate(v->scalar, &io->rate_bps, err) < 0)
        r = yaml_wrap(err, &v->mark);
    return r;
}

static int decode_overhead(struct scenario *s, const struct yaml *v, struct impairment *io,
                           struct error *err)
{
    int64_t bytes = 0;
    (void)s;
    int r = decode_bytes(v, "an overhead", -FRAME, OVERHEAD_MAX, &bytes, err);
    io->framing.overhead = (int32_t)bytes;
    return r;
}

static int decode_cell(struct scenario *s, const struct yaml *v, struct impairment *io,
                       struct error *err)
{
    int64_t bytes = 0;
    (void)s;
    int r = decode_bytes(v, "a cell's size", 1, CELL_MAX, &bytes, err);
    io->framing.cell = (uint32_t)bytes;
    return r;
}

static int decode_cell_overhead(struct scenario *s, const struct yaml *v, struct impairment *io,
                                struct error *err)
{
    int64_t bytes = 0;
    (void)s;
    int r = decode_bytes(v, "a cell's overhead", 0, OVERHEAD_MAX, &bytes, err);
    io->framing.cell_overhead = (int32_t)bytes;
    return r;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static int decode_queue(struct scenario *s, const struct yaml *v, struct impairment *io,
                        struct error *err)
{
    struct queue_limit *q = &io->queue;
    (void)s;
    int r = yaml_expect_scalar(v, "a queue", err);
    if (r < 0)
        return r;
    io->queue_by_default = false;
    q->unit = ends_with(v->scalar, "B")   ? QUEUE_BYTES
              : ends_with(v->scalar, "s") ? QUEUE_TIME
                                          : QUEUE_PACKETS;
    if (ends_with(v->scalar, "packets"))
        q->unit = QUEUE_PACKETS;
    if (q->unit == QUEUE_BYTES)
        r = units_parse_size(v->scalar, &q->size, err);
    else if (q->unit == QUEUE_TIME)
        r = units_parse_time(v->scalar, &q->size, err);
    else
        r = units_parse_packets(v->scalar, &q->size, err);
    if (r == 0 && q->size == 0)
        r = error_input(err, "a queue of '%s' would let nothing pass", v->scalar);
    return r < 0 ? yaml_wrap(err, &v->mark) : 0;
}

static int decode_drop(struct scenario *s, const struct yaml *v, struct impairment *io,
                       struct error *err)
{
    (void)s;
    int r = yaml_expect_scalar(v, "'drop'", err);
    if (r < 0)
        return r;
    io->queue.drop_head = strcmp(v->scalar, "head") == 0;
    if (!io->queue.drop_head && strcmp(v->scalar, "tail") != 0)
        return yaml_error(err, &v->mark, "found '%.60s', expected tail or head", v->scalar);
    return 0;
}

/* --- traces */

static int open_trace(struct scenario *s, const struct yaml *file, const struct trace **ret,
                      struct error *err)
{
    _cleanup_(freep) char *path = NULL;
    struct trace *t;
    int r = scenario_find_file(s, file, "a trace", &path, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < s->trace_count; i++) {
        if (strcmp(s->traces[i]->path, file->scalar) == 0) {
            *ret = s->traces[i];
            return 0;
        }
    }
    r = trace_open(path, file->scalar, &t, err);
    if (r < 0)
        return r;
    s->traces = array_grow(s->traces, s->trace_count, sizeof(*s->traces));
    *ret = s->traces[s->trace_count++] = t;
    return 0;
}

static int decode_trace(struct scenario *s, const struct yaml *v, struct impairment *io,
                        struct error *err)
{
    static const char *const keys[] = {"file", "end"};
    io->trace_hold = false;
    if (v->kind == YAML_SCALAR)
        return open_trace(s, v, &io->trace, err);
    int r = yaml_expect_map(v, "a trace", keys, ARRAY_LEN(keys), err);
    const struct yaml *file = yaml_get(v, "file"), *end = yaml_get(v, "end");
    if (r == 0 && !file)
        r = yaml_error(err, &v->mark, "a trace without 'file'");
    if (r == 0)
        r = open_trace(s, file, &io->trace, err);
    if (r == 0 && end)
        r = yaml_expect_scalar(end, "a trace's end", err);
    if (r < 0 || !end)
        return r;
    io->trace_hold = strcmp(end->scalar, "hold") == 0;
    if (!io->trace_hold && strcmp(end->scalar, "loop") != 0)
        return yaml_error(err, &end->mark, "found '%.60s', expected loop or hold", end->scalar);
    if (io->trace_hold && io->trace->kind == TRACE_DELIVERY)
        return yaml_error(err, &end->mark,
                          "packet-delivery times have nothing that could be held, expected loop");
    return 0;
}

int scenario_decode_impairment(struct scenario *s, const struct yaml *map, struct impairment *io,
                               struct error *err)
{
    static const char *const keys[] = {WIRE_KEYS};
    static decode_fn *const decoders[] = {decode_delay,       decode_jitter,  decode_distribution,
                                          decode_correlation, decode_loss,    decode_duplicate,
                                          decode_corrupt,     decode_reorder, decode_rate,
                                          decode_overhead,    decode_cell,    decode_cell_overhead,
                                          decode_queue,       decode_drop,    decode_trace};
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(keys); i++) {
        const struct yaml *value = yaml_get(map, keys[i]);
        if (value)
            r = decoders[i](s, value, io, err);
    }
    return r;
}
