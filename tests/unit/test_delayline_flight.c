/* SPDX-License-Identifier: MIT
 *
 * Both against the slow way of doing it, with invented operations.
 */
#include "base/prng.h"
#include "expect.h"
#include "wire/delayline/agenda.h"
#include "wire/delayline/flight.h"

enum { PACKETS = 2000, WIRES = 64 };

/* The packet that has to be first: the smallest due time, then the earliest take-off. */
static struct packet *first_of(struct packet *packets, const bool *flying, unsigned count)
{
    struct packet *first = NULL;
    for (unsigned n = 0; n < count; n++)
        if (flying[n] && (!first || packets[n].due_ns < first->due_ns))
            first = &packets[n];
    return first;
}

/* `spread` 1: all come in order; larger: they overtake each other, and many are due at once. */
static void fly_with(uint64_t spread)
{
    static struct packet packets[PACKETS];
    bool flying[PACKETS] = {false};
    struct flight flight = {.order = UINT32_MAX - 100}; /* which is about to wrap */
    unsigned added = 0, taken = 0;
    for (uint64_t step = 0; taken < PACKETS; step++) {
        if (added < PACKETS && (prng_u64(1, step) % 3 || added == taken)) {
            packets[added] =
                (struct packet){.due_ns = added / spread + prng_u64(2, added) % spread};
            flight_add(&flight, &packets[added]);
            flying[added++] = true;
        } else {
            struct packet *expected = first_of(packets, flying, added);
            assert_ptr_equal(flight_first(&flight), expected);
            assert_ptr_equal(flight_take(&flight), expected);
            flying[expected - packets] = false;
            taken++;
        }
    }
    assert_null(flight_first(&flight));
}

static void packets_leave_by_due_time_and_then_in_order(void **state)
{
    (void)state;
    fly_with(1);
    fly_with(3);
    fly_with(50);
    fly_with(1000);
}

static void the_agenda_has_the_earliest_wire_first_however_they_move(void **state)
{
    (void)state;
    uint64_t due[WIRES];
    struct agenda a;
    agenda_init(&a, WIRES);
    for (unsigned w = 0; w < WIRES; w++)
        due[w] = UINT64_MAX;
    assert_true(agenda_next(&a) == UINT64_MAX);
    for (uint64_t step = 0; step < 20000; step++) {
        uint32_t wire = (uint32_t)(prng_u64(3, step) % WIRES);
        due[wire] = prng_u64(4, step) % 4 ? prng_u64(5, step) % 1000 : UINT64_MAX;
        agenda_set(&a, wire, due[wire]);
        uint64_t earliest = UINT64_MAX;
        unsigned busy = 0;
        for (unsigned w = 0; w < WIRES; w++) {
            busy += due[w] != UINT64_MAX;
            earliest = due[w] < earliest ? due[w] : earliest;
        }
        assert_int_equal(a.len, busy);
        assert_true(agenda_next(&a) == earliest);
        assert_true(busy == 0 || due[a.heap[0].wire] == earliest);
    }
    agenda_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_leave_by_due_time_and_then_in_order),
        cmocka_unit_test(the_agenda_has_the_earliest_wire_first_however_they_move),
    };
    return RUN_TESTS(tests);
}
