/* SPDX-License-Identifier: MIT
 *
 * What the delay line's model of the wires costs per packet, without any system call: finding the
 * wire by address, drawing the fate, queue, transmission, flight and release. Wan after wan of
 * growing size, then one wire with one impairment after the other. Processor time of this thread,
 * the least of several rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/prng.h"
#include "topology/plan.h"
#include "wire/delayline/switch.h"
#include "wire/delayline/wires.h"

enum { PACKETS = 1000000, ROUNDS = 5, FLYING = 4096, FRAME = 1514 };

static struct packet packets[FLYING];

struct bench {
    struct scenario *scenario;
    struct plan *plan;
    struct delayline_stats *stats;
    struct wires wires;
    struct switch_table table;
};

static struct bench open_bench(const char *text)
{
    struct bench b;
    struct error err;
    char path[] = "/tmp/wanlab-bench-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || file_write(path, text, &err) < 0 ||
        scenario_open(path, NULL, 0, &b.scenario, &err) < 0 ||
        plan_new(b.scenario, ENGINE_DELAYLINE, &b.plan, &err) < 0) {
        fprintf(stderr, "%s\n", fd < 0 ? "no temporary file" : err.text);
        exit(1);
    }
    unlink(path);
    b.stats = xcalloc(1, sizeof(*b.stats) + b.plan->wire_count * sizeof(b.stats->wire[0]));
    wires_init(&b.wires, b.plan, b.stats, 0);
    switch_init(&b.table, b.plan);
    return b;
}

static void close_bench(struct bench *b)
{
    wires_done(&b->wires);
    switch_done(&b->table);
    plan_free(b->plan);
    scenario_free(b->scenario);
    free(b->stats);
}

static double thread_seconds(void)
{
    return (double)clock_ns(CLOCK_THREAD_CPUTIME_ID) / 1e9;
}

/* Takes what is due and dropped; how many. */
static unsigned drain(struct bench *b, uint64_t now_ns)
{
    unsigned count = 0;
    uint32_t wire;
    while (wires_take_due(&b->wires, now_ns, &wire))
        count++;
    while (wires_take_dropped(&b->wires))
        count++;
    return count;
}

/* Nanoseconds per packet. `one_pair`: all over the same wire. */
static double run(struct bench *b, unsigned members, bool one_pair)
{
    static uint64_t now; /* goes on over all rounds */
    double least = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = thread_seconds();
        for (uint64_t n = 0; n < PACKETS; n++) {
            uint32_t random = one_pair ? 1 : (uint32_t)(n * 2654435761u >> 3);
            uint32_t from = random % members,
                     to = (from + 1 + random / 7 % (members - 1)) % members;
            const struct frame frame = {
                .family = AF_INET, .destination = b->plan->ports[to].v4.bytes, .segments = 1};
            struct switch_way way = switch_find(&b->table, from, &frame);
            struct packet *p = &packets[n % FLYING];
            p->segments = 1;
            p->wire_bytes = FRAME;
            p->control = false;
            wires_enqueue(&b->wires, way.wire, p, now);
            now += 1300;
            drain(b, now);
        }
        double ns = (thread_seconds() - begin) * 1e9 / PACKETS;
        least = ns < least ? ns : least;
        now += NS_PER_SEC;
        drain(b, now);
    }
    return least;
}

static void bench_wans(void)
{
    static const unsigned sizes[] = {2, 16, 64, 256, 512};
    printf("%-44s %12s %12s\n", "wan (delay 1 ms)", "one pair", "all pairs");
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *text =
            xasprintf("nodes: {n: {count: %u}}\nwan: {members: [n], delay: 1ms}\n", sizes[i]);
        struct bench b = open_bench(text);
        double one = run(&b, sizes[i], true), all = run(&b, sizes[i], false);
        char name[64];
        snprintf(name, sizeof(name), "%u nodes, %u pairs", sizes[i], sizes[i] * (sizes[i] - 1));
        printf("%-44s %9.1f ns %9.1f ns\n", name, one, all);
        close_bench(&b);
        free(text);
    }
}

static void bench_impairments(void)
{
    static const char *const keys[] = {
        "delay: 1ms",
        "delay: 1ms, rate: 10gbit",
        "delay: 1ms, rate: 1gbit, queue: 64KiB, drop: head",
        "delay: 1ms, loss: 1%",
        "delay: 1ms, loss: {gemodel: {p: 1%, r: 20%}}",
        "delay: 1ms, jitter: 0.5ms",
        "delay: 1ms, jitter: 0.5ms, distribution: normal",
        "delay: 1ms, jitter: 0.5ms, correlation: 50%",
        "delay: 1ms, jitter: 0.5ms, reorder: jitter",
        "delay: 1ms, jitter: 0.5ms, loss: 1%, corrupt: 1%",
    };
    printf("\n%-58s %12s\n", "one wire", "per packet");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char *text = xasprintf("nodes: {n: {count: 2}}\nwan: {members: [n], %s}\n", keys[i]);
        struct bench b = open_bench(text);
        printf("%-58s %9.1f ns\n", keys[i], run(&b, 2, true));
        close_bench(&b);
        free(text);
    }
}

int main(void)
{
    bench_wans();
    bench_impairments();
    return 0;
}
