/* SPDX-License-Identifier: MIT
 *
 * A socket for each port at which a chosen wire begins or ends, and for each of these a view: which
 * of the port's packets are the wire's, and where they go. Packets are read in batches, put into
 * the files' buffers, and written when all that was ready has been read.
 */
#include "wire/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/version.h"
#include "topology/change.h"
#include "wire/pcapng.h"

enum {
    BATCH = 32,
    FRAME_MAX = 66 << 10, /* a super-packet */
    SOCKET_BUFFER = 8 << 20,
    DESCRIPTORS_SPARE = 64,
    TICK_MS = 1000,
};

enum view_side { SIDE_SENT, SIDE_DELIVERED };

struct view {
    unsigned file;
    uint32_t interface; /* in the file */
    enum view_side side;
    const struct port *other; /* only packets to, or from, this one's addresses; NULL: all */
};

struct outlet {
    int fd;
    bool failed;
    struct pcapng pending;
};

struct listener {
    int fd;
    unsigned port;
    struct view *views;
    size_t view_count;
    uint64_t drops;
};

struct capture {
    const struct plan *plan;
    const struct capture_options *options;
    uint32_t snap_length;
    struct outlet *files;
    size_t file_count;
    struct listener *listeners;
    size_t listener_count;
    int epoll;
};

/* Where the kernel puts a batch. */
struct batch {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_ll from[BATCH];
    char control[BATCH][256];
    uint8_t *frames; /* BATCH times FRAME_MAX */
};

/* --- which wires */

static int select_wires(const struct plan *p, const char *words, bool *named, struct error *err)
{
    _cleanup_(freep) char *copy = xstrdup(words);
    char *rest = copy;
    int r = 0;
    for (char *word; r == 0 && (word = strsep(&rest, ","));)
        r = change_select(p, word, named, err);
    return r < 0 ? error_wrap(err, "--pcap") : 0;
}

int capture_check(const struct plan *p, const struct capture_options *o, struct error *err)
{
    struct rlimit limit = {0};
    size_t count = 0;
    if (!o->wires)
        return 0;
    _cleanup_(freep) bool *named = xcalloc(plan_wires(p) + 1, sizeof(*named));
    int r = select_wires(p, o->wires, named, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < plan_wires(p); i++)
        count += named[i];
    getrlimit(RLIMIT_NOFILE, &limit);
    if (count + p->port_count + DESCRIPTORS_SPARE > limit.rlim_max)
        return error_machine(err, EMFILE,
                             "--pcap: %zu wires need %zu open files, of which this machine allows "
                             "%llu: name fewer wires, or raise the hard limit (ulimit -Hn)",
                             count, count + p->port_count + DESCRIPTORS_SPARE,
                             (unsigned long long)limit.rlim_max);
    return 0;
}

/* --- files and sockets */

int capture_open_folder(const char *path, int *ret_fd, struct error *err)
{
    int r = file_make_dirs(path, err);
    if (r < 0)
        return r;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "cannot open '%s'", path);
    *ret_fd = fd;
    return 0;
}

/* "db1->db2" is "db1_db2.pcapng": no name has an underscore. */
static char *file_name(const struct wire *w)
{
    const char *arrow = strstr(w->name, "->");
    return xasprintf("%.*s_%s.pcapng", (int)(arrow - w->name), w->name, arrow + 2);
}

static int open_file(struct capture *c, const struct wire *w, struct error *err)
{
    _cleanup_(freep) char *name = file_name(w);
    int fd = openat(c->options->folder, name,
                    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_errno(err, errno, "cannot make '%s'", name);
    c->files = array_grow(c->files, c->file_count, sizeof(*c->files));
    struct outlet *file = &c->files[c->file_count++];
    *file = (struct outlet){.fd = fd};
    _cleanup_(freep) char *application = xasprintf("wanlab %s", wanlab_version);
    pcapng_add_section(&file->pending, application);
    return 0;
}

static struct listener *listener_at(struct capture *c, unsigned port)
{
    for (size_t i = 0; i < c->listener_count; i++)
        if (c->listeners[i].port == port)
            return &c->listeners[i];
    c->listeners = array_grow(c->listeners, c->listener_count, sizeof(*c->listeners));
    struct listener *l = &c->listeners[c->listener_count++];
    *l = (struct listener){.fd = -1, .port = port};
    return l;
}

static void add_view(struct capture *c, const struct wire *w, enum view_side side,
                     uint32_t interface)
{
    static const char *const sides[] = {"sent", "delivered"};
    struct listener *l = listener_at(c, side == SIDE_SENT ? w->from_port : w->to_port);
    const unsigned other = side == SIDE_SENT ? w->to_port : w->from_port;
    l->views = array_grow(l->views, l->view_count, sizeof(*l->views));
    l->views[l->view_count++] = (struct view){
        .file = (unsigned)c->file_count - 1,
        .interface = interface,
        .side = side,
        .other = w->kind == WIRE_WAN ? &c->plan->ports[other] : NULL,
    };
    pcapng_add_interface(&c->files[c->file_count - 1].pending, sides[side], w->name,
                         c->snap_length);
}

static int add_wire(struct capture *c, const struct wire *w, struct error *err)
{
    uint32_t interface = 0;
    int r = open_file(c, w, err);
    if (r < 0)
        return r;
    if (w->kind != WIRE_DOWNLINK)
        add_view(c, w, SIDE_SENT, interface++);
    if (w->kind != WIRE_UPLINK)
        add_view(c, w, SIDE_DELIVERED, interface);
    return 0;
}

/* Cuts packets in the kernel, before they are copied. */
static int listen_at(struct capture *c, struct listener *l, struct error *err)
{
    const struct port *port = &c->plan->ports[l->port];
    struct sock_filter cut = BPF_STMT(BPF_RET | BPF_K, c->snap_length);
    const struct sock_fprog program = {1, &cut};
    const struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = port->index,
    };
    const int yes = 1, size = SOCKET_BUFFER;
    struct epoll_event event = {.events = EPOLLIN};
    l->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return error_errno(err, errno, "cannot open a packet socket");
    if (setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    event.data.u64 = (uint64_t)(l - c->listeners);
    if (setsockopt(l->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
        setsockopt(l->fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) < 0 ||
        setsockopt(l->fd, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof(yes)) < 0 ||
        bind(l->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        epoll_ctl(c->epoll, EPOLL_CTL_ADD, l->fd, &event) < 0)
        return error_errno(err, errno, "cannot listen at '%s'", port->dev);
    return 0;
}

static int set_up(struct capture *c, struct error *err)
{
    const struct plan *p = c->plan;
    _cleanup_(freep) bool *named = xcalloc(plan_wires(p) + 1, sizeof(*named));
    int r = select_wires(p, c->options->wires, named, err);
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (c->epoll < 0)
        return error_errno(err, errno, "cannot make an epoll");
    for (size_t i = 0; r == 0 && i < plan_wires(p); i++)
        r = named[i] ? add_wire(c, &p->wires[i], err) : 0;
    for (size_t i = 0; r == 0 && i < c->listener_count; i++)
        r = listen_at(c, &c->listeners[i], err);
    return r;
}

/* --- packets */

/* Whether an IP packet goes to (or, delivered, comes from) one of the port's addresses. */
static bool is_of(const uint8_t *frame, size_t size, enum view_side side, const struct port *port)
{
    const uint16_t type = size >= 14 ? (uint16_t)(frame[12] << 8 | frame[13]) : 0;
    if (type == ETHERTYPE_IP && size >= 34)
        return memcmp(frame + (side == SIDE_SENT ? 30 : 26), port->v4.bytes, 4) == 0;
    if (type == ETHERTYPE_IPV6 && size >= 54)
        return memcmp(frame + (side == SIDE_SENT ? 38 : 22), port->v6.bytes, 16) == 0;
    return false;
}

/* The kernel's time and the packet's length before it was cut. */
static void read_control(struct msghdr *m, uint64_t *ret_time_ns, size_t *io_length)
{
    struct timespec time;
    struct tpacket_auxdata aux;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SO_TIMESTAMPNS) {
            memcpy(&time, CMSG_DATA(h), sizeof(time));
            *ret_time_ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
        } else if (h->cmsg_level == SOL_PACKET && h->cmsg_type == PACKET_AUXDATA) {
            memcpy(&aux, CMSG_DATA(h), sizeof(aux));
            *io_length = aux.tp_len;
        }
    }
}

static void take_packet(struct capture *c, const struct listener *l, struct batch *b, unsigned n)
{
    const enum view_side side =
        b->from[n].sll_pkttype == PACKET_OUTGOING ? SIDE_DELIVERED : SIDE_SENT;
    struct pcapng_packet packet = {
        .data = b->frames + (size_t)n * FRAME_MAX,
        .captured = b->messages[n].msg_len,
        .length = b->messages[n].msg_len,
    };
    read_control(&b->messages[n].msg_hdr, &packet.time_ns, &packet.length);
    for (const struct view *v = l->views; v < l->views + l->view_count; v++) {
        struct outlet *file = &c->files[v->file];
        if (v->side != side || file->failed ||
            (v->other && !is_of(packet.data, packet.captured, side, v->other)))
            continue;
        packet.interface = v->interface;
        pcapng_add_packet(&file->pending, &packet);
    }
}

static void read_batch(struct capture *c, const struct listener *l, struct batch *b)
{
    for (unsigned i = 0; i < BATCH; i++) {
        b->parts[i] = (struct iovec){b->frames + (size_t)i * FRAME_MAX, FRAME_MAX};
        b->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &b->from[i],
            .msg_namelen = sizeof(b->from[i]),
            .msg_iov = &b->parts[i],
            .msg_iovlen = 1,
            .msg_control = b->control[i],
            .msg_controllen = sizeof(b->control[i]),
        };
    }
    int count = recvmmsg(l->fd, b->messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++)
        take_packet(c, l, b, (unsigned)i);
}

/* In one write, so that a file ends behind a packet at almost any moment. */
static void write_files(struct capture *c)
{
    for (size_t i = 0; i < c->file_count; i++) {
        struct outlet *file = &c->files[i];
        if (file->pending.size == 0)
            continue;
        int r = fd_write_all(file->fd, file->pending.data, file->pending.size);
        file->pending.size = 0;
        if (r < 0 && !file->failed)
            log_warn("a capture ends early, ignoring: %s", strerror(-r));
        file->failed |= r < 0;
    }
}

/* The kernel's counters begin anew when they are read. */
static void note_drops(struct capture *c)
{
    const uint64_t now_ns = clock_realtime_ns();
    for (struct listener *l = c->listeners; l < c->listeners + c->listener_count; l++) {
        struct tpacket_stats stats = {0};
        socklen_t size = sizeof(stats);
        getsockopt(l->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
        l->drops += stats.tp_drops;
        for (size_t i = 0; stats.tp_drops > 0 && i < l->view_count; i++)
            if (!c->files[l->views[i].file].failed)
                pcapng_add_drops(&c->files[l->views[i].file].pending, l->views[i].interface, now_ns,
                                 l->drops);
    }
}

_Noreturn static void run(struct capture *c)
{
    static struct batch batch;
    struct epoll_event events[BATCH];
    uint64_t noted_ns = clock_monotonic_ns();
    batch.frames = xmalloc((size_t)BATCH * FRAME_MAX);
    for (;;) {
        write_files(c);
        int count = epoll_wait(c->epoll, events, BATCH, TICK_MS);
        for (int i = 0; i < count; i++)
            read_batch(c, &c->listeners[events[i].data.u64], &batch);
        if (clock_monotonic_ns() - noted_ns < (uint64_t)TICK_MS * 1000000)
            continue;
        noted_ns = clock_monotonic_ns();
        note_drops(c);
    }
}

struct answer {
    int result;
    struct error err;
};

_Noreturn static void child(const struct plan *p, const struct capture_options *o, int parent_end,
                            pid_t parent)
{
    struct capture c = {
        .plan = p,
        .options = o,
        .snap_length = o->snap_length ? o->snap_length : CAPTURE_SNAP_LENGTH,
    };
    struct answer answer = {0};
    prctl(PR_SET_NAME, "wanlab-pcap");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    fd_close_others((int[]){parent_end, o->folder}, 2);
    answer.result = set_up(&c, &answer.err);
    if (message_send(parent_end, &answer, sizeof(answer), NULL, 0) < 0 || answer.result < 0)
        _exit(1);
    close(parent_end);
    run(&c);
}

int capture_start(const struct plan *p, const struct capture_options *o, struct error *err)
{
    struct answer answer;
    size_t fd_count = 0;
    int ends[2];
    if (!o->wires)
        return 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_errno(err, errno, "cannot make a socket pair");
    const pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        child(p, o, ends[1], parent);
    int fork_error = errno;
    close(ends[1]);
    ssize_t n = pid < 0 ? -1 : message_receive(ends[0], &answer, sizeof(answer), NULL, &fd_count);
    close(ends[0]);
    if (pid < 0)
        return error_errno(err, fork_error, "cannot start the capture");
    if (n != (ssize_t)sizeof(answer))
        return error_set(err, EIO, "the capture died while it started");
    if (answer.result < 0 && err)
        *err = answer.err;
    return answer.result < 0 ? error_wrap(err, "--pcap") : 0;
}
