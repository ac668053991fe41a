/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "lab/supervisor.h"
#include "topology/graph.h"

static void free_connection(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    channel_done(&c->channel);
    free(c);
}

static void close_connection(struct connection *c)
{
    if (c->closing)
        return;
    c->closing = true;
    struct connection **link = &c->supervisor->connections;
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    programs_orphan(c);
    life_orphan(c);
    uv_close((uv_handle_t *)&c->poll, free_connection);
}

static void watch(struct connection *c);

static void send_with_fds(struct connection *c, json_t *object, const int *fds, size_t fd_count)
{
    if (c->closing)
        json_decref(object);
    else if (channel_send(&c->channel, object, fds, fd_count) < 0)
        close_connection(c); /* gone, or it does not read at all */
    else
        watch(c);
}

void control_send(struct connection *c, json_t *object)
{
    send_with_fds(c, object, NULL, 0);
}

void control_broadcast(struct supervisor *s, json_t *event)
{
    struct connection *next;
    for (struct connection *c = s->connections; c; c = next) {
        next = c->next;
        control_send(c, json_incref(event));
    }
    json_decref(event);
}

static json_t *list_nodes(const struct scenario *s)
{
    json_t *names = json_array();
    for (size_t i = 0; i < s->node_count; i++)
        json_array_append_new(names, json_string(s->nodes[i].name));
    return names;
}

static json_t *describe_graph(const struct supervisor *s)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return json_null();
    graph_print(s->tree->plan, out);
    fclose(out);
    json_t *ret = json_string(text);
    free(text);
    return ret;
}

static int handle_request(struct connection *c, json_int_t id, json_t *request, json_t **ret,
                          int *ret_fd, struct error *err)
{
    const char *what = json_string_value(json_object_get(request, "do"));
    if (what && strcmp(what, "status") == 0) {
        json_object_set_new(*ret, "status", status_describe(c->supervisor));
        return 0;
    }
    if (what && strcmp(what, "nodes") == 0) {
        json_object_set_new(*ret, "nodes", list_nodes(c->supervisor->tree->plan->scenario));
        return 0;
    }
    if (what && strcmp(what, "graph") == 0) {
        json_object_set_new(*ret, "graph", describe_graph(c->supervisor));
        return 0;
    }
    if (what &&
        (strcmp(what, "exec") == 0 || strcmp(what, "builtin") == 0 || strcmp(what, "shell") == 0))
        return programs_start(c, id, request, ret_fd, err);
    if (what && strcmp(what, "signal") == 0)
        return programs_signal(c, request, err);
    if (what && strcmp(what, "link") == 0)
        return links_request(c, request, *ret, err);
    if (what && strcmp(what, "clock") == 0)
        return clocks_request(c->supervisor, request, *ret, err);
    if (what && strcmp(what, "events") == 0)
        return partitions_expand(c->supervisor, request, *ret, err);
    if (what && (strcmp(what, "pause") == 0 || strcmp(what, "resume") == 0))
        return life_pause(c, request, *what == 'p', *ret, err);
    if (what && strcmp(what, "kill") == 0)
        return life_end(c, id, request, LIFE_KILL, err);
    if (what && strcmp(what, "stop") == 0)
        return life_end(c, id, request, LIFE_STOP, err);
    if (what && strcmp(what, "restart") == 0)
        return life_end(c, id, request, LIFE_RESTART, err);
    if (what && strcmp(what, "down") == 0) {
        *ret_fd = pidfd_open(1, 0); /* of init, which tells when all of the lab is gone */
        size_t count = c->supervisor->tree->plan->scenario->node_count;
        json_object_set_new(*ret, "nodes", json_integer((json_int_t)count));
        uv_stop(&c->supervisor->loop);
        return 0;
    }
    return error_input(err, "unknown request '%s'", what ? what : "");
}

/* JSON knows only UTF-8, and what a guest said or was cut off may be something else. */
static json_t *json_text(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    _cleanup_(freep) char *copy = xstrdup(text);
    for (char *p = copy; *p; p++)
        *p = *p & 0x80 ? '?' : *p;
    return json_string(copy);
}

static void set_result(json_t *answer, const struct error *err)
{
    json_object_set_new(answer, "ok", json_boolean(!err));
    if (!err)
        return;
    json_object_set_new(answer, "error", json_text(err->text));
    json_object_set_new(answer, "status", json_integer(err->status));
}

json_t *control_describe_switch(const struct wire_switch *when)
{
    return json_pack("{s:f s:f s:f}", "at_s", (double)when->realtime_ns / 1e9, "monotonic_s",
                     (double)when->first_ns / 1e9, "skew_s",
                     (double)(when->last_ns - when->first_ns) / 1e9);
}

void control_note_time(struct wire_switch *when)
{
    when->last_ns = clock_monotonic_ns();
    if (when->first_ns)
        return;
    when->first_ns = when->last_ns;
    when->realtime_ns = clock_realtime_ns();
}

int control_named(struct supervisor *s, json_t *request, bool *ret_named, struct error *err)
{
    json_t *names = json_object_get(request, "nodes"), *name;
    size_t i;
    json_array_foreach(names, i, name)
    {
        unsigned first, count;
        const char *text = json_string_value(name);
        int r = scenario_named(s->tree->plan->scenario, text ? text : "", &first, &count, err);
        if (r < 0)
            return r;
        for (unsigned k = 0; k < count; k++)
            ret_named[first + k] = true;
    }
    return json_array_size(names) > 0 ? 0 : error_input(err, "expected at least one node");
}

void control_answer(struct connection *c, json_int_t id, const struct error *err,
                    const struct wire_switch *when)
{
    json_t *answer = json_pack("{s:I}", "id", id);
    if (!err)
        json_object_set_new(answer, "change", control_describe_switch(when));
    set_result(answer, err);
    control_send(c, answer);
}

static void answer_request(struct connection *c, json_t *request)
{
    struct error err;
    json_int_t id = json_integer_value(json_object_get(request, "id"));
    json_t *answer = json_pack("{s:I}", "id", id);
    _cleanup_(fd_closep) int fd = -1;
    int r = handle_request(c, id, request, &answer, &fd, &err);
    if (r == CONTROL_LATER) {
        json_decref(answer);
        return;
    }
    set_result(answer, r < 0 ? &err : NULL);
    send_with_fds(c, answer, &fd, fd >= 0 ? 1 : 0);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct connection *c = poll->data;
    (void)status;
    if ((events & UV_WRITABLE) && channel_flush(&c->channel) < 0) {
        close_connection(c);
        return;
    }
    watch(c);
    int r = channel_receive(&c->channel);
    if (r == -EAGAIN)
        return;
    bool bad = r <= 0;
    for (json_t *request; !bad && !c->closing && (request = channel_next(&c->channel, &bad));) {
        answer_request(c, request);
        json_decref(request);
    }
    if (bad)
        close_connection(c);
}

/* For requests, and for room to send the rest of an answer. */
static void watch(struct connection *c)
{
    int events = UV_READABLE | (channel_pending(&c->channel) ? UV_WRITABLE : 0);
    uv_poll_start(&c->poll, events, on_ready);
}

/* Root, and whoever the lab runs as: the socket's mode keeps others out already. */
static bool may_connect(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static void on_connect(uv_poll_t *poll, int status, int events)
{
    struct supervisor *s = poll->data;
    (void)status, (void)events;
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (!may_connect(fd)) {
        close(fd);
        return;
    }
    struct connection *c = xcalloc(1, sizeof(*c));
    c->supervisor = s;
    channel_init(&c->channel, fd);
    c->next = s->connections;
    s->connections = c;
    uv_poll_init(&s->loop, &c->poll, fd);
    c->poll.data = c;
    watch(c);
}

int control_start(struct supervisor *s, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", s->tree->folder);
    if (len >= (int)sizeof(address.sun_path))
        return error_input(err, "the path '%s' is too long for a socket", s->tree->folder);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0177);
    int r = s->listener < 0 ? -1 : bind(s->listener, (struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (r < 0 || listen(s->listener, 64) < 0)
        return error_errno(err, errno, "cannot listen on '%s'", address.sun_path);
    uv_poll_init(&s->loop, &s->listener_poll, s->listener);
    s->listener_poll.data = s;
    uv_poll_start(&s->listener_poll, UV_READABLE, on_connect);
    return 0;
}
