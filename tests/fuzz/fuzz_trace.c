/* SPDX-License-Identifier: MIT
 *
 * A trace of either kind, and what it says about times in several of its rounds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fuzz.h"
#include "topology/trace.h"

enum { ROUNDS = 3, TIMES_MAX = 64 };

static void check_delivery(const struct trace *t, uint64_t at_ns)
{
    uint64_t n = trace_delivery_from(t, at_ns);
    if (trace_delivery_ns(t, n) < at_ns || (n > 0 && trace_delivery_ns(t, n - 1) >= at_ns))
        fuzz_fail("not the first opportunity", t->path);
}

static void check_row(const struct trace *t, uint64_t at_ns)
{
    for (int hold = 0; hold <= 1; hold++) {
        uint64_t until_ns = 0;
        const struct trace_row *row = trace_row_at(t, hold, at_ns, &until_ns);
        uint64_t in_round = hold ? at_ns : at_ns % t->period_ns;
        if (row < t->rows || row >= t->rows + t->count || row->at_ns > in_round ||
            until_ns <= at_ns)
            fuzz_fail("not the row of that time", t->path);
    }
}

static void check(const struct trace *t)
{
    if (t->count == 0 || t->period_ns == 0 || t->delay_min_ns > t->delay_max_ns ||
        t->rate_min_bps > t->rate_bps || t->rate_bps > t->rate_peak_bps || t->loss_mean < 0 ||
        t->loss_mean > 1 + 1e-9)
        fuzz_fail("sums that cannot be", t->path);
    for (uint64_t i = 0; i < ROUNDS * t->count && i < TIMES_MAX; i++) {
        uint64_t in_round =
            t->kind == TRACE_ROWS ? t->rows[i % t->count].at_ns : t->deliveries[i % t->count];
        uint64_t at_ns = i / t->count * t->period_ns + in_round;
        for (int step = 0; step <= 1; step++)
            (t->kind == TRACE_ROWS ? check_row : check_delivery)(t, at_ns + (uint64_t)step);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace *t = NULL;
    struct error err = {0};
    char *path = fuzz_file("t.trace", data, size);
    int r = trace_open(path, "t", &t, &err);
    if (r < 0 && (err.status != STATUS_INPUT || !strstr(err.text, "t.trace:")))
        fuzz_fail("an error without its place", err.text);
    if (r == 0 && memchr(data, '\0', size))
        fuzz_fail("a NUL byte, and what is behind it, passed over", path);
    if (r == 0)
        check(t);
    trace_free(t);
    free(path);
    return 0;
}
