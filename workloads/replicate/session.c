/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/mem.h"

static void on_signal(uv_signal_t *handle, int signum)
{
    struct error err;
    error_set(&err, EINTR, "stopped by signal %d", signum);
    session_fail(handle->data, &err);
}

static void on_connected(void *owner)
{
    struct session *s = owner;
    s->connected(s->connected_owner);
}

static void on_failed(void *owner, const struct error *err)
{
    session_fail(owner, err);
}

static void watch_signal(struct session *s, uv_signal_t *handle, int signum)
{
    uv_signal_init(&s->loop, handle);
    handle->data = s;
    uv_signal_start(handle, on_signal, signum);
    uv_unref((uv_handle_t *)handle);
}

/* A connection takes two descriptors, and there may be many. */
static void allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int session_open(struct session *s, struct error *err)
{
    int r;
    *s = (struct session){.phase = "start", .output.fd = -1};
    if ((r = parameters_read(&s->parameters, err)) < 0 ||
        (r = identity_read(&s->identity, s->parameters.count, err)) < 0 ||
        (r = peers_load(s->parameters.peers_path, s->parameters.count, &s->peers, err)) < 0)
        return r;
    s->master = peers_master(&s->peers);
    const char *name = s->peers.list[s->identity.index].name;
    if (strcmp(name, s->identity.node) != 0) {
        error_input(err, "WANLAB_NODE is '%s', but index %u is '%s'", s->identity.node,
                    s->identity.index, name);
        peers_done(&s->peers);
        return -EINVAL;
    }
    r = uv_loop_init(&s->loop);
    if (r < 0) {
        peers_done(&s->peers);
        return error_errno(err, -r, "cannot make an event loop");
    }
    r = output_open(&s->output, &s->loop, s->identity.output_path, s->identity.start_ns, err);
    if (r < 0) {
        uv_loop_close(&s->loop);
        peers_done(&s->peers);
        return r;
    }
    signal(SIGPIPE, SIG_IGN);
    allow_many_files();
    watch_signal(s, &s->on_term, SIGTERM);
    watch_signal(s, &s->on_int, SIGINT);
    return 0;
}

int session_run(struct session *s, struct error *err)
{
    if (!s->failed)
        uv_run(&s->loop, UV_RUN_DEFAULT);
    if (!s->failed)
        return 0;
    *err = s->error;
    return -err->code;
}

int session_close(struct session *s, struct error *err)
{
    cluster_close(&s->cluster);
    uv_close((uv_handle_t *)&s->on_term, NULL);
    uv_close((uv_handle_t *)&s->on_int, NULL);
    int r = output_close(&s->output, err);
    while (uv_run(&s->loop, UV_RUN_DEFAULT) != 0) /* the handles' ends */
        continue;
    cluster_done(&s->cluster);
    free(s->own_socket);
    peers_done(&s->peers);
    uv_loop_close(&s->loop);
    mysql_library_end();
    return r;
}

void session_connect(struct session *s, unsigned lanes, void (*connected)(void *owner), void *owner)
{
    if (s->identity.folder)
        s->own_socket = xasprintf("%s/mariadb.sock", s->identity.folder);
    struct cluster_setup setup = {.peers = &s->peers,
                                  .own = s->identity.index,
                                  .own_socket = s->own_socket,
                                  .lanes = lanes,
                                  .connect_timeout_ns = s->parameters.connect_timeout_ns,
                                  .cut_timeout_ns = s->parameters.cut_timeout_ns,
                                  .opened = on_connected,
                                  .failed = on_failed,
                                  .owner = s};
    s->connected = connected;
    s->connected_owner = owner;
    cluster_open(&s->cluster, &s->loop, &setup);
}

void session_enter(struct session *s, const char *phase)
{
    s->phase = phase;
    output_phase(&s->output, phase);
}

void session_fail(struct session *s, const struct error *err)
{
    if (s->failed)
        return;
    s->failed = true;
    s->error = *err;
    error_wrap(&s->error, "%s", s->phase);
    output_error(&s->output, s->error.text);
    uv_stop(&s->loop);
}

void session_finish(struct session *s)
{
    uv_stop(&s->loop);
}

struct connection *session_own(struct session *s)
{
    return &s->cluster.connections[s->identity.index];
}

struct connection *session_master(struct session *s)
{
    return &s->cluster.connections[s->master];
}
