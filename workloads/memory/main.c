/* SPDX-License-Identifier: MIT
 *
 * McCalpin's four STREAM kernels, one pass over the arrays a sample, all nodes at the same instant.
 * The first pass of each is not reported, as in his program; what the arrays hold at the end has to
 * be what arithmetic on three numbers gives.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "meter/meter.h"

#include "room.h"
#include "stream.h"

static const double mib = 1 << 20;

static int allocate(struct stream *s, double array_bytes, struct error *err)
{
    const size_t count = (size_t)array_bytes / sizeof(double), size = stream_size(count);
    int r = room_enter(size, err);
    if (r < 0)
        return r;
    char *arrays = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arrays == MAP_FAILED)
        return error_errno(err, errno, "no memory for three arrays of %.3g MiB", array_bytes / mib);
    stream_init(s, (double *)arrays, count);
    return 0;
}

static void measure(struct meter *m, struct stream *s, unsigned repetitions)
{
    for (unsigned i = 0; i <= repetitions; i++) {
        for (unsigned k = 0; k < STREAM_KERNELS; k++) {
            meter_barrier(m, stream_kernels[k].name, i);
            meter_start(m);
            stream_kernels[k].run(s);
            const uint64_t ns = meter_stop(m);
            stream_expect(s, k);
            if (i > 0)
                meter_sample(m, stream_kernels[k].name, stream_bytes(s, k) * NS_PER_SEC / ns,
                             "B/s");
        }
    }
}

static int run(struct error *err)
{
    double array, repetitions;
    struct meter m;
    struct stream s;
    int r = meter_parameter("ARRAY", 80 * mib, 4096, 1e12, &array, err);
    if (r == 0)
        r = meter_parameter("REPETITIONS", 10, 1, 1e6, &repetitions, err);
    if (r == 0)
        r = allocate(&s, array, err);
    if (r == 0)
        r = meter_open(&m, err);
    if (r < 0)
        return r;
    if (room_cache() * 4 > array)
        fprintf(stderr,
                "memory: warning: arrays of %.4g MiB are not four times the last-level cache "
                "(%.4g MiB): this measures the cache, too\n",
                array / mib, room_cache() / mib);
    measure(&m, &s, (unsigned)repetitions);
    meter_sample(&m, "huge", room_huge() / (double)stream_size(s.count), "");
    r = stream_check(&s, err);
    return r < 0 ? r : meter_close(&m, err);
}

/* What a node needs, for the emulator. */
static int lint(struct error *err)
{
    double array;
    int r = meter_parameter("ARRAY", 80 * mib, 4096, 1e12, &array, err);
    if (r == 0)
        printf("{\"memory\":%.0f,\"scratch\":%.0f}\n", 3 * array + 4 * mib, 16 * mib);
    return r;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    const int r = argc > 1 && strcmp(argv[1], "lint") == 0 ? lint(&err) : run(&err);
    return r < 0 ? meter_fail("memory", &err) : 0;
}
