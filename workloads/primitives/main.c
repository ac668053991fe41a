/* SPDX-License-Identifier: MIT
 *
 * Each sample is the time of one operation, the mean over as many as take a given time together.
 *
 * `primitives [--idle] NAME… -- COMMAND…` is for other workloads: it measures these few, briefly,
 * beside what the command measures afterwards on the same node, and then becomes the command. What
 * cannot be measured is said and left out; it does not keep the command from its work. With --idle
 * it only keeps step with the others at the barriers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#include "meter/meter.h"

#include "copy_up.h"
#include "primitive.h"

static const struct primitive primitives[] = {
    {"syscall", 100, primitive_syscall},
    {"page_fault", 64, primitive_fault},
    {"context_switch", 64, primitive_switch},
    {"fork", 4, primitive_fork},
    {"file", 64, primitive_file},
};

/* So many operations that they take the time, or as many as there may be: `most` pages. */
static int calibrate(const struct primitive *p, double time_ns, unsigned most, unsigned *ret,
                     struct error *err)
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

/* --- all of them --- */

static int measure(struct meter *m, const struct primitive *p, unsigned repetitions, double time_ns,
                   struct error *err)
{
    unsigned count;
    uint64_t ns;
    meter_barrier(m, p->metric, 0);
    meter_start(m);
    int r = calibrate(p, time_ns, 4096, &count, err);
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
        r = copy_up_measure(&m, (unsigned)repetitions, true, err);
    return r < 0 ? r : meter_close(&m, err);
}

/* --- some, before a command --- */

enum {
    BRIEF_REPETITIONS = 5,
    BRIEF_FILES = 3,
    BRIEF_PAGES = 1024, /* no more memory than the smallest of the others' programs needs */
};
static const double brief_ns = 2e6;

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median alone: the others' loads must not show in so short a time. */
static int measure_briefly(struct meter *m, const struct primitive *p, struct error *err)
{
    double values[BRIEF_REPETITIONS];
    unsigned count;
    uint64_t ns;
    int r = calibrate(p, brief_ns, BRIEF_PAGES, &count, err);
    for (unsigned i = 0; r == 0 && i < BRIEF_REPETITIONS; i++) {
        r = p->run(count, &ns, err);
        values[i] = (double)ns / count / NS_PER_SEC;
    }
    if (r < 0)
        return r;
    qsort(values, BRIEF_REPETITIONS, sizeof(*values), compare);
    meter_sample(m, p->metric, values[BRIEF_REPETITIONS / 2], "s");
    return 0;
}

static int measure_named(struct meter *m, const char *name, struct error *err)
{
    if (strcmp(name, "copy_up") == 0)
        return copy_up_measure(m, BRIEF_FILES, false, err);
    for (size_t i = 0; i < ARRAY_LEN(primitives); i++)
        if (strcmp(primitives[i].metric, name) == 0)
            return measure_briefly(m, &primitives[i], err);
    return error_input(err, "there is no primitive '%s'", name);
}

/* `names` and `command` end with NULL. Only returns with an error. */
static int run_before(char **names, char **command, bool idle, struct error *err)
{
    struct meter m;
    setvbuf(stdin, NULL, _IONBF, 0); /* what comes after the barriers' lines is the command's */
    int r = meter_open(&m, err);
    for (; r == 0 && *names; names++) {
        meter_barrier(&m, *names, 0);
        if (idle || measure_named(&m, *names, err) == 0)
            continue;
        if (err->status == STATUS_INPUT)
            r = -err->code;
        else
            fprintf(stderr, "primitives: %s: %s, going on without\n", *names, err->text);
    }
    if (r < 0)
        return r;
    meter_barrier(&m, "primitives", 0);
    execvp(command[0], command);
    return error_errno(err, errno, "cannot run '%s'", command[0]);
}

int main(int argc, char **argv)
{
    struct error err = {0};
    const bool idle = argc > 1 && strcmp(argv[1], "--idle") == 0;
    char **names = argv + 1 + idle, **end = names;
    while (*end && strcmp(*end, "--") != 0)
        end++;
    int r;
    if (argc == 1) {
        r = run(&err);
    } else if (*end && end[1]) {
        *end = NULL;
        r = run_before(names, end + 1, idle, &err);
    } else {
        r = error_input(&err, "expected [--idle] NAME... -- COMMAND..., or nothing");
    }
    return r < 0 ? meter_fail("primitives", &err) : 0;
}
