/* SPDX-License-Identifier: MIT */
/*
 * Bench: how should packets reach the delay line?
 *
 * The delay line is one thread with two ports. What comes in at one port waits a fixed delay and
 * leaves at the other. A port is a TAP (read and write, one packet per call), a packet socket
 * (recvmmsg and sendmmsg), or a packet socket with a TPACKET_V3 receive ring (packets wait in the
 * ring's blocks and are sent from there). In all three a packet is carried with its virtio-net
 * header in front of it, so checksums stay partial and super-packets stay whole.
 *
 * Buffers come from a last-in-first-out pool that is set up once. One delay for all packets of a
 * direction makes its queue a plain ring. The driver (packet-path.sh) talks to the line on its
 * standard input and output; when standard input closes, the line ends and its TAPs vanish.
 *
 * The same program holds the small load tools: blast and sink (64-byte frames flat out), echo and
 * ping (1,000 pings per second), gso (28,000-byte UDP super-packets).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/udp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

enum {
    VNET_LEN = 10,            /* struct virtio_net_hdr, the default of TAP and packet socket */
    SLOT_SIZE = 65536 + 1088, /* odd multiple of 64: heads of slots spread over cache sets */
    SLOT_COUNT = 16384,       /* address space only; pages come when they are touched */
    QUEUE_LEN = SLOT_COUNT,   /* per direction, power of two */
    BATCH = 64,               /* packets per turn of a port */
    BLOCK_SIZE = 256 * 1024,  /* TPACKET_V3: a block must hold a super-packet */
    BLOCK_COUNT = 256,
    SOCKET_BUFFER = 64 << 20,
    MODERATE_FROM = 8,    /* packets per millisecond */
    LATE_BUCKETS = 20000, /* one microsecond each */
    SMALL_PAYLOAD = 22,   /* 14 + 20 + 8 + 22 = 64 bytes of frame */
    PORT = 7007,
};

#define NS_PER_SEC 1000000000ull

static void die(const char *format, ...)
{
    int saved = errno;
    va_list args;

    va_start(args, format);
    fprintf(stderr, "packet-path: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, ": %s\n", strerror(saved));
    va_end(args);
    exit(1);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static void set_option(int fd, int level, int option, int value, const char *name)
{
    if (setsockopt(fd, level, option, &value, sizeof(value)) < 0)
        die("cannot set %s", name);
}

/* ---- the delay line ------------------------------------------------------------------------ */

enum mode { MODE_TAP, MODE_PACKET, MODE_RING };

struct packet {
    uint64_t due_ns;
    uint8_t *data;                    /* virtio-net header, then the frame */
    uint32_t size;                    /* both */
    struct tpacket_block_desc *block; /* ring: last packet of this block, release it after */
};

struct port {
    int fd;
    uint8_t *blocks; /* ring: the mapped receive ring */
    uint32_t next_block;
    struct packet *queue; /* packets that came in here, in order */
    uint32_t head, tail;
};

struct counters {
    uint64_t rx_packets, rx_bytes, rx_super, tx_packets, tx_bytes;
    uint64_t full;    /* no slot or no queue place */
    uint64_t refused; /* kernel did not take it */
    uint64_t wakeups;
    uint32_t max_size;
    uint64_t cpu_ns;
};

static struct {
    enum mode mode;
    clockid_t clock; /* ring time stamps are CLOCK_REALTIME */
    uint64_t delay_ns;
    uint64_t spin_ns;                  /* poll without sleeping this long before a due time */
    uint64_t moderate_ns;              /* when busy: look for arrivals only this often */
    uint64_t window_end_ns, window_rx; /* packets seen in the current millisecond */
    bool busy;                         /* the last full one had more than MODERATE_FROM */
    struct port port[2];
    uint8_t *slots[SLOT_COUNT];
    uint32_t slots_free;
    struct counters count;
    uint32_t late[LATE_BUCKETS];
} line;

static void pool_init(void)
{
    uint8_t *base = mmap(NULL, (size_t)SLOT_COUNT * SLOT_SIZE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (base == MAP_FAILED)
        die("cannot map the pool");
    for (uint32_t i = SLOT_COUNT; i-- > 0;)
        line.slots[line.slots_free++] = base + (size_t)i * SLOT_SIZE;
}

static int tap_open(const char *name, int extra_flags)
{
    struct ifreq request = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | extra_flags)};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        die("cannot open /dev/net/tun");
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(fd, TUNSETIFF, &request) < 0)
        die("cannot make TAP '%s'", name);
    return fd;
}

static int tap_offload(int fd, unsigned flags)
{
    return ioctl(fd, TUNSETOFFLOAD, (unsigned long)flags) < 0 ? -errno : 0;
}

static int packet_open(const char *name, bool vnet_header)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        die("cannot open a packet socket");
    set_option(fd, SOL_PACKET, PACKET_VNET_HDR, vnet_header, "PACKET_VNET_HDR");
    set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING");
    set_option(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
    set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER, "SO_RCVBUFFORCE");
    set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER, "SO_SNDBUFFORCE");
    address.sll_ifindex = (int)if_nametoindex(name);
    if (address.sll_ifindex == 0)
        die("no interface '%s'", name);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        die("cannot bind to '%s'", name);
    return fd;
}

/* PACKET_VNET_HDR must come before the ring: with a ring it is refused (EBUSY). */
static void ring_map(struct port *port)
{
    struct tpacket_req3 request = {
        .tp_block_size = BLOCK_SIZE,
        .tp_block_nr = BLOCK_COUNT,
        .tp_frame_size = 2048,
        .tp_frame_nr = BLOCK_SIZE / 2048 * BLOCK_COUNT,
        .tp_retire_blk_tov = 1,
    };

    set_option(port->fd, SOL_PACKET, PACKET_VERSION, TPACKET_V3, "PACKET_VERSION");
    if (setsockopt(port->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) < 0)
        die("cannot set up the receive ring");
    port->blocks = mmap(NULL, (size_t)BLOCK_SIZE * BLOCK_COUNT, PROT_READ | PROT_WRITE, MAP_SHARED,
                        port->fd, 0);
    if (port->blocks == MAP_FAILED)
        die("cannot map the receive ring");
}

static void count_rx(const uint8_t *data, uint32_t size)
{
    line.count.rx_packets++;
    line.count.rx_bytes += size - VNET_LEN;
    line.count.rx_super += data[1] != 0; /* virtio_net_hdr.gso_type */
    if (size - VNET_LEN > line.count.max_size)
        line.count.max_size = size - VNET_LEN;
}

static bool queue_push(struct port *port, uint64_t arrival_ns, uint8_t *data, uint32_t size,
                       struct tpacket_block_desc *block)
{
    if (port->tail - port->head == QUEUE_LEN)
        return false;
    port->queue[port->tail++ % QUEUE_LEN] = (struct packet){
        .due_ns = arrival_ns + line.delay_ns, .data = data, .size = size, .block = block};
    return true;
}

static void receive_tap(struct port *port)
{
    for (int i = 0; i < BATCH; i++) {
        if (line.slots_free == 0 || port->tail - port->head == QUEUE_LEN)
            return;
        uint8_t *data = line.slots[line.slots_free - 1];
        ssize_t size = read(port->fd, data, SLOT_SIZE);

        if (size <= VNET_LEN)
            return;
        line.slots_free--;
        count_rx(data, (uint32_t)size);
        queue_push(port, clock_ns(line.clock), data, (uint32_t)size, NULL);
    }
}

static void receive_packet(struct port *port)
{
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    uint32_t room = QUEUE_LEN - (port->tail - port->head), want = BATCH;

    if (want > room)
        want = room;
    if (want > line.slots_free)
        want = line.slots_free;
    for (uint32_t i = 0; i < want; i++) {
        parts[i] = (struct iovec){line.slots[line.slots_free - 1 - i], SLOT_SIZE};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int got = recvmmsg(port->fd, messages, want, MSG_DONTWAIT, NULL);
    uint64_t now = clock_ns(line.clock);

    for (int i = 0; i < got; i++) {
        count_rx(parts[i].iov_base, messages[i].msg_len);
        queue_push(port, now, parts[i].iov_base, messages[i].msg_len, NULL);
    }
    if (got > 0)
        line.slots_free -= (uint32_t)got;
}

static bool receive_block(struct port *port, struct tpacket_block_desc *block)
{
    uint32_t packets = block->hdr.bh1.num_pkts;
    uint8_t *at = (uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;

    if (QUEUE_LEN - (port->tail - port->head) < packets)
        return false;
    for (uint32_t i = 0; i < packets; i++) {
        struct tpacket3_hdr *header = (struct tpacket3_hdr *)at;
        uint8_t *data = at + header->tp_mac - VNET_LEN;
        uint64_t arrival = header->tp_sec * NS_PER_SEC + header->tp_nsec;

        count_rx(data, header->tp_snaplen + VNET_LEN);
        queue_push(port, arrival, data, header->tp_snaplen + VNET_LEN,
                   i + 1 == packets ? block : NULL);
        at += header->tp_next_offset;
    }
    return true;
}

static void receive_ring(struct port *port)
{
    for (;;) {
        struct tpacket_block_desc *block =
            (struct tpacket_block_desc *)(port->blocks + (size_t)port->next_block * BLOCK_SIZE);
        uint32_t status = __atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE);

        /* The whole ring may be waiting to be sent: then the oldest block is one we hold. */
        if (!(status & TP_STATUS_USER) || block->hdr.bh1.num_pkts == UINT32_MAX)
            return;
        if (!receive_block(port, block))
            return;
        if (block->hdr.bh1.num_pkts == 0)
            __atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        else
            block->hdr.bh1.num_pkts = UINT32_MAX; /* seen; released when its last is sent */
        port->next_block = (port->next_block + 1) % BLOCK_COUNT;
    }
}

static void release(struct packet *packet)
{
    if (line.mode != MODE_RING)
        line.slots[line.slots_free++] = packet->data;
    else if (packet->block)
        __atomic_store_n(&packet->block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

static void count_tx(const struct packet *packet, uint64_t now, bool taken)
{
    uint64_t late_us = now > packet->due_ns ? (now - packet->due_ns) / 1000 : 0;

    line.late[late_us < LATE_BUCKETS ? late_us : LATE_BUCKETS - 1]++;
    if (taken) {
        line.count.tx_packets++;
        line.count.tx_bytes += packet->size - VNET_LEN;
    } else {
        line.count.refused++;
    }
}

static void send_tap(struct port *from, int to_fd)
{
    uint64_t now = clock_ns(line.clock);

    for (int i = 0; i < BATCH && from->head != from->tail; i++) {
        struct packet *packet = &from->queue[from->head % QUEUE_LEN];

        if (packet->due_ns > now)
            return;
        count_tx(packet, now, write(to_fd, packet->data, packet->size) == (ssize_t)packet->size);
        release(packet);
        from->head++;
    }
}

static void send_packet(struct port *from, int to_fd)
{
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    uint64_t now = clock_ns(line.clock);
    uint32_t count = 0;

    while (count < BATCH && from->head + count != from->tail) {
        struct packet *packet = &from->queue[(from->head + count) % QUEUE_LEN];

        if (packet->due_ns > now)
            break;
        parts[count] = (struct iovec){packet->data, packet->size};
        messages[count].msg_hdr = (struct msghdr){.msg_iov = &parts[count], .msg_iovlen = 1};
        count++;
    }
    for (uint32_t done = 0; done < count;) {
        int sent = sendmmsg(to_fd, messages + done, count - done, 0);
        bool taken = sent > 0;

        for (int i = 0; i < (taken ? sent : 1); i++, done++) {
            struct packet *packet = &from->queue[from->head++ % QUEUE_LEN];

            count_tx(packet, now, taken);
            release(packet);
        }
    }
}

static void line_turn(void)
{
    for (int i = 0; i < 2; i++) {
        if (line.mode == MODE_TAP)
            send_tap(&line.port[i], line.port[!i].fd);
        else
            send_packet(&line.port[i], line.port[!i].fd);
    }
}

static const struct timespec *next_timeout(struct timespec *storage)
{
    uint64_t due = UINT64_MAX, now = clock_ns(line.clock), wait;

    for (int i = 0; i < 2; i++) {
        struct port *port = &line.port[i];

        if (port->head != port->tail && port->queue[port->head % QUEUE_LEN].due_ns < due)
            due = port->queue[port->head % QUEUE_LEN].due_ns;
    }
    if (due == UINT64_MAX)
        return NULL;
    wait = due > now + line.spin_ns ? due - now - line.spin_ns : 0;
    *storage = (struct timespec){(time_t)(wait / NS_PER_SEC), (long)(wait % NS_PER_SEC)};
    return storage;
}

static uint64_t cpu_ns(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return ((uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
            (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) *
           1000;
}

static uint64_t late_percentile(double share)
{
    uint64_t total = 0, seen = 0;

    for (int i = 0; i < LATE_BUCKETS; i++)
        total += line.late[i];
    for (uint64_t i = 0; i < LATE_BUCKETS; i++) {
        seen += line.late[i];
        if ((double)seen >= share * (double)total)
            return i;
    }
    return 0;
}

/* Prints what happened since the last report, as shell assignments, and starts again at zero. */
static void line_report(void)
{
    struct counters *c = &line.count;
    uint64_t cpu = cpu_ns(), kernel_drops = 0;

    for (int i = 0; i < 2 && line.mode != MODE_TAP; i++) {
        struct tpacket_stats_v3 stats = {0};
        socklen_t size = sizeof(stats);

        getsockopt(line.port[i].fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
        kernel_drops += stats.tp_drops;
    }
    printf("rx=%lu rx_bytes=%lu super=%lu max=%u tx=%lu tx_bytes=%lu full=%lu refused=%lu "
           "sockdrop=%lu wakeups=%lu cpu_us=%lu late50=%lu late99=%lu\n",
           c->rx_packets, c->rx_bytes, c->rx_super, c->max_size, c->tx_packets, c->tx_bytes,
           c->full, c->refused, kernel_drops, c->wakeups, (cpu - c->cpu_ns) / 1000,
           late_percentile(0.5), late_percentile(0.99));
    *c = (struct counters){.cpu_ns = cpu};
    memset(line.late, 0, sizeof(line.late));
}

/* One command per line: "delay NS", "offload FLAGS", "report". One line of answer each. */
static void line_command(void)
{
    char text[128];
    ssize_t size = read(STDIN_FILENO, text, sizeof(text) - 1);

    if (size <= 0)
        exit(0);
    text[size] = 0;
    if (strncmp(text, "delay ", 6) == 0) {
        line.delay_ns = strtoull(text + 6, NULL, 0);
        puts("status=0");
    } else if (strncmp(text, "offload ", 8) == 0) {
        unsigned flags = (unsigned)strtoul(text + 8, NULL, 0);
        int first = tap_offload(line.port[0].fd, flags),
            second = tap_offload(line.port[1].fd, flags);

        printf("status=%d\n", first ? first : second);
    } else {
        line_report();
    }
    fflush(stdout);
}

/*
 * A real-time line is woken by each packet, on the sender's core at once: one packet per wakeup.
 * When packets are frequent it sleeps a while without looking, as a network card's driver does.
 * Answers what epoll shall wait then.
 */
static const struct timespec *moderate(const struct timespec *timeout)
{
    static const struct timespec none = {0, 0};
    uint64_t now = clock_ns(line.clock);
    struct timespec nap = {0, (long)line.moderate_ns};

    if (now >= line.window_end_ns) {
        line.busy = line.count.rx_packets - line.window_rx > MODERATE_FROM &&
                    line.count.rx_packets > line.window_rx;
        line.window_rx = line.count.rx_packets;
        line.window_end_ns = now + 1000000;
    }
    if (!line.busy || line.moderate_ns == 0)
        return timeout;
    if (timeout && timeout->tv_sec == 0 && timeout->tv_nsec < nap.tv_nsec)
        nap = *timeout;
    if (nap.tv_nsec > 0)
        nanosleep(&nap, NULL);
    return &none;
}

static void line_loop(int epoll_fd)
{
    for (;;) {
        struct epoll_event events[3];
        struct timespec storage;
        const struct timespec *timeout = moderate(next_timeout(&storage));
        int count = epoll_pwait2(epoll_fd, events, 3, timeout, NULL);

        line.count.wakeups++;
        for (int i = 0; i < count; i++) {
            struct port *port = events[i].data.ptr;

            if (!port)
                line_command();
            else if (line.mode == MODE_TAP)
                receive_tap(port);
            else if (line.mode == MODE_PACKET)
                receive_packet(port);
            else
                receive_ring(port);
        }
        line_turn();
    }
}

static void watch(int epoll_fd, int fd, struct port *port, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = port};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        die("cannot watch a descriptor");
}

static void port_open(struct port *port, const char *name, int extra_flags, bool vnet_header)
{
    port->queue = calloc(QUEUE_LEN, sizeof(*port->queue));
    if (!port->queue)
        die("cannot allocate a queue");
    if (line.mode == MODE_TAP) {
        port->fd = tap_open(name, extra_flags);
        if (tap_offload(port->fd, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6))
            if (tap_offload(port->fd, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6))
                die("cannot set offloads of '%s'", name);
        return;
    }
    port->fd = packet_open(name, vnet_header);
    if (line.mode == MODE_RING)
        ring_map(port);
}

static int run_line(int argc, char **argv)
{
    struct sched_param priority = {.sched_priority = 10};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC), extra = 0;
    bool fifo = !getenv("NO_FIFO");

    if (argc < 3)
        return 2;
    line.mode = !strcmp(argv[0], "tap")      ? MODE_TAP
                : !strcmp(argv[0], "packet") ? MODE_PACKET
                                             : MODE_RING;
    line.clock = line.mode == MODE_RING ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    if (getenv("TAP_NAPI"))
        extra = IFF_NAPI;
    if (getenv("SPIN_US"))
        line.spin_ns = strtoull(getenv("SPIN_US"), NULL, 0) * 1000;
    if (getenv("MODERATE_US"))
        line.moderate_ns = strtoull(getenv("MODERATE_US"), NULL, 0) * 1000;
    prctl(PR_SET_TIMERSLACK, 1);
    pool_init();
    for (int i = 0; i < 2; i++) {
        port_open(&line.port[i], argv[i + 1], extra, true);
        /* A V3 ring polls readable while its latest block is held: level-triggered would spin. */
        watch(epoll_fd, line.port[i].fd, &line.port[i],
              line.mode == MODE_RING ? EPOLLIN | EPOLLET : EPOLLIN);
    }
    watch(epoll_fd, STDIN_FILENO, NULL, EPOLLIN);
    if (fifo)
        fifo = sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
    printf("ready fifo=%d\n", fifo);
    fflush(stdout);
    line_loop(epoll_fd);
    return 0;
}

/* ---- load ---------------------------------------------------------------------------------- */

static int udp_open(const char *connect_to, bool server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        die("cannot open a UDP socket");
    set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER, "SO_RCVBUFFORCE");
    set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER, "SO_SNDBUFFORCE");
    if (server && bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        die("cannot bind");
    if (connect_to) {
        inet_pton(AF_INET, connect_to, &address.sin_addr);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
            die("cannot connect");
    }
    return fd;
}

static int run_blast(int argc, char **argv)
{
    static char payload[SMALL_PAYLOAD];
    struct iovec part = {payload, sizeof(payload)};
    struct mmsghdr messages[BATCH];
    uint64_t sent = 0, start, end;

    if (argc < 2)
        return 2;
    int fd = udp_open(argv[0], false);

    for (int i = 0; i < BATCH; i++)
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
    start = clock_ns(CLOCK_MONOTONIC);
    end = start + strtoull(argv[1], NULL, 0) * NS_PER_SEC;
    while (clock_ns(CLOCK_MONOTONIC) < end) {
        int count = sendmmsg(fd, messages, BATCH, 0);

        if (count > 0)
            sent += (uint64_t)count;
    }
    printf("sent=%lu sent_pps=%.0f\n", sent, (double)sent * 1e9 / (double)(end - start));
    return 0;
}

/* Ends half a second after the last packet, or after five seconds without any. */
static int run_sink(void)
{
    static char payload[BATCH][64];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    int fd = udp_open(NULL, true);
    struct pollfd waiter = {.fd = fd, .events = POLLIN};
    uint64_t received = 0, first = 0, last = 1;

    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){payload[i], sizeof(payload[i])};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    while (poll(&waiter, 1, first ? 500 : 5000) > 0) {
        int count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);

        last = clock_ns(CLOCK_MONOTONIC);
        if (count > 0) {
            first = first ? first : last;
            received += (uint64_t)count;
        }
    }
    printf("received=%lu received_pps=%.0f\n", received,
           (double)received * 1e9 / (double)(last - first));
    return 0;
}

static int run_echo(void)
{
    int fd = udp_open(NULL, true);
    struct pollfd waiter = {.fd = fd, .events = POLLIN};

    while (poll(&waiter, 1, 3000) > 0) {
        struct sockaddr_in from;
        socklen_t from_size = sizeof(from);
        char data[64];
        ssize_t size = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &from_size);

        if (size > 0)
            sendto(fd, data, (size_t)size, 0, (struct sockaddr *)&from, from_size);
    }
    return 0;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* ping ADDRESS: 1,000 pings, one each millisecond whatever the answers do. */
static int run_ping(int argc, char **argv)
{
    enum { COUNT = 1000 };
    static uint64_t rtt[COUNT];
    uint64_t start, stop, next = 0, answers = 0, last_sent = 0;

    if (argc < 1)
        return 2;
    int fd = udp_open(argv[0], false);
    struct pollfd waiter = {.fd = fd, .events = POLLIN};

    prctl(PR_SET_TIMERSLACK, 1);
    start = clock_ns(CLOCK_MONOTONIC);
    stop = start + COUNT * 1000000ull + NS_PER_SEC / 2;
    while (answers < COUNT) {
        uint64_t now = clock_ns(CLOCK_MONOTONIC), stamp[2] = {0};
        uint64_t due = next < COUNT ? start + next * 1000000 : stop;
        struct timespec wait = {0, due > now ? (long)(due - now) : 0};

        if (now >= stop)
            break;
        if (next < COUNT && now >= due) {
            last_sent = now;
            send(fd, (uint64_t[2]){last_sent, next++}, sizeof(stamp), 0);
        } else if (ppoll(&waiter, 1, &wait, NULL) > 0 &&
                   recv(fd, stamp, sizeof(stamp), MSG_DONTWAIT) == sizeof(stamp)) {
            rtt[answers++] = clock_ns(CLOCK_MONOTONIC) - stamp[0];
        }
    }
    qsort(rtt, answers, sizeof(rtt[0]), compare_u64);
    printf("pings=%lu rtt50=%.1f rtt99=%.1f rttmax=%.1f\n", answers,
           answers ? (double)rtt[answers / 2] / 1e3 : 0,
           answers ? (double)rtt[answers * 99 / 100] / 1e3 : 0,
           answers ? (double)rtt[answers - 1] / 1e3 : 0);
    return 0;
}

/* gso ADDRESS COUNT: super-packets of 20 x 1,400 bytes, two milliseconds apart. */
static int run_gso(int argc, char **argv)
{
    static char payload[28000];

    if (argc < 2)
        return 2;
    int fd = udp_open(argv[0], false), count = atoi(argv[1]), sent = 0;

    set_option(fd, IPPROTO_UDP, UDP_SEGMENT, 1400, "UDP_SEGMENT");
    for (int i = 0; i < count; i++) {
        sent += send(fd, payload, sizeof(payload), 0) == sizeof(payload);
        nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    printf("gso_sent=%d\n", sent);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "line"))
        return run_line(argc - 2, argv + 2);
    if (!strcmp(what, "blast"))
        return run_blast(argc - 2, argv + 2);
    if (!strcmp(what, "sink"))
        return run_sink();
    if (!strcmp(what, "echo"))
        return run_echo();
    if (!strcmp(what, "ping"))
        return run_ping(argc - 2, argv + 2);
    if (!strcmp(what, "gso"))
        return run_gso(argc - 2, argv + 2);
    fprintf(stderr, "usage: packet-path line tap|packet|ring PORT PORT\n"
                    "       packet-path blast|ping|gso ADDRESS ... | sink | echo\n");
    return 2;
}
