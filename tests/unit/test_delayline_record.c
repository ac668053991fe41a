/* SPDX-License-Identifier: MIT
 *
 * The record of fates as a file, over more than one window.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rig.h"
#include "wire/delayline/record.h"

enum { PACKETS = 40000 }; /* a window has 32,768 entries */

/* Sends PACKETS packets over two wires, with so much time between them, into a record. */
static char *record_of(uint64_t seed, double loss_of_b, uint64_t distance_ns, const char *name)
{
    static const char *const names[] = {"a->b", "b->a"};
    const struct impairment i[] = {
        {.loss = 0.1, .delay_ns = NS_PER_MS, .jitter_ns = 1000, .duplicate = {0.1, 0}},
        {.loss = loss_of_b},
    };
    struct rig *r = rig_new(seed, names, i, 2);
    struct recorder recorder;
    struct error err;
    char *path = xasprintf("%s/%s", expect_folder, name);
    int fd;
    uint32_t wire;
    assert_int_equal(record_create(path, &fd, &err), 0);
    assert_int_equal(recorder_init(&recorder, fd, &r->plan, 0, &err), 0);
    r->wires.recorder = &recorder;
    for (uint64_t n = 0; n < PACKETS; n++) {
        struct packet *p = next_packet(r, FRAME);
        uint64_t now = n * distance_ns;
        p->control = n % 100 == 0;
        if (wires_enqueue(&r->wires, (uint32_t)(n % 2), p, now) == WIRES_QUEUED && p->duplicate)
            wires_enqueue_copy(&r->wires, (uint32_t)(n % 2), next_packet(r, FRAME), p);
        while (wires_take_due(&r->wires, UINT64_MAX - 1, &wire))
            continue;
    }
    recorder_done(&recorder);
    close(fd);
    rig_free(r);
    return path;
}

static const struct record_header *map(const char *path, size_t *ret_size)
{
    const struct record_header *h = NULL;
    struct error err;
    if (record_map(path, &h, ret_size, &err) < 0)
        fail_msg("%s", err.text);
    return h;
}

static void the_record_has_every_packet_with_its_fate(void **state)
{
    (void)state;
    char *path = record_of(1, 0, 10, "f");
    size_t size;
    const struct record_header *h = map(path, &size);
    const struct record_entry *e = record_entries(h);
    uint64_t numbers[2] = {0}, packets = 0, lost = 0, copies = 0, control = 0;
    assert_int_equal(h->wire_count, 2);
    assert_string_equal((const char *)(h + 1), "a->b");
    for (uint64_t i = 0; i < h->count; i++) {
        unsigned fate = e[i].size_fate >> 24;
        assert_int_equal(e[i].size_fate & 0xffffff, FRAME);
        if (fate == RECORD_COPY) {
            copies++;
            assert_int_equal(e[i].number, e[i - 1].number);
            continue;
        }
        assert_int_equal(e[i].arrival_ns, packets * 10);
        packets++;
        control += fate == (RECORD_SENT | RECORD_CONTROL);
        lost += fate == RECORD_LOST;
        if (!(fate & RECORD_CONTROL))
            assert_int_equal(e[i].number, numbers[e[i].wire]++);
    }
    assert_int_equal(packets, PACKETS);
    assert_int_equal(control, PACKETS / 100);
    assert_in_range(lost, 1800, 2200);
    assert_in_range(copies, 1600, 2000);
    munmap((void *)h, size);
    free(path);
}

/* Whether the fates and delays of a wire are the same in two records, whatever the times. */
static bool same_fates(const char *a, const char *b, uint32_t wire)
{
    size_t size[2];
    const struct record_header *h[] = {map(a, &size[0]), map(b, &size[1])};
    const struct record_entry *e[] = {record_entries(h[0]), record_entries(h[1])};
    uint64_t at[2] = {0}, compared = 0;
    bool same = true;
    for (;; at[0]++, at[1]++, compared++) {
        for (int k = 0; k < 2; k++)
            while (at[k] < h[k]->count && e[k][at[k]].wire != wire)
                at[k]++;
        if (at[0] == h[0]->count || at[1] == h[1]->count)
            break;
        const struct record_entry *x = &e[0][at[0]], *y = &e[1][at[1]];
        same &=
            x->number == y->number && x->size_fate == y->size_fate && x->delay_ns == y->delay_ns;
    }
    same &= at[0] == h[0]->count && at[1] == h[1]->count && compared > 0;
    munmap((void *)h[0], size[0]);
    munmap((void *)h[1], size[1]);
    return same;
}

static void a_seed_gives_the_same_record_whatever_time_and_other_wires_do(void **state)
{
    (void)state;
    char *first = record_of(1, 0, 10, "first"), *later = record_of(1, 0, 7777777, "later");
    char *changed = record_of(1, 0.5, 10, "changed"), *other = record_of(2, 0, 10, "other");
    assert_true(same_fates(first, later, 0) && same_fates(first, later, 1));
    assert_true(same_fates(first, changed, 0));
    assert_false(same_fates(first, changed, 1));
    assert_false(same_fates(first, other, 0));
    free(first);
    free(later);
    free(changed);
    free(other);
}

static void what_is_no_record_is_refused(void **state)
{
    (void)state;
    const struct record_header *h;
    size_t size;
    struct error err;
    char *text = expect_file("text", "hello"), *nothing = expect_file("nothing", "");
    char *path = record_of(1, 0, 10, "f");
    assert_true(record_map(text, &h, &size, &err) < 0);
    expect_input_error(&err, "no record of fates");
    assert_true(record_map(nothing, &h, &size, &err) < 0);
    assert_int_equal(truncate(path, 100000), 0);
    assert_true(record_map(path, &h, &size, &err) < 0);
    free(text);
    free(nothing);
    free(path);
}

static void a_full_disk_is_counted(void **state)
{
    (void)state;
    struct rig *r = rig_of((struct impairment){0});
    struct recorder recorder;
    struct error err;
    char *path = xasprintf("%s/%s", expect_folder, "full");
    int fd;
    assert_int_equal(record_create(path, &fd, &err), 0);
    assert_int_equal(recorder_init(&recorder, fd, &r->plan, 0, &err), 0);
    recorder.fd = -1; /* there is no next window */
    for (int n = 0; n < 40000; n++)
        recorder_add(&recorder, 0, next_packet(r, FRAME), RECORD_SENT);
    assert_int_equal(recorder.header->count, 32768);
    assert_int_equal(recorder.header->missed, 40000 - 32768);
    recorder_done(&recorder);
    close(fd);
    free(path);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_has_every_packet_with_its_fate),
        cmocka_unit_test(a_seed_gives_the_same_record_whatever_time_and_other_wires_do),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(a_full_disk_is_counted),
    };
    return RUN_TESTS(tests);
}
