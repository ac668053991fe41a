/* SPDX-License-Identifier: MIT
 *
 * The load and the yardsticks of `make bench-wire`. Times are CLOCK_REALTIME, which all nodes of a
 * kernel share. Results are printed as shell assignments.
 *
 *   send ADDRESS PACKETS_PER_S SECONDS SIZE SEGMENTS
 *             numbered UDP datagrams of SIZE bytes, each at its time; more than one segment: as
 *             super-packets of so many
 *   receive   what of them arrives, until nothing has come for half a second: how many, how fast
 *             between the first and the last, lost numbers and how many gaps, and how long they
 *             were under way, from just before the send to the receiving kernel's own stamp
 *   timer SECONDS
 *             how late a bare timer is, in a thread of the delay line's scheduling class
 *   binomial N P
 *             the least and the largest count that are inside the exact 99.9 % interval
 */
#include <arpa/inet.h>
#include <linux/udp.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/histogram.h"

enum { PORT = 7008, BUFFER = 64 << 20, BATCH = 64, SEND_MAX = 60000, FRAME_HEADERS = 42 };

struct stamp {
    uint64_t number, sent_ns;
};

static int udp_socket(void)
{
    const int size = BUFFER;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0) {
        perror("cannot make a socket");
        exit(1);
    }
    return fd;
}

static void sleep_until(clockid_t clock, uint64_t at_ns)
{
    const struct timespec at = {.tv_sec = (time_t)(at_ns / NS_PER_SEC),
                                .tv_nsec = (long)(at_ns % NS_PER_SEC)};
    clock_nanosleep(clock, TIMER_ABSTIME, &at, NULL);
}

/* --- load */

struct load {
    double per_s, seconds;
    size_t size, segments;
};

/* Puts the stamps of a super-packet's segments where each begins. */
static void stamp_segments(char *data, const struct load *l, uint64_t number)
{
    for (size_t s = 0; s < l->segments; s++) {
        struct stamp stamp = {number + s, clock_realtime_ns()};
        memcpy(data + s * l->size, &stamp, sizeof(stamp));
    }
}

static int send_load(const char *address, const struct load *l)
{
    static char data[SEND_MAX];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = udp_socket(), segment = (int)l->size;
    inet_pton(AF_INET, address, &to.sin_addr);
    if (l->size < sizeof(struct stamp) || l->size * l->segments > sizeof(data) ||
        connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
        (l->segments > 1 &&
         setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)) {
        perror("cannot send so");
        return 1;
    }
    prctl(PR_SET_TIMERSLACK, 1UL);
    const uint64_t count = (uint64_t)(l->per_s * l->seconds), begin = clock_monotonic_ns();
    for (uint64_t number = 0; number < count; number += l->segments) {
        uint64_t due_ns = begin + (uint64_t)((double)number * 1e9 / l->per_s);
        if (clock_monotonic_ns() < due_ns)
            sleep_until(CLOCK_MONOTONIC, due_ns);
        stamp_segments(data, l, number);
        while (send(fd, data, l->size * l->segments, 0) < 0)
            ;
    }
    printf("sent=%llu sent_s=%.3f\n", (unsigned long long)count,
           (double)(clock_monotonic_ns() - begin) / 1e9);
    return 0;
}

/* --- what arrives of it */

struct arrivals {
    uint64_t count, next_number, gaps, overtaken;
    uint64_t first_ns, last_ns, frame_bytes; /* those after the first */
    struct histogram way;                    /* ns */
};

static uint64_t kernel_stamp_ns(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        struct timespec at;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS)
            continue;
        memcpy(&at, CMSG_DATA(c), sizeof(at));
        return (uint64_t)at.tv_sec * NS_PER_SEC + (uint64_t)at.tv_nsec;
    }
    return 0;
}

static void note_arrival(struct arrivals *a, struct mmsghdr *m)
{
    struct stamp stamp;
    uint64_t at_ns = kernel_stamp_ns(&m->msg_hdr);
    if (m->msg_len < sizeof(stamp) || at_ns == 0)
        return;
    memcpy(&stamp, m->msg_hdr.msg_iov->iov_base, sizeof(stamp));
    histogram_record(&a->way, at_ns > stamp.sent_ns ? at_ns - stamp.sent_ns : 0);
    if (a->count++ == 0)
        a->first_ns = at_ns;
    else
        a->frame_bytes += m->msg_len + FRAME_HEADERS;
    a->last_ns = at_ns;
    a->gaps += stamp.number > a->next_number;
    a->overtaken += stamp.number < a->next_number;
    if (stamp.number >= a->next_number)
        a->next_number = stamp.number + 1;
}

static void print_arrivals(const struct arrivals *a)
{
    double seconds = a->last_ns > a->first_ns ? (double)(a->last_ns - a->first_ns) / 1e9 : 1;
    printf("received=%llu pps=%.0f frame_bps=%.0f gaps=%llu overtaken=%llu way_p50_us=%.1f "
           "way_p99_us=%.1f way_max_us=%.1f\n",
           (unsigned long long)a->count, (double)a->count / seconds,
           (double)a->frame_bytes * 8 / seconds, (unsigned long long)a->gaps,
           (unsigned long long)a->overtaken, (double)histogram_quantile(&a->way, 0.5) / 1e3,
           (double)histogram_quantile(&a->way, 0.99) / 1e3, (double)a->way.max / 1e3);
}

static int receive_load(void)
{
    static char data[BATCH][2048], control[BATCH][64];
    static struct arrivals a;
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = udp_socket(), on = 1;
    struct pollfd waiter = {.fd = fd, .events = POLLIN};
    if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0) {
        perror("cannot listen");
        return 1;
    }
    while (poll(&waiter, 1, a.count ? 500 : 8000) > 0) {
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){data[i], sizeof(data[i])};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i],
                                                  .msg_iovlen = 1,
                                                  .msg_control = control[i],
                                                  .msg_controllen = sizeof(control[i])};
        }
        int n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            note_arrival(&a, &messages[i]);
    }
    print_arrivals(&a);
    return 0;
}

/* --- yardsticks */

static int bare_timer(double seconds)
{
    enum { PERIOD_NS = 200000, PRIORITY = 5 };
    static struct histogram late;
    const struct sched_param param = {.sched_priority = PRIORITY};
    bool realtime = sched_setscheduler(0, SCHED_FIFO, &param) == 0;
    prctl(PR_SET_TIMERSLACK, 1UL);
    mlockall(MCL_CURRENT);
    uint64_t at_ns = clock_monotonic_ns(), end_ns = at_ns + (uint64_t)(seconds * 1e9);
    for (at_ns += PERIOD_NS; at_ns < end_ns; at_ns += PERIOD_NS) {
        if (clock_monotonic_ns() < at_ns) /* those that a stall has held up are late, too */
            sleep_until(CLOCK_MONOTONIC, at_ns);
        histogram_record(&late, clock_monotonic_ns() - at_ns);
    }
    printf("timer_p50_us=%.1f timer_p99_us=%.1f realtime=%d\n",
           (double)histogram_quantile(&late, 0.5) / 1e3,
           (double)histogram_quantile(&late, 0.99) / 1e3, realtime);
    return 0;
}

/* Each side leaves out at most 0.05 %. */
static int binomial(double n, double p)
{
    double below = 0, low = 0, high;
    double k = 0;
    for (;; k++) {
        double mass = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) +
                          (n - k) * log1p(-p));
        if (below < 0.0005)
            low = k;
        below += mass;
        high = k;
        if (below >= 0.9995 || k >= n)
            break;
    }
    printf("low=%.0f high=%.0f\n", low, high);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (argc == 7 && strcmp(what, "send") == 0)
        return send_load(argv[2], &(struct load){.per_s = atof(argv[3]),
                                                 .seconds = atof(argv[4]),
                                                 .size = (size_t)atoi(argv[5]),
                                                 .segments = (size_t)atoi(argv[6])});
    if (argc == 2 && strcmp(what, "receive") == 0)
        return receive_load();
    if (argc == 3 && strcmp(what, "timer") == 0)
        return bare_timer(atof(argv[2]));
    if (argc == 4 && strcmp(what, "binomial") == 0)
        return binomial(atof(argv[2]), atof(argv[3]));
    fputs(
        "usage: wire send ADDRESS PACKETS_PER_S SECONDS SIZE SEGMENTS | receive | timer SECONDS | "
        "binomial N P\n",
        stderr);
    return 2;
}
