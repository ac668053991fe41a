/* SPDX-License-Identifier: MIT
 *
 * What else happened to this machine while a run measured: processors that were wanted and not to
 * be had, or taken by what the machine itself runs on; packets that its kernel had no time for;
 * clocks that were set; a night's sleep. From /proc, twice, and a sample in between where the
 * kernel keeps no account of pressure.
 */
#ifndef WANLAB_EXPERIMENT_HOST_LOAD_H
#define WANLAB_EXPERIMENT_HOST_LOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct host_sample {
    uint64_t monotonic_ns, raw_ns, realtime_ns, boottime_ns;
    bool has_pressure;
    uint64_t pressure_us;                        /* in which something waited for a processor */
    uint64_t all_ticks, idle_ticks, steal_ticks; /* of all processors */
    unsigned running;                            /* now, also those that wait for a processor */
    uint64_t softnet_drops;                      /* packets, in all network namespaces */
};

struct host_load {
    struct host_sample begin, end;
    unsigned watched, crowded; /* samples in between; those with more running than processors */
};

void host_load_begin(struct host_load *l);
void host_load_watch(struct host_load *l); /* often, in between */
void host_load_end(struct host_load *l);

double host_load_seconds(const struct host_load *l);
/* Share of the time in which something waited for a processor: the kernel's own account (PSI), or,
 * where it keeps none, the share of the samples with more processes running than processors. NAN:
 * neither is known. */
double host_load_pressure(const struct host_load *l);
double host_load_steal(const struct host_load *l); /* share of the processors' time */
/* The same less what the account cannot tell: it is kept in ticks (10 ms), of each processor. */
double host_load_steal_at_least(const struct host_load *l);
double host_load_busy(const struct host_load *l);   /* the same, not idle */
double host_load_jump_s(const struct host_load *l); /* the wall clock was set by so much */
double host_load_slept_s(const struct host_load *l);

json_t *host_load_describe(const struct host_load *l);

/* From the text of /proc/pressure/cpu, /proc/stat and /proc/net/softnet_stat. */
bool host_load_parse_pressure(const char *text, struct host_sample *ret);
void host_load_parse_stat(const char *text, struct host_sample *ret);
void host_load_parse_softnet(const char *text, struct host_sample *ret);

#endif
