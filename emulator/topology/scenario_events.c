/* SPDX-License-Identifier: MIT
 *
 * The section `events`: read last, since it names all that the others have made.
 */
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "topology/events.h"
#include "topology/scenario_decode.h"

/* What the file says of it; 0: nothing that could be understood without the workload's own file. */
static uint64_t workload_duration(const struct workload_choice *w)
{
    uint64_t ns = 0;
    for (size_t i = 0; i < w->parameter_count; i++)
        if (strcmp(w->parameters[i].name, "duration") == 0 &&
            units_parse_time(w->parameters[i].value, &ns, NULL) < 0)
            ns = 0;
    return ns;
}

int scenario_decode_events(struct scenario *s, const struct yaml *node, struct error *err)
{
    struct plan *plan;
    if (scenario_is_nothing(node))
        return 0;
    s->events = xcalloc(1, sizeof(*s->events));
    int r = schedule_read(s, node, workload_duration(&s->workload), s->events, err);
    const bool any = s->events->count + s->events->condition_count > 0;
    if (r == 0 && any)
        r = plan_new(s, s->engine == ENGINE_AUTO ? ENGINE_DELAYLINE : s->engine, &plan, err);
    if (r < 0 || !any)
        return r;
    const struct event *sieve;
    r = schedule_check_wires(s->events, plan, &sieve, err);
    if (r == 0 && sieve)
        r = scenario_need_delayline(s, &sieve->mark, "partition",
                                    "cannot keep some members of a network apart from others", err);
    plan_free(plan);
    return r;
}
