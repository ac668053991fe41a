/* SPDX-License-Identifier: MIT */
#include "parameters.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#include "tuple.h"

enum {
    COUNT_MAX = 65535, /* an origin is a SMALLINT */
    TIMEOUT_MAX_S = 86400,
    CONNECTIONS_MAX = 64,
    BATCH_SIZE_MAX = 16 << 20, /* the server's default max_allowed_packet */
};

static int read_number(const char *name, double fallback, double min, double max, double *ret,
                       struct error *err)
{
    const char *text = getenv(name);
    if (!text) {
        if (isnan(fallback))
            return error_input(err, "%s is not set", name);
        *ret = fallback;
        return 0;
    }
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value))
        return error_input(err, "%s: '%s' is not a number", name, text);
    if (value < min || value > max)
        return error_input(err, "%s: %s is not between %g and %g", name, text, min, max);
    *ret = value;
    return 0;
}

static int read_integer(const char *name, double fallback, double min, double max, unsigned *ret,
                        struct error *err)
{
    double value;
    int r = read_number(name, fallback, min, max, &value, err);
    if (r < 0)
        return r;
    if (value != floor(value))
        return error_input(err, "%s: %s is not a whole number", name, getenv(name));
    *ret = (unsigned)value;
    return 0;
}

static int read_u64(const char *name, uint64_t fallback, uint64_t *ret, struct error *err)
{
    const char *text = getenv(name);
    if (!text) {
        *ret = fallback;
        return 0;
    }
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end || errno || *text == '-')
        return error_input(err, "%s: '%s' is not a whole number", name, text);
    *ret = value;
    return 0;
}

/* One of the words, NULL-terminated; `*ret` becomes its place. */
static int read_choice(const char *name, const char *const *words, int fallback, int *ret,
                       struct error *err)
{
    const char *text = getenv(name);
    if (!text) {
        *ret = fallback;
        return 0;
    }
    for (int i = 0; words[i]; i++)
        if (!strcmp(text, words[i])) {
            *ret = i;
            return 0;
        }
    error_input(err, "%s: '%s' is none of", name, text);
    for (int i = 0; words[i]; i++) {
        size_t len = strlen(err->text);
        snprintf(err->text + len, sizeof(err->text) - len, "%s '%s'", i ? "," : "", words[i]);
    }
    return -EINVAL;
}

static int read_timeout(const char *name, double fallback_s, uint64_t *ret_ns, struct error *err)
{
    double seconds;
    int r = read_number(name, fallback_s, 0.001, TIMEOUT_MAX_S, &seconds, err);
    if (r == 0)
        *ret_ns = (uint64_t)(seconds * (double)NS_PER_SEC);
    return r;
}

static int read_choices(struct parameters *p, struct error *err)
{
    static const char *const modes[] = {"sequential", "parallel", "baseline", NULL};
    static const char *const pacings[] = {"sleep", "absolute", NULL};
    static const char *const all_arrivals[] = {"constant", "poisson", NULL};
    int mode, pacing, arrivals, r;
    if ((r = read_choice("WANLAB_PARAM_MODE", modes, MODE_SEQUENTIAL, &mode, err)) < 0 ||
        (r = read_choice("WANLAB_PARAM_PACING", pacings, PACING_ABSOLUTE, &pacing, err)) < 0 ||
        (r = read_choice("WANLAB_PARAM_ARRIVALS", all_arrivals, ARRIVALS_CONSTANT, &arrivals,
                         err)) < 0)
        return r;
    p->mode = (enum mode)mode;
    p->pacing = (enum pacing)pacing;
    p->arrivals = (enum arrivals)arrivals;
    return 0;
}

/* The number of inserts: asked for as it is, or as a duration. */
static int read_inserts(struct parameters *p, struct error *err)
{
    double count;
    int r = read_number("WANLAB_PARAM_COUNT", 0, 0, UINT32_MAX, &count, err);
    if (r < 0)
        return r;
    if (count != floor(count))
        return error_input(err, "WANLAB_PARAM_COUNT: %s is not a whole number",
                           getenv("WANLAB_PARAM_COUNT"));
    if (count == 0)
        count = round(p->rate * p->duration_s);
    if (count < 1)
        return error_input(err, "%g inserts per second for %g s are no insert at all", p->rate,
                           p->duration_s);
    if (count > UINT32_MAX)
        return error_input(err, "%g inserts are more than the table can number", count);
    p->inserts = (uint64_t)count;
    return 0;
}

static int check_sizes(const struct parameters *p, struct error *err)
{
    if (p->aggregate > p->inserts)
        return error_input(err, "an aggregate of %u is more than the %llu inserts of each node",
                           p->aggregate, (unsigned long long)p->inserts);
    if ((double)p->aggregate * (p->tuple_len + TUPLE_ROW_OVERHEAD) > BATCH_SIZE_MAX)
        return error_input(err, "%u tuples of %u characters do not fit into one statement",
                           p->aggregate, p->tuple_len);
    return 0;
}

int parameters_read(struct parameters *ret, struct error *err)
{
    struct parameters p = {.peers_path = getenv("WANLAB_PEERS")};
    int r;
    if (!p.peers_path)
        return error_input(err, "WANLAB_PEERS is not set");
    if ((r = read_integer("WANLAB_COUNT", NAN, 1, COUNT_MAX, &p.count, err)) < 0 ||
        (r = read_u64("WANLAB_SEED", 0, &p.seed, err)) < 0 ||
        (r = read_number("WANLAB_PARAM_RATE", 10, 1e-6, 1e6, &p.rate, err)) < 0 ||
        (r = read_number("WANLAB_PARAM_DURATION", 60, 1e-3, 1e7, &p.duration_s, err)) < 0 ||
        (r = read_integer("WANLAB_PARAM_AGGREGATE", 10, 1, 1e6, &p.aggregate, err)) < 0 ||
        (r = read_integer("WANLAB_PARAM_TUPLE", 32, 1, TUPLE_LEN_MAX, &p.tuple_len, err)) < 0 ||
        (r = read_integer("WANLAB_PARAM_CONNECTIONS", 1, 1, CONNECTIONS_MAX, &p.connections, err)) <
            0 ||
        (r = read_choices(&p, err)) < 0 || (r = read_inserts(&p, err)) < 0 ||
        (r = read_timeout("WANLAB_PARAM_CONNECT_TIMEOUT", 30, &p.connect_timeout_ns, err)) < 0 ||
        (r = read_timeout("WANLAB_PARAM_SYNC_TIMEOUT", 60, &p.sync_timeout_ns, err)) < 0 ||
        (r = read_timeout("WANLAB_PARAM_CUT_TIMEOUT", 60, &p.cut_timeout_ns, err)) < 0 ||
        (r = check_sizes(&p, err)) < 0)
        return r;
    *ret = p;
    return 0;
}

int identity_read(struct identity *ret, unsigned count, struct error *err)
{
    struct identity i = {.node = getenv("WANLAB_NODE"),
                         .output_path = getenv("WANLAB_OUTPUT"),
                         .folder = getenv("WANLAB_DIR")};
    int r;
    if (!i.node)
        return error_input(err, "WANLAB_NODE is not set");
    if ((r = read_integer("WANLAB_INDEX", NAN, 0, count - 1, &i.index, err)) < 0 ||
        (r = read_u64("WANLAB_START", clock_realtime_ns(), &i.start_ns, err)) < 0)
        return r;
    *ret = i;
    return 0;
}

uint64_t parameters_replicated(const struct parameters *p)
{
    return p->mode == MODE_BASELINE ? 0 : p->inserts;
}

uint64_t parameters_batches(const struct parameters *p)
{
    return (p->inserts + p->aggregate - 1) / p->aggregate;
}

double parameters_batch_interval_s(const struct parameters *p)
{
    return p->aggregate / p->rate;
}

double parameters_nominal_s(const struct parameters *p)
{
    return (double)p->inserts / p->rate;
}
