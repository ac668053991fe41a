/* SPDX-License-Identifier: MIT
 *
 * The way of a request: it is given a number and put behind the others in the queue; the queue goes
 * out as one datagram, which the kernel works through in order, putting an answer for each request
 * that it refuses, and for the last one, into the socket's receive buffer; their numbers tell which
 * requests they are about. A request by itself is a queue of one. The queue is never so long that
 * the buffer could overflow: the kernel drops what does not fit.
 */
#include "net/netlink.h"

#include <assert.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    ERRNO_MAX = 4095, /* the kernel's */
    /* What goes into one system call: a socket may send so many bytes everywhere, and of so many
     * answers, should all of them be refusals, none is lost. */
    QUEUE_BYTES = 200 << 10,
    QUEUE_REQUESTS = 128,
    ANSWER_MAX = 1024,
    DUMP_MAX = 32 << 10, /* no part of a dump is longer */
};

/* There only while there is something in it or something to be told: a lab has thousands of sockets
 * that are rarely used again. */
struct queue {
    size_t count, size;
    const void *tags[QUEUE_REQUESTS];
    bool refused;
    const void *refused_tag;
    struct error refusal;
    struct nlmsghdr *last;
    char data[QUEUE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
};

struct netlink {
    int fd; /* -1: remote */
    netlink_transact *transact;
    void *arg;
    uint32_t sequence; /* of the last request */
    bool gathering;
    bool stubborn;   /* a refusal does not keep the others back */
    const void *tag; /* of the requests to come */
    struct queue *queue;
};

/* The text that newer kernels attach to an error, or NULL. It lies behind the echoed request,
 * of which only the header is there when the socket has NETLINK_CAP_ACK. The kernel may be a
 * guest's: nothing that it says of lengths is believed. */
static const struct nlattr *extended_ack_text(const struct nlmsgerr *e, const struct nlmsghdr *hdr)
{
    if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
        return NULL;
    size_t skip = NLMSG_HDRLEN + sizeof(*e);
    if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
        skip += NLMSG_ALIGN((size_t)e->msg.nlmsg_len) - sizeof(e->msg);
    if (skip >= hdr->nlmsg_len)
        return NULL;
    const struct nlattr *attrs = (const struct nlattr *)((const char *)hdr + skip);
    return nla_find(attrs, (int)(hdr->nlmsg_len - skip), NLMSGERR_ATTR_MSG);
}

/* What an acknowledgement says, all of whose `nlmsg_len` bytes are there: 0 or the error. */
static int read_answer(const struct nlmsghdr *hdr, struct error *err)
{
    const struct nlmsgerr *e = (const struct nlmsgerr *)((const char *)hdr + NLMSG_HDRLEN);
    if (e->error == 0)
        return 0;
    const struct nlattr *text = extended_ack_text(e, hdr);
    if (text)
        return error_set(err, -e->error, "%s (kernel: %.*s)", strerror(-e->error), nla_len(text),
                         (const char *)nla_data(text));
    return error_set(err, -e->error, "%s", strerror(-e->error));
}

static bool is_answer(const struct nlmsghdr *hdr, size_t size)
{
    const size_t least = NLMSG_HDRLEN + sizeof(struct nlmsgerr);
    if (size < least || hdr->nlmsg_type != NLMSG_ERROR || hdr->nlmsg_len < least ||
        hdr->nlmsg_len > size)
        return false;
    const struct nlmsgerr *e = (const struct nlmsgerr *)((const char *)hdr + NLMSG_HDRLEN);
    return e->error <= 0 && e->error >= -ERRNO_MAX;
}

int netlink_socket(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return fd < 0 ? -errno : fd;
}

int netlink_adopt(int fd, struct netlink **ret, struct error *err)
{
    static const int on = 1;
    struct sockaddr_nl any = {.nl_family = AF_NETLINK}; /* the kernel picks the port */
    if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 && errno != EINVAL) {
        int r = error_errno(err, errno, "cannot bind a netlink socket");
        close(fd);
        return r;
    }
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
    struct netlink *nl = xcalloc(1, sizeof(*nl));
    nl->fd = fd;
    *ret = nl;
    return 0;
}

int netlink_open(struct netlink **ret, struct error *err)
{
    int fd = netlink_socket();
    if (fd < 0)
        return error_errno(err, -fd, "cannot open a netlink socket");
    return netlink_adopt(fd, ret, err);
}

int netlink_open_remote(netlink_transact *transact, void *arg, struct netlink **ret,
                        struct error *err)
{
    (void)err;
    struct netlink *nl = xcalloc(1, sizeof(*nl));
    nl->fd = -1;
    nl->transact = transact;
    nl->arg = arg;
    *ret = nl;
    return 0;
}

void netlink_close(struct netlink *nl)
{
    if (!nl)
        return;
    if (nl->fd >= 0)
        close(nl->fd);
    free(nl->queue);
    free(nl);
}

int netlink_namespace(const struct netlink *nl, int *ret_fd, struct error *err)
{
    int fd = ioctl(nl->fd, SIOCGSKNS); /* close-on-exec */
    if (fd < 0)
        return error_errno(err, errno, "cannot open a socket's network namespace");
    *ret_fd = fd;
    return 0;
}

int netlink_socket_of(const struct netlink *nl)
{
    return nl->fd;
}

static int request_remote(struct netlink *nl, struct nl_msg *msg, struct error *err)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[8192]; /* the request again, and attributes */
    } answer;
    size_t size = sizeof(answer);
    struct nlmsghdr *request = nlmsg_hdr(msg);
    request->nlmsg_seq = ++nl->sequence;
    request->nlmsg_flags |= NLM_F_ACK;
    int r = nl->transact(nl->arg, request, request->nlmsg_len, &answer, &size, err);
    nlmsg_free(msg);
    if (r < 0)
        return r;
    if (!is_answer(&answer.head, size) || answer.head.nlmsg_seq != nl->sequence)
        return error_set(err, EPROTO, "its kernel's answer is none");
    return read_answer(&answer.head, err);
}

static int send_datagram(const struct netlink *nl, void *data, size_t size, struct error *err)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr m = {
        .msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;
    do
        n = sendmsg(nl->fd, &m, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? error_errno(err, errno, "cannot send a netlink request") : 0;
}

/* Takes the answers to the requests of the queue until the last one's; the first refusal is kept
 * with its tag. */
static int take_answers(struct netlink *nl, struct error *err)
{
    char answer[ANSWER_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
    const struct nlmsghdr *hdr = (struct nlmsghdr *)answer;
    struct queue *q = nl->queue;
    const uint32_t first = nl->sequence - (uint32_t)q->count + 1;
    for (;;) {
        ssize_t n = recv(nl->fd, answer, sizeof(answer), MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "no answer from the kernel");
        if (!is_answer(hdr, (size_t)n) || hdr->nlmsg_seq - first >= q->count)
            continue;
        if (!q->refused && read_answer(hdr, &q->refusal) < 0) {
            q->refused = true;
            q->refused_tag = q->tags[hdr->nlmsg_seq - first];
        }
        if (hdr->nlmsg_seq == nl->sequence)
            return 0;
    }
}

/* What goes wrong without any of the requests being to blame ends the gathering like a refusal. */
static void send_queue(struct netlink *nl)
{
    struct queue *q = nl->queue;
    struct error err;
    if (q->count == 0)
        return;
    /* Refusals are answered in any case; of the rest it is enough to know that all is done. */
    q->last->nlmsg_flags |= NLM_F_ACK;
    int r = send_datagram(nl, q->data, q->size, &err);
    if (r == 0)
        r = take_answers(nl, &err);
    if (r < 0 && !q->refused) {
        q->refused = true;
        q->refused_tag = nl->tag;
        q->refusal = err;
    }
    q->count = q->size = 0;
}

static void enqueue(struct netlink *nl, struct nl_msg *msg)
{
    struct nlmsghdr *hdr = nlmsg_hdr(msg);
    const size_t size = NLMSG_ALIGN(hdr->nlmsg_len);
    assert(size <= QUEUE_BYTES);
    if (!nl->queue) {
        nl->queue = xmalloc(sizeof(*nl->queue));
        nl->queue->count = nl->queue->size = 0;
        nl->queue->refused = false;
    }
    struct queue *q = nl->queue;
    if (q->count == QUEUE_REQUESTS || q->size + size > QUEUE_BYTES)
        send_queue(nl);
    if (!q->refused || nl->stubborn) {
        hdr->nlmsg_seq = ++nl->sequence;
        q->last = (struct nlmsghdr *)(q->data + q->size);
        memcpy(q->last, hdr, hdr->nlmsg_len);
        memset((char *)q->last + hdr->nlmsg_len, 0, size - hdr->nlmsg_len);
        q->size += size;
        q->tags[q->count++] = nl->tag;
    }
    nlmsg_free(msg);
}

int netlink_request(struct netlink *nl, struct nl_msg *msg, struct error *err)
{
    nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST;
    if (nl->transact)
        return request_remote(nl, msg, err);
    enqueue(nl, msg);
    const void *tag;
    return nl->gathering ? 0 : netlink_flush(nl, &tag, err);
}

void netlink_gather(struct netlink *nl, const void *tag)
{
    nl->gathering = true;
    nl->tag = tag;
}

int netlink_flush(struct netlink *nl, const void **ret_tag, struct error *err)
{
    struct queue *q = nl->queue;
    int r = 0;
    nl->gathering = false;
    if (!q)
        return 0;
    send_queue(nl);
    if (q->refused) {
        *ret_tag = q->refused_tag;
        if (err)
            *err = q->refusal;
        r = -q->refusal.code;
    }
    free(q);
    nl->queue = NULL;
    return r;
}

int netlink_request_all(struct netlink *nl, struct nl_msg *const *msgs, size_t count,
                        size_t *ret_failed, uint64_t ret_ns[2], struct error *err)
{
    const void *failed = msgs + count;
    ret_ns[0] = clock_monotonic_ns();
    nl->stubborn = true;
    for (size_t i = 0; i < count; i++) {
        netlink_gather(nl, &msgs[i]);
        netlink_request(nl, msgs[i], NULL);
    }
    int r = netlink_flush(nl, &failed, err);
    nl->stubborn = false;
    ret_ns[1] = clock_monotonic_ns();
    *ret_failed = (size_t)((struct nl_msg *const *)failed - msgs);
    return r;
}

/* One part of a dump: 1 if it was the last, 0, or the error that it was. */
static int read_part(const struct nlmsghdr *hdr, int size, uint32_t sequence,
                     void (*on_message)(const struct nlmsghdr *message, void *arg), void *arg,
                     struct error *err)
{
    for (; NLMSG_OK(hdr, size); hdr = NLMSG_NEXT(hdr, size)) {
        if (hdr->nlmsg_seq != sequence)
            continue;
        if (hdr->nlmsg_type == NLMSG_DONE)
            return 1;
        if (is_answer(hdr, (size_t)size))
            return read_answer(hdr, err);
        on_message(hdr, arg);
    }
    return 0;
}

int netlink_dump(struct netlink *nl, struct nl_msg *msg,
                 void (*on_message)(const struct nlmsghdr *message, void *arg), void *arg,
                 struct error *err)
{
    struct nlmsghdr *hdr = nlmsg_hdr(msg);
    hdr->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
    hdr->nlmsg_seq = ++nl->sequence;
    int r = send_datagram(nl, hdr, hdr->nlmsg_len, err);
    nlmsg_free(msg);
    char *part = xcalloc(1, DUMP_MAX);
    while (r == 0) {
        ssize_t n = recv(nl->fd, part, DUMP_MAX, 0);
        if (n < 0 && errno == EINTR)
            continue;
        r = n < 0 ? error_errno(err, errno, "no answer from the kernel")
                  : read_part((struct nlmsghdr *)part, (int)n, nl->sequence, on_message, arg, err);
    }
    free(part);
    return r < 0 ? r : 0;
}
