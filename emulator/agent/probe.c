/* SPDX-License-Identifier: MIT */
#include "agent/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

struct target {
    struct sockaddr_in address;
    uint64_t sent_ns, sent_monotonic_ns; /* of the echo under way */
    uint32_t round;                      /* its number */
    bool answered;
    uint64_t *rtt_ns; /* one for each answer */
    unsigned received;
};

struct probe {
    int socket;
    uint16_t id;
    unsigned rounds, target_count;
    uint64_t timeout_ns, gap_ns;
    struct target *targets;
};

enum { FIRST_ADDRESS = 4 }; /* among the arguments */

static uint16_t checksum(const void *data, size_t size)
{
    const uint8_t *p = data;
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

/* The target's number travels in the sequence field's place, the round in the payload. */
struct echo {
    struct icmphdr head;
    uint32_t round;
    uint32_t target;
    uint8_t padding[48];
};

static void send_echo(const struct probe *p, uint32_t round, uint32_t target)
{
    struct target *t = &p->targets[target];
    struct echo echo = {.head = {.type = ICMP_ECHO}, .round = round, .target = target};
    t->round = round;
    echo.head.un.echo.id = htons(p->id);
    echo.head.un.echo.sequence = htons((uint16_t)round);
    echo.head.checksum = checksum(&echo, sizeof(echo));
    t->answered = false;
    t->sent_monotonic_ns = clock_monotonic_ns();
    t->sent_ns = clock_realtime_ns();
    sendto(p->socket, &echo, sizeof(echo), 0, (struct sockaddr *)&t->address, sizeof(t->address));
}

/* The kernel's time of arrival is the better one, unless the wall clock, in which it is given, was
 * set in between: then the two clocks disagree by more than a process can sleep too long. */
static uint64_t round_trip(const struct target *t, uint64_t received_ns)
{
    uint64_t by_process = clock_monotonic_ns() - t->sent_monotonic_ns;
    uint64_t by_kernel = received_ns - t->sent_ns;
    bool agree = by_kernel <= by_process && by_process - by_kernel < 50 * NS_PER_MS;
    return agree ? by_kernel : by_process;
}

/* The target whose awaited answer the packet was that just came; NULL: it was none. */
static struct target *take_answer(struct probe *p, const uint8_t *packet, size_t size, uint64_t now)
{
    const struct iphdr *ip = (const struct iphdr *)packet;
    size_t head = size >= sizeof(*ip) ? ip->ihl * 4U : size;
    const struct echo *echo = (const struct echo *)(packet + head);
    if (size < head + sizeof(*echo) || echo->head.type != ICMP_ECHOREPLY ||
        ntohs(echo->head.un.echo.id) != p->id || echo->target >= p->target_count)
        return NULL;
    struct target *t = &p->targets[echo->target];
    if (t->answered || t->round != echo->round)
        return NULL;
    t->answered = true;
    t->rtt_ns[t->received++] = round_trip(t, now);
    return t;
}

/* One packet, with the time at which the kernel received it: how long this process then takes to
 * wake up is not the network's doing. The size, or -1 if there is none. */
static ssize_t receive_packet(const struct probe *p, void *packet, size_t size, uint64_t *ret_ns)
{
    union {
        char buf[CMSG_SPACE(sizeof(struct timespec))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = packet, .iov_len = size};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.buf,
                         .msg_controllen = sizeof(control.buf)};
    ssize_t n = recvmsg(p->socket, &msg, MSG_DONTWAIT);
    struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    *ret_ns = clock_realtime_ns();
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_TIMESTAMPNS) {
        struct timespec ts;
        memcpy(&ts, CMSG_DATA(head), sizeof(ts));
        *ret_ns = (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
    }
    return n;
}

/* Waits for a packet until `until_ns` (monotonic) and takes it; the target that it was an awaited
 * answer of, or NULL. */
static struct target *await_answer(struct probe *p, uint64_t until_ns)
{
    _Alignas(8) uint8_t packet[256];
    uint64_t received_ns, now = clock_monotonic_ns(), wait_ns = until_ns > now ? until_ns - now : 0;
    struct pollfd poll_fd = {.fd = p->socket, .events = POLLIN};
    struct timespec wait = {(time_t)(wait_ns / NS_PER_SEC), (long)(wait_ns % NS_PER_SEC)};
    if (ppoll(&poll_fd, 1, &wait, NULL) <= 0)
        return NULL;
    ssize_t n = receive_packet(p, packet, sizeof(packet), &received_ns);
    return n > 0 ? take_answer(p, packet, (size_t)n, received_ns) : NULL;
}

/* One echo to each target, a gap apart, until all are answered or the last one's time is up. */
static void run_round(struct probe *p, uint32_t round)
{
    uint64_t next_ns = clock_monotonic_ns();
    unsigned sent = 0, answered = 0;
    while (answered < p->target_count) {
        bool all_sent = sent == p->target_count;
        uint64_t until_ns = all_sent ? next_ns + p->timeout_ns : next_ns;
        if (await_answer(p, until_ns))
            answered++;
        if (clock_monotonic_ns() < until_ns)
            continue;
        if (all_sent)
            return;
        send_echo(p, round, sent++);
        next_ns += sent < p->target_count ? p->gap_ns : 0;
    }
}

static void print_answer(struct target *t)
{
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &t->address.sin_addr, text, sizeof(text));
    if (t->answered)
        printf("{\"address\":\"%s\",\"rtt_s\":%.9f}\n", text, (double)t->rtt_ns[0] / 1e9);
    else
        printf("{\"address\":\"%s\",\"lost\":true}\n", text);
    fflush(stdout);
    t->received = 0;
}

/* For ever: an echo every gap, to the targets in turn. One whose answer may still come is left out.
 */
static void watch(struct probe *p)
{
    uint64_t next_ns = clock_monotonic_ns();
    for (uint32_t n = 0; !ferror(stdout); n++) {
        struct target *t = &p->targets[n % p->target_count], *answered;
        uint64_t now;
        while ((now = clock_monotonic_ns()) < next_ns)
            if ((answered = await_answer(p, next_ns)))
                print_answer(answered);
        next_ns += p->gap_ns;
        bool waits = t->sent_monotonic_ns > 0 && !t->answered;
        if (waits && now - t->sent_monotonic_ns < p->timeout_ns)
            continue;
        if (waits)
            print_answer(t);
        send_echo(p, n, n % p->target_count);
    }
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void print_target(const struct probe *p, struct target *t)
{
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &t->address.sin_addr, text, sizeof(text));
    printf("{\"address\":\"%s\",\"sent\":%u,\"received\":%u", text, p->rounds, t->received);
    qsort(t->rtt_ns, t->received, sizeof(*t->rtt_ns), by_value);
    uint64_t median = t->rtt_ns[t->received / 2];
    if (t->received > 0)
        printf(",\"rtt_min_s\":%.9f,\"rtt_median_s\":%.9f,\"rtt_max_s\":%.9f",
               (double)t->rtt_ns[0] / 1e9, (double)median / 1e9,
               (double)t->rtt_ns[t->received - 1] / 1e9);
    puts("}");
    free(t->rtt_ns);
}

int probe_main(int argc, char *const *argv)
{
    if (argc < FIRST_ADDRESS)
        return 1;
    struct probe p = {
        .socket = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP),
        .id = (uint16_t)getpid(),
        .rounds = (unsigned)atoi(argv[1]),
        .timeout_ns = (uint64_t)atoi(argv[2]) * NS_PER_MS,
        .gap_ns = (uint64_t)atoi(argv[3]) * NS_PER_US,
        .target_count = (unsigned)(argc - FIRST_ADDRESS),
    };
    if (p.socket < 0) {
        perror("probe: cannot open a raw socket");
        return 1;
    }
    setsockopt(p.socket, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int));
    p.targets = xcalloc(p.target_count, sizeof(*p.targets));
    for (unsigned i = 0; i < p.target_count; i++) {
        p.targets[i].address.sin_family = AF_INET;
        inet_pton(AF_INET, argv[FIRST_ADDRESS + i], &p.targets[i].address.sin_addr);
        p.targets[i].rtt_ns = xcalloc(p.rounds + 1, sizeof(*p.targets[i].rtt_ns));
    }
    if (p.rounds == 0 && p.target_count > 0)
        watch(&p);
    for (unsigned round = 0; round < p.rounds; round++)
        run_round(&p, round);
    for (unsigned i = 0; i < p.target_count; i++)
        print_target(&p, &p.targets[i]);
    fflush(stdout);
    free(p.targets);
    return 0;
}
