/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

static const uint64_t progress_period_ns = NS_PER_SEC / 5;

int output_open(struct output *r, const char *output_path, const char *folder, uint64_t start_ns,
                struct error *err)
{
    *r = (struct output){0};
    r->zero_ns = (int64_t)clock_monotonic_ns() - (int64_t)(clock_realtime_ns() - start_ns);
    r->output = output_path ? fopen(output_path, "ae") : fdopen(dup(STDOUT_FILENO), "w");
    if (!r->output)
        return error_errno(err, errno, "cannot open '%s'", output_path ? output_path : "output");
    setvbuf(r->output, NULL, _IOLBF, 0);
    if (!folder)
        return 0;
    _cleanup_(freep) char *path = xasprintf("%s/" OUTPUT_HISTORY, folder);
    r->history = fopen(path, "we");
    return r->history ? 0 : error_errno(err, errno, "cannot open '%s'", path);
}

static int close_file(FILE **f, const char *name, struct error *err)
{
    FILE *file = TAKE_PTR(*f);
    if (!file)
        return 0;
    int failed = ferror(file);
    if (fclose(file) != 0 || failed)
        return error_errno(err, errno ? errno : EIO, "cannot write all of the %s", name);
    return 0;
}

int output_close(struct output *r, struct error *err)
{
    struct error second;
    int result = close_file(&r->output, "results", err);
    int closed = close_file(&r->history, "history", result < 0 ? &second : err);
    return result < 0 ? result : closed;
}

double output_seconds(const struct output *r, uint64_t monotonic_ns)
{
    return (double)((int64_t)monotonic_ns - r->zero_ns) / (double)NS_PER_SEC;
}

void output_metric(struct output *r, const char *metric, double value, const char *unit,
                   double at_s)
{
    fprintf(r->output, "{\"metric\":\"%s\",\"value\":%.9g,\"unit\":\"%s\",\"at\":%.6f}\n", metric,
            value, unit, at_s);
}

void output_gap(struct output *r, const char *metric, double begin_s, double end_s)
{
    fprintf(r->output,
            "{\"metric\":\"%s\",\"value\":%.6f,\"unit\":\"s\",\"at\":%.6f,\"begin\":%.6f,"
            "\"end\":%.6f}\n",
            metric, end_s - begin_s, end_s, begin_s, end_s);
}

void output_progress(struct output *r, double share)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (share < 1 && now_ns - r->spoke_ns < progress_period_ns)
        return;
    r->spoke_ns = now_ns;
    fprintf(r->output, "{\"progress\":%.4f}\n", share);
}
