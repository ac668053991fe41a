/* SPDX-License-Identifier: MIT */
#include "wire/delayline/waiting.h"

#include "base/clock.h"

void waiting_init(struct waiting *w, uint64_t now_ns)
{
    *w = (struct waiting){
        .pressure = -1,
        .looked_ns = now_ns,
        .earned_ns = now_ns,
        .margin_ns = WAITING_MARGIN_NS,
        .window_ns = now_ns,
    };
}

static void earn(struct waiting *w, uint64_t now_ns)
{
    w->credit_ns += (uint64_t)((double)(now_ns - w->earned_ns) * WAITING_SHARE);
    if (w->credit_ns > WAITING_CREDIT_MAX_NS)
        w->credit_ns = WAITING_CREDIT_MAX_NS;
    w->earned_ns = now_ns;
}

static bool may_spin(const struct waiting *w, uint64_t ns)
{
    return w->pressure >= 0 && w->pressure <= WAITING_PRESSURE_SPIN && ns <= w->credit_ns;
}

enum waiting_way waiting_choose(struct waiting *w, uint64_t now_ns, uint64_t due_ns,
                                uint64_t *ret_ns)
{
    const uint64_t left_ns = due_ns == UINT64_MAX ? UINT64_MAX
                             : due_ns > now_ns    ? due_ns - now_ns
                                                  : 0;
    earn(w, now_ns);
    w->since_ns = now_ns;
    w->until_ns = due_ns;
    *ret_ns = left_ns;
    w->way = WAITING_SLEEP;
    w->from_budget = left_ns > WAITING_NEAR_NS && left_ns <= w->margin_ns && may_spin(w, left_ns);
    if (left_ns <= WAITING_NEAR_NS || w->from_budget) {
        w->way = WAITING_SPIN;
    } else if (w->busy && w->pressure > WAITING_PRESSURE_PAUSE) {
        w->way = WAITING_PAUSE;
        if (*ret_ns > WAITING_PAUSE_NS)
            *ret_ns = WAITING_PAUSE_NS;
    } else if (left_ns != UINT64_MAX && left_ns > w->margin_ns && may_spin(w, w->margin_ns)) {
        *ret_ns = left_ns - w->margin_ns;
        w->until_ns = due_ns - w->margin_ns;
    }
    return w->way;
}

/* Many steps up for a sleep that was later, one down for one that was not: so the margin stays
 * where one in fifty is later. */
static void learn(struct waiting *w, uint64_t late_ns)
{
    enum { STEP_NS = 100, STEPS_UP = 49 };
    if (late_ns > w->margin_ns)
        w->margin_ns += STEPS_UP * STEP_NS;
    else if (w->margin_ns > WAITING_NEAR_NS)
        w->margin_ns -= STEP_NS;
    if (w->margin_ns > WAITING_MARGIN_MAX_NS)
        w->margin_ns = WAITING_MARGIN_MAX_NS;
}

uint64_t waiting_end(struct waiting *w, uint64_t now_ns, bool woken)
{
    if (w->way == WAITING_SLEEP && !woken && now_ns >= w->until_ns)
        learn(w, now_ns - w->until_ns);
    if (!w->from_budget)
        return 0;
    uint64_t spun_ns = now_ns - w->since_ns;
    w->credit_ns -= spun_ns < w->credit_ns ? spun_ns : w->credit_ns;
    return spun_ns;
}

void waiting_count(struct waiting *w, uint64_t now_ns, uint32_t packets)
{
    const uint64_t passed_ns = now_ns - w->window_ns;
    w->packets += packets;
    if (passed_ns < NS_PER_MS)
        return;
    w->busy = w->packets * NS_PER_MS >= WAITING_BUSY * passed_ns;
    w->packets = 0;
    w->window_ns = now_ns;
}

void waiting_look(struct waiting *w, uint64_t now_ns, const uint64_t *waited_us)
{
    if (!waited_us)
        w->pressure = -1;
    else if (now_ns > w->looked_ns)
        w->pressure =
            (double)((*waited_us - w->waited_us) * NS_PER_US) / (double)(now_ns - w->looked_ns);
    w->waited_us = waited_us ? *waited_us : 0;
    w->looked_ns = now_ns;
}
