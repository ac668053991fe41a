/* SPDX-License-Identifier: MIT
 *
 * What verify says of wires that are as the file asks, and of ones that are not: its trains are
 * played over the model of the delay line in invented time, with the noise of a machine on top, and
 * judged by a file that may ask for another wire.
 */
#include "experiment/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/train.h"
#include "base/prng.h"
#include "rig.h"

/* One scenario of two nodes and a link. */
struct side {
    struct scenario *scenario;
    struct plan *plan;
};

static struct side asked, actual;
static struct verify_plan v;
static struct finding findings[FINDINGS_OF_PATH];
static size_t finding_count;
static const uint64_t origin_ns = 1000 * NS_PER_SEC;

static void open_side(struct side *s, const char *link)
{
    struct error err;
    char *text = xasprintf("nodes: {a: , b: }\nlinks: [{ends: [a, b], a->b: {%s}}]\n", link);
    char *file = expect_file("s.yaml", text);
    if (scenario_open(file, NULL, 0, &s->scenario, &err) < 0 ||
        plan_new(s->scenario, ENGINE_DELAYLINE, &s->plan, &err) < 0)
        fail_msg("%s", err.text);
    free(file);
    free(text);
}

static void close_side(struct side *s)
{
    plan_free(s->plan);
    scenario_free(s->scenario);
}

/* --- a train over the model */

struct playing {
    struct rig *rig;
    const struct train_plan *plan;
    struct train_list list;
    uint64_t start_ns;
};

/* The machine takes 30 to 130 us, up to 10 ms for one in 2,000 packets and what is behind it. */
static uint64_t noise_ns(uint64_t n)
{
    double u = prng_unit(77, n), w = prng_unit(78, n);
    return (uint64_t)((u < 0.0005 ? 10e6 * w : 30e3 + 100e3 * w * w));
}

static void arrive(struct playing *p, const struct packet *packet)
{
    uint64_t sent_ns = p->start_ns + packet->number / p->plan->burst * p->plan->gap_ns;
    uint64_t at_ns = packet->due_ns + noise_ns(p->list.count);
    if (p->list.count > 0 && at_ns < p->list.arrivals[p->list.count - 1].at_ns)
        at_ns = p->list.arrivals[p->list.count - 1].at_ns;
    p->list.arrivals = array_grow(p->list.arrivals, p->list.count, sizeof(*p->list.arrivals));
    p->list.arrivals[p->list.count++] =
        (struct train_arrival){.number = packet->number,
                               .at_ns = at_ns,
                               .delay_ns = (int64_t)(at_ns - sent_ns),
                               .is_damaged = packet->corrupt};
}

static void take_until(struct playing *p, uint64_t until_ns)
{
    uint64_t due_ns;
    while ((due_ns = wires_next_due(&p->rig->wires)) <= until_ns && due_ns != UINT64_MAX) {
        uint32_t wire;
        struct packet *packet = wires_take_due(&p->rig->wires, due_ns, &wire);
        if (packet)
            arrive(p, packet);
    }
}

static void send_one(struct playing *p, uint64_t at_ns)
{
    struct packet *packet = next_packet(p->rig, (uint32_t)p->plan->payload + TRAIN_HEADERS);
    if (wires_enqueue(&p->rig->wires, 0, packet, at_ns) != WIRES_QUEUED || !packet->duplicate)
        return;
    struct packet *copy = next_packet(p->rig, packet->wire_bytes);
    wires_enqueue_copy(&p->rig->wires, 0, copy, packet);
}

static struct train_list play(const struct impairment *i, const struct train_plan *t, uint64_t seed)
{
    struct playing p = {.plan = t, .start_ns = origin_ns + 300 * NS_PER_MS};
    p.rig = rig_new(seed, (const char *const[]){"a->b"}, i, 1);
    p.rig->wires.origin_ns = origin_ns;
    for (uint64_t n = 0; n < t->count; n++) {
        uint64_t at_ns = p.start_ns + n / t->burst * t->gap_ns;
        take_until(&p, at_ns);
        send_one(&p, at_ns);
    }
    take_until(&p, UINT64_MAX);
    rig_free(p.rig);
    return p.list;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The answer of the receiving program, as far as it is looked at for a list. */
static json_t *answer_to(const struct train_plan *t, const struct train_list *l)
{
    json_t *delays = json_array();
    double *sorted = xcalloc(l->count + 1, sizeof(*sorted));
    for (size_t i = 0; i < l->count; i++)
        sorted[i] = (double)l->arrivals[i].delay_ns / 1e9;
    qsort(sorted, l->count, sizeof(*sorted), by_value);
    for (size_t i = 0; i < TRAIN_PERCENTILES; i++)
        json_array_append_new(delays,
                              json_real(sorted[i * (l->count - 1) / (TRAIN_PERCENTILES - 1)]));
    free(sorted);
    const double span_s = (double)(l->arrivals[l->count - 1].at_ns - l->arrivals[0].at_ns) / 1e9;
    const uint64_t bytes = (l->count - 1) * t->payload;
    return json_pack("{s:I s:I s:f s:f s:I s:f s:f s:o}", "sent", (json_int_t)t->count, "received",
                     (json_int_t)l->count, "lag_max_s", 0.001, "send_s",
                     (double)train_plan_ns(t) / 1e9, "bytes", (json_int_t)bytes, "span_s", span_s,
                     "bytes_per_s", (double)bytes / span_s, "delay_s", delays);
}

static void play_stage(struct verify_answers *answers, enum verify_stage stage, uint64_t seed)
{
    struct train_plan t = verify_plan_train(&v, 0, stage);
    struct train_answers *a = &answers->stages[stage][0];
    if (t.count == 0)
        return;
    struct train_list list = play(&actual.plan->wires[0].impairment, &t, seed);
    a->payload = t.payload;
    a->receiver = answer_to(&t, &list);
    a->sender = json_incref(a->receiver);
    a->facts = verify_facts_of(
        &(struct verify_train){
            .path = &v.paths[0], .plan = &t, .origin_ns = origin_ns, .limit_s = 0.001},
        &list);
    train_list_done(&list);
}

/* A wire, judged as the file asks for one. */
static void judge(const char *wire, const char *file, uint64_t seed,
                  const struct verify_effort *effort)
{
    struct verify_answers answers = {.tries = 1};
    open_side(&actual, wire);
    open_side(&asked, file);
    verify_plan_init(&v, asked.plan, effort, 2);
    for (enum verify_stage stage = 0; stage < VERIFY_STAGES; stage++)
        play_stage(&answers, stage, seed);
    finding_count = verify_judge(&v, asked.plan, 0, 0, &answers, findings);
    for (enum verify_stage stage = 0; stage < VERIFY_STAGES; stage++) {
        json_decref(answers.stages[stage][0].sender);
        json_decref(answers.stages[stage][0].receiver);
    }
    verify_plan_done(&v);
    close_side(&asked);
    close_side(&actual);
}

static const struct finding *finding(const char *what)
{
    for (size_t i = 0; i < finding_count; i++)
        if (strcmp(findings[i].what, what) == 0)
            return &findings[i];
    fail_msg("nothing was found out about '%s'", what);
    return NULL;
}

static void show(void)
{
    for (size_t i = 0; i < finding_count; i++) {
        const struct finding *f = &findings[i];
        print_message("# %-12s asked %.6g achieved %.6g [%.6g %.6g] limit %.6g of %llu: %d %s "
                      "(needed %llu)\n",
                      f->what, f->asked, f->achieved, f->interval.low, f->interval.high, f->limit,
                      (unsigned long long)f->packets, f->result, f->why ? f->why : "",
                      (unsigned long long)f->needed);
    }
}

static const struct verify_effort normal = {.longest_s = 120};

static void expect_as_asked(const char *wire)
{
    judge(wire, wire, 1, &normal);
    assert_true(finding_count > 0);
    for (size_t i = 0; i < finding_count; i++)
        if (findings[i].result != FINDING_WITHIN) {
            show();
            fail_msg("%s: %s is as asked, but not found to be", wire, findings[i].what);
        }
}

static void expect_found(const char *wire, const char *file, const char *what)
{
    judge(wire, file, 1, &normal);
    if (finding(what)->result != FINDING_BEYOND) {
        show();
        fail_msg("%s, where %s was asked: found nothing of %s", wire, file, what);
    }
}

/* --- */

static void each_wire_is_found_to_be_itself(void **state)
{
    (void)state;
    static const char *const wires[] = {
        "delay: 20ms, jitter: 3ms",
        "delay: 20ms, jitter: 3ms, distribution: normal",
        "delay: 20ms, jitter: 3ms, distribution: pareto, correlation: 60%",
        "delay: 20ms, jitter: 3ms, distribution: paretonormal",
        "delay: 20ms, jitter: 6ms, reorder: jitter",
        "delay: 1ms, jitter: 200us",
        "delay: 1ms, jitter: 1ms, distribution: normal", /* a part of it below zero */
        "delay: 5ms, loss: 2%",
        "delay: 5ms, loss: {random: 5%, correlation: 50%}",
        "delay: 5ms, loss: {gemodel: {p: 1%, r: 20%}}",
        "delay: 5ms, loss: {gemodel: {p: 2%, r: 20%, 1-h: 60%, 1-k: 1%}}",
        "delay: 5ms, loss: {state: {p13: 3%, p31: 25%, p32: 20%, p23: 30%, p14: 1%}}",
        "delay: 5ms, duplicate: {probability: 5%, correlation: 30%}, corrupt: 2%",
        "delay: 20ms, reorder: {probability: 20%, correlation: 30%}",
        "delay: 20ms, reorder: {probability: 50%, gap: 5}, jitter: 2ms",
        "delay: 20ms, jitter: 2ms, loss: {gemodel: {p: 1%, r: 20%}}, duplicate: 3%, corrupt: 3%",
        "delay: 20ms, rate: 5mbit, overhead: 24B",
        "delay: 20ms, rate: 5mbit, overhead: 18B, cell: 48B, cell_overhead: 5B",
        "delay: 20ms, rate: 5mbit, jitter: 3ms, distribution: normal, loss: 3%, duplicate: 4%",
    };
    for (size_t i = 0; i < ARRAY_LEN(wires); i++)
        expect_as_asked(wires[i]);
}

/* One thing is another than in the file: that one is found, and what of the others follows. */
static void a_wrong_wire_is_found_by_what_is_wrong(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {
        {"delay: 22ms, jitter: 3ms", "delay: 20ms, jitter: 3ms", "delay"},
        {"delay: 20ms, jitter: 6ms", "delay: 20ms, jitter: 3ms", "jitter"},
        {"delay: 20ms, jitter: 5ms", "delay: 20ms, jitter: 3ms", "distribution"},
        {"delay: 20ms", "delay: 20ms, jitter: 3ms", "jitter"},
        {"delay: 20ms, jitter: 3ms", "delay: 20ms", "jitter"},
        {"delay: 20ms, jitter: 5.2ms", "delay: 20ms, jitter: 3ms, distribution: normal",
         "distribution"}, /* of the same standard deviation */
        {"delay: 20ms, jitter: 3ms, distribution: pareto",
         "delay: 20ms, jitter: 3ms, distribution: normal", "distribution"},
        {"delay: 20ms, jitter: 3ms, distribution: normal",
         "delay: 20ms, jitter: 3ms, distribution: normal, correlation: 30%", "correlation"},
        {"delay: 20ms, jitter: 3ms, correlation: 30%", "delay: 20ms, jitter: 3ms", "correlation"},
        {"delay: 20ms, jitter: 6ms, reorder: jitter", "delay: 20ms, jitter: 6ms", "reordered"},
        {"delay: 20ms, jitter: 6ms", "delay: 20ms, jitter: 6ms, reorder: jitter", "reordered"},
        {"loss: {random: 5%, correlation: 50%}", "loss: 5%", "burst"},
        {"loss: 5%", "loss: {random: 5%, correlation: 50%}", "burst"},
        {"loss: {random: 9%, correlation: 50%}", "loss: {random: 5%, correlation: 50%}", "loss"},
        {"loss: {gemodel: {p: 1%, r: 10%}}", "loss: {gemodel: {p: 1%, r: 20%}}", "burst"},
        {"loss: {gemodel: {p: 2%, r: 20%}}", "loss: {gemodel: {p: 1%, r: 20%}}", "loss"},
        {"loss: {state: {p13: 3%, p31: 25%, p32: 20%, p23: 30%, p14: 1%}}",
         "loss: {state: {p13: 3%, p31: 25%, p32: 40%, p23: 30%, p14: 3%}}", "burst"},
        {"duplicate: 7%", "duplicate: 5%", "duplicated"},
        {"corrupt: 7%", "corrupt: 5%", "corrupted"},
        {"loss: 5%", "corrupt: 5%", "corrupted"},
        {"loss: 5%", "corrupt: 5%", "loss"},
        {"delay: 20ms, reorder: 15%", "delay: 20ms, reorder: 10%", "reordered"},
        {"delay: 20ms, reorder: {probability: 50%, gap: 5}",
         "delay: 20ms, reorder: {probability: 50%, gap: 8}", "reordered"},
        {"delay: 20ms, jitter: 6ms, reorder: {probability: 10%, jitter: yes}",
         "delay: 20ms, jitter: 6ms, reorder: 10%", "order"},
        {"rate: 5mbit, overhead: 24B", "rate: 5mbit, overhead: 20B", "rate"},
        {"rate: 5mbit", "rate: 5mbit, cell: 48B, cell_overhead: 5B", "rate"},
        {"rate: 5.1mbit, jitter: 1ms, delay: 5ms", "rate: 5mbit, jitter: 1ms, delay: 5ms", "rate"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        expect_found(wrong[i][0], wrong[i][1], wrong[i][2]);
}

static void write_trace(const char *name, const char *text)
{
    free(expect_file(name, text));
}

/* 12 Mbit/s for half of a second, then one opportunity, at the end of it; each `skip`th is missing
 * (0: none). */
static void write_deliveries(const char *name, int skip)
{
    char *text = xcalloc(1, 8 * 501);
    for (int ms = 1; ms <= 500; ms++)
        if (skip == 0 || ms % skip > 0)
            sprintf(text + strlen(text), "%d\n", ms);
    strcat(text, "1000\n");
    write_trace(name, text);
    free(text);
}

static void write_all_traces(void)
{
    write_deliveries("cellular", 0);
    write_deliveries("thinner", 30);
    write_trace("rows", "time,delay,loss,rate\n0s,20ms,1%,4mbit\n1.5s,50ms,10%,1mbit\n"
                        "2s,10ms,0%,8mbit\n3s,10ms,0%,8mbit\n");
    write_trace("steps", "time,delay\n0s,20ms\n1s,40ms\n1.1s,30ms\n");
    write_trace("later", "time,delay,loss,rate\n0s,20ms,1%,4mbit\n2s,50ms,10%,1mbit\n"
                         "2.5s,10ms,0%,8mbit\n3s,10ms,0%,8mbit\n");
    write_trace("lossier", "time,delay,loss,rate\n0s,20ms,4%,4mbit\n1.5s,50ms,10%,1mbit\n"
                           "2s,10ms,0%,8mbit\n3s,10ms,0%,8mbit\n");
    write_trace("faster", "time,delay,loss,rate\n0s,20ms,1%,4.2mbit\n1.5s,50ms,10%,1mbit\n"
                          "2s,10ms,0%,8mbit\n3s,10ms,0%,8mbit\n");
}

static void a_trace_is_followed_packet_by_packet(void **state)
{
    (void)state;
    write_all_traces();
    expect_as_asked("delay: 5ms, trace: cellular");
    expect_as_asked("delay: 5ms, trace: cellular, loss: 2%, duplicate: 3%");
    expect_as_asked("trace: rows");
    expect_as_asked("trace: {file: steps, end: hold}");
    expect_as_asked("trace: rows, jitter: 4ms");
    expect_found("delay: 5ms, trace: thinner", "delay: 5ms, trace: cellular", "rate");
    expect_found("delay: 5ms, trace: thinner", "delay: 5ms, trace: cellular", "trace");
    expect_found("delay: 5ms, rate: 6mbit", "delay: 5ms, trace: cellular", "trace");
    expect_found("trace: later", "trace: rows", "trace");
    expect_found("trace: lossier", "trace: rows", "loss");
    expect_found("trace: faster", "trace: rows", "rate");
}

static void what_cannot_be_told_in_the_time_is_not_right(void **state)
{
    (void)state;
    static const struct verify_effort little = {.longest_s = 1};
    static const char *const unknown[][2] = {
        {"loss: {gemodel: {p: 0.5%, r: 10%}}", "burst"},
        {"delay: 200ms, jitter: 50ms", "distribution"},
        {"corrupt: 0.5%", "corrupted"},
    };
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        judge(unknown[i][0], unknown[i][0], 1, &little);
        const struct finding *f = finding(unknown[i][1]);
        if (f->result != FINDING_UNKNOWN || f->needed <= f->packets) {
            show();
            fail_msg("%s: what is known of %s?", unknown[i][0], unknown[i][1]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wire_is_found_to_be_itself),
        cmocka_unit_test(a_wrong_wire_is_found_by_what_is_wrong),
        cmocka_unit_test(a_trace_is_followed_packet_by_packet),
        cmocka_unit_test(what_cannot_be_told_in_the_time_is_not_right),
    };
    return RUN_TESTS(tests);
}
