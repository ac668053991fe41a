/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

#include "client.h"

struct system {
    unsigned count;
    char *socket;
    struct client *clients;
    struct pollfd *polled; /* as the clients */
};

int consistency_read(enum consistency *ret, struct error *err)
{
    static const char *const words[] = {"causal", "local", "dirty", NULL};
    unsigned word;
    int r = parameters_read_choice("WANLAB_PARAM_CONSISTENCY", words, &word, err);
    if (r == 0)
        *ret = (enum consistency)word;
    return r;
}

static int system_open(const struct parameters *p, const struct members *m, void **ret,
                       struct error *err)
{
    enum consistency consistency = CONSISTENCY_CAUSAL;
    int r = consistency_read(&consistency, err);
    (void)m;
    if (r < 0)
        return r;
    struct system *s = xcalloc(1, sizeof(*s));
    *s = (struct system){.count = p->clients, .socket = xasprintf("%s/mariadb.sock", p->folder)};
    s->clients = xcalloc(s->count, sizeof(*s->clients));
    s->polled = xcalloc(s->count, sizeof(*s->polled));
    for (unsigned i = 0; i < s->count; i++)
        client_init(&s->clients[i], s->socket, (uint64_t)(p->timeout_s * (double)NS_PER_SEC),
                    consistency == CONSISTENCY_DIRTY);
    *ret = s;
    return 0;
}

static void system_close(void *object)
{
    struct system *s = object;
    if (!s)
        return;
    for (unsigned i = 0; i < s->count; i++)
        client_done(&s->clients[i]);
    free(s->clients);
    free(s->polled);
    free(s->socket);
    free(s);
    mysql_library_end();
}

static int system_ask(void *object, unsigned client, const struct request *r, struct error *err)
{
    struct system *s = object;
    (void)err;
    client_ask(&s->clients[client], r);
    return 0;
}

/* Begins what is due, and prepares the others' poll(). Returns for how long nothing has to be done,
 * in ms. */
static int begin_due(struct system *s, int timeout_ms, engine_answered answered, void *owner)
{
    uint64_t now_ns = clock_monotonic_ns();
    for (unsigned i = 0; i < s->count; i++) {
        struct client *c = &s->clients[i];
        struct answer a;
        s->polled[i] = (struct pollfd){.fd = -1};
        if (c->step == STEP_DUE && client_drive(c, 0, &a)) {
            answered(owner, i, &a);
            timeout_ms = 0;
        }
        if (!c->waits)
            continue;
        s->polled[i].fd = (int)mysql_get_socket(c->sql);
        s->polled[i].events = (short)((c->waits & MYSQL_WAIT_READ ? POLLIN : 0) |
                                      (c->waits & MYSQL_WAIT_WRITE ? POLLOUT : 0));
        uint64_t left_ns = c->deadline_ns > now_ns ? c->deadline_ns - now_ns : 0;
        uint64_t left_ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS;
        if (left_ms < (uint64_t)timeout_ms)
            timeout_ms = (int)left_ms;
    }
    return timeout_ms;
}

static int ready_events(short events)
{
    int ready = 0;
    if (events & POLLIN)
        ready |= MYSQL_WAIT_READ;
    if (events & POLLOUT)
        ready |= MYSQL_WAIT_WRITE;
    if (!ready && events) /* an error, or its end: the next call finds it */
        ready = MYSQL_WAIT_READ | MYSQL_WAIT_WRITE;
    return ready;
}

static int system_turn(void *object, int timeout_ms, engine_answered answered, void *owner,
                       struct error *err)
{
    struct system *s = object;
    timeout_ms = begin_due(s, timeout_ms, answered, owner);
    if (poll(s->polled, s->count, timeout_ms) < 0 && errno != EINTR)
        return error_errno(err, errno, "cannot wait for answers");
    uint64_t now_ns = clock_monotonic_ns();
    for (unsigned i = 0; i < s->count; i++) {
        struct client *c = &s->clients[i];
        struct answer a;
        int ready = s->polled[i].fd >= 0 ? ready_events(s->polled[i].revents) : 0;
        bool over = ready && client_drive(c, ready & c->waits ? ready & c->waits : c->waits, &a);
        if (!over && c->waits && now_ns >= c->deadline_ns) {
            client_expire(c, &a);
            over = true;
        }
        if (over)
            answered(owner, i, &a);
    }
    return 0;
}

static void system_report(void *object, struct output *out, double at_s)
{
    const struct system *s = object;
    uint64_t conflicts = 0;
    for (unsigned i = 0; i < s->count; i++)
        conflicts += s->clients[i].conflicts;
    output_metric(out, "conflicts", (double)conflicts, "", at_s);
}

const struct engine galera_engine = {.name = "galera",
                                     .open = system_open,
                                     .close = system_close,
                                     .ask = system_ask,
                                     .turn = system_turn,
                                     .report = system_report};
