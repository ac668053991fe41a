/* SPDX-License-Identifier: MIT */
#include "parameters.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static int read_number(const char *name, double fallback, double min, double max, double *ret,
                       struct error *err)
{
    const char *text = getenv(name);
    char *end;
    if (!text && isnan(fallback))
        return error_input(err, "%s is not set", name);
    double value = text ? strtod(text, &end) : fallback;
    if (text && (end == text || *end || !isfinite(value)))
        return error_input(err, "%s: '%s' is not a number", name, text);
    if (value < min || value > max)
        return error_input(err, "%s: %g is not between %g and %g", name, value, min, max);
    *ret = value;
    return 0;
}

int parameters_read_integer(const char *name, double fallback, double min, double max,
                            unsigned *ret, struct error *err)
{
    double value;
    int r = read_number(name, fallback, min, max, &value, err);
    if (r == 0 && value != floor(value))
        return error_input(err, "%s: %g is not a whole number", name, value);
    if (r == 0)
        *ret = (unsigned)value;
    return r;
}

static int read_u64(const char *name, uint64_t fallback, uint64_t *ret, struct error *err)
{
    const char *text = getenv(name);
    char *end;
    errno = 0;
    uint64_t value = text ? strtoull(text, &end, 10) : fallback;
    if (text && (end == text || *end || errno || *text == '-'))
        return error_input(err, "%s: '%s' is not a whole number", name, text);
    *ret = value;
    return 0;
}

int parameters_read_choice(const char *name, const char *const *words, unsigned *ret,
                           struct error *err)
{
    const char *text = getenv(name);
    for (unsigned i = 0; words[i]; i++)
        if (!text || !strcmp(text, words[i])) {
            *ret = i;
            return 0;
        }
    error_input(err, "%s: '%s' is none of", name, text);
    for (unsigned i = 0; words[i]; i++) {
        size_t len = strlen(err->text);
        snprintf(err->text + len, sizeof(err->text) - len, "%s '%s'", i ? "," : "", words[i]);
    }
    return -EINVAL;
}

static int read_load(struct parameters *p, struct error *err)
{
    int r;
    if ((r = read_number("WANLAB_PARAM_RATE", 50, 1e-3, 1e5, &p->rate, err)) < 0 ||
        (r = read_number("WANLAB_PARAM_DURATION", 30, 1e-3, 1e6, &p->duration_s, err)) < 0 ||
        (r = read_number("WANLAB_PARAM_TIMEOUT", 2, 1e-3, 1e4, &p->timeout_s, err)) < 0 ||
        (r = read_number("WANLAB_PARAM_SETTLE", 10, 0, 1e4, &p->settle_s, err)) < 0 ||
        (r = read_number("WANLAB_PARAM_OUTAGE", 0.5, 1e-3, 1e4, &p->outage_s, err)) < 0 ||
        (r = read_number("WANLAB_PARAM_SLACK", 0, 0, 3600, &p->slack_s, err)) < 0 ||
        (r = parameters_read_integer("WANLAB_PARAM_CLIENTS", 10, 1, 1000, &p->clients, err)) < 0 ||
        (r = parameters_read_integer("WANLAB_PARAM_KEYS", 20, 1, 1e6, &p->keys, err)) < 0 ||
        (r = read_number("WANLAB_PARAM_READS", 0.4, 0, 1, &p->reads, err)) < 0 ||
        (r = read_number("WANLAB_PARAM_CAS", 0.1, 0, 1, &p->cas, err)) < 0 ||
        (r = read_number("WANLAB_PARAM_ADDS", 0.1, 0, 1, &p->adds, err)) < 0)
        return r;
    if (p->reads + p->cas + p->adds > 1)
        return error_input(err, "reads, cas and adds are %g of the operations, expected at most 1",
                           p->reads + p->cas + p->adds);
    return 0;
}

int parameters_read_host(struct parameters *ret, struct error *err)
{
    struct parameters p = {.output_path = getenv("WANLAB_OUTPUT")};
    int r;
    if ((r = parameters_read_integer("WANLAB_COUNT", NAN, 1, 1000, &p.count, err)) < 0 ||
        (r = read_u64("WANLAB_SEED", 0, &p.seed, err)) < 0 ||
        (r = read_u64("WANLAB_START", clock_realtime_ns(), &p.start_ns, err)) < 0 ||
        (r = read_load(&p, err)) < 0)
        return r;
    *ret = p;
    return 0;
}

static const char *expect_text(const char *name, struct error *err)
{
    const char *text = getenv(name);
    if (!text)
        error_input(err, "%s is not set", name);
    return text;
}

int parameters_read(struct parameters *ret, struct error *err)
{
    struct parameters p;
    int r = parameters_read_host(&p, err);
    if (r < 0)
        return r;
    if (!(p.node = expect_text("WANLAB_NODE", err)) ||
        !(p.peers_path = expect_text("WANLAB_PEERS", err)) ||
        !(p.folder = expect_text("WANLAB_DIR", err)))
        return -err->code;
    r = parameters_read_integer("WANLAB_INDEX", NAN, 0, p.count - 1, &p.index, err);
    if (r == 0)
        *ret = p;
    return r;
}
