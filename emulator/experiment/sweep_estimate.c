/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_estimate.h"

#include <stdlib.h>
#include <string.h>

#define GUEST_MEMORY_DEFAULT (256ULL << 20)

/* Around the main loop of any run: measuring the wires, collecting, drawing. */
static const double RUN_OVERHEAD_S = 1.0;

/* Boot and services of one node; nodes boot side by side, as many as there are processors. */
static double boot_s(enum node_kind kind)
{
    switch (kind) {
    case NODE_KIND_PROCESS:
        return 0.1;
    case NODE_KIND_CONTAINER:
        return 0.15;
    case NODE_KIND_UML:
        return 1.5;
    case NODE_KIND_QEMU:
        return 4;
    case NODE_KIND_DOCKER:
        return 0.3;
    }
    return 0;
}

double estimate_time(const struct scenario *s, const struct workload *w,
                     const struct workload_value *values)
{
    double seconds = RUN_OVERHEAD_S;
    for (size_t i = 0; i < w->parameter_count; i++)
        if (w->parameters[i].type == WORKLOAD_TIME && strcmp(values[i].name, "duration") == 0)
            seconds += strtod(values[i].number, NULL);
    for (size_t i = 0; i < s->node_count; i++)
        seconds += boot_s(s->nodes[i].kind);
    return seconds;
}

uint64_t estimate_memory(const struct scenario *s, const struct workload *w)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < s->node_count; i++) {
        uint64_t guest = s->nodes[i].limits.memory_bytes;
        uint64_t scratch = s->nodes[i].scratch_on_disk ? 0 : w->scratch;
        if (scenario_is_machine(s->nodes[i].kind)) /* its programs are in the guest's memory */
            bytes += (guest ? guest : GUEST_MEMORY_DEFAULT) + scratch;
        else
            bytes += w->memory + scratch;
    }
    return bytes;
}
