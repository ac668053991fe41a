/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "expect.h"
#include "wire/delayline/waiting.h"

/* A machine on which programs wait for a processor such a share of the time; below 0: it does not
 * say. */
struct machine {
    struct waiting w;
    uint64_t now_ns, waited_us, spun_ns;
    double pressure;
    uint64_t late_ns; /* its timer, each fifth time; else half as much */
    unsigned sleeps;
};

static struct machine boot(double pressure, uint64_t late_ns)
{
    struct machine m = {.pressure = pressure, .late_ns = late_ns, .now_ns = NS_PER_SEC};
    waiting_init(&m.w, m.now_ns);
    waiting_look(&m.w, m.now_ns, pressure < 0 ? NULL : &m.waited_us);
    return m;
}

static void pass(struct machine *m, uint64_t ns)
{
    m->now_ns += ns;
    if (m->pressure > 0)
        m->waited_us += (uint64_t)((double)ns * m->pressure / 1e3);
}

/* As the loop does it, until a packet is due; how late that was noticed. */
static uint64_t await(struct machine *m, uint64_t due_ns)
{
    enum { LOOK_NS = 400 };
    while (m->now_ns < due_ns) {
        uint64_t ns;
        if (waiting_must_look(&m->w, m->now_ns))
            waiting_look(&m->w, m->now_ns, m->pressure < 0 ? NULL : &m->waited_us);
        enum waiting_way way = waiting_choose(&m->w, m->now_ns, due_ns, &ns);
        uint64_t late_ns = m->sleeps++ % 5 == 0 ? m->late_ns : m->late_ns / 2;
        pass(m, way == WAITING_SPIN ? LOOK_NS : ns + late_ns);
        m->spun_ns += waiting_end(&m->w, m->now_ns, false);
    }
    return m->now_ns - due_ns;
}

/* A packet each `period_ns`, for a second; the worst lateness of the second half. */
static uint64_t worst_of(struct machine *m, uint64_t period_ns)
{
    uint64_t begin_ns = m->now_ns, worst = 0;
    for (uint64_t due_ns = begin_ns; due_ns < begin_ns + NS_PER_SEC; due_ns += period_ns) {
        uint64_t late_ns = await(m, due_ns);
        if (due_ns > begin_ns + NS_PER_SEC / 2 && late_ns > worst)
            worst = late_ns;
    }
    return worst;
}

static void spinning_makes_up_for_a_late_timer(void **state)
{
    (void)state;
    struct machine m = boot(0, 60000);
    assert_in_range(worst_of(&m, NS_PER_MS), 0, 1000);
    assert_in_range(m.spun_ns, 1, NS_PER_SEC / 10);
}

static void spinning_keeps_to_its_budget(void **state)
{
    (void)state;
    for (uint64_t period_ns = 20000; period_ns < 400000; period_ns += 10000) {
        struct machine m = boot(0, 60000);
        worst_of(&m, period_ns);
        assert_in_range(m.spun_ns, 0,
                        (uint64_t)(WAITING_SHARE * NS_PER_SEC) + WAITING_CREDIT_MAX_NS);
    }
}

static void nothing_is_spun_under_pressure(void **state)
{
    (void)state;
    struct machine m = boot(WAITING_PRESSURE_SPIN + 0.01, 60000);
    assert_in_range(worst_of(&m, NS_PER_MS), 60000, 61000);
    assert_int_equal(m.spun_ns, 0);
}

static void nothing_is_spun_where_pressure_is_not_known(void **state)
{
    (void)state;
    struct machine m = boot(-1, 60000);
    assert_in_range(worst_of(&m, NS_PER_MS), 60000, 61000);
    assert_int_equal(m.spun_ns, 0);
}

static void spinning_ends_when_pressure_comes_and_begins_anew_when_it_goes(void **state)
{
    (void)state;
    struct machine m = boot(0, 60000);
    worst_of(&m, NS_PER_MS);
    m.pressure = 0.5;
    await(&m, m.now_ns + 2 * WAITING_LOOK_NS);
    uint64_t before_ns = m.spun_ns;
    worst_of(&m, NS_PER_MS);
    assert_int_equal(m.spun_ns, before_ns);
    m.pressure = 0;
    await(&m, m.now_ns + 2 * WAITING_LOOK_NS);
    assert_in_range(worst_of(&m, NS_PER_MS), 0, 1000);
    assert_true(m.spun_ns > before_ns);
}

static void a_timer_that_is_too_late_is_not_made_up_for(void **state)
{
    (void)state;
    struct machine m = boot(0, 10 * WAITING_MARGIN_MAX_NS);
    worst_of(&m, 10 * NS_PER_MS);
    assert_true(m.w.margin_ns <= WAITING_MARGIN_MAX_NS);
}

static void nothing_due_is_slept_for_ever(void **state)
{
    (void)state;
    struct machine m = boot(0, 60000);
    uint64_t ns;
    assert_int_equal(waiting_choose(&m.w, m.now_ns, UINT64_MAX, &ns), WAITING_SLEEP);
    assert_true(ns == UINT64_MAX);
    assert_int_equal(waiting_choose(&m.w, m.now_ns, m.now_ns - 1, &ns), WAITING_SPIN);
}

/* So many packets come in each millisecond. */
static enum waiting_way way_with(double pressure, uint32_t per_ms, uint64_t *ret_ns)
{
    struct machine m = boot(pressure, 0);
    for (int i = 0; i < 300; i++) {
        pass(&m, NS_PER_MS);
        if (waiting_must_look(&m.w, m.now_ns))
            waiting_look(&m.w, m.now_ns, &m.waited_us);
        waiting_count(&m.w, m.now_ns, per_ms);
    }
    return waiting_choose(&m.w, m.now_ns, UINT64_MAX, ret_ns);
}

static void only_many_packets_and_pressure_make_it_look_away(void **state)
{
    (void)state;
    uint64_t ns;
    assert_int_equal(way_with(0.9, 100, &ns), WAITING_PAUSE);
    assert_int_equal(ns, WAITING_PAUSE_NS);
    assert_int_equal(way_with(0.9, WAITING_BUSY - 1, &ns), WAITING_SLEEP);
    assert_int_equal(way_with(0.1, 100, &ns), WAITING_SLEEP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spinning_makes_up_for_a_late_timer),
        cmocka_unit_test(spinning_keeps_to_its_budget),
        cmocka_unit_test(nothing_is_spun_under_pressure),
        cmocka_unit_test(nothing_is_spun_where_pressure_is_not_known),
        cmocka_unit_test(spinning_ends_when_pressure_comes_and_begins_anew_when_it_goes),
        cmocka_unit_test(a_timer_that_is_too_late_is_not_made_up_for),
        cmocka_unit_test(nothing_due_is_slept_for_ever),
        cmocka_unit_test(only_many_packets_and_pressure_make_it_look_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
