/* SPDX-License-Identifier: MIT
 *
 * The loop runs only inside the await functions. Each sets what it waits for; every event that
 * could fulfil it, or break it, ends in crew_settle(), which stops the loop once the wait is over.
 */
#include "experiment/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/crew_internal.h"
#include "experiment/stop.h"
#include "lab/client.h"

enum { TICK_MS = 100 };

void crew_fail(struct crew *c, const struct error *err)
{
    if (!c->failed) {
        c->failed = true;
        c->failure = *err;
    }
    uv_stop(&c->loop);
}

/* Whether program `p` is what the crew still waits for. */
static bool is_awaited(const struct crew *c, const struct program *p)
{
    switch (c->wait) {
    case WAIT_READY:
        return p->task.service && !p->ready;
    case WAIT_END:
        return !p->task.service && !p->task.probe && (!p->ended || lines_open(&p->output));
    case WAIT_DISMISS:
        return !p->ended;
    default:
        return false;
    }
}

static size_t count_awaited(const struct crew *c, const struct program **ret_first)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (!is_awaited(c, c->programs[i]))
            continue;
        if (count++ == 0 && ret_first)
            *ret_first = c->programs[i];
    }
    return count;
}

void crew_settle(struct crew *c)
{
    if (c->failed || count_awaited(c, NULL) == 0)
        uv_stop(&c->loop);
}

/* The reason in the program's own words, if it left any. */
static const char *last_words(const struct program *p)
{
    return *p->said ? p->said : p->last_line;
}

/* The service that a probe is about; of several lives the last. */
static struct program *find_service(const struct crew *c, const struct program *probe)
{
    for (size_t i = c->count; i-- > 0;) {
        struct program *p = c->programs[i];
        if (p->task.service && p->task.node == probe->task.node && p->task.role == probe->task.role)
            return p;
    }
    return NULL;
}

static void end_well(struct program *p)
{
    if (p->crew->dismissed)
        return;
    struct program *service = p->task.probe && !p->excused ? find_service(p->crew, p) : NULL;
    if (service)
        service->ready = true;
    if (p->task.on_end)
        p->task.on_end(p->task.node, p->excused, p->task.arg);
}

void crew_end_program(struct program *p, json_t *event)
{
    struct error err;
    int status = -1, number = 0;
    json_unpack(event, "{s?i s?i}", "status", &status, "signal", &number);
    p->ended = true;
    lines_finish(&p->output); /* also if a process that it left behind still holds the other end */
    lines_finish(&p->lines);
    const char *words = last_words(p), *intro = *words ? "; it said last: " : "";
    fd_closep(&p->input);
    if (p->crew->dismissed || p->excused || (status == 0 && !p->task.service)) {
        end_well(p);
        crew_settle(p->crew);
        return;
    }
    if (!p->crew->failed)
        p->crew->culprit = p;
    const char *whose = p->task.probe ? "the readiness command of " : "";
    if (status >= 0)
        error_set(&err, EIO, "%s: %s%s ended with status %d%s%s", p->where, whose, p->task.role,
                  status, intro, words);
    else
        error_set(&err, EIO, "%s: %s%s was killed by signal %d (%s)%s%s", p->where, whose,
                  p->task.role, number, strsignal(number), intro, words);
    crew_fail(p->crew, &err);
}

static void take_answer(struct crew *c, json_t *answer)
{
    struct post **link = &c->posts;
    const json_int_t id = json_integer_value(json_object_get(answer, "id"));
    while (*link && (*link)->id != id)
        link = &(*link)->next;
    if (!*link)
        return;
    struct post *post = *link;
    struct error err;
    *link = post->next;
    int r = client_read_answer(answer, &err);
    post->on_answer(answer, r < 0 ? &err : NULL, post->arg);
    free(post);
}

static void on_node(struct crew *c, json_t *event)
{
    const char *node = NULL, *state = "", *why = "";
    struct error err;
    json_unpack(event, "{s?s s?s s?s}", "node", &node, "state", &state, "why", &why);
    const int number = node ? scenario_node(c->plan->scenario, node) : -1;
    if (strcmp(state, "dead") != 0 || (number >= 0 && c->nodes[number] == CREW_NODE_ENDED))
        return;
    error_set(&err, EIO, "node '%s' died%s%s", node, *why ? ": " : "", why);
    crew_fail(c, &err);
}

static void handle_event(struct crew *c, json_t *event)
{
    struct error err;
    const char *what = json_string_value(json_object_get(event, "event"));
    if (strcmp(what, "exit") == 0) {
        json_int_t exec = json_integer_value(json_object_get(event, "exec"));
        for (size_t i = 0; i < c->count; i++)
            if (c->programs[i]->exec == exec)
                crew_end_program(c->programs[i], event);
    } else if (strcmp(what, "node") == 0) {
        on_node(c, event);
    } else if (strcmp(what, "answer") == 0) {
        take_answer(c, event);
    } else if (strcmp(what, "link") == 0 && c->on_link) {
        c->on_link(event, c->link_arg);
    } else if (strcmp(what, "engine-died") == 0) {
        error_set(&err, EIO, "the wire engine '%s' died",
                  json_string_value(json_object_get(event, "engine")));
        crew_fail(c, &err);
    }
}

static void on_client(uv_poll_t *poll, int status, int events)
{
    struct crew *c = poll->data;
    struct error err;
    bool gone = false;
    (void)status, (void)events;
    for (json_t *event; (event = client_event(c->client, false, &gone));) {
        handle_event(c, event);
        json_decref(event);
    }
    if (gone) {
        uv_poll_stop(poll);
        error_set(&err, EPIPE, "the lab's supervisor died");
        crew_fail(c, &err);
    }
}

static void on_signal(uv_poll_t *poll, int status, int events)
{
    struct crew *c = poll->data;
    struct error err;
    struct signalfd_siginfo info;
    (void)status, (void)events;
    if (read(c->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    c->interrupted = true;
    error_set(&err, EINTR, "interrupted");
    crew_fail(c, &err);
}

bool crew_was_interrupted(const struct crew *c)
{
    return c->interrupted;
}

static void on_deadline(struct crew *c)
{
    const struct program *p = NULL;
    struct error err;
    size_t count = count_awaited(c, &p);
    if (!p)
        return;
    c->culprit = p;
    if (c->wait == WAIT_READY)
        error_set(&err, ETIMEDOUT, "%s: %s was not ready in time%s%s (%zu not ready in all)%s%s",
                  p->where, p->task.role, p->task.lacks ? ": " : "",
                  p->task.lacks ? p->task.lacks : "", count,
                  *last_words(p) ? "; it said last: " : "", last_words(p));
    else if (c->wait == WAIT_DISMISS)
        error_set(&err, ETIMEDOUT,
                  "%s: %s has not ended when asked to (SIGTERM), and is killed (%zu in all)",
                  p->where, p->task.role, count);
    else
        error_set(&err, ETIMEDOUT, "%s: %s did not end in time (%zu in all)", p->where,
                  p->task.role, count);
    crew_fail(c, &err);
}

/* A guest may answer its agent and run nothing. */
static void find_hung(struct crew *c)
{
    char text[UNITS_TEXT_MAX];
    struct error err;
    uint64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < c->count; i++) {
        const struct program *p = c->programs[i];
        if (p->ended || !p->task.silence_ns || c->nodes[p->task.node] != CREW_NODE_RUNS ||
            now_ns < p->heard_ns + p->task.silence_ns)
            continue;
        error_set(&err, ETIMEDOUT, "%s: %s has reported nothing for %s: it hangs%s%s", p->where,
                  p->task.role, units_format_time(text, p->task.silence_ns),
                  *last_words(p) ? "; it said last: " : "", last_words(p));
        crew_fail(c, &err);
        return;
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct crew *c = timer->data;
    if (c->on_tick)
        c->on_tick(c->tick_arg);
    on_client(&c->client_poll, 0, 0);
    if (c->deadline_ns && clock_monotonic_ns() > c->deadline_ns)
        on_deadline(c);
    find_hung(c);
}

static void on_time(uv_poll_t *poll, int status, int events)
{
    struct crew *c = poll->data;
    uint64_t times;
    (void)status, (void)events;
    if (read(c->alarm, &times, sizeof(times)) == (ssize_t)sizeof(times) && c->on_alarm)
        c->on_alarm(c->alarm_arg);
    on_client(&c->client_poll, 0, 0); /* what came while a request waited for its answer */
}

static void watch(struct crew *c, uv_poll_t *poll, int fd, uv_poll_cb callback)
{
    uv_poll_init(&c->loop, poll, fd);
    poll->data = c;
    uv_poll_start(poll, UV_READABLE, callback);
}

int crew_open(const struct lab *lab, struct crew **ret, struct error *err)
{
    const sigset_t stop = stop_signals();
    struct crew *c = xcalloc(1, sizeof(*c));
    c->plan = lab->plan;
    c->signals = -1;
    c->alarm = -1;
    c->nodes = xcalloc(lab->plan->scenario->node_count + 1, sizeof(*c->nodes));
    uv_loop_init(&c->loop);
    uv_timer_init(&c->loop, &c->tick);
    c->tick.data = c;
    int r = client_open(lab->folder, &c->client, err);
    if (r == 0) {
        c->signals = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
        watch(c, &c->client_poll, client_fd(c->client), on_client);
        watch(c, &c->signal_poll, c->signals, on_signal);
        c->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        watch(c, &c->alarm_poll, c->alarm, on_time);
    } else {
        crew_close(c);
        return r;
    }
    *ret = c;
    return 0;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void crew_close(struct crew *c)
{
    if (!c)
        return;
    client_close(c->client);
    for (size_t i = 0; i < c->count; i++)
        crew_kill_on_host(c->programs[i]);
    uv_walk(&c->loop, close_handle, NULL);
    do /* an unheeded uv_stop() ends a run before the handles are closed */
        uv_run(&c->loop, UV_RUN_DEFAULT);
    while (uv_loop_close(&c->loop) == UV_EBUSY);
    fd_closep(&c->signals);
    fd_closep(&c->alarm);
    for (struct post *next; c->posts; c->posts = next) {
        next = c->posts->next;
        free(c->posts);
    }
    free(c->nodes);
    for (size_t i = 0; i < c->count; i++) {
        lines_done(&c->programs[i]->output);
        lines_done(&c->programs[i]->lines);
        crew_close_program(c->programs[i]);
        free(c->programs[i]);
    }
    free(c->programs);
    free(c);
}

/* Runs the loop until `wait` is fulfilled, something fails, or the time is up. */
static int await(struct crew *c, enum wait wait, uint64_t timeout_ns, struct error *err)
{
    c->wait = wait;
    c->deadline_ns = timeout_ns ? clock_monotonic_ns() + timeout_ns : 0;
    uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS);
    on_client(&c->client_poll, 0, 0); /* what came while a request waited for its answer */
    while (!c->failed && count_awaited(c, NULL) > 0)
        uv_run(&c->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&c->tick);
    c->wait = WAIT_NOTHING;
    if (!c->failed)
        return 0;
    *err = c->failure;
    return -c->failure.code;
}

int crew_await_ready(struct crew *c, uint64_t timeout_ns, struct error *err)
{
    return await(c, WAIT_READY, timeout_ns, err);
}

int crew_await_end(struct crew *c, uint64_t timeout_ns, void (*tick)(void *arg), void *arg,
                   struct error *err)
{
    c->on_tick = tick;
    c->tick_arg = arg;
    int r = await(c, WAIT_END, timeout_ns, err);
    c->on_tick = NULL;
    return r;
}

int crew_dismiss(struct crew *c, uint64_t timeout_ns, struct error *err)
{
    struct error ignored;
    c->dismissed = true;
    for (size_t i = 0; i < c->count; i++)
        if (!c->programs[i]->ended)
            client_request(c->client,
                           json_pack("{s:s s:I s:i}", "do", "signal", "exec", c->programs[i]->exec,
                                     "signal", SIGTERM),
                           NULL, 0, NULL, NULL, &ignored);
    return await(c, WAIT_DISMISS, timeout_ns, err);
}

void crew_tell(struct crew *c, unsigned node, const char *line)
{
    _cleanup_(freep) char *text = xasprintf("%s\n", line);
    for (size_t i = 0; i < c->count; i++) {
        const struct program *p = c->programs[i];
        if (p->task.node == node && p->input >= 0 && write(p->input, text, strlen(text)) < 0)
            log_debug("%s: %s does not listen", p->where, p->task.role);
    }
}

bool crew_print_last_words(const struct crew *c, const char **ret_log_file, FILE *out)
{
    const struct program *p = c->culprit;
    if (!p || p->log.lines < 2 || !p->log_file)
        return false;
    *ret_log_file = p->log_file;
    program_log_print_tail(&p->log, PROGRAM_LOG_TAIL, "    ", out);
    return true;
}

void crew_on_link(struct crew *c, void (*on_link)(json_t *event, void *arg), void *arg)
{
    c->on_link = on_link;
    c->link_arg = arg;
}

int crew_request(struct crew *c, json_t *request, json_t **ret, struct error *err)
{
    return client_request(c->client, request, NULL, 0, ret, NULL, err);
}

int crew_post(struct crew *c, json_t *request,
              void (*on_answer)(json_t *answer, const struct error *failure, void *arg), void *arg,
              struct error *err)
{
    json_int_t id;
    int r = client_post(c->client, request, &id, err);
    if (r < 0)
        return r;
    struct post *post = xcalloc(1, sizeof(*post));
    *post = (struct post){c->posts, id, on_answer, arg};
    c->posts = post;
    return 0;
}

void crew_set_alarm(struct crew *c, uint64_t when_ns, void (*on_alarm)(void *arg), void *arg)
{
    const struct itimerspec at = {
        .it_value = {(time_t)(when_ns / NS_PER_SEC), (long)(when_ns % NS_PER_SEC)}};
    const struct itimerspec never = {.it_value = {0, 0}};
    c->on_alarm = on_alarm;
    c->alarm_arg = arg;
    timerfd_settime(c->alarm, TFD_TIMER_ABSTIME, on_alarm ? &at : &never, NULL);
}

void crew_set_node(struct crew *c, unsigned node, enum crew_node state)
{
    c->nodes[node] = state;
    for (size_t i = 0; i < c->count; i++) {
        struct program *p = c->programs[i];
        if (p->task.node != node || p->ended)
            continue;
        p->excused |= state == CREW_NODE_ENDED;
        p->heard_ns = clock_monotonic_ns();
    }
}

enum crew_node crew_node(const struct crew *c, unsigned node)
{
    return c->nodes[node];
}

bool crew_node_is_ready(const struct crew *c, unsigned node)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct program *p = c->programs[i];
        if (p->task.node == node && p->task.service && !p->ended && !p->ready)
            return false;
    }
    return true;
}

int crew_status(struct crew *c, json_t **ret, struct error *err)
{
    json_t *answer;
    int r = crew_request(c, json_pack("{s:s}", "do", "status"), &answer, err);
    if (r < 0)
        return r;
    *ret = json_incref(json_object_get(answer, "status"));
    json_decref(answer);
    return 0;
}
