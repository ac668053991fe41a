/* SPDX-License-Identifier: MIT
 *
 * What waits on a wire with a rate, traces, order, copies, and changes under way.
 */
#include "rig.h"
#include "topology/distribution.h"
#include "topology/trace.h"

/* One frame of 1,514 bytes a millisecond. */
static struct impairment slow(void)
{
    return (struct impairment){.rate_bps = FRAME * 8 * 1000};
}

/* Sends a frame of so many bytes; its number in `order` tells it from others. */
static struct packet *send_size(struct rig *r, uint32_t size, uint64_t now, enum wires_fate *ret)
{
    struct packet *p = next_packet(r, size);
    *ret = wires_enqueue(&r->wires, 0, p, now);
    return p;
}

static void a_queue_of_bytes_counts_bytes(void **state)
{
    (void)state;
    struct impairment i = slow();
    i.queue = (struct queue_limit){QUEUE_BYTES, 2 * FRAME, false};
    struct rig *r = rig_of(i);
    enum wires_fate fate;
    for (int n = 0; n < 20; n++) { /* 20 of 151 bytes fill it to 8 bytes below the limit */
        send_size(r, 151, 0, &fate);
        assert_int_equal(fate, WIRES_QUEUED);
    }
    send_size(r, 9, 0, &fate);
    assert_int_equal(fate, WIRES_FULL);
    send_size(r, 8, 0, &fate);
    assert_int_equal(fate, WIRES_QUEUED);
    assert_int_equal(r->stats->wire[0].queue_drops, 1);
    rig_free(r);
}

static void a_queue_of_time_counts_the_time_until_a_packet_has_left(void **state)
{
    (void)state;
    struct impairment i = slow();
    i.queue = (struct queue_limit){QUEUE_TIME, 3 * NS_PER_MS, false};
    struct rig *r = rig_of(i);
    for (int n = 0; n < 3; n++)
        assert_int_equal(send_packet(r, 0, 0), WIRES_QUEUED);
    assert_int_equal(send_packet(r, 0, 0), WIRES_FULL);
    assert_int_equal(send_packet(r, 0, NS_PER_MS - 1), WIRES_FULL);
    assert_int_equal(send_packet(r, 0, NS_PER_MS), WIRES_QUEUED);
    rig_free(r);
}

static void a_queue_that_drops_at_its_head_keeps_the_newest(void **state)
{
    (void)state;
    struct impairment i = slow();
    i.queue = (struct queue_limit){QUEUE_PACKETS, 3, true};
    struct rig *r = rig_of(i);
    struct packet *sent[6];
    enum wires_fate fate;
    for (int n = 0; n < 6; n++) {
        sent[n] = send_size(r, FRAME, 0, &fate);
        assert_int_equal(fate, WIRES_QUEUED);
        /* the first is being transmitted, so the oldest that waits goes */
        assert_ptr_equal(wires_take_dropped(&r->wires), n < 3 ? NULL : sent[n - 2]);
    }
    static const int left[] = {0, 4, 5};
    for (uint64_t n = 0; n < 3; n++) {
        uint32_t wire;
        assert_int_equal(wires_next_due(&r->wires), (n + 1) * NS_PER_MS);
        assert_ptr_equal(wires_take_due(&r->wires, (n + 1) * NS_PER_MS, &wire), sent[left[n]]);
    }
    assert_int_equal(r->stats->wire[0].queue_drops, 3);
    assert_int_equal(take(r), UINT64_MAX);
    rig_free(r);
}

static void what_flies_is_not_in_the_queue(void **state)
{
    (void)state;
    struct impairment i = slow();
    i.delay_ns = NS_PER_SEC;
    i.queue.size = 2;
    struct rig *r = rig_of(i);
    for (uint64_t n = 0; n < 1000; n++) {
        assert_int_equal(send_packet(r, 0, n * NS_PER_MS), WIRES_QUEUED);
        if (n == 0)
            assert_int_equal(send_packet(r, 0, 0), WIRES_QUEUED);
    }
    for (uint64_t n = 0; n < 1001; n++)
        assert_int_equal(take(r), (n + 1) * NS_PER_MS + NS_PER_SEC);
    rig_free(r);
}

static void nothing_is_dropped_on_a_wire_without_rate(void **state)
{
    (void)state;
    struct impairment i = {.delay_ns = NS_PER_SEC};
    struct rig *r = rig_of(i);
    for (int n = 0; n < POOL_SIZE; n++)
        assert_int_equal(send_packet(r, 0, 0), WIRES_QUEUED);
    rig_free(r);
}

static void framing_takes_time(void **state)
{
    (void)state;
    struct impairment i = {.rate_bps = 8 * NS_PER_SEC}; /* a byte a nanosecond */
    i.framing = (struct framing){.overhead = 8, .cell = 48, .cell_overhead = 5};
    struct rig *r = rig_of(i);
    enum wires_fate fate;
    send_size(r, 40, 0, &fate);
    send_size(r, 41, 0, &fate);
    assert_int_equal(take(r), 53);
    assert_int_equal(take(r), 53 + 106);
    rig_free(r);
}

static struct impairment jittery(void)
{
    return (struct impairment){.delay_ns = 10 * NS_PER_MS, .jitter_ns = 8 * NS_PER_MS};
}

/* Packets that left later than one sent after them. */
static unsigned overtaken(struct rig *r, unsigned count, uint64_t distance_ns)
{
    struct packet *sent[POOL_SIZE];
    unsigned overtaken = 0;
    enum wires_fate fate;
    for (unsigned n = 0; n < count; n++)
        sent[n] = send_size(r, FRAME, n * distance_ns, &fate);
    uint64_t last_arrival = 0, last_due = 0;
    for (uint32_t n = 0, wire; n < count; n++) {
        struct packet *p = NULL;
        while (!p)
            p = wires_take_due(&r->wires, wires_next_due(&r->wires), &wire);
        assert_true(p->due_ns >= last_due);
        overtaken += p->arrival_ns < last_arrival;
        last_arrival = p->arrival_ns > last_arrival ? p->arrival_ns : last_arrival;
        last_due = p->due_ns;
    }
    assert_int_equal(take(r), UINT64_MAX);
    assert_true(sent[0]->arrival_ns == 0);
    return overtaken;
}

static void jitter_keeps_the_order_unless_reordering_is_asked(void **state)
{
    (void)state;
    struct impairment i = jittery();
    struct rig *r = rig_of(i);
    assert_int_equal(overtaken(r, 1000, NS_PER_MS), 0);
    rig_free(r);
    i.order_free = true;
    r = rig_of(i);
    assert_in_range(overtaken(r, 1000, NS_PER_MS), 300, 900);
    rig_free(r);
    r = rig_of(i);
    assert_int_equal(overtaken(r, 1000, 17 * NS_PER_MS), 0); /* too far apart */
    rig_free(r);
}

/* Where packets may overtake, the next transmission must not wait for the one before to arrive. */
static void a_rate_holds_whatever_overtakes(void **state)
{
    (void)state;
    struct impairment i = slow();
    i.delay_ns = NS_PER_SEC;
    i.reorder = (struct chance){1, 0};
    i.reorder_gap = 2;
    struct rig *r = rig_of(i);
    for (int n = 0; n < 10; n++)
        send_packet(r, 0, 0);
    /* every second one skips the delay: 2, 4, …, 10 ms; the others come a second later */
    uint64_t dues[10];
    unsigned taken = 0;
    for (uint32_t wire; taken < 10;) {
        struct packet *p = wires_take_due(&r->wires, wires_next_due(&r->wires), &wire);
        if (p)
            dues[taken++] = p->due_ns;
    }
    for (uint64_t n = 0; n < 5; n++) {
        assert_int_equal(dues[n], (2 * n + 2) * NS_PER_MS);
        assert_int_equal(dues[5 + n], (2 * n + 1) * NS_PER_MS + NS_PER_SEC);
    }
    assert_int_equal(r->stats->wire[0].reordered, 5);
    rig_free(r);
}

static void a_copy_follows_its_packet_at_the_rate(void **state)
{
    (void)state;
    struct impairment i = slow();
    i.duplicate = (struct chance){1, 0};
    struct rig *r = rig_of(i);
    enum wires_fate fate;
    struct packet *p = send_size(r, FRAME, 0, &fate), *copy = next_packet(r, FRAME);
    assert_true(p->duplicate);
    assert_int_equal(wires_enqueue_copy(&r->wires, 0, copy, p), WIRES_QUEUED);
    assert_false(copy->duplicate);
    assert_int_equal(take(r), NS_PER_MS);
    assert_int_equal(take(r), 2 * NS_PER_MS);
    assert_int_equal(r->stats->wire[0].duplicated, 1);
    rig_free(r);
}

static struct trace *trace_of(const char *text)
{
    char *path = expect_file("trace", text);
    struct trace *t = NULL;
    struct error err;
    assert_int_equal(trace_open(path, "trace", &t, &err), 0);
    free(path);
    return t;
}

static void opportunities_carry_one_full_packet_or_several_small_ones(void **state)
{
    (void)state;
    struct trace *t = trace_of("2\n3\n3\n10\n");
    struct impairment i = {.delay_ns = NS_PER_SEC, .trace = t};
    struct rig *r = rig_of(i);
    static const uint32_t sizes[] = {FRAME, 762, 762, FRAME, 60, FRAME};
    static const uint64_t leaves_ms[] = {2, 3, 3, 3, 10, 12};
    enum wires_fate fate;
    for (size_t n = 0; n < ARRAY_LEN(sizes); n++)
        send_size(r, sizes[n], 0, &fate);
    for (size_t n = 0; n < ARRAY_LEN(sizes); n++)
        assert_int_equal(take(r), leaves_ms[n] * NS_PER_MS + NS_PER_SEC);
    send_size(r, 60, 13500000, &fate); /* those at 13 ms went by unused */
    assert_int_equal(take(r), 20 * NS_PER_MS + NS_PER_SEC);
    rig_free(r);
    trace_free(t);
}

/* A packet under way when the rate changes goes on at the new one. */
static void rows_change_rate_delay_and_loss(void **state)
{
    (void)state;
    struct trace *t =
        trace_of("time,rate,delay,loss\n0ms,1.2112mbit,5ms,0%\n5ms,12.112mbit,1ms,0%\n"
                 "20ms,1gbit,0ms,100%\n");
    struct impairment i = {.trace = t, .trace_hold = true};
    struct rig *r = rig_of(i);
    send_packet(r, 0, 0); /* 10 ms at the first rate; half of it is left at 5 ms, then 0.5 ms */
    send_packet(r, 0, 0);
    assert_int_equal(take(r), 6500000);
    assert_int_equal(take(r), 7500000);
    assert_int_equal(send_packet(r, 0, 20 * NS_PER_MS), WIRES_LOST);
    assert_int_equal(send_packet(r, 0, NS_PER_SEC), WIRES_LOST);
    rig_free(r);
    trace_free(t);
}

/* Jitter of ± 4 ms about the 10 ms of a row, of packets 100 ms apart. */
static void jitter_goes_both_ways_about_a_traces_delay(void **state)
{
    (void)state;
    enum { PACKETS = 1000 };
    struct trace *t = trace_of("time,delay\n0s,10ms\n");
    struct impairment i = {.trace = t, .jitter_ns = 4 * NS_PER_MS};
    struct rig *r = rig_of(i);
    double sum = 0, least = 1e9;
    for (uint64_t n = 0; n < PACKETS; n++) {
        const uint64_t at = n * 100 * NS_PER_MS;
        send_packet(r, 0, at);
        double took_ms = (double)(take(r) - at) / 1e6;
        sum += took_ms;
        least = took_ms < least ? took_ms : least;
    }
    assert_true(sum / PACKETS > 9.7 && sum / PACKETS < 10.3); /* 0.07 is one standard deviation */
    assert_true(least > 6 && least < 6.2);
    rig_free(r);
    trace_free(t);
}

static void a_new_rate_concerns_what_waits_and_a_new_delay_only_what_comes(void **state)
{
    (void)state;
    struct impairment i = slow();
    i.delay_ns = NS_PER_SEC;
    struct rig *r = rig_of(i);
    for (int n = 0; n < 4; n++)
        send_packet(r, 0, 0);
    i.rate_bps *= 10;
    i.delay_ns = NS_PER_SEC / 2;
    wires_change(&r->wires, 0, &i, NS_PER_MS / 2);
    send_packet(r, 0, NS_PER_MS / 2); /* overtakes none of those before it */
    for (uint64_t n = 0; n < 4; n++)
        assert_int_equal(take(r), NS_PER_MS + n * NS_PER_MS / 10 + NS_PER_SEC);
    assert_int_equal(take(r), NS_PER_MS + 3 * NS_PER_MS / 10 + NS_PER_SEC);
    send_packet(r, 0, 2 * NS_PER_SEC);
    assert_int_equal(take(r), 2 * NS_PER_SEC + NS_PER_MS / 10 + NS_PER_SEC / 2);
    rig_free(r);
}

static void a_rate_that_goes_lets_all_go_that_wait(void **state)
{
    (void)state;
    struct impairment i = slow();
    i.queue = (struct queue_limit){QUEUE_TIME, NS_PER_SEC, true};
    struct rig *r = rig_of(i);
    for (int n = 0; n < 4; n++)
        send_packet(r, 0, 0);
    i = (struct impairment){0};
    wires_change(&r->wires, 0, &i, 0);
    send_packet(r, 0, 1);
    for (int n = 0; n < 5; n++)
        assert_int_equal(take(r), NS_PER_MS);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_of_bytes_counts_bytes),
        cmocka_unit_test(a_queue_of_time_counts_the_time_until_a_packet_has_left),
        cmocka_unit_test(a_queue_that_drops_at_its_head_keeps_the_newest),
        cmocka_unit_test(what_flies_is_not_in_the_queue),
        cmocka_unit_test(nothing_is_dropped_on_a_wire_without_rate),
        cmocka_unit_test(framing_takes_time),
        cmocka_unit_test(jitter_keeps_the_order_unless_reordering_is_asked),
        cmocka_unit_test(a_rate_holds_whatever_overtakes),
        cmocka_unit_test(a_copy_follows_its_packet_at_the_rate),
        cmocka_unit_test(opportunities_carry_one_full_packet_or_several_small_ones),
        cmocka_unit_test(rows_change_rate_delay_and_loss),
        cmocka_unit_test(jitter_goes_both_ways_about_a_traces_delay),
        cmocka_unit_test(a_new_rate_concerns_what_waits_and_a_new_delay_only_what_comes),
        cmocka_unit_test(a_rate_that_goes_lets_all_go_that_wait),
    };
    return RUN_TESTS(tests);
}
