/* SPDX-License-Identifier: MIT
 *
 * Linpack 100 as it was, and a system ten times as large by the best library: each sample is the
 * rate of as many solutions as fit into a time, and every last one is checked.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "meter/meter.h"

#include "solver.h"

#ifndef MULTIARCH /* the makefile asks the compiler */
#define MULTIARCH "x86_64-linux-gnu"
#endif
#define LIBRARIES "/usr/lib/" MULTIARCH "/"

static struct solver solvers[] = {
    {.metric = "linpack_100",
     .single = true,
     .order = 100,
     .blas = LIBRARIES "blas/libblas.so.3",
     .library = LIBRARIES "lapack/liblapack.so.3",
     .package = "liblapack3",
     .factor = "sgetf2_",
     .solve = "sgetrs_"},
    {.metric = "linpack_large",
     .library = LIBRARIES "openblas-serial/libopenblas.so.0",
     .package = "libopenblas0-serial",
     .factor = "dgetrf_",
     .solve = "dgetrs_"},
};

/* OpenBLAS takes an AMD processor without SSSE3, as qemu emulates one, for an Opteron with 3DNow!,
 * and dies of an illegal instruction. */
static void choose_core(void)
{
    if (__builtin_cpu_supports("sse3") && !__builtin_cpu_supports("ssse3"))
        setenv("OPENBLAS_CORETYPE", "Prescott", 0);
}

static int open_all(struct solver_state **ret, struct error *err)
{
    double order = 0;
    int r = meter_parameter("ORDER", 1000, 2, 2000, &order, err);
    solvers[ARRAY_LEN(solvers) - 1].order = (int)order;
    choose_core();
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(solvers); i++)
        r = solver_open(&solvers[i], &ret[i], err);
    return r;
}

static void close_all(struct solver_state **states)
{
    for (size_t i = 0; i < ARRAY_LEN(solvers); i++)
        solver_free(states[i]);
}

/* One solution at least. */
static double rate(struct meter *m, struct solver_state *s, double time_ns)
{
    unsigned solutions = 0;
    meter_start(m);
    const uint64_t begin_ns = clock_monotonic_ns();
    do {
        solver_run(s);
        solutions++;
    } while ((double)(clock_monotonic_ns() - begin_ns) < time_ns);
    return solutions * solver_operations(s) * NS_PER_SEC / (double)meter_stop(m);
}

/* The first one loads pages and raises the clock, and does not count. */
static int measure(struct meter *m, struct solver_state **states, struct error *err)
{
    double repetitions, time_s;
    int r = meter_parameter("REPETITIONS", 10, 1, 1e6, &repetitions, err);
    if (r == 0)
        r = meter_parameter("TIME", 0.2, 0, 3600, &time_s, err);
    for (unsigned i = 0; r == 0 && i <= repetitions; i++) {
        for (size_t k = 0; r == 0 && k < ARRAY_LEN(solvers); k++) {
            meter_barrier(m, solvers[k].metric, i);
            const double value = rate(m, states[k], i > 0 ? time_s * NS_PER_SEC : 0);
            if (i > 0)
                meter_sample(m, solvers[k].metric, value, "flop/s");
            else
                r = solver_check(states[k], err);
        }
    }
    for (size_t k = 0; r == 0 && k < ARRAY_LEN(solvers); k++)
        r = solver_check(states[k], err);
    return r;
}

static int run(struct solver_state **states, struct error *err)
{
    struct meter m;
    int r = meter_open(&m, err);
    if (r == 0)
        r = measure(&m, states, err);
    return r < 0 ? r : meter_close(&m, err);
}

int main(int argc, char **argv)
{
    struct error err = {0};
    struct solver_state *states[ARRAY_LEN(solvers)] = {0};
    int r = open_all(states, &err);
    if (r == 0 && !(argc > 1 && strcmp(argv[1], "prepare") == 0))
        r = run(states, &err);
    close_all(states);
    return r < 0 ? meter_fail("cpu", &err) : 0;
}
