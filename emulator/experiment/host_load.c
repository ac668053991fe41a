/* SPDX-License-Identifier: MIT */
#include "experiment/host_load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

bool host_load_parse_pressure(const char *text, struct host_sample *ret)
{
    unsigned long long total;
    if (sscanf(text, "some avg10=%*f avg60=%*f avg300=%*f total=%llu", &total) != 1)
        return false;
    ret->pressure_us = total;
    return true;
}

void host_load_parse_stat(const char *text, struct host_sample *ret)
{
    /* user nice system idle iowait irq softirq steal; guests are in user and nice already */
    enum { IDLE = 3, IOWAIT = 4, STEAL = 7, FIELDS };
    const char *running = strstr(text, "procs_running ");
    ret->all_ticks = ret->idle_ticks = ret->steal_ticks = 0;
    char *at = strncmp(text, "cpu ", 4) == 0 ? (char *)text + 4 : NULL;
    for (int i = 0; at && i < FIELDS; i++) {
        uint64_t ticks = strtoull(at, &at, 10);
        ret->all_ticks += ticks;
        if (i == IDLE || i == IOWAIT)
            ret->idle_ticks += ticks;
        if (i == STEAL)
            ret->steal_ticks = ticks;
    }
    ret->running = running ? (unsigned)strtoul(running + strlen("procs_running "), NULL, 10) : 0;
}

void host_load_parse_softnet(const char *text, struct host_sample *ret)
{
    ret->softnet_drops = 0;
    for (const char *line = text; *line;) { /* a processor a line: processed, dropped, … in hex */
        char *at;
        strtoull(line, &at, 16);
        ret->softnet_drops += strtoull(at, NULL, 16);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
}

static char *read_text(const char *path)
{
    char *text = NULL;
    return file_read(path, 1 << 20, &text, NULL, NULL) < 0 ? xstrdup("") : text;
}

/* Close together, since their differences count: what waits for a processor in between must not
 * look like a clock that was set. */
static void read_clocks(struct host_sample *s)
{
    enum { TRIES = 20 };
    static const uint64_t together_ns = 20 * NS_PER_US;
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < TRIES && best > together_ns; i++) {
        uint64_t monotonic = clock_monotonic_ns();
        uint64_t realtime = clock_realtime_ns(), raw = clock_ns(CLOCK_MONOTONIC_RAW);
        uint64_t boottime = clock_ns(CLOCK_BOOTTIME);
        uint64_t took = clock_monotonic_ns() - monotonic;
        if (took >= best)
            continue;
        best = took;
        s->realtime_ns = realtime;
        s->monotonic_ns = monotonic;
        s->raw_ns = raw;
        s->boottime_ns = boottime;
    }
}

static struct host_sample sample(void)
{
    _cleanup_(freep) char *pressure = read_text("/proc/pressure/cpu");
    _cleanup_(freep) char *stat = read_text("/proc/stat");
    _cleanup_(freep) char *softnet = read_text("/proc/net/softnet_stat");
    struct host_sample s = {0};
    s.has_pressure = host_load_parse_pressure(pressure, &s);
    host_load_parse_stat(stat, &s);
    host_load_parse_softnet(softnet, &s);
    read_clocks(&s);
    return s;
}

void host_load_begin(struct host_load *l)
{
    *l = (struct host_load){.begin = sample()};
}

void host_load_watch(struct host_load *l)
{
    if (l->begin.has_pressure)
        return;
    l->watched++;
    l->crowded += sample().running > (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}

void host_load_end(struct host_load *l)
{
    l->end = sample();
}

double host_load_seconds(const struct host_load *l)
{
    return (double)(l->end.monotonic_ns - l->begin.monotonic_ns) / 1e9;
}

double host_load_pressure(const struct host_load *l)
{
    if (l->begin.has_pressure && l->end.has_pressure)
        return fmin(1, (double)(l->end.pressure_us - l->begin.pressure_us) / 1e6 /
                           host_load_seconds(l));
    return l->watched ? (double)l->crowded / l->watched : NAN;
}

static double share_of_ticks(const struct host_load *l, uint64_t begin, uint64_t end)
{
    uint64_t all = l->end.all_ticks - l->begin.all_ticks;
    return all && end > begin ? (double)(end - begin) / (double)all : 0;
}

double host_load_steal(const struct host_load *l)
{
    return share_of_ticks(l, l->begin.steal_ticks, l->end.steal_ticks);
}

double host_load_steal_at_least(const struct host_load *l)
{
    uint64_t exact_to = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    return share_of_ticks(l, l->begin.steal_ticks + exact_to, l->end.steal_ticks);
}

double host_load_busy(const struct host_load *l)
{
    return 1 - share_of_ticks(l, l->begin.idle_ticks, l->end.idle_ticks);
}

/* How much more time passed by one clock than by the other. */
static double drift_s(uint64_t begin, uint64_t end, uint64_t other_begin, uint64_t other_end)
{
    return ((double)(end - begin) - (double)(other_end - other_begin)) / 1e9;
}

/* Both clocks are slewed alike, so what is left was set; sleep is not counted as such. */
double host_load_jump_s(const struct host_load *l)
{
    return drift_s(l->begin.realtime_ns, l->end.realtime_ns, l->begin.boottime_ns,
                   l->end.boottime_ns);
}

double host_load_slept_s(const struct host_load *l)
{
    return drift_s(l->begin.boottime_ns, l->end.boottime_ns, l->begin.monotonic_ns,
                   l->end.monotonic_ns);
}

json_t *host_load_describe(const struct host_load *l)
{
    double pressure = host_load_pressure(l), seconds = host_load_seconds(l);
    double slew =
        drift_s(l->begin.monotonic_ns, l->end.monotonic_ns, l->begin.raw_ns, l->end.raw_ns) /
        seconds;
    return json_pack("{s:f s:o s:s s:f s:f s:I s:f s:f s:f}", "seconds", seconds, "pressure",
                     isnan(pressure) ? json_null() : json_real(pressure), "pressure_by",
                     l->begin.has_pressure ? "psi" : "running processes", "busy", host_load_busy(l),
                     "steal", host_load_steal(l), "softnet_drops",
                     (json_int_t)(l->end.softnet_drops - l->begin.softnet_drops), "clock_jump_s",
                     host_load_jump_s(l), "clock_slew", slew, "slept_s", host_load_slept_s(l));
}
