/* SPDX-License-Identifier: MIT
 *
 * One thread sends and receives: the time of arrival is the kernel's, so what it does in between
 * does not matter, and a send that comes too late is stamped when it is made. It stays on one
 * processor, because the kernel keeps a queue of packets for each, and packets from two of them
 * could overtake each other.
 */
#include "agent/train.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum {
    PORT = 7077,
    RECEIVE_BUFFER = 16 << 20,
    BATCH = 64, /* packets taken in one system call */
    CONTROL_SIZE = 128,
    ARGUMENTS = 11,
    LAST_WORDS = 10, /* a wire may lose some */
    PARTS = 40,      /* of a train, each with a rate of its own */
};
static const uint64_t word_ns = 20 * NS_PER_MS, patience_ns = 3 * NS_PER_SEC;

/* What travels, in the order of the host that sends: both are on one machine. */
struct stamp {
    uint64_t number; /* HELLO, END: no packet of the train */
    uint64_t sent_ns;
    uint64_t reserved;
};
#define HELLO UINT64_MAX
#define END   (UINT64_MAX - 1)

struct train {
    int socket;
    /* what is sent */
    uint64_t count, gap_ns, payload, burst, ahead_ns, sent, lag_max_ns, send_ns;
    bool segments; /* the kernel cuts a burst into packets */
    /* what is to come */
    uint64_t expected, expected_payload, expected_ns, linger_ns;
    bool heard;      /* anything at all */
    uint64_t end_ns; /* when its end was heard of; 0: it was not */
    uint64_t received, duplicates, reordered, overflows, highest;
    uint8_t *seen;
    double *delays_s;
    uint64_t *arrivals_ns; /* of what was received, in that order */
};

static int open_socket(const char *peer)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)}, there = here;
    const int on = 1, size = RECEIVE_BUFFER;
    _cleanup_(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || inet_pton(AF_INET, peer, &there.sin_addr) != 1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
        connect(fd, (struct sockaddr *)&there, sizeof(there)) < 0)
        return -1;
    return take_fd(&fd);
}

/* --- sending --- */

static void send_word(const struct train *t, uint64_t word)
{
    struct stamp stamp = {.number = word};
    send(t->socket, &stamp, sizeof(stamp), MSG_DONTWAIT);
}

/* As many packets as are due together. What the socket has no room for waits in this loop: it is
 * not lost. */
static void send_burst(struct train *t)
{
    static uint8_t data[TRAIN_BURST_MAX * TRAIN_PAYLOAD_MAX];
    uint64_t left = t->count - t->sent, n = left < t->burst ? left : t->burst;
    if (!t->segments)
        n = 1;
    for (uint64_t i = 0; i < n; i++) {
        struct stamp stamp = {.number = t->sent + i, .sent_ns = clock_monotonic_ns()};
        memcpy(data + i * t->payload, &stamp, sizeof(stamp));
    }
    if (send(t->socket, data, n * t->payload, 0) >= 0 || errno == ECONNREFUSED) {
        t->sent += n;
    } else if (errno == EAGAIN || errno == ENOBUFS) {
        struct pollfd room = {.fd = t->socket, .events = POLLOUT};
        poll(&room, 1, 1);
    } else if (t->segments && n > 1) {
        t->segments = false; /* a kernel that cannot: packet by packet */
        setsockopt(t->socket, IPPROTO_UDP, UDP_SEGMENT, &(int){0}, sizeof(int));
    } else {
        t->sent += n; /* no route, say: it did not arrive */
    }
}

/* When the next packet has to leave. */
static uint64_t next_due(const struct train *t, uint64_t start_ns)
{
    uint64_t after = t->sent / t->burst * t->gap_ns;
    return start_ns + (after > t->ahead_ns ? after - t->ahead_ns : 0);
}

static void send_due(struct train *t, uint64_t start_ns)
{
    for (int i = 0; i < BATCH && t->sent < t->count; i++) {
        uint64_t now = clock_monotonic_ns(), due = next_due(t, start_ns);
        if (now < due)
            return;
        if (now - due > t->lag_max_ns && t->sent / t->burst * t->gap_ns > t->ahead_ns)
            t->lag_max_ns = now - due;
        send_burst(t);
    }
}

/* --- receiving --- */

static void take_packet(struct train *t, const struct stamp *stamp, uint64_t received_ns)
{
    t->heard = true;
    if (stamp->number == END && t->end_ns == 0)
        t->end_ns = received_ns;
    if (stamp->number >= t->expected)
        return;
    if (t->seen[stamp->number]) {
        t->duplicates++;
        return;
    }
    t->seen[stamp->number] = 1;
    t->reordered += t->received > 0 && stamp->number < t->highest;
    if (t->received == 0 || stamp->number > t->highest)
        t->highest = stamp->number;
    t->arrivals_ns[t->received] = received_ns;
    t->delays_s[t->received++] = (double)(int64_t)(received_ns - stamp->sent_ns) / 1e9;
}

/* The kernel stamps by the wall clock; `offset_ns` leads to the monotonic one. */
static uint64_t arrival(struct train *t, struct msghdr *msg, int64_t offset_ns)
{
    uint64_t at = clock_monotonic_ns();
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        struct timespec ts;
        uint32_t overflows;
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_TIMESTAMPNS) {
            memcpy(&ts, CMSG_DATA(c), sizeof(ts));
            uint64_t wall = (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
            at = (uint64_t)((int64_t)wall + offset_ns);
        } else if (c->cmsg_type == SO_RXQ_OVFL) {
            memcpy(&overflows, CMSG_DATA(c), sizeof(overflows));
            t->overflows = overflows;
        }
    }
    return at;
}

static void receive_all(struct train *t)
{
    static struct stamp stamps[BATCH];
    static uint8_t rest[TRAIN_PAYLOAD_MAX];
    static char control[BATCH][CONTROL_SIZE];
    static struct iovec parts[BATCH][2];
    static struct mmsghdr messages[BATCH];
    for (int n = BATCH; n == BATCH;) {
        for (int i = 0; i < BATCH; i++) {
            parts[i][0] = (struct iovec){&stamps[i], sizeof(stamps[i])};
            parts[i][1] = (struct iovec){rest, sizeof(rest)}; /* of no interest */
            messages[i].msg_hdr = (struct msghdr){.msg_iov = parts[i],
                                                  .msg_iovlen = 2,
                                                  .msg_control = control[i],
                                                  .msg_controllen = CONTROL_SIZE};
        }
        n = recvmmsg(t->socket, messages, BATCH, MSG_DONTWAIT, NULL);
        int64_t offset_ns = (int64_t)clock_monotonic_ns() - (int64_t)clock_realtime_ns();
        for (int i = 0; i < n; i++) {
            uint64_t at = arrival(t, &messages[i].msg_hdr, offset_ns);
            if (messages[i].msg_len >= sizeof(struct stamp))
                take_packet(t, &stamps[i], at);
        }
    }
}

static void wait_until(const struct train *t, uint64_t until_ns)
{
    uint64_t now = clock_monotonic_ns(), wait_ns = until_ns > now ? until_ns - now : 0;
    struct timespec wait = {(time_t)(wait_ns / NS_PER_SEC), (long)(wait_ns % NS_PER_SEC)};
    struct pollfd ready = {.fd = t->socket, .events = POLLIN};
    ppoll(&ready, 1, &wait, NULL);
}

/* --- both --- */

/* Until the other end is there, or has had the time to be. */
static void greet(struct train *t)
{
    const uint64_t end_ns = clock_monotonic_ns() + patience_ns;
    while (!t->heard && clock_monotonic_ns() < end_ns) {
        send_word(t, HELLO);
        wait_until(t, clock_monotonic_ns() + word_ns);
        receive_all(t);
    }
    for (int i = 0; i < 3; i++) /* for a lossy wire: it may have heard nothing yet */
        send_word(t, HELLO);
}

/* When what has not come by then will not come any more: some time after the last word of the other
 * end, or, if that was lost, after a long silence. */
static uint64_t last_call(const struct train *t, uint64_t start_ns)
{
    if (t->end_ns)
        return t->end_ns + t->linger_ns;
    uint64_t due_ns = start_ns + t->expected_ns;
    uint64_t last_ns = t->received ? t->arrivals_ns[t->received - 1] : start_ns;
    return (due_ns > last_ns ? due_ns : last_ns) + patience_ns + t->linger_ns;
}

static bool is_over(const struct train *t, uint64_t start_ns)
{
    return t->sent == t->count &&
           (t->received == t->expected || clock_monotonic_ns() >= last_call(t, start_ns));
}

static void run(struct train *t)
{
    greet(t);
    const uint64_t start_ns = clock_monotonic_ns();
    uint64_t word_due_ns = 0;
    while (!is_over(t, start_ns)) {
        wait_until(t, t->sent < t->count ? next_due(t, start_ns) : word_due_ns);
        send_due(t, start_ns);
        receive_all(t);
        if (t->sent == t->count && t->send_ns == 0)
            t->send_ns = clock_monotonic_ns() - start_ns;
        if (t->sent == t->count && clock_monotonic_ns() >= word_due_ns) {
            send_word(t, END);
            word_due_ns = clock_monotonic_ns() + word_ns;
        }
    }
    for (int i = 0; i < LAST_WORDS; i++) {
        send_word(t, END);
        wait_until(t, clock_monotonic_ns() + word_ns / 2);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void print_delays(struct train *t)
{
    double sum = 0, squares = 0;
    qsort(t->delays_s, t->received, sizeof(*t->delays_s), by_value);
    for (uint64_t i = 0; i < t->received; i++)
        sum += t->delays_s[i];
    double mean = sum / (double)t->received;
    for (uint64_t i = 0; i < t->received; i++)
        squares += (t->delays_s[i] - mean) * (t->delays_s[i] - mean);
    printf(",\"delay_mean_s\":%.9f,\"delay_sd_s\":%.9f,\"delay_s\":[", mean,
           t->received > 1 ? sqrt(squares / (double)(t->received - 1)) : 0);
    for (uint64_t i = 0; i < TRAIN_PERCENTILES; i++)
        printf("%s%.9f", i ? "," : "",
               t->delays_s[i * (t->received - 1) / (TRAIN_PERCENTILES - 1)]);
    printf("]");
}

/* Payload bytes a second: over all of the train, and in the median of its parts. */
static void print_rates(const struct train *t)
{
    const uint64_t last = t->received - 1, part = last / PARTS;
    double rates[PARTS];
    const unsigned long long bytes = last * t->expected_payload;
    printf(",\"bytes\":%llu,\"span_s\":%.9f", bytes,
           (double)(t->arrivals_ns[last] - t->arrivals_ns[0]) / 1e9);
    for (uint64_t i = 0; i < PARTS; i++) {
        uint64_t ns = t->arrivals_ns[(i + 1) * part] - t->arrivals_ns[i * part];
        rates[i] = (double)(part * t->expected_payload) * 1e9 / (double)(ns ? ns : 1);
    }
    qsort(rates, PARTS, sizeof(*rates), by_value);
    printf(",\"bytes_per_s\":%.3f", (rates[PARTS / 2 - 1] + rates[PARTS / 2]) / 2);
}

static void print_result(struct train *t)
{
    printf(
        "{\"sent\":%llu,\"send_s\":%.9f,\"lag_max_s\":%.9f,\"received\":%llu,\"duplicates\":%llu,"
        "\"reordered\":%llu,\"overflows\":%llu",
        (unsigned long long)t->sent, (double)t->send_ns / 1e9, (double)t->lag_max_ns / 1e9,
        (unsigned long long)t->received, (unsigned long long)t->duplicates,
        (unsigned long long)t->reordered, (unsigned long long)t->overflows);
    if (t->received > 0) {
        print_rates(t);
        print_delays(t);
    }
    puts("}");
    fflush(stdout);
}

static void stay_here(void)
{
    cpu_set_t set;
    int here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE)
        return;
    CPU_ZERO(&set);
    CPU_SET(here, &set);
    sched_setaffinity(0, sizeof(set), &set);
    prctl(PR_SET_TIMERSLACK, 1UL);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
    uint64_t value = strtoull(text, NULL, 10);
    return value < least ? least : value > most ? most : value;
}

int train_main(int argc, char *const *argv)
{
    if (argc != ARGUMENTS)
        return 1;
    struct train t = {
        .socket = open_socket(argv[1]),
        .count = number(argv[2], 0, 100000000),
        .gap_ns = number(argv[3], 0, UINT64_MAX),
        .payload = number(argv[4], TRAIN_PAYLOAD_MIN, TRAIN_PAYLOAD_MAX),
        .burst = number(argv[5], 1, TRAIN_BURST_MAX),
        .ahead_ns = number(argv[6], 0, NS_PER_SEC),
        .expected = number(argv[7], 0, 100000000),
        .expected_payload = number(argv[8], 0, TRAIN_PAYLOAD_MAX),
        .expected_ns = number(argv[9], 0, UINT64_MAX),
        .linger_ns = number(argv[10], 0, UINT64_MAX),
    };
    if (t.socket < 0) {
        perror("train: cannot open a socket");
        return 1;
    }
    int segment = (int)t.payload;
    t.segments = t.burst > 1 &&
                 setsockopt(t.socket, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) == 0;
    t.seen = xcalloc(t.expected + 1, 1);
    t.delays_s = xcalloc(t.expected + 1, sizeof(*t.delays_s));
    t.arrivals_ns = xcalloc(t.expected + 1, sizeof(*t.arrivals_ns));
    stay_here();
    run(&t);
    print_result(&t);
    free(t.seen);
    free(t.delays_s);
    free(t.arrivals_ns);
    close(t.socket);
    return 0;
}
