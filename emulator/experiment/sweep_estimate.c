/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_estimate.h"

#include <stdlib.h>
#include <string.h>

#define GUEST_MEMORY_DEFAULT (256ULL << 20)

/* Around the main loop of any run: measuring the wires, meeting, checking, collecting. */
static const double RUN_OVERHEAD_S = 1.2;

/* Boot and services of one node; nodes boot side by side, as many as there are processors. */
static double boot_s(enum node_kind kind)
{
    switch (kind) {
    case NODE_KIND_PROCESS:
        return 0.15;
    case NODE_KIND_CONTAINER:
        return 0.17;
    case NODE_KIND_UML:
        return 1.5;
    case NODE_KIND_QEMU:
        return 4;
    case NODE_KIND_DOCKER:
        return 0.3;
    case NODE_KIND_NATIVE:
        return 0.1;
    }
    return 0;
}

/* A parameter of that name and type; 0 where there is none. */
static double parameter(const struct workload *w, const struct workload_value *values,
                        const char *name, enum workload_type type)
{
    for (size_t i = 0; i < w->parameter_count; i++)
        if (w->parameters[i].type == type && strcmp(values[i].name, name) == 0)
            return strtod(values[i].number, NULL);
    return 0;
}

double estimate_time(const struct scenario *s, const struct workload *w,
                     const struct workload_value *values)
{
    double count = parameter(w, values, "count", WORKLOAD_INTEGER);
    double rate = parameter(w, values, "rate", WORKLOAD_FREQUENCY);
    double seconds = RUN_OVERHEAD_S;
    if (count > 0 && rate > 0)
        seconds += count / rate;
    else
        seconds += parameter(w, values, "duration", WORKLOAD_TIME);
    for (size_t i = 0; i < s->node_count; i++)
        seconds += boot_s(s->nodes[i].kind);
    return seconds;
}

double estimate_from_records(const struct sweep_book *b, const char *point, double guess_s)
{
    double own_s = 0, took_s = 0, guessed_s = 0;
    unsigned own = 0;
    for (size_t i = 0; i < b->record_count; i++) {
        const struct sweep_record *r = &b->records[i];
        took_s += r->took_s;
        guessed_s += r->guess_s;
        if (!r->failed && strcmp(r->point, point) == 0) {
            own_s += r->took_s;
            own++;
        }
    }
    if (own > 0)
        return own_s / own;
    return guessed_s > 0 ? guess_s * took_s / guessed_s : guess_s;
}

uint64_t estimate_memory(const struct scenario *s, const struct workload *w)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < s->node_count; i++) {
        uint64_t guest = s->nodes[i].limits.memory_bytes;
        uint64_t scratch = s->nodes[i].scratch == SCRATCH_IN_MEMORY ? w->scratch : 0;
        if (scenario_is_machine(s->nodes[i].kind)) /* its programs are in the guest's memory */
            bytes += (guest ? guest : GUEST_MEMORY_DEFAULT) + scratch;
        else
            bytes += w->memory + scratch;
    }
    return bytes;
}
