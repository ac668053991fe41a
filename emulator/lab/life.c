/* SPDX-License-Identifier: MIT
 *
 * The lives of nodes. A node that dies, by itself or by a request, leaves its network namespace
 * behind, with its interfaces down: its neighbours see nothing but silence, since no packet of its
 * dying sockets gets out. (If its first process is killed by somebody else, the kernel closes the
 * others' sockets before anybody here can know: then the last packets may be FINs.)
 *
 * A restart waits for the death, boots the node again in fresh namespaces while the loop goes on,
 * moves the interfaces over from the former life and lets the former go. If the boot fails, the
 * node is what it was before: dead, with its interfaces kept for the next try.
 *
 * A request is an errand: it may be about many nodes and is answered when the last of them is
 * through, with the first error if there is one. A node is on one errand at a time.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "lab/boot.h"
#include "lab/pin.h"
#include "lab/supervisor.h"
#include "node/machine.h"

enum { GRACE_MS = 10000, GRACE_STEP_MS = 100 };

struct errand {
    struct errand *next;
    struct connection *connection; /* NULL: it has gone */
    json_int_t id;
    size_t waiting; /* nodes */
    bool restart, failed;
    struct wire_switch when; /* its first and its last node were through */
    struct error err;
};

struct life {
    struct supervisor *supervisor;
    unsigned node;
    uv_poll_t *watch;    /* of its death or of its boot; NULL: none */
    uv_timer_t deadline; /* of its boot, or of its programs' end */
    unsigned grace_ms;   /* that the programs still have */
    bool due;            /* to be booted as soon as there is room */
    struct node_instance former;
    struct errand *errand; /* NULL: none */
    char why[256];         /* its last death; "": not known, or none */
};

static struct node_instance *instance_of(const struct life *l)
{
    return &l->supervisor->fabric.nodes[l->node];
}

static const char *name_of(const struct life *l)
{
    return l->supervisor->tree->plan->scenario->nodes[l->node].name;
}

static void tell_all(const struct life *l)
{
    control_broadcast(l->supervisor,
                      json_pack("{s:s s:s s:s s:s}", "event", "node", "node", name_of(l), "state",
                                node_state_name(instance_of(l)->state), "why", l->why));
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

/* Before the descriptor is closed. */
static void unwatch(struct life *l)
{
    if (!l->watch)
        return;
    uv_poll_stop(l->watch);
    uv_close((uv_handle_t *)l->watch, free_handle);
    l->watch = NULL;
}

static void watch(struct life *l, int fd, uv_poll_cb callback)
{
    unwatch(l);
    l->watch = xcalloc(1, sizeof(*l->watch));
    uv_poll_init(&l->supervisor->loop, l->watch, fd);
    l->watch->data = l;
    uv_poll_start(l->watch, UV_READABLE, callback);
}

/* --- errands --- */

static void end_errand(struct supervisor *s, struct errand *e)
{
    struct errand **link = &s->errands;
    while (*link != e)
        link = &(*link)->next;
    *link = e->next;
    if (e->connection)
        control_answer(e->connection, e->id, e->failed ? &e->err : NULL, &e->when);
    free(e);
}

/* The node is through with its errand, with `err` if not NULL. */
static void node_is_through(struct life *l, const struct error *err)
{
    struct errand *e = l->errand;
    l->errand = NULL;
    if (!e)
        return;
    control_note_time(&e->when);
    if (err && !e->failed) {
        e->failed = true;
        e->err = *err;
    }
    if (--e->waiting == 0)
        end_errand(l->supervisor, e);
}

void life_orphan(struct connection *c)
{
    for (struct errand *e = c->supervisor->errands; e; e = e->next)
        if (e->connection == c)
            e->connection = NULL;
}

/* --- boots --- */

static void boot_due(struct supervisor *s);
static void on_death(uv_poll_t *poll, int status, int events);

static void boot_failed(struct life *l, const struct error *err)
{
    struct node_instance *n = instance_of(l);
    if (n->driver)
        n->driver->stop(n);
    *n = l->former;
    l->former = node_none;
    n->state = NODE_DEAD;
    log_warn("%s", err->text);
    tell_all(l);
    node_is_through(l, err);
}

static void finish_boot(struct life *l)
{
    struct supervisor *s = l->supervisor;
    struct node_instance *n = instance_of(l);
    struct error err;
    uv_timer_stop(&l->deadline);
    unwatch(l);
    s->booting--;
    int r = boot_finish(&s->fabric.boots[l->node], n, &err);
    if (r == 0) {
        r = fabric_rewire(&s->fabric, l->node, &l->former, &err);
        if (r == 0)
            r = links_rewire(s, l->node, &err);
        if (r == 0 && s->tree->mounts >= 0)
            r = pin_nodes(s->tree->folder, s->tree->mounts, &s->fabric, (int)l->node, &err);
        if (r < 0)
            fabric_restore(&s->fabric, l->node, &l->former);
    }
    if (r < 0) {
        boot_failed(l, &err);
    } else {
        l->former.driver->stop(&l->former);
        n->reaped_cpu_ns += l->former.reaped_cpu_ns;
        l->former = node_none;
        watch(l, n->pidfd, on_death);
        tell_all(l);
        node_is_through(l, NULL);
    }
    boot_due(s);
}

static void on_boot(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    finish_boot(poll->data);
}

static void on_deadline(uv_timer_t *timer)
{
    finish_boot(timer->data);
}

static void begin_boot(struct life *l)
{
    l->why[0] = '\0';
    struct supervisor *s = l->supervisor;
    struct boot *boot = &s->fabric.boots[l->node];
    struct node_instance *n = instance_of(l);
    struct error err;
    l->due = false;
    l->former = *n;
    *n = node_none;
    clocks_forget(s, l->node);
    if (boot_begin(boot, n, &err) < 0) {
        boot_failed(l, &err);
        return;
    }
    s->booting++;
    uint64_t now = clock_monotonic_ns(), deadline = boot_deadline_ns(boot);
    uv_update_time(&s->loop);
    uv_timer_start(&l->deadline, on_deadline, now < deadline ? (deadline - now) / NS_PER_MS + 1 : 0,
                   0);
    watch(l, n->boot_fd, on_boot);
    tell_all(l);
}

static void boot_due(struct supervisor *s)
{
    size_t count = s->tree->plan->scenario->node_count;
    for (size_t i = 0; i < count && s->booting < boot_abreast(); i++)
        if (s->lives[i].due)
            begin_boot(&s->lives[i]);
}

/* --- deaths --- */

static void node_is_dead(struct life *l)
{
    if (!l->errand || !l->errand->restart) {
        node_is_through(l, NULL);
        return;
    }
    l->due = true;
    boot_due(l->supervisor);
}

static void on_death(uv_poll_t *poll, int status, int events)
{
    struct life *l = poll->data;
    struct node_instance *n = instance_of(l);
    (void)status, (void)events;
    fabric_silence(&l->supervisor->fabric, l->node);
    uv_timer_stop(&l->deadline);
    if (n->state != NODE_DEAD && l->grace_ms == 0)
        log_warn("node '%s' died%s%s", name_of(l), *machine_why(n) ? ": " : "", machine_why(n));
    l->grace_ms = 0;
    unwatch(l);
    snprintf(l->why, sizeof(l->why), "%s", machine_why(n));
    n->driver->halt(n);
    n->state = NODE_DEAD;
    tell_all(l);
    node_is_dead(l);
}

/* A power failure. Its programs end next, and are reaped by who started them; then on_death(). */
static void cut_power(struct life *l)
{
    struct node_instance *n = instance_of(l);
    if (n->pid == 0) {
        node_is_dead(l);
        return;
    }
    fabric_silence(&l->supervisor->fabric, l->node);
    n->state = NODE_DEAD;
    pidfd_send_signal(n->pidfd, SIGKILL, NULL, 0);
}

/* Programs have a while to end; then, or when they have, the power goes. */
static void on_grace(uv_timer_t *timer)
{
    struct life *l = timer->data;
    struct node_instance *n = instance_of(l);
    bool ended = false;
    struct error err;
    l->grace_ms -= GRACE_STEP_MS;
    if (n->driver->end(n, false, &ended, &err) < 0 || ended || l->grace_ms == 0) {
        uv_timer_stop(timer);
        cut_power(l);
    }
}

static void end_gently(struct life *l)
{
    struct node_instance *n = instance_of(l);
    bool ended = false;
    struct error err;
    if (n->pid == 0 || (n->state == NODE_PAUSED && n->driver->pause(n, false, &err) < 0) ||
        n->driver->end(n, true, &ended, &err) < 0 || ended) {
        cut_power(l);
        return;
    }
    l->grace_ms = GRACE_MS;
    uv_update_time(&l->supervisor->loop);
    uv_timer_start(&l->deadline, on_grace, GRACE_STEP_MS, GRACE_STEP_MS);
}

/* --- requests --- */

/* The nodes of a request, each once and in order; their number or -EINVAL. */
static int named_nodes(struct supervisor *s, json_t *request, struct life **lives,
                       struct error *err)
{
    const size_t count = s->tree->plan->scenario->node_count;
    _cleanup_(freep) bool *named = xcalloc(count, sizeof(*named));
    int found = 0, r = control_named(s, request, named, err);
    for (size_t k = 0; k < count; k++)
        if (named[k])
            lives[found++] = &s->lives[k];
    return r < 0 ? r : found;
}

static int pause_node(struct life *l, bool paused, struct error *err)
{
    struct node_instance *n = instance_of(l);
    enum node_state wanted = paused ? NODE_PAUSED : NODE_RUNNING;
    if (n->state == wanted)
        return 0;
    if (n->state != NODE_RUNNING && n->state != NODE_PAUSED)
        return error_set(err, ESRCH, "node '%s' is %s", name_of(l), node_state_name(n->state));
    if (!n->driver->pause)
        return error_set(err, ENOTSUP, "node '%s': a node of kind %s cannot be paused", name_of(l),
                         n->driver->name);
    int r = n->driver->pause(n, paused, err);
    if (r < 0)
        return r;
    n->state = wanted;
    tell_all(l);
    return 0;
}

int life_pause(struct connection *c, json_t *request, bool paused, json_t *answer,
               struct error *err)
{
    struct supervisor *s = c->supervisor;
    size_t node_count = s->tree->plan->scenario->node_count;
    _cleanup_(freep) struct life **lives = xcalloc(node_count, sizeof(struct life *));
    int count = named_nodes(s, request, lives, err);
    int r = count < 0 ? count : 0;
    struct wire_switch when = {0};
    control_note_time(&when);
    for (int i = 0; i < count && r == 0; i++)
        r = pause_node(lives[i], paused, err);
    control_note_time(&when);
    if (r == 0)
        json_object_set_new(answer, "change", control_describe_switch(&when));
    return r;
}

int life_end(struct connection *c, json_int_t id, json_t *request, enum life_end how,
             struct error *err)
{
    struct supervisor *s = c->supervisor;
    size_t node_count = s->tree->plan->scenario->node_count;
    _cleanup_(freep) struct life **lives = xcalloc(node_count, sizeof(struct life *));
    int count = named_nodes(s, request, lives, err);
    for (int i = 0; i < count; i++)
        if (lives[i]->errand)
            return error_set(err, EBUSY, "node '%s' is being %s already", name_of(lives[i]),
                             lives[i]->errand->restart ? "restarted" : "ended");
    if (count < 0)
        return count;
    struct errand *e = xcalloc(1, sizeof(*e));
    *e = (struct errand){.next = s->errands,
                         .connection = c,
                         .id = id,
                         .waiting = (size_t)count + 1, /* one for us, lest it ends under way */
                         .restart = how == LIFE_RESTART};
    s->errands = e;
    for (int i = 0; i < count; i++) {
        lives[i]->errand = e;
        if (how == LIFE_STOP)
            end_gently(lives[i]);
        else
            cut_power(lives[i]);
    }
    if (--e->waiting == 0)
        end_errand(s, e);
    return CONTROL_LATER;
}

void life_start(struct supervisor *s)
{
    size_t count = s->tree->plan->scenario->node_count;
    s->lives = xcalloc(count, sizeof(*s->lives));
    for (unsigned i = 0; i < count; i++) {
        struct life *l = &s->lives[i];
        *l = (struct life){.supervisor = s, .node = i, .former = node_none};
        uv_timer_init(&s->loop, &l->deadline);
        l->deadline.data = l;
        watch(l, s->fabric.nodes[i].pidfd, on_death);
    }
}
