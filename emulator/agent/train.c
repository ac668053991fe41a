/* SPDX-License-Identifier: MIT
 *
 * One thread sends and receives: the time of arrival is the kernel's, so what it does in between
 * does not matter, and a send that comes too late is stamped when it is made. It stays on one
 * processor, because the kernel keeps a queue of packets for each, and packets from two of them
 * could overtake each other.
 *
 * Damaged frames come by a packet socket, since the kernel's own protocols would drop most of them
 * unseen; what such a socket shows has passed the wire and nothing else.
 */
#include "agent/train.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <math.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
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
    ARGUMENTS = 12,
    LAST_WORDS = 10, /* a wire may lose some */
    PARTS = 40,      /* of a train, each with a rate of its own */
    FRAME_MAX = TRAIN_PAYLOAD_MAX + TRAIN_HEADERS,
    LISTED = 500, /* packets a line */
};
static const uint64_t word_ns = 20 * NS_PER_MS, patience_ns = 3 * NS_PER_SEC;

/* What travels, in the order of the host that sends: both are on one machine. */
struct stamp {
    uint64_t number; /* HELLO, END: no packet of the train */
    uint64_t sent_ns;
    uint64_t check; /* follows from the other two */
};
#define HELLO UINT64_MAX
#define END   (UINT64_MAX - 1)

struct arrival {
    uint64_t number, at_ns;
    int64_t delay_ns;
    uint64_t addresses; /* of its frame, in short */
    bool is_copy, is_damaged;
};

struct train {
    int socket, frames; /* `frames`: what it receives from; the socket itself, or a packet socket */
    enum train_mode mode;
    /* what is sent */
    uint64_t count, gap_ns, payload, burst, ahead_ns, sent, lag_max_ns, send_ns;
    bool segments; /* the kernel cuts a burst into packets */
    /* what is to come */
    uint64_t expected, expected_payload, expected_ns, linger_ns;
    bool heard;      /* anything at all */
    uint64_t end_ns; /* when its end was heard of; 0: it was not */
    uint64_t received, duplicates, reordered, overflows, highest;
    uint8_t *seen;
    struct arrival *arrivals;
    size_t arrival_count;
};

/* Of no use against malice, only against a few wrong bits. */
static uint64_t check_of(const struct stamp *s)
{
    uint64_t x = (s->number * 0x9e3779b97f4a7c15ULL) ^ (s->sent_ns + 0x2545f4914f6cdd1dULL);
    return (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9ULL;
}

static struct stamp stamp_of(uint64_t number)
{
    struct stamp stamp = {.number = number, .sent_ns = clock_monotonic_ns()};
    stamp.check = check_of(&stamp);
    return stamp;
}

static void set_up_receiving(int fd)
{
    const int on = 1, size = RECEIVE_BUFFER;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static int open_socket(const char *peer)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)}, there = here;
    _cleanup_(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || inet_pton(AF_INET, peer, &there.sin_addr) != 1)
        return -1;
    set_up_receiving(fd);
    if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
        connect(fd, (struct sockaddr *)&there, sizeof(there)) < 0)
        return -1;
    return take_fd(&fd);
}

/* The socket then only keeps the port, so that the kernel does not answer for it. -1: there are no
 * packet sockets. */
static int open_frames(int udp)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog none = {1, &nothing};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
    if (fd < 0)
        return -1;
    set_up_receiving(fd);
    setsockopt(udp, SOL_SOCKET, SO_ATTACH_FILTER, &none, sizeof(none));
    return fd;
}

/* --- sending --- */

static void send_word(const struct train *t, uint64_t word)
{
    struct stamp stamp = stamp_of(word);
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
        struct stamp stamp = stamp_of(t->sent + i);
        memcpy(data + i * t->payload, &stamp, sizeof(stamp));
        if (t->mode & TRAIN_FRAMES)
            memcpy(data + (i + 1) * t->payload - sizeof(stamp), &stamp, sizeof(stamp));
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

/* A message that came: a packet's payload, or a frame. */
struct message {
    const uint8_t *data;
    size_t size;
    uint64_t at_ns;
    bool is_outgoing, is_ours; /* of a frame: sent by us; by its address for us */
};

static void take_packet(struct train *t, const struct stamp *stamp, struct arrival arrival)
{
    t->heard = true;
    if (stamp->number == END && t->end_ns == 0)
        t->end_ns = arrival.at_ns;
    if (stamp->number >= t->expected)
        return;
    arrival.number = stamp->number;
    arrival.delay_ns = (int64_t)(arrival.at_ns - stamp->sent_ns);
    arrival.is_copy = t->seen[stamp->number];
    t->arrivals = array_grow(t->arrivals, t->arrival_count, sizeof(*t->arrivals));
    t->arrivals[t->arrival_count++] = arrival;
    if (arrival.is_copy) {
        t->duplicates++;
        return;
    }
    t->seen[stamp->number] = 1;
    t->reordered += t->received > 0 && stamp->number < t->highest;
    if (t->received == 0 || stamp->number > t->highest)
        t->highest = stamp->number;
    t->received++;
}

/* Whether all of a frame is as it was sent; what its addresses should be is not known here. */
static bool is_intact(const uint8_t *frame, size_t size)
{
    struct ether_header link;
    struct iphdr ip;
    struct udphdr udp;
    uint16_t words[sizeof(ip) / 2];
    uint32_t sum = 0;
    memcpy(&link, frame, sizeof(link));
    memcpy(&ip, frame + sizeof(link), sizeof(ip));
    memcpy(&udp, frame + sizeof(link) + sizeof(ip), sizeof(udp));
    memcpy(words, &ip, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        sum += words[i];
    sum = (sum & 0xffff) + (sum >> 16);
    if (ntohs(link.ether_type) != ETHERTYPE_IP || ip.version != 4 || ip.ihl != 5 ||
        (uint16_t)(sum + (sum >> 16)) != 0xffff || ntohs(ip.tot_len) != size - sizeof(link))
        return false;
    if (ntohs(udp.source) != PORT || ntohs(udp.dest) != PORT || udp.check != 0 ||
        ntohs(udp.len) != size - sizeof(link) - sizeof(ip))
        return false;
    for (size_t i = TRAIN_HEADERS + sizeof(struct stamp); i + sizeof(struct stamp) < size; i++)
        if (frame[i] != 0)
            return false;
    return true;
}

static void take_frame(struct train *t, const struct message *m)
{
    const size_t word = TRAIN_HEADERS + sizeof(struct stamp);
    struct arrival arrival = {.at_ns = m->at_ns};
    struct stamp first, second;
    if (m->is_outgoing || (m->size != word && m->size != TRAIN_HEADERS + t->expected_payload))
        return;
    memcpy(&first, m->data + TRAIN_HEADERS, sizeof(first));
    memcpy(&second, m->data + m->size - sizeof(second), sizeof(second));
    memcpy(&arrival.addresses, m->data + 4, sizeof(arrival.addresses)); /* the ends of both */
    const bool same = memcmp(&first, &second, sizeof(first)) == 0;
    arrival.is_damaged = !same || !m->is_ours || !is_intact(m->data, m->size);
    if (first.check == check_of(&first))
        take_packet(t, &first, arrival);
    else if (second.check == check_of(&second))
        take_packet(t, &second, arrival);
}

static void take_message(struct train *t, const struct message *m)
{
    struct stamp stamp;
    if (t->frames != t->socket) {
        take_frame(t, m);
    } else if (m->size >= sizeof(stamp)) {
        memcpy(&stamp, m->data, sizeof(stamp));
        take_packet(t, &stamp, (struct arrival){.at_ns = m->at_ns});
    }
}

/* All frames of a train have the same addresses: most of them say which. */
static void compare_addresses(struct train *t)
{
    uint64_t usual = 0;
    size_t lead = 0;
    for (size_t i = 0; i < t->arrival_count; i++) {
        uint64_t here = t->arrivals[i].addresses;
        if (lead == 0)
            usual = here;
        lead = here == usual ? lead + 1 : lead - 1;
    }
    for (size_t i = 0; i < t->arrival_count; i++)
        t->arrivals[i].is_damaged |= t->arrivals[i].addresses != usual;
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
    static uint8_t data[BATCH][FRAME_MAX + 1]; /* a longer frame is seen to be longer */
    static char control[BATCH][CONTROL_SIZE];
    static struct sockaddr_ll from[BATCH];
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    for (int n = BATCH; n == BATCH;) {
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){data[i], sizeof(data[i])};
            messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                                  .msg_namelen = sizeof(from[i]),
                                                  .msg_iov = &parts[i],
                                                  .msg_iovlen = 1,
                                                  .msg_control = control[i],
                                                  .msg_controllen = CONTROL_SIZE};
        }
        n = recvmmsg(t->frames, messages, BATCH, MSG_DONTWAIT, NULL);
        int64_t offset_ns = (int64_t)clock_monotonic_ns() - (int64_t)clock_realtime_ns();
        for (int i = 0; i < n; i++)
            take_message(t, &(struct message){
                                .data = data[i],
                                .size = messages[i].msg_len,
                                .at_ns = arrival(t, &messages[i].msg_hdr, offset_ns),
                                .is_outgoing = from[i].sll_pkttype == PACKET_OUTGOING,
                                .is_ours = from[i].sll_pkttype == PACKET_HOST,
                            });
    }
}

static void wait_until(const struct train *t, uint64_t until_ns)
{
    uint64_t now = clock_monotonic_ns(), wait_ns = until_ns > now ? until_ns - now : 0;
    struct timespec wait = {(time_t)(wait_ns / NS_PER_SEC), (long)(wait_ns % NS_PER_SEC)};
    struct pollfd ready = {.fd = t->frames, .events = POLLIN};
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
    uint64_t last_ns = t->arrival_count ? t->arrivals[t->arrival_count - 1].at_ns : start_ns;
    return (due_ns > last_ns ? due_ns : last_ns) + patience_ns + t->linger_ns;
}

/* Who lists packets waits for their copies, too. */
static bool is_over(const struct train *t, uint64_t start_ns)
{
    bool has_all = t->received == t->expected && !(t->mode & TRAIN_LIST && t->expected > 0);
    return t->sent == t->count && (has_all || clock_monotonic_ns() >= last_call(t, start_ns));
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

static void print_delays(const struct train *t)
{
    double sum = 0, squares = 0, *delays_s = xcalloc(t->received, sizeof(*delays_s));
    uint64_t n = 0;
    for (size_t i = 0; i < t->arrival_count; i++)
        if (!t->arrivals[i].is_copy)
            delays_s[n++] = (double)t->arrivals[i].delay_ns / 1e9;
    qsort(delays_s, n, sizeof(*delays_s), by_value);
    for (uint64_t i = 0; i < n; i++)
        sum += delays_s[i];
    double mean = sum / (double)n;
    for (uint64_t i = 0; i < n; i++)
        squares += (delays_s[i] - mean) * (delays_s[i] - mean);
    printf(",\"delay_mean_s\":%.9f,\"delay_sd_s\":%.9f,\"delay_s\":[", mean,
           n > 1 ? sqrt(squares / (double)(n - 1)) : 0);
    for (uint64_t i = 0; i < TRAIN_PERCENTILES; i++)
        printf("%s%.9f", i ? "," : "", delays_s[i * (n - 1) / (TRAIN_PERCENTILES - 1)]);
    printf("]");
    free(delays_s);
}

/* Payload bytes a second: over all of the train, and in the median of its parts. */
static void print_rates(const struct train *t)
{
    const struct arrival *a = t->arrivals;
    const uint64_t last = t->arrival_count - 1, part = last / PARTS;
    double rates[PARTS];
    const unsigned long long bytes = last * t->expected_payload;
    printf(",\"bytes\":%llu,\"span_s\":%.9f", bytes,
           (double)(int64_t)(a[last].at_ns - a[0].at_ns) / 1e9);
    for (uint64_t i = 0; i < PARTS; i++) {
        uint64_t ns = a[(i + 1) * part].at_ns - a[i * part].at_ns;
        rates[i] = (double)(part * t->expected_payload) * 1e9 / (double)(ns ? ns : 1);
    }
    qsort(rates, PARTS, sizeof(*rates), by_value);
    printf(",\"bytes_per_s\":%.3f", (rates[PARTS / 2 - 1] + rates[PARTS / 2]) / 2);
}

static void print_list(const struct train *t)
{
    for (size_t i = 0; i < t->arrival_count; i++) {
        const struct arrival *a = &t->arrivals[i];
        printf("%s[%llu,%llu,%lld%s]", i % LISTED ? "," : "{\"arrivals\":[",
               (unsigned long long)a->number, (unsigned long long)a->at_ns, (long long)a->delay_ns,
               a->is_damaged ? ",1" : "");
        if (i % LISTED == LISTED - 1 || i + 1 == t->arrival_count)
            puts("]}");
    }
}

static void print_result(struct train *t)
{
    const bool is_blind = t->mode & TRAIN_FRAMES && t->frames == t->socket;
    compare_addresses(t);
    if (t->mode & TRAIN_LIST)
        print_list(t);
    printf(
        "{\"sent\":%llu,\"send_s\":%.9f,\"lag_max_s\":%.9f,\"received\":%llu,\"duplicates\":%llu,"
        "\"reordered\":%llu,\"overflows\":%llu",
        (unsigned long long)t->sent, (double)t->send_ns / 1e9, (double)t->lag_max_ns / 1e9,
        (unsigned long long)t->received, (unsigned long long)t->duplicates,
        (unsigned long long)t->reordered, (unsigned long long)t->overflows);
    if (is_blind)
        printf(",\"blind\":1");
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

static void set_up_frames(struct train *t)
{
    const int on = 1, frames = open_frames(t->socket);
    setsockopt(t->socket, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on));
    if (frames >= 0)
        t->frames = frames;
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
        .mode = (enum train_mode)number(argv[11], 0, TRAIN_LIST | TRAIN_FRAMES),
    };
    if (t.socket < 0) {
        perror("train: cannot open a socket");
        return 1;
    }
    t.frames = t.socket;
    if (t.mode & TRAIN_FRAMES)
        set_up_frames(&t);
    int segment = (int)t.payload;
    t.segments = t.burst > 1 && !(t.mode & TRAIN_FRAMES) &&
                 setsockopt(t.socket, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) == 0;
    t.seen = xcalloc(t.expected + 1, 1);
    stay_here();
    run(&t);
    print_result(&t);
    free(t.seen);
    free(t.arrivals);
    if (t.frames != t.socket)
        close(t.frames);
    close(t.socket);
    return 0;
}
