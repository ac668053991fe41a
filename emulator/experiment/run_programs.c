/* SPDX-License-Identifier: MIT
 *
 * Starts the workload's programs in nodes, each with its environment and its log: when the run
 * comes to them, and again in a node that an event has booted anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/run.h"
#include "report/progress.h"

void run_fill_environment(const struct run *r, struct environment *e)
{
    environment_add_values(e, r->workload, r->values);
    environment_add(e, "WANLAB_COUNT=%zu", r->scenario->node_count);
    environment_add(e, "WANLAB_SEED=%llu", (unsigned long long)r->scenario->seed);
    environment_add(e, "WANLAB_START=%.0f", r->results.start_s * 1e9);
}

/* The environment that a program in node `node` gets. */
static void fill_environment(const struct run *r, unsigned node, bool output, struct environment *e)
{
    run_fill_environment(r, e);
    environment_add(e, "HOME=/run/wanlab/scratch");
    environment_add(e, "WANLAB_NODE=%s", r->scenario->nodes[node].name);
    environment_add(e, "WANLAB_INDEX=%u", node);
    environment_add(e, "WANLAB_PEERS=/run/wanlab/lab/peers.json");
    environment_add(e, "WANLAB_DIR=/run/wanlab/scratch");
    environment_add(e, "WANLAB_CACHE=/run/wanlab/cache");
    environment_add(e, "WANLAB_RESTARTS=%u", r->events.restarts[node]);
    if (output)
        environment_add(e, "WANLAB_OUTPUT=/dev/fd/3");
}

/* `log_name` is part of its log's name. */
static int start_as(struct run *r, const char *role, const char *log_name, char *const *argv,
                    struct crew_task task, struct error *err)
{
    struct environment env = {0};
    const unsigned restarts = r->events.restarts[task.node];
    _cleanup_(freep) char *life = restarts ? xasprintf("%u.", restarts + 1) : xstrdup("");
    _cleanup_(freep) char *log =
        xasprintf("logs/%s.%s.%slog", r->scenario->nodes[task.node].name, log_name, life);
    fill_environment(r, task.node, task.on_output != NULL, &env);
    task.role = role;
    task.argv = argv;
    task.env = env.items;
    task.arg = r;
    task.log_file = log;
    task.log_start_s = r->results.start_s;
    task.log_limit = r->workload->log_limit;
    int result = 0;
    if (!task.probe && !(task.log = results_create(&r->results, log, err)))
        result = -err->code;
    if (result == 0)
        result =
            task.probe ? crew_start_builtin(r->crew, &task, err) : crew_start(r->crew, &task, err);
    environment_done(&env);
    return result;
}

int run_start_program(struct run *r, const char *role, char *const *argv, struct crew_task task,
                      struct error *err)
{
    return start_as(r, role, role, argv, task, err);
}

/* In the node, a program that ends when the service has its port open, or its readiness command
 * has ended well. */
static int start_probe(struct run *r, const struct workload_service *s, unsigned node,
                       struct error *err)
{
    char port[16];
    char *port_argv[] = {(char *)"await", (char *)(s->ready_udp ? "udp" : "tcp"), port, NULL};
    size_t words = 0;
    snprintf(port, sizeof(port), "%u", s->ready_port);
    while (s->ready_command && s->ready_command[words])
        words++;
    _cleanup_(freep) char **argv = xcalloc(words + 3, sizeof(*argv));
    argv[0] = (char *)"await";
    argv[1] = (char *)"command";
    if (words > 0)
        memcpy(argv + 2, s->ready_command, words * sizeof(*argv));
    return run_start_program(r, s->name, s->ready_port ? port_argv : argv,
                             (struct crew_task){.node = node, .probe = true}, err);
}

static void on_line(unsigned node, const char *line, void *arg)
{
    struct run *r = arg;
    events_heard(&r->events, node, line);
}

static int start_service_on(struct run *r, const struct workload_service *s, unsigned node,
                            struct error *err)
{
    struct crew_task task = {.node = node,
                             .service = true,
                             .ready = s->ready_log,
                             .lacks = s->lacks,
                             .on_line = on_line,
                             .on_output = run_on_output};
    int result = run_start_program(r, s->name, s->command, task, err);
    return result < 0 || !s->lacks ? result : start_probe(r, s, node, err);
}

int run_start_service(struct run *r, const struct workload_service *s, struct error *err)
{
    char text[UNITS_TEXT_MAX];
    uint64_t begin = clock_monotonic_ns();
    size_t count = 0;
    _cleanup_(freep) bool *chosen = xcalloc(r->scenario->node_count, sizeof(*chosen));
    int result = workload_select(&s->where, r->scenario, chosen, err);
    for (unsigned i = 0; i < r->scenario->node_count && result == 0; i++) {
        count += chosen[i];
        result = chosen[i] ? start_service_on(r, s, i, err) : 0;
    }
    if (result == 0)
        result = crew_await_ready(r->crew, s->timeout_ns, err);
    if (result < 0)
        return result;
    results_event(&r->results,
                  json_pack("{s:s s:s}", "event", "service-ready", "service", s->name));
    progress_stage("service", "%s on %zu node%s, ready in %s", s->name, count,
                   count == 1 ? "" : "s",
                   units_format_time_short(text, (double)(clock_monotonic_ns() - begin)));
    return 0;
}

int run_start_services(struct run *r, unsigned node, struct error *err)
{
    _cleanup_(freep) bool *chosen = xcalloc(r->scenario->node_count, sizeof(*chosen));
    int result = 0;
    for (size_t i = 0; i < r->workload->service_count && result == 0; i++) {
        const struct workload_service *s = &r->workload->services[i];
        result = workload_select(&s->where, r->scenario, chosen, err);
        if (result == 0 && chosen[node])
            result = start_service_on(r, s, node, err);
    }
    return result;
}

static void on_end(unsigned node, bool lost, void *arg)
{
    run_leave_barrier(arg, node, lost);
}

int run_start_workload(struct run *r, unsigned node, struct error *err)
{
    struct crew_task task = {.node = node,
                             .on_output = run_on_output,
                             .on_line = on_line,
                             .on_end = on_end,
                             .hears = true,
                             .silence_ns = r->workload->silence_ns};
    if (!barrier_join(&r->barrier, node))
        return 0; /* it is none of those that `run` is for */
    return run_start_program(r, r->workload->name, r->workload->run, task, err);
}

int run_start_command(struct run *r, unsigned node, const char *command, unsigned number,
                      struct error *err)
{
    _cleanup_(freep) char *text = xstrdup(command);
    char *argv[] = {(char *)"sh", (char *)"-c", text, NULL};
    char log[32];
    snprintf(log, sizeof(log), "event-%u", number);
    return start_as(r, "the command of an event", log, argv, (struct crew_task){.node = node}, err);
}

/* The user's own environment, and how to find this run in it. */
static void fill_host_environment(const struct run *r, struct environment *e)
{
    _cleanup_(freep) char *results = realpath(r->results.folder, NULL);
    for (char **variable = environ; *variable; variable++)
        environment_add(e, "%s", *variable);
    environment_add(e, "WANLAB_LAB=%s", r->lab.name);
    environment_add(e, "WANLAB_RESULTS=%s", results ? results : "");
    environment_add(e, "WANLAB_SEED=%llu", (unsigned long long)r->scenario->seed);
    environment_add(e, "WANLAB_START=%.0f", r->results.start_s * 1e9);
}

int run_start_on_host(struct run *r, const char *command, unsigned number, struct error *err)
{
    struct environment env = {0};
    _cleanup_(freep) char *text = xstrdup(command);
    _cleanup_(freep) char *log = xasprintf("logs/host.event-%u.log", number);
    char *argv[] = {(char *)"sh", (char *)"-c", text, NULL};
    struct crew_task task = {.role = "the command of an event",
                             .argv = argv,
                             .log = results_create(&r->results, log, err),
                             .log_file = log,
                             .log_start_s = r->results.start_s,
                             .log_limit = r->workload->log_limit};
    if (!task.log)
        return -err->code;
    fill_host_environment(r, &env);
    task.env = env.items;
    int result = crew_start_on_host(r->crew, &task, r->file_folder, err);
    environment_done(&env);
    return result;
}
