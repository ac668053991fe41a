/* SPDX-License-Identifier: MIT
 *
 * An event by hand. The lab, which knows its names, says what the entry comes to: single actions
 * with their times. They are carried out here, one after the other.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/print.h"
#include "cmd/remote.h"
#include "command.h"
#include "experiment/events.h"
#include "lab/client.h"
#include "lab/place.h"

struct doing {
    const char *lab, *folder;
    struct client *client;
    bool json;
    json_t *done; /* what is to be printed at the end, for programs */
};

static int run_command(const struct doing *d, json_t *asked, struct error *err)
{
    static const int fds[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    char *argv[] = {"sh", "-c", (char *)json_text_of(asked, "command"), NULL};
    json_t *node;
    size_t i;
    int r = 0;
    json_array_foreach(json_object_get(asked, "nodes"), i, node)
    {
        struct remote remote;
        const char *name = json_string_value(node);
        json_t *request = json_pack("{s:s s:s s:i}", "do", "exec", "node", name, "fds", 3);
        r = remote_start(d->lab, argv, request, fds, 3, &remote, err);
        if (r < 0)
            return r;
        r = remote_await_exit(&remote, err);
        client_close(remote.client);
        if (r > 0)
            return error_set(err, EIO, "node '%s': the command ended with status %d", name, r);
        if (r < 0)
            return r;
    }
    return 0;
}

static int act(struct doing *d, json_t *event, struct error *err)
{
    const char *kind = json_text_of(event, "kind");
    json_t *asked = json_object_get(event, "asked"), *answer = NULL;
    if (strcmp(kind, "command") == 0)
        return run_command(d, asked, err);
    int r = client_request(d->client, events_request(kind, asked, d->folder, false), NULL, 0,
                           &answer, NULL, err);
    if (r < 0)
        return r;
    json_t *change = json_object_get(answer, "change");
    if (d->json) {
        json_object_update(event, change);
        json_array_append(d->done, event);
    } else {
        _cleanup_(freep) char *text =
            json_dumps(json_object_get(asked, kind), JSON_ENCODE_ANY | JSON_COMPACT);
        printf("%s%s%s %s: ", kind, *json_text_of(asked, "name") ? " " : "",
               json_text_of(asked, "name"), text);
        print_change(change);
        fflush(stdout);
    }
    json_decref(answer);
    return 0;
}

static void wait_until(uint64_t when_ns)
{
    const struct timespec at = {(time_t)(when_ns / NS_PER_SEC), (long)(when_ns % NS_PER_SEC)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

static int act_all(struct doing *d, json_t *events, struct error *err)
{
    const uint64_t zero_ns = clock_monotonic_ns();
    json_t *event;
    size_t i;
    int r = 0;
    json_array_foreach(events, i, event)
    {
        wait_until(zero_ns + (uint64_t)(json_number_of(event, "at_s") * 1e9));
        r = act(d, event, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int do_event(struct doing *d, const char *entry, struct error *err)
{
    _cleanup_(freep) char *here = getcwd(NULL, 0);
    _cleanup_(freep) char *files = xasprintf("%s/", here ? here : "");
    json_t *answer;
    int r = client_open_lab(d->lab, &d->client, err);
    if (r < 0)
        return r;
    d->folder = files;
    client_set_timeout(d->client, 0); /* a boot has its own deadline */
    r = client_request(d->client, json_pack("{s:s s:s}", "do", "events", "entry", entry), NULL, 0,
                       &answer, NULL, err);
    if (r == 0) {
        r = act_all(d, json_object_get(answer, "events"), err);
        json_decref(answer);
    }
    client_close(d->client);
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    const int json = command_json(command, argc, argv);
    if (json < 0 || optind + 2 != argc)
        return command_usage(command);
    struct doing d = {.lab = argv[optind], .json = json, .done = json_array()};
    place_sweep();
    int r = do_event(&d, argv[optind + 1], &err);
    if (json && r == 0)
        print_json_facts(json_pack("{s:O}", "events", d.done));
    json_decref(d.done);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_event = {
    .name = "event",
    .arguments = "LAB EVENT",
    .summary = "makes something happen in a lab that runs, as an entry of a scenario's events",
    .options = (const struct command_option[]){COMMAND_OPTION_JSON, {0}},
    .notes =
        "EVENT is an entry as it stands under 'events' in a scenario file; its times count from "
        "now. Each action prints when it took effect, and the time from its first wire or node to "
        "the last.\n"
        "\n"
        "For example: wanlab event LAB '{partition: [[db1], [db2, db3]], for: 5s}'",
    .run = run,
};
