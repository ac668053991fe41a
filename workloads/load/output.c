/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

static const uint64_t progress_period_ns = NS_PER_SEC / 5;

int output_open(struct output *o, const char *path, uint64_t start_ns, struct error *err)
{
    *o = (struct output){0};
    o->zero_ns = (int64_t)clock_monotonic_ns() - (int64_t)(clock_realtime_ns() - start_ns);
    o->lines = path ? fopen(path, "ae") : fdopen(dup(STDOUT_FILENO), "w");
    if (!o->lines)
        return error_errno(err, errno, "cannot open '%s'", path ? path : "standard output");
    setvbuf(o->lines, NULL, _IOLBF, 0);
    return 0;
}

int output_close(struct output *o, struct error *err)
{
    FILE *lines = TAKE_PTR(o->lines);
    if (!lines)
        return 0;
    int failed = ferror(lines);
    if (fclose(lines) != 0 || failed)
        return error_errno(err, errno ? errno : EIO, "cannot write all of the results");
    return 0;
}

double output_seconds(const struct output *o, uint64_t monotonic_ns)
{
    return (double)((int64_t)monotonic_ns - o->zero_ns) / (double)NS_PER_SEC;
}

void output_metric(struct output *o, const char *metric, double value, const char *unit,
                   double at_s)
{
    fprintf(o->lines, "{\"metric\":\"%s\",\"value\":%.9g,\"unit\":\"%s\",\"at\":%.6f}\n", metric,
            value, unit, at_s);
}

void output_gap(struct output *o, const char *metric, double begin_s, double end_s)
{
    fprintf(o->lines,
            "{\"metric\":\"%s\",\"value\":%.6f,\"unit\":\"s\",\"at\":%.6f,\"begin\":%.6f,"
            "\"end\":%.6f}\n",
            metric, end_s - begin_s, end_s, begin_s, end_s);
}

void output_barrier(struct output *o, const char *barrier)
{
    char line[256];
    fprintf(o->lines, "{\"barrier\":\"%s\"}\n", barrier);
    if (!fgets(line, sizeof(line), stdin)) /* nobody is there who would open it */
        clearerr(stdin);
}

void output_progress(struct output *o, double share)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (share < 1 && now_ns - o->spoke_ns < progress_period_ns)
        return;
    o->spoke_ns = now_ns;
    fprintf(o->lines, "{\"progress\":%.4f}\n", share);
}
