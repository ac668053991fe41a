/* SPDX-License-Identifier: MIT */
#include "lab/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "lab/channel.h"
#include "lab/place.h"

struct client {
    struct channel channel;
    json_int_t last_id;
    json_t *events; /* an array */
    json_t *posted; /* an array: the ids of requests whose answers are events */
    unsigned timeout_ms;
    bool gone;
};

enum { TIMEOUT_MS = 60000 };

int client_open(const char *folder, struct client **ret, struct error *err)
{
    const char *lab = strrchr(folder, '/') + 1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_(freep) char *path = xasprintf("%s/control", folder);
    if (strlen(path) >= sizeof(address.sun_path))
        return error_input(err, "the path '%s' is too long for a socket", path);
    strcpy(address.sun_path, path);
    _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_errno(err, errno, "cannot open a socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno == ENOENT || errno == ECONNREFUSED) {
            error_input(err, "no lab '%s' is running ('wanlab ls' lists those that are)", lab);
            return -ENOENT;
        }
        return error_errno(err, errno, "cannot talk to the lab '%s'", lab);
    }
    struct client *c = xcalloc(1, sizeof(*c));
    channel_init(&c->channel, take_fd(&fd));
    c->channel.patient = true;
    c->timeout_ms = TIMEOUT_MS;
    c->events = json_array();
    c->posted = json_array();
    *ret = c;
    return 0;
}

int client_open_lab(const char *lab, struct client **ret, struct error *err)
{
    _cleanup_(freep) char *folder = NULL;
    int r = place_of(lab, &folder, err);
    return r < 0 ? r : client_open(folder, ret, err);
}

void client_close(struct client *c)
{
    if (!c)
        return;
    channel_done(&c->channel);
    json_decref(c->events);
    json_decref(c->posted);
    free(c);
}

void client_set_timeout(struct client *c, unsigned timeout_ms)
{
    c->timeout_ms = timeout_ms;
}

int client_take_fd(struct client *c)
{
    int fd;
    return channel_take_fds(&c->channel, &fd, 1) ? fd : -1;
}

int client_supervisor(const struct client *c)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (getsockopt(c->channel.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -1;
    int pidfd = pidfd_open(peer.pid, 0);
    /* Its number is its own as long as the connection stands, and that it stood is seen after. */
    struct pollfd p = {.fd = c->channel.fd};
    if (pidfd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLHUP))
        fd_closep(&pidfd);
    return pidfd;
}

int client_fd(const struct client *c)
{
    return c->channel.fd;
}

/* Whether it is the answer to a posted request; it is an event then. */
static bool is_posted(struct client *c, json_t *answer)
{
    json_t *id;
    size_t i;
    json_array_foreach(c->posted, i, id)
    {
        if (!json_equal(id, json_object_get(answer, "id")))
            continue;
        json_array_remove(c->posted, i);
        json_object_set_new(answer, "event", json_string("answer"));
        return true;
    }
    return false;
}

/* Sorts what has been received: events go to the list, an answer is returned. */
static json_t *sort_received(struct client *c)
{
    for (;;) {
        bool bad;
        json_t *object = channel_next(&c->channel, &bad);
        if (bad)
            c->gone = true;
        if (!object)
            return NULL;
        if (!json_object_get(object, "event") && !is_posted(c, object))
            return object;
        json_array_append_new(c->events, object);
    }
}

/* Waits for something to come. The socket may be non-blocking: a libuv loop that watches it makes
 * it so. */
static void receive(struct client *c, int timeout_ms)
{
    if (poll(&(struct pollfd){.fd = c->channel.fd, .events = POLLIN}, 1, timeout_ms) <= 0)
        return;
    int r = channel_receive(&c->channel);
    if (r <= 0 && r != -EAGAIN)
        c->gone = true;
}

int client_read_answer(json_t *answer, struct error *err)
{
    if (json_is_true(json_object_get(answer, "ok")))
        return 0;
    const char *text = json_string_value(json_object_get(answer, "error"));
    int r = error_set(err, EIO, "%s", text ? text : "the lab refused");
    if (err)
        err->status = (enum exit_status)json_integer_value(json_object_get(answer, "status"));
    return r;
}

static int read_answer(json_t *answer, json_t **ret, struct error *err)
{
    int r = client_read_answer(answer, err);
    if (r == 0 && ret)
        *ret = answer;
    else
        json_decref(answer);
    return r;
}

static int send_request(struct client *c, json_t *request, const int *fds, size_t fd_count,
                        json_int_t *ret_id, struct error *err)
{
    json_int_t id = ++c->last_id;
    json_object_set_new(request, "id", json_integer(id));
    int r = c->gone ? -EPIPE : channel_send(&c->channel, request, fds, fd_count);
    if (r < 0)
        return error_errno(err, -r, "the lab has gone");
    *ret_id = id;
    return 0;
}

int client_post(struct client *c, json_t *request, json_int_t *ret_id, struct error *err)
{
    int r = send_request(c, request, NULL, 0, ret_id, err);
    if (r == 0)
        json_array_append_new(c->posted, json_integer(*ret_id));
    return r;
}

int client_request(struct client *c, json_t *request, const int *fds, size_t fd_count,
                   json_t **ret_answer, json_int_t *ret_id, struct error *err)
{
    json_int_t id;
    int r = send_request(c, request, fds, fd_count, &id, err);
    if (r < 0)
        return r;
    if (ret_id)
        *ret_id = id;
    uint64_t deadline = clock_monotonic_ns() + c->timeout_ms * NS_PER_MS;
    while (!c->gone) {
        json_t *answer = sort_received(c);
        if (answer && json_integer_value(json_object_get(answer, "id")) == id)
            return read_answer(answer, ret_answer, err);
        if (answer) { /* to a request that was given up */
            json_decref(answer);
            continue;
        }
        uint64_t now = clock_monotonic_ns();
        if (c->timeout_ms && now >= deadline)
            return error_set(err, ETIMEDOUT, "the lab's supervisor does not answer");
        receive(c, c->timeout_ms ? (int)((deadline - now) / NS_PER_MS) + 1 : -1);
    }
    return error_set(err, EPIPE, "the lab ended before it answered");
}

int client_ask(const char *folder, const char *what, json_t **ret, struct error *err)
{
    struct client *client;
    json_t *answer;
    int r = client_open(folder, &client, err);
    if (r < 0)
        return r;
    r = client_request(client, json_pack("{s:s}", "do", what), NULL, 0, &answer, NULL, err);
    client_close(client);
    if (r < 0)
        return r;
    *ret = json_incref(json_object_get(answer, what));
    json_decref(answer);
    return 0;
}

json_t *client_event(struct client *c, bool wait, bool *ret_gone)
{
    *ret_gone = false;
    for (;;) {
        json_decref(sort_received(c)); /* there are no answers outside of requests */
        if (json_array_size(c->events) > 0) {
            json_t *event = json_incref(json_array_get(c->events, 0));
            json_array_remove(c->events, 0);
            return event;
        }
        struct pollfd p = {.fd = c->channel.fd, .events = POLLIN};
        if (c->gone || (!wait && poll(&p, 1, 0) <= 0)) {
            *ret_gone = c->gone;
            return NULL;
        }
        receive(c, -1);
    }
}
