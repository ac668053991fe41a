/* SPDX-License-Identifier: MIT
 *
 * The control protocol: what a client writes to a lab's socket, handled by the supervisor's own
 * code, with nodes that run no programs and never boot again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "fuzz.h"
#include "lab/boot.h"
#include "lab/supervisor.h"

enum { TURNS = 8 };

static const char scenario[] = "nodes: {n: {count: 2, kind: docker, image: x}, m: }\n"
                               "wan: {members: [n, m], delay: 1ms}\n";

static int refuse_exec(const struct node_instance *n, const struct node_exec *e, pid_t *ret_pid,
                       int *ret_pidfd, struct error *err)
{
    (void)ret_pid, (void)ret_pidfd;
    size_t words = 0;
    while (e->argv[words])
        words++;
    return error_set(err, ENOSYS, "node '%s' does not run %zu words", n->name, words);
}

static int do_pause(struct node_instance *n, bool paused, struct error *err)
{
    (void)n, (void)paused, (void)err;
    return 0;
}

static int do_set_clock(struct node_instance *n, int64_t step_ns, int64_t drift_ppb,
                        struct error *err)
{
    (void)n, (void)step_ns, (void)drift_ppb, (void)err;
    return 0;
}

static void do_nothing(struct node_instance *n)
{
    (void)n;
}

static const struct node_driver driver = {.name = "fuzz",
                                          .exec = refuse_exec,
                                          .pause = do_pause,
                                          .set_clock = do_set_clock,
                                          .halt = do_nothing,
                                          .stop = do_nothing};

static int do_change(struct engine_run *run, const struct change *c, struct wire_switch *ret,
                     struct error *err)
{
    (void)run, (void)err;
    for (size_t i = 0; i < c->count; i++)
        if (c->wires[i].wire >= plan_wires(c->plan))
            fuzz_fail("a change of a wire that there is not", "");
    *ret = (struct wire_switch){0};
    return 0;
}

static struct wire_engine engine;
static struct supervisor supervisor;
static struct tree tree;
static int alive[8]; /* the nodes' pidfds, which are never readable */
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void revive(void)
{
    const struct scenario *s = tree.plan->scenario;
    for (size_t i = 0; i < s->node_count; i++) {
        supervisor.fabric.nodes[i] = node_none;
        supervisor.fabric.nodes[i].driver = &driver;
        supervisor.fabric.nodes[i].name = s->nodes[i].name;
        supervisor.fabric.nodes[i].pidfd = alive[i];
        supervisor.fabric.nodes[i].state = NODE_RUNNING;
    }
}

/* A boot fails at its first step: its folder cannot be made. */
static void prepare_boots(const struct scenario *s)
{
    supervisor.fabric.boots = xcalloc(s->node_count, sizeof(*supervisor.fabric.boots));
    for (size_t i = 0; i < s->node_count; i++) {
        struct boot *b = &supervisor.fabric.boots[i];
        alive[i] = eventfd(0, EFD_CLOEXEC);
        s->nodes[i].kind = NODE_KIND_DOCKER;
        b->node = &s->nodes[i];
        b->console = b->work = b->scratch = xstrdup("/dev/null/nowhere");
        b->spec = (struct node_spec){.name = s->nodes[i].name, .work = b->work, .broker = -1};
    }
}

static void start(void)
{
    struct scenario *s;
    struct plan *plan;
    struct error err;
    char *path = fuzz_file("s.yaml", scenario, sizeof(scenario) - 1);
    if (scenario_open(path, NULL, 0, &s, &err) < 0 || plan_new(s, ENGINE_NETEM, &plan, &err) < 0)
        fuzz_fail("cannot plan", err.text);
    *strrchr(path, '/') = '\0';
    log_threshold = LOG_LEVEL_ERROR;
    tree = (struct tree){.plan = plan, .folder = path, .lifeline = -1};
    engine = *wire_engine(ENGINE_NETEM);
    engine.change = do_change;
    supervisor = (struct supervisor){.tree = &tree, .engine = &engine};
    links_init(&supervisor);
    supervisor.fabric.plan = plan;
    supervisor.fabric.nodes = xcalloc(s->node_count, sizeof(*supervisor.fabric.nodes));
    supervisor.lives = NULL;
    prepare_boots(s);
    revive();
    uv_loop_init(&supervisor.loop);
    if (control_start(&supervisor, &err) < 0)
        fuzz_fail("cannot listen", err.text);
    clocks_init(&supervisor);
    life_start(&supervisor);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", path);
}

static void run_loop(void)
{
    for (int i = 0; i < TURNS; i++)
        uv_run(&supervisor.loop, UV_RUN_NOWAIT);
}

/* Answers are for programs to read, whatever was asked. */
static void read_answers(struct channel *c)
{
    bool bad;
    int r;
    while ((r = channel_receive(c)) > 0) {
        json_t *answer;
        while ((answer = channel_next(c, &bad))) {
            if (!json_object_get(answer, "ok") && !json_object_get(answer, "event"))
                fuzz_fail("neither an answer nor an event", "");
            json_decref(answer);
        }
        if (bad)
            fuzz_fail("an answer that is no JSON object", "");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel client;
    if (!supervisor.lives)
        start();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        fuzz_fail("cannot connect", strerror(errno));
    channel_init(&client, fd);
    for (size_t sent = 0; sent < size;) {
        ssize_t n = send(fd, data + sent, size - sent, MSG_NOSIGNAL);
        run_loop();
        if (n < 0 && errno != EAGAIN)
            break; /* it has hung up on us */
        sent += n > 0 ? (size_t)n : 0;
    }
    run_loop();
    read_answers(&client);
    channel_done(&client);
    run_loop();
    if (supervisor.connections || supervisor.errands || supervisor.programs)
        fuzz_fail("something is left of a client that has gone", "");
    revive();
    return 0;
}
