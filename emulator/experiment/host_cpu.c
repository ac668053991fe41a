/* SPDX-License-Identifier: MIT */
#include "experiment/host_cpu.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

enum { STAT_MAX = 1 << 20 };
static const uint64_t shortest_ns = 100 * NS_PER_MS; /* ten of the kernel's ticks */

static bool read_sample(struct host_sample *ret)
{
    _cleanup_(freep) char *stat = NULL;
    if (file_read("/proc/stat", STAT_MAX, &stat, NULL, NULL) < 0)
        return false;
    *ret = (struct host_sample){.monotonic_ns = clock_monotonic_ns()};
    host_load_parse_stat(stat, ret);
    return true;
}

/* If the sample under way is at least so long. */
static void write_sample(struct host_cpu *c, uint64_t length_ns)
{
    struct host_sample now;
    if (clock_monotonic_ns() - c->last.monotonic_ns < length_ns || !read_sample(&now) ||
        now.all_ticks == c->last.all_ticks)
        return;
    struct host_load load = {.begin = c->last, .end = now};
    fprintf(c->file, "%.3f,%.3f,%.4f\n", results_now(c->results), host_load_seconds(&load),
            host_load_busy(&load));
    c->last = now;
}

int host_cpu_begin(struct host_cpu *c, const struct results *results, struct error *err)
{
    c->results = results;
    c->file = results_create(results, "host_cpu.csv", err);
    if (!c->file)
        return -err->code;
    fputs("at,seconds,cpu\n", c->file);
    read_sample(&c->last);
    return 0;
}

void host_cpu_watch(struct host_cpu *c)
{
    write_sample(c, NS_PER_SEC);
}

int host_cpu_end(struct host_cpu *c, struct error *err)
{
    if (!c->file)
        return 0;
    write_sample(c, shortest_ns);
    bool failed = ferror(c->file);
    failed = fclose(c->file) < 0 || failed;
    c->file = NULL;
    if (failed)
        return error_set(err, EIO, "cannot write all of 'host_cpu.csv': is the disk full?");
    return 0;
}
