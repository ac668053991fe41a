/* SPDX-License-Identifier: MIT
 *
 * The story. The loop sleeps in epoll until a TAP has a packet or the first packet of the heap is
 * due. A TAP that has packets is read until it is empty, but at most a batch in one turn, so that a
 * busy one cannot keep the others waiting. Each packet gets its arrival time as it is read; the
 * switch says which wire it takes, the wires say what becomes of it. Between two reads, every
 * RELEASE_NS at least, everything that is due by then is written, since being late is what a delay
 * line must not be; never is anything written early. What is due together and belongs together is
 * written together (merge.h). When to sleep, and when rather to look again, is in waiting.h.
 *
 * When things go wrong:
 *   - A TAP refuses a packet (its interface is down, the port behind it went with its node): the
 *     packet is counted as a write error and forgotten. A port that went while its TAP stays is not
 *     even seen here: the redirect behind the TAP drops.
 *   - A TAP's interface is deleted: reading says so, and the TAP is no longer watched (epoll would
 *     report its error for ever).
 *   - The memory limit is reached: packets are still read, or the TAPs would fill up, and dropped.
 *   - The loop is too slow: due packets go first, the TAPs' own queues (PLAN_TAP_QUEUE) run
 *     over, and the lateness shows it.
 *   - A request asks for another model of some wires: it is there in shared memory and switched to
 *     between two packets. A super-packet that came before the kernel knew of it is cut here.
 *   - The supervisor is gone: its end of the control socket closes, and the loop ends. (It would
 *     be killed with it anyway.)
 */
#include "wire/delayline/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "wire/delayline/segment.h"

enum {
    READ_BATCH = 64,    /* packets of one TAP in one turn */
    RELEASE_BATCH = 64, /* packets written before the TAPs are looked at again */
    EVENTS = 64,
    RELEASE_NS = 20000, /* so long is a busy TAP read before what is due is written */
};

static const uint64_t control_tag = UINT64_MAX; /* in epoll's data, in place of a TAP's number */

static int watch(struct loop *l, int fd, uint64_t tag, struct error *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return error_errno(err, errno, "cannot watch a descriptor");
    return 0;
}

static void look_at_pressure(struct loop *l, uint64_t now_ns)
{
    char text[128];
    unsigned long long total;
    ssize_t n = l->pressure < 0 ? -1 : pread(l->pressure, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = 0;
    bool known = sscanf(text, "some avg10=%*f avg60=%*f avg300=%*f total=%llu", &total) == 1;
    waiting_look(&l->waiting, now_ns, known ? &(uint64_t){total} : NULL);
}

int loop_init(struct loop *l, const struct child *c, struct error *err)
{
    const struct plan *plan = c->plan;
    const uint64_t now_ns = clock_monotonic_ns();
    *l = (struct loop){
        .stats = c->stats,
        .plan = plan,
        .exchange = c->exchange,
        .control = c->control,
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .pressure = open("/proc/pressure/cpu", O_RDONLY | O_CLOEXEC),
    };
    if (l->epoll < 0)
        return error_errno(err, errno, "cannot make an epoll instance");
    waiting_init(&l->waiting, now_ns);
    look_at_pressure(l, now_ns);
    int r = pool_init(&l->pool, LOOP_MEMORY);
    if (r < 0)
        return error_errno(err, -r, "cannot reserve memory for packets");
    wires_init(&l->wires, plan, c->stats, now_ns);
    c->stats->origin_ns = now_ns;
    if (c->fates_fd > 0) {
        r = recorder_init(&l->recorder, c->fates_fd, plan, now_ns, err);
        l->wires.recorder = &l->recorder;
    }
    if (r < 0)
        return r;
    switch_init(&l->switch_table, plan);
    l->tap_fds = xcalloc(plan_taps(plan), sizeof(*l->tap_fds));
    for (size_t i = 0; i < plan_taps(plan); i++)
        l->tap_fds[i] = i < plan->tap_count ? c->tap_fds[i] : -1;
    l->wire_fds = xcalloc(plan_wires(plan), sizeof(*l->wire_fds));
    for (size_t i = 0; i < plan_wires(plan); i++)
        l->wire_fds[i] = l->tap_fds[plan->wires[i].to_tap];
    r = watch(l, c->control, control_tag, err);
    for (size_t i = 0; r == 0 && i < plan->tap_count; i++)
        r = watch(l, c->tap_fds[i], i, err);
    return r;
}

void loop_done(struct loop *l)
{
    if (l->epoll >= 0)
        close(l->epoll);
    if (l->pressure >= 0)
        close(l->pressure);
    wires_done(&l->wires);
    recorder_done(&l->recorder);
    switch_done(&l->switch_table);
    pool_done(&l->pool);
    free(l->tap_fds);
    free(l->wire_fds);
    *l = (struct loop){.epoll = -1, .pressure = -1};
}

static void count_release(struct loop *l, uint32_t wire, const struct packet *packet, uint64_t now)
{
    struct delayline_wire_stats *stats = &l->stats->wire[wire];
    const uint64_t late_ns = now - packet->due_ns;
    histogram_record(&l->stats->lateness, late_ns);
    stats->late_sum_ns += late_ns;
    if (late_ns > stats->late_max_ns)
        stats->late_max_ns = late_ns;
    stats->packets++;
    stats->bytes += packet->size - FRAME_VNET_HEADER;
}

static void write_packet(struct loop *l, uint32_t wire, const struct packet *packet)
{
    const uint64_t now = clock_monotonic_ns();
    if (write(l->wire_fds[wire], packet->data, packet->size) == (ssize_t)packet->size)
        count_release(l, wire, packet, now);
    else
        l->stats->write_errors++;
}

/* False: the kernel does not take them so. */
static bool write_together(struct loop *l, struct train *t)
{
    const uint64_t now = clock_monotonic_ns();
    const int parts = merge_finish(&t->merge);
    if (writev(l->wire_fds[t->wire], t->merge.parts, parts) < 0)
        return false;
    for (unsigned i = 0; i < t->count; i++)
        count_release(l, t->wire, t->packets[i], now);
    l->stats->merged += t->count;
    return true;
}

static void send_train(struct loop *l)
{
    struct train *t = &l->train;
    if (t->count == 1 || (t->count > 1 && !write_together(l, t)))
        for (unsigned i = 0; i < t->count; i++)
            write_packet(l, t->wire, t->packets[i]);
    for (unsigned i = 0; i < t->count; i++)
        pool_give(&l->pool, t->packets[i]);
    t->count = 0;
}

static void release(struct loop *l, uint32_t wire, struct packet *packet)
{
    struct train *t = &l->train;
    if (t->count == 0 || wire != t->wire || !merge_add(&t->merge, packet->data, packet->size)) {
        send_train(l);
        t->wire = wire;
        merge_begin(&t->merge, packet->data, packet->size);
    }
    t->packets[t->count++] = packet;
}

/* Writes what is due; how late, the clock says just before each write. */
static void release_due(struct loop *l)
{
    for (int i = 0; i < RELEASE_BATCH && wires_next_due(&l->wires) != UINT64_MAX; i++) {
        uint32_t wire;
        l->released_ns = clock_monotonic_ns();
        struct packet *packet = wires_take_due(&l->wires, l->released_ns, &wire);
        if (!packet)
            break;
        release(l, wire, packet);
    }
    send_train(l);
}

/* A copy goes its own way right behind the packet. */
static void send_copy(struct loop *l, uint32_t wire, const struct packet *packet)
{
    bool is_small = packet->size <= pool_capacity(POOL_SMALL);
    struct packet *copy = pool_take(&l->pool, is_small ? POOL_SMALL : POOL_BIG);
    if (!copy) {
        l->stats->no_memory++;
        return;
    }
    copy->size = packet->size;
    memcpy(copy->data, packet->data, packet->size);
    if (wires_enqueue_copy(&l->wires, wire, copy, packet) != WIRES_QUEUED)
        pool_give(&l->pool, copy);
}

/* True: the wires have it. */
static bool send_over(struct loop *l, uint32_t wire, struct packet *packet, uint64_t arrival_ns)
{
    bool queued = wires_enqueue(&l->wires, wire, packet, arrival_ns) == WIRES_QUEUED;
    if (queued && packet->corrupt)
        frame_corrupt(packet->data, packet->size, wires_corruption(&l->wires, wire, packet));
    if (queued && packet->duplicate)
        send_copy(l, wire, packet);
    for (struct packet *dropped; (dropped = wires_take_dropped(&l->wires));)
        pool_give(&l->pool, dropped);
    return queued;
}

/* The frames of a super-packet that waited in its TAP while the wire came to need each on its own.
 * False: it cannot be cut. */
static bool send_segments(struct loop *l, uint32_t wire, const struct packet *packet,
                          unsigned segments, uint64_t arrival_ns)
{
    static uint8_t data[POOL_BIG_CAPACITY];
    for (unsigned n = 0; n < segments; n++) {
        const size_t size = segment_cut(packet->data, packet->size, n, data);
        if (size == 0)
            return n > 0;
        bool is_small = size <= pool_capacity(POOL_SMALL);
        struct packet *part = pool_take(&l->pool, is_small ? POOL_SMALL : POOL_BIG);
        if (!part) {
            l->stats->no_memory++;
            continue;
        }
        memcpy(part->data, data, size);
        part->size = (uint32_t)size;
        part->segments = 1;
        part->wire_bytes = (uint32_t)size - FRAME_VNET_HEADER;
        part->control = false;
        if (!send_over(l, wire, part, arrival_ns))
            pool_give(&l->pool, part);
    }
    return true;
}

/* Decides what becomes of a packet. True: the wires have it. */
static bool dispatch(struct loop *l, uint32_t tap, struct packet *packet, uint64_t arrival_ns)
{
    struct frame frame;
    struct switch_way way = {.wire = SWITCH_NONE};
    if (frame_parse(packet->data, packet->size, &frame)) {
        l->stats->control += frame.control;
        way = switch_find(&l->switch_table, tap, &frame);
    }
    if (way.wire == SWITCH_NONE || (way.macs && !frame_route(packet->data, &frame, way.macs))) {
        l->stats->no_wire++;
        return false;
    }
    if (frame.segments > 1 && wires_needs_wire_packets(&l->wires, way.wire) &&
        send_segments(l, way.wire, packet, frame.segments, arrival_ns))
        return false;
    packet->segments = frame.segments;
    packet->wire_bytes = frame.wire_bytes;
    packet->control = frame.control;
    return send_over(l, way.wire, packet, arrival_ns);
}

/* How large a packet is shows only when it has been read, so it is read into a small buffer and,
 * past its end, a big one. A super-packet's first part is then copied to the front of the big one.
 * The size read, or -errno; `*ret` is NULL if memory was short. */
static ssize_t read_packet(struct loop *l, int fd, struct packet **ret)
{
    static uint8_t nowhere[64]; /* a TAP insists on room for the virtio-net header */
    const size_t small_size = pool_capacity(POOL_SMALL), big_size = pool_capacity(POOL_BIG);
    for (int c = 0; c < POOL_CLASSES; c++)
        if (!l->spare[c])
            l->spare[c] = pool_take(&l->pool, c);
    struct packet *small = l->spare[POOL_SMALL], *big = l->spare[POOL_BIG];
    struct iovec parts[2] = {{nowhere, sizeof(nowhere)}};
    if (small)
        parts[0] = (struct iovec){small->data, small_size};
    if (small && big)
        parts[1] = (struct iovec){big->data + small_size, big_size - small_size};
    ssize_t n = readv(fd, parts, 2);
    if (n < 0)
        return -errno;
    *ret = NULL;
    if (!small || (size_t)n > parts[0].iov_len + parts[1].iov_len)
        return n;
    enum pool_class class = (size_t)n <= small_size ? POOL_SMALL : POOL_BIG;
    if (class == POOL_BIG)
        memcpy(big->data, small->data, small_size);
    *ret = l->spare[class];
    (*ret)->size = (uint32_t)n;
    return n;
}

static void stop_watching(struct loop *l, uint32_t tap)
{
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, l->tap_fds[tap], NULL);
}

/* What comes out of it belongs to the wires; false: the TAP is empty, or gone. */
static bool read_one(struct loop *l, uint32_t tap, uint64_t *ret_now_ns)
{
    struct packet *packet = NULL;
    ssize_t n = read_packet(l, l->tap_fds[tap], &packet);
    *ret_now_ns = clock_monotonic_ns();
    if (n < 0) {
        if (n != -EAGAIN && n != -EINTR)
            stop_watching(l, tap);
        return false;
    }
    if (!packet)
        l->stats->no_memory++;
    else if (dispatch(l, tap, packet, *ret_now_ns))
        l->spare[packet == l->spare[POOL_BIG] ? POOL_BIG : POOL_SMALL] = NULL;
    return true;
}

static void read_tap(struct loop *l, uint32_t tap)
{
    uint64_t now_ns = 0;
    uint32_t count = 0;
    while (count < READ_BATCH && read_one(l, tap, &now_ns)) {
        count++;
        if (now_ns - l->released_ns >= RELEASE_NS)
            release_due(l);
    }
    release_due(l);
    waiting_count(&l->waiting, now_ns, count);
}

/* TAPs of wires that were bare. Nothing is led to them yet. */
static int adopt_taps(struct loop *l, const struct exchange_request *request, const int *fds)
{
    for (uint32_t i = 0; i < request->count; i++) {
        const unsigned tap = request->taps[i];
        if (l->tap_fds[tap] >= 0) /* of a splice that was undone */
            close(l->tap_fds[tap]);
        l->tap_fds[tap] = fds[i];
        if (watch(l, fds[i], tap, NULL) < 0)
            return -errno;
        for (size_t w = 0; w < plan_wires(l->plan); w++)
            if (l->plan->wires[w].to_tap == tap)
                l->wire_fds[w] = fds[i];
    }
    return 0;
}

/* Between two packets, and so at one instant for all of them. */
static struct wire_switch change_wires(struct loop *l, uint32_t count)
{
    const struct change_wire *changes = l->exchange->changes;
    struct wire_switch when = {.realtime_ns = clock_realtime_ns(),
                               .first_ns = clock_monotonic_ns()};
    for (uint32_t i = 0; i < count; i++)
        wires_change(&l->wires, changes[i].wire, &changes[i].impairment, when.first_ns);
    when.last_ns = clock_monotonic_ns();
    return when;
}

/* The pages of the changes are here before the first of them is made. */
static void touch(const volatile struct change_wire *changes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        (void)changes[i].wire;
}

/* A request of the parent. False: it has gone. */
static bool read_control(struct loop *l)
{
    struct exchange_request request;
    struct exchange_answer answer = {0};
    int fds[MESSAGE_FDS_MAX];
    size_t fd_count = ARRAY_LEN(fds);
    ssize_t n = message_receive(l->control, &request, sizeof(request), fds, &fd_count);
    if (n < 0)
        return n == -EAGAIN || n == -EINTR;
    if (n != (ssize_t)sizeof(request))
        return false;
    if (request.kind == EXCHANGE_ADOPT) {
        answer.result = adopt_taps(l, &request, fds);
    } else {
        touch(l->exchange->changes, request.count);
        answer.when = change_wires(l, request.count);
    }
    return message_send(l->control, &answer, sizeof(answer), NULL, 0) >= 0;
}

static struct timespec duration(uint64_t ns)
{
    return (struct timespec){
        .tv_sec = (time_t)(ns / NS_PER_SEC),
        .tv_nsec = (long)(ns % NS_PER_SEC),
    };
}

/* Until there is something to read or to release. The number of events, or -errno. */
static int wait_for_work(struct loop *l, struct epoll_event *events)
{
    const uint64_t now_ns = clock_monotonic_ns();
    uint64_t ns;
    if (waiting_must_look(&l->waiting, now_ns))
        look_at_pressure(l, now_ns);
    enum waiting_way way = waiting_choose(&l->waiting, now_ns, wires_next_due(&l->wires), &ns);
    struct timespec timeout = duration(way == WAITING_SPIN ? 0 : ns);
    if (way == WAITING_PAUSE) {
        nanosleep(&timeout, NULL);
        timeout = duration(0);
    }
    int n = epoll_pwait2(l->epoll, events, EVENTS, ns == UINT64_MAX ? NULL : &timeout, NULL);
    const int wait_error = errno;
    l->stats->spun_ns += waiting_end(&l->waiting, clock_monotonic_ns(), n > 0);
    if (n < 0)
        return wait_error == EINTR ? 0 : -wait_error;
    return n;
}

int loop_run(struct loop *l, struct error *err)
{
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = wait_for_work(l, events);
        if (n < 0)
            return error_errno(err, -n, "cannot wait for packets");
        release_due(l);
        for (int i = 0; i < n; i++) {
            if (events[i].data.u64 != control_tag)
                read_tap(l, (uint32_t)events[i].data.u64);
            else if (!read_control(l))
                return 0;
        }
    }
}
