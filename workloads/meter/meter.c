/* SPDX-License-Identifier: MIT */
#include "meter/meter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

int meter_open(struct meter *m, struct error *err)
{
    const char *path = getenv("WANLAB_OUTPUT");
    *m = (struct meter){.lines = path ? fopen(path, "ae") : stdout};
    if (!m->lines)
        return error_errno(err, errno, "cannot open '%s'", path);
    setvbuf(m->lines, NULL, _IOLBF, 0);
    return 0;
}

int meter_close(struct meter *m, struct error *err)
{
    const double span_ns = (double)(m->end_ns - m->begin_ns);
    if (span_ns > 0)
        meter_sample(m, "adapter", 1 - (double)(m->work_ns + m->wait_ns) / span_ns, "");
    if (ferror(m->lines) | fclose(m->lines))
        return error_errno(err, errno ? errno : EIO, "cannot write all of the results");
    return 0;
}

void meter_barrier(struct meter *m, const char *name, unsigned number)
{
    char line[256];
    const uint64_t arrived_ns = clock_monotonic_ns();
    fprintf(m->lines, "{\"barrier\":\"%s %u\"}\n", name, number);
    if (!fgets(line, sizeof(line), stdin))
        clearerr(stdin);
    const uint64_t left_ns = clock_monotonic_ns();
    if (m->begin_ns)
        m->wait_ns += left_ns - arrived_ns;
    else
        m->begin_ns = left_ns;
    m->end_ns = left_ns;
}

void meter_start(struct meter *m)
{
    m->started_ns = clock_monotonic_ns();
    if (!m->begin_ns)
        m->begin_ns = m->started_ns;
}

uint64_t meter_stop(struct meter *m)
{
    m->end_ns = clock_monotonic_ns();
    m->work_ns += m->end_ns - m->started_ns;
    return m->end_ns - m->started_ns;
}

void meter_sample(struct meter *m, const char *metric, double value, const char *unit)
{
    fprintf(m->lines, "{\"metric\":\"%s\",\"value\":%.9g,\"unit\":\"%s\"}\n", metric, value, unit);
}

int meter_parameter(const char *name, double fallback, double min, double max, double *ret,
                    struct error *err)
{
    char variable[64], *end;
    snprintf(variable, sizeof(variable), "WANLAB_PARAM_%s", name);
    const char *text = getenv(variable);
    const double value = text ? strtod(text, &end) : fallback;
    if (text && (end == text || *end))
        return error_input(err, "%s is '%s', not a number", variable, text);
    if (!(value >= min && value <= max))
        return error_input(err, "%s is %g, not from %g to %g", variable, value, min, max);
    *ret = value;
    return 0;
}

int meter_fail(const char *program, const struct error *err)
{
    fprintf(stderr, "%s: %s\n", program, err->text);
    return (int)err->status;
}
