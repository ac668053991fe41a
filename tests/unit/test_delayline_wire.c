/* SPDX-License-Identifier: MIT
 *
 * The wires' model with invented time and packets that are nothing but their sizes.
 */
#include <math.h>

#include "rig.h"

static void a_packet_is_due_exactly_after_the_delay(void **state)
{
    (void)state;
    struct impairment i = clean();
    i.delay_ns = 10 * NS_PER_MS;
    struct rig *r = rig_of(i);
    assert_int_equal(send_packet(r, 0, 123), WIRES_QUEUED);
    assert_int_equal(take(r), 123 + 10 * NS_PER_MS);
    assert_int_equal(take(r), UINT64_MAX);
    rig_free(r);
}

static void packets_follow_each_other_at_the_rate(void **state)
{
    (void)state;
    struct impairment i = clean();
    i.delay_ns = NS_PER_MS;
    i.rate_bps = 1514 * 8 * 1000; /* one frame a millisecond */
    struct rig *r = rig_of(i);
    for (int n = 0; n < 3; n++)
        send_packet(r, 0, 0);
    for (uint64_t n = 1; n <= 3; n++)
        assert_int_equal(take(r), n * NS_PER_MS + NS_PER_MS);
    send_packet(r, 0, 10 * NS_PER_MS); /* idle time is not saved up */
    assert_int_equal(take(r), 12 * NS_PER_MS);
    rig_free(r);
}

/* 7 bit/s: no frame takes a whole number of nanoseconds. After n frames exactly n * bits / rate
 * have passed, rounded down once and not n times. */
static void the_rate_accumulates_without_drift(void **state)
{
    (void)state;
    const uint64_t rates[] = {7, 9600, 3000000, 20000000, 999999937, 40000000000};
    for (size_t k = 0; k < ARRAY_LEN(rates); k++) {
        struct impairment i = clean();
        i.rate_bps = rates[k];
        struct rig *r = rig_of(i);
        unsigned __int128 bits = 0;
        uint64_t now = 0;
        for (unsigned n = 0; n < 100000; n++) {
            uint32_t size = 60 + n % 1455;
            bits += size * 8;
            assert_int_equal(wires_enqueue(&r->wires, 0, next_packet(r, size), now), WIRES_QUEUED);
            now = take(r);
            assert_int_equal(now, (uint64_t)(bits * NS_PER_SEC / rates[k]));
        }
        rig_free(r);
    }
}

static void a_super_packet_takes_the_time_of_all_its_frames(void **state)
{
    (void)state;
    struct impairment i = clean();
    i.rate_bps = 8 * NS_PER_SEC; /* a byte a nanosecond */
    struct rig *r = rig_of(i);
    struct packet *p = next_packet(r, 45 * FRAME);
    p->segments = 45;
    p->size = 65000;
    wires_enqueue(&r->wires, 0, p, 0);
    assert_int_equal(take(r), 45 * FRAME);
    rig_free(r);
}

static void each_wire_keeps_the_order_and_all_leave_by_due_time(void **state)
{
    (void)state;
    const char *const names[] = {"a", "b", "c", "d"};
    struct impairment i[WIRES_MAX];
    for (uint64_t w = 0; w < WIRES_MAX; w++) {
        i[w] = clean();
        i[w].delay_ns = (w * 7919) % 5000;
        i[w].rate_bps = w % 2 ? 10000000000 : 0;
    }
    struct rig *r = rig_new(1, names, i, WIRES_MAX);
    for (unsigned n = 0; n < POOL_SIZE; n++) {
        struct packet *p = next_packet(r, 64 + n % 1000);
        p->size = n;
        wires_enqueue(&r->wires, n * 31 % 11 % WIRES_MAX, p, n * 10);
    }
    uint32_t last[WIRES_MAX] = {0}, wire;
    uint64_t last_due = 0;
    for (unsigned n = 0; n < POOL_SIZE; n++) {
        struct packet *p = wires_take_due(&r->wires, UINT64_MAX - 1, &wire);
        assert_true(p->due_ns >= last_due);
        assert_true(p->size >= last[wire]);
        last_due = p->due_ns;
        last[wire] = p->size;
    }
    assert_null(wires_take_due(&r->wires, UINT64_MAX, &wire));
    rig_free(r);
}

static void the_queue_drops_at_its_limit_and_takes_again_below_it(void **state)
{
    (void)state;
    struct impairment i = clean();
    i.rate_bps = FRAME * 8 * 1000; /* one frame a millisecond */
    i.queue = (struct queue_limit){QUEUE_PACKETS, 3, false};
    struct rig *r = rig_of(i);
    for (int n = 0; n < 3; n++)
        assert_int_equal(send_packet(r, 0, 0), WIRES_QUEUED);
    assert_int_equal(send_packet(r, 0, 0), WIRES_FULL);
    take(r);
    assert_int_equal(send_packet(r, 0, NS_PER_MS), WIRES_QUEUED);
    assert_int_equal(send_packet(r, 0, NS_PER_MS), WIRES_FULL);
    assert_int_equal(r->stats->wire[0].queue_drops, 2);
    assert_int_equal(r->stats->wire[0].lost, 0);
    rig_free(r);
}

static void what_the_queue_drops_takes_no_transmission_time(void **state)
{
    (void)state;
    struct impairment i = clean();
    i.rate_bps = 1514 * 8 * 1000;
    i.queue.size = 1;
    struct rig *r = rig_of(i);
    for (int n = 0; n < 10; n++)
        send_packet(r, 0, 0);
    assert_int_equal(take(r), NS_PER_MS);
    send_packet(r, 0, NS_PER_MS);
    assert_int_equal(take(r), 2 * NS_PER_MS);
    rig_free(r);
}

static void the_queue_counts_a_super_packet_as_its_frames(void **state)
{
    (void)state;
    struct impairment i = clean();
    i.rate_bps = FRAME * 8 * 1000;
    i.queue.size = 50;
    struct rig *r = rig_of(i);
    for (int n = 0; n < 2; n++) { /* 45 of 50: there is room for a first frame */
        struct packet *p = next_packet(r, 65000);
        p->segments = 45;
        p->wire_bytes = 45 * FRAME;
        assert_int_equal(wires_enqueue(&r->wires, 0, p, 0), WIRES_QUEUED);
    }
    assert_int_equal(send_packet(r, 0, 0), WIRES_FULL);
    assert_int_equal(send_packet(r, 0, 45 * NS_PER_MS), WIRES_QUEUED);
    rig_free(r);
}

/* The numbers below and above which a binomial variable falls with a chance of 1/2,000 each. */
static void binomial_interval(unsigned n, double p, unsigned *ret_low, unsigned *ret_high)
{
    double below = 0;
    *ret_low = 0;
    for (unsigned k = 0; k <= n; k++) {
        below += exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(p) +
                     (n - k) * log1p(-p));
        if (below < 0.0005)
            *ret_low = k + 1;
        if (below >= 0.9995) {
            *ret_high = k;
            return;
        }
    }
}

static void the_loss_is_within_the_binomial_interval(void **state)
{
    (void)state;
    enum { PACKETS = 100000 };
    const double losses[] = {0.0001, 0.01, 0.5, 0.99};
    for (size_t k = 0; k < ARRAY_LEN(losses); k++) {
        struct impairment i = clean();
        i.loss = losses[k];
        struct rig *r = rig_of(i);
        for (unsigned n = 0; n < PACKETS; n++)
            if (send_packet(r, 0, n) == WIRES_QUEUED)
                take(r);
        unsigned low = 0, high = 0;
        binomial_interval(PACKETS, i.loss, &low, &high);
        assert_in_range(r->stats->wire[0].lost, low, high);
        rig_free(r);
    }
}

static void no_loss_loses_nothing_and_full_loss_everything(void **state)
{
    (void)state;
    const char *const names[] = {"none", "all"};
    struct impairment i[] = {clean(), clean()};
    i[1].loss = 1;
    struct rig *r = rig_new(1, names, i, 2);
    for (unsigned n = 0; n < 1000; n++) {
        assert_int_equal(send_packet(r, 0, n), WIRES_QUEUED);
        assert_int_equal(send_packet(r, 1, n), WIRES_LOST);
    }
    rig_free(r);
}

/* What became of the first 64 packets of the first wire, a bit each. */
static uint64_t fates(struct rig *r)
{
    uint64_t lost = 0;
    for (unsigned n = 0; n < 64; n++)
        lost |= (uint64_t)(send_packet(r, 0, n) == WIRES_LOST) << n;
    return lost;
}

static uint64_t fates_under(uint64_t seed, const char *name)
{
    struct impairment i = clean();
    i.loss = 0.3;
    struct rig *r = rig_new(seed, &name, &i, 1);
    uint64_t lost = fates(r);
    rig_free(r);
    return lost;
}

static void the_same_seed_gives_the_same_fates_and_another_does_not(void **state)
{
    (void)state;
    assert_int_equal(fates_under(1, "a->b"), fates_under(1, "a->b"));
    assert_int_not_equal(fates_under(1, "a->b"), fates_under(2, "a->b"));
    assert_int_not_equal(fates_under(1, "a->b"), fates_under(1, "b->a"));
}

static void a_fate_does_not_depend_on_other_wires_or_on_time(void **state)
{
    (void)state;
    const char *const names[] = {"a->b", "b->a"};
    struct impairment i[] = {clean(), clean()};
    i[0].loss = i[1].loss = 0.3;
    struct rig *r = rig_new(1, names, i, 2);
    uint64_t lost = 0;
    for (unsigned n = 0; n < 64; n++) {
        for (unsigned other = 0; other < n; other++)
            send_packet(r, 1, n * NS_PER_SEC);
        lost |= (uint64_t)(send_packet(r, 0, n * NS_PER_SEC) == WIRES_LOST) << n;
    }
    assert_int_equal(lost, fates_under(1, "a->b"));
    rig_free(r);
}

static void a_fate_does_not_depend_on_the_queue(void **state)
{
    (void)state;
    struct impairment i = clean();
    i.loss = 0.3;
    i.rate_bps = 1000;
    i.queue.size = 1;
    struct rig *r = rig_of(i);
    assert_int_equal(fates(r), fates_under(1, "a->b"));
    rig_free(r);
}

static void control_packets_are_never_lost_and_take_no_number(void **state)
{
    (void)state;
    struct impairment i = clean();
    i.loss = 0.3;
    struct rig *r = rig_of(i);
    uint64_t lost = 0;
    for (unsigned n = 0; n < 64; n++) {
        struct packet *p = next_packet(r, 60);
        p->control = true;
        assert_int_equal(wires_enqueue(&r->wires, 0, p, n), WIRES_QUEUED);
        lost |= (uint64_t)(send_packet(r, 0, n) == WIRES_LOST) << n;
    }
    assert_int_equal(lost, fates_under(1, "a->b"));
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_is_due_exactly_after_the_delay),
        cmocka_unit_test(packets_follow_each_other_at_the_rate),
        cmocka_unit_test(the_rate_accumulates_without_drift),
        cmocka_unit_test(a_super_packet_takes_the_time_of_all_its_frames),
        cmocka_unit_test(each_wire_keeps_the_order_and_all_leave_by_due_time),
        cmocka_unit_test(the_queue_drops_at_its_limit_and_takes_again_below_it),
        cmocka_unit_test(what_the_queue_drops_takes_no_transmission_time),
        cmocka_unit_test(the_queue_counts_a_super_packet_as_its_frames),
        cmocka_unit_test(the_loss_is_within_the_binomial_interval),
        cmocka_unit_test(no_loss_loses_nothing_and_full_loss_everything),
        cmocka_unit_test(the_same_seed_gives_the_same_fates_and_another_does_not),
        cmocka_unit_test(a_fate_does_not_depend_on_other_wires_or_on_time),
        cmocka_unit_test(a_fate_does_not_depend_on_the_queue),
        cmocka_unit_test(control_packets_are_never_lost_and_take_no_number),
    };
    return RUN_TESTS(tests);
}
