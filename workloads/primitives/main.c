/* SPDX-License-Identifier: MIT
 *
 * Each sample is the time of one operation, the mean over as many as take a given time together.
 */
#include "base/clock.h"
#include "base/mem.h"

#include "meter/meter.h"

#include "copy_up.h"
#include "primitive.h"

static const struct primitive primitives[] = {
    {"syscall", 1000, primitive_syscall},
    {"page_fault", 64, primitive_fault},
    {"context_switch", 64, primitive_switch},
    {"fork", 4, primitive_fork},
    {"file", 64, primitive_file},
};
static const unsigned most = 4096; /* pages that a fault is measured with at once: 16 MiB */

/* So many operations that they take the time, or as many as there may be. */
static int calibrate(const struct primitive *p, double time_ns, unsigned *ret, struct error *err)
{
    unsigned count = p->first;
    uint64_t ns;
    int r = p->run(count, &ns, err);
    while (r == 0 && (double)ns < time_ns && (p->run != primitive_fault || count < most)) {
        count *= 2;
        r = p->run(count, &ns, err);
    }
    *ret = count;
    return r;
}

static int measure(struct meter *m, const struct primitive *p, unsigned repetitions, double time_ns,
                   struct error *err)
{
    unsigned count;
    uint64_t ns;
    meter_barrier(m, p->metric, 0);
    meter_start(m);
    int r = calibrate(p, time_ns, &count, err);
    meter_stop(m);
    for (unsigned i = 1; r == 0 && i <= repetitions; i++) {
        meter_barrier(m, p->metric, i);
        meter_start(m);
        r = p->run(count, &ns, err);
        meter_stop(m);
        if (r == 0)
            meter_sample(m, p->metric, (double)ns / count / NS_PER_SEC, "s");
    }
    return r;
}

static int run(struct error *err)
{
    double repetitions, time_s;
    struct meter m;
    int r = meter_parameter("REPETITIONS", 10, 1, 1e6, &repetitions, err);
    if (r == 0)
        r = meter_parameter("TIME", 0.05, 0, 3600, &time_s, err);
    if (r == 0)
        r = meter_open(&m, err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(primitives); i++)
        r = measure(&m, &primitives[i], (unsigned)repetitions, time_s * NS_PER_SEC, err);
    if (r == 0)
        r = copy_up_measure(&m, (unsigned)repetitions, err);
    return r < 0 ? r : meter_close(&m, err);
}

int main(void)
{
    struct error err = {0};
    return run(&err) < 0 ? meter_fail("primitives", &err) : 0;
}
