/* SPDX-License-Identifier: MIT */
#include "net/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    ERRNO_MAX = 4095, /* the kernel's */
    /* What goes into one system call: a socket may send so many bytes everywhere, and of so many
     * answers, should all of them be errors, none is lost. */
    BATCH_SIZE = 200 << 10,
    BATCH_MESSAGES = 128,
};

struct netlink {
    struct nl_sock *sock; /* NULL: remote */
    netlink_transact *transact;
    void *arg;
    uint32_t sequence;
    struct error *err; /* where the callback puts the answer to the request under way */
    int result;
    bool answered;
    void (*on_message)(const struct nlmsghdr *message, void *arg); /* of the dump under way */
    void *message_arg;
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

static int on_error(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
    (void)who;
    struct netlink *nl = arg;
    const struct nlmsghdr *hdr = (const struct nlmsghdr *)((char *)e - NLMSG_HDRLEN);
    const struct nlattr *text = extended_ack_text(e, hdr);
    if (text)
        nl->result = error_set(nl->err, -e->error, "%s (kernel: %.*s)", strerror(-e->error),
                               nla_len(text), (const char *)nla_data(text));
    else
        nl->result = error_set(nl->err, -e->error, "%s", strerror(-e->error));
    nl->answered = true;
    return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
    (void)msg;
    struct netlink *nl = arg;
    nl->result = 0;
    nl->answered = true;
    return NL_STOP;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
    struct netlink *nl = arg;
    if (nl->on_message)
        nl->on_message(nlmsg_hdr(msg), nl->message_arg);
    return NL_OK;
}

static int on_finish(struct nl_msg *msg, void *arg)
{
    on_ack(msg, arg);
    return NL_STOP;
}

int netlink_socket(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return fd < 0 ? -errno : fd;
}

int netlink_adopt(int fd, struct netlink **ret, struct error *err)
{
    static const int on = 1;
    struct netlink *nl = xcalloc(1, sizeof(*nl));
    nl->sock = nl_socket_alloc();
    if (!nl->sock) {
        free(nl);
        close(fd);
        return error_set(err, ENOMEM, "cannot allocate a netlink socket");
    }
    struct sockaddr_nl any = {.nl_family = AF_NETLINK}; /* the kernel picks the port */
    if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 && errno != EINVAL) {
        int r = error_errno(err, errno, "cannot bind a netlink socket");
        close(fd);
        netlink_close(nl);
        return r;
    }
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
    int r = nl_socket_set_fd(nl->sock, NETLINK_ROUTE, fd);
    if (r < 0) {
        close(fd);
        netlink_close(nl);
        return error_set(err, EIO, "cannot use a netlink socket: %s", nl_geterror(r));
    }
    nl_socket_modify_err_cb(nl->sock, NL_CB_CUSTOM, on_error, nl);
    nl_socket_modify_cb(nl->sock, NL_CB_ACK, NL_CB_CUSTOM, on_ack, nl);
    nl_socket_modify_cb(nl->sock, NL_CB_VALID, NL_CB_CUSTOM, on_valid, nl);
    nl_socket_modify_cb(nl->sock, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, nl);
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
    nl->transact = transact;
    nl->arg = arg;
    *ret = nl;
    return 0;
}

void netlink_close(struct netlink *nl)
{
    if (!nl)
        return;
    if (nl->sock)
        nl_socket_free(nl->sock);
    free(nl);
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
    int r = nl->transact(nl->arg, request, request->nlmsg_len, &answer, &size, err);
    nlmsg_free(msg);
    if (r < 0)
        return r;
    if (size < offsetof(typeof(answer), rest) || answer.head.nlmsg_type != NLMSG_ERROR ||
        answer.head.nlmsg_len > size || answer.head.nlmsg_seq != nl->sequence ||
        answer.error.error > 0 || answer.error.error < -ERRNO_MAX)
        return error_set(err, EPROTO, "its kernel's answer is none");
    if (answer.error.error < 0)
        on_error(NULL, &answer.error, nl);
    else
        nl->result = 0;
    return nl->result;
}

/* Sends a request to the local kernel and waits until it is answered. Consumes `msg`. */
static int exchange(struct netlink *nl, struct nl_msg *msg, struct error *err)
{
    nl->err = err;
    nl->answered = false;
    int r = nl_send_auto(nl->sock, msg);
    nlmsg_free(msg);
    if (r < 0)
        return error_set(err, EIO, "cannot send a netlink request: %s", nl_geterror(r));
    while (!nl->answered) {
        r = nl_recvmsgs_default(nl->sock);
        if (r < 0 && !nl->answered)
            return error_set(err, EIO, "no answer from the kernel: %s", nl_geterror(r));
    }
    return nl->result;
}

int netlink_request(struct netlink *nl, struct nl_msg *msg, struct error *err)
{
    nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    nl->err = err;
    if (nl->transact)
        return request_remote(nl, msg, err);
    return exchange(nl, msg, err);
}

/* --- many requests at once */

struct batch {
    struct netlink *nl;
    struct nl_msg *const *msgs;
    uint32_t first_sequence; /* of msgs[0] */
    size_t failed;           /* the first, or SIZE_MAX */
    struct error *err;
};

/* How many of `count` messages go into one system call, and their bytes. */
static size_t fill(const struct batch *b, size_t from, size_t count, struct iovec *iov)
{
    size_t size = 0, n = 0;
    for (; n < BATCH_MESSAGES && from + n < count; n++) {
        struct nlmsghdr *head = nlmsg_hdr(b->msgs[from + n]);
        if (n > 0 && size + head->nlmsg_len > BATCH_SIZE)
            break;
        size += head->nlmsg_len;
        head->nlmsg_seq = b->first_sequence + (uint32_t)(from + n);
        head->nlmsg_flags |= NLM_F_REQUEST;
        iov[n] = (struct iovec){head, head->nlmsg_len};
    }
    /* Errors are answered in any case; of the rest it is enough to know that all is done. */
    nlmsg_hdr(b->msgs[from + n - 1])->nlmsg_flags |= NLM_F_ACK;
    return n;
}

static void take_answer(struct batch *b, const struct nlmsghdr *head)
{
    struct nlmsgerr *e = nlmsg_data(head);
    const size_t number = head->nlmsg_seq - b->first_sequence;
    if (e->error == 0 || b->failed != SIZE_MAX)
        return;
    b->failed = number;
    b->nl->err = b->err;
    on_error(NULL, e, b->nl);
}

/* Until the last of those sent has been answered. */
static int take_answers(struct batch *b, uint32_t last)
{
    char data[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
    for (;;) {
        ssize_t n = recv(nl_socket_get_fd(b->nl->sock), data, sizeof(data), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(b->err, errno, "no answer from the kernel");
        int left = (int)n;
        for (struct nlmsghdr *h = (struct nlmsghdr *)data; nlmsg_ok(h, left);
             h = nlmsg_next(h, &left)) {
            if (h->nlmsg_type != NLMSG_ERROR)
                continue;
            take_answer(b, h);
            if (h->nlmsg_seq == last)
                return 0;
        }
    }
}

static int send_batch(struct batch *b, size_t from, size_t count, size_t *ret_sent)
{
    struct iovec iov[BATCH_MESSAGES];
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    size_t n = fill(b, from, count, iov);
    const struct msghdr msg = {
        .msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = iov, .msg_iovlen = n};
    if (sendmsg(nl_socket_get_fd(b->nl->sock), &msg, 0) < 0)
        return error_errno(b->err, errno, "cannot send netlink requests");
    *ret_sent = n;
    return take_answers(b, b->first_sequence + (uint32_t)(from + n - 1));
}

int netlink_request_all(struct netlink *nl, struct nl_msg *const *msgs, size_t count,
                        size_t *ret_failed, uint64_t ret_ns[2], struct error *err)
{
    static const int room = 1 << 20; /* the kernel grants what it allows */
    struct batch b = {.nl = nl, .msgs = msgs, .failed = SIZE_MAX, .err = err};
    b.first_sequence = nl->sequence + 1;
    nl->sequence += (uint32_t)count;
    int fd = nl_socket_get_fd(nl->sock), r = 0;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    ret_ns[0] = clock_monotonic_ns();
    for (size_t from = 0, sent; r == 0 && from < count; from += sent)
        r = send_batch(&b, from, count, &sent);
    ret_ns[1] = clock_monotonic_ns();
    for (size_t i = 0; i < count; i++)
        nlmsg_free(msgs[i]);
    *ret_failed = b.failed;
    if (r == 0 && b.failed != SIZE_MAX)
        r = nl->result;
    return r;
}

int netlink_dump(struct netlink *nl, struct nl_msg *msg,
                 void (*on_message)(const struct nlmsghdr *message, void *arg), void *arg,
                 struct error *err)
{
    nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
    nl->on_message = on_message;
    nl->message_arg = arg;
    int r = exchange(nl, msg, err);
    nl->on_message = NULL;
    return r;
}
