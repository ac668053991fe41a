/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cmd/scenario_options.h"
#include "lab/client.h"
#include "lab/place.h"
#include "topology/graph.h"

static int graph_of_file(const struct scenario_options *o, FILE *out, struct error *err)
{
    struct scenario *s;
    struct plan *plan;
    int r = scenario_load(o, &s, err);
    if (r < 0)
        return r;
    r = plan_new(s, s->engine == ENGINE_AUTO ? ENGINE_DELAYLINE : s->engine, &plan, err);
    if (r == 0) {
        graph_print(plan, out);
        plan_free(plan);
    }
    scenario_free(s);
    return r;
}

static int graph_of_lab(const char *folder, FILE *out, struct error *err)
{
    json_t *graph;
    int r = client_ask(folder, "graph", &graph, err);
    if (r < 0)
        return r;
    fputs(json_string_value(graph), out);
    json_decref(graph);
    return 0;
}

/* A lab where one runs under that name, else a file. */
static int write_graph(const struct scenario_options *o, FILE *out, struct error *err)
{
    _cleanup_(freep) char *folder = NULL;
    if (place_of(o->file, &folder, NULL) == 0 && place_is_alive(folder))
        return graph_of_lab(folder, out, err);
    return graph_of_file(o, out, err);
}

/* Graphviz reads `dot` and writes to standard output. */
static int draw(int dot, struct error *err)
{
    static char *const argv[] = {"dot", "-Tsvg", NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    fflush(stdout);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, dot, STDIN_FILENO);
    int r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (r == ENOENT || r == EACCES)
        return error_machine(err, r,
                             "'dot' is not installed, needed for --svg (Debian package: graphviz)");
    if (r != 0)
        return error_errno(err, r, "cannot start 'dot'");
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0 ? 0 : error_set(err, EIO, "'dot' failed");
}

static int draw_svg(const struct scenario_options *o, struct error *err)
{
    _cleanup_(fd_closep) int fd = memfd_create("graph", MFD_CLOEXEC);
    _cleanup_(file_closep) FILE *out = fd >= 0 ? fdopen(dup(fd), "w") : NULL;
    if (!out)
        return error_errno(err, errno, "cannot make a memory file");
    int r = write_graph(o, out, err);
    if (r < 0)
        return r;
    fflush(out);
    lseek(fd, 0, SEEK_SET);
    return draw(fd, err);
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct scenario_options o = {0};
    struct error err;
    bool svg = false;
    for (int c; (c = command_option(command, argc, argv)) != -1;)
        if (c == 'S')
            svg = true;
        else if (!scenario_option(&o, c, optarg))
            return command_usage(command);
    if (!scenario_file(&o, argc, argv))
        return command_usage(command);
    place_sweep();
    int r = svg ? draw_svg(&o, &err) : write_graph(&o, stdout, &err);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_graph = {
    .name = "graph",
    .arguments = "FILE|LAB",
    .summary = "draws a topology, in Graphviz's language DOT or as SVG",
    .options =
        (const struct command_option[]){
            {.key = 'S', .name = "svg", .help = "draws it with Graphviz (package graphviz)"},
            SCENARIO_OPTIONS,
            {0},
        },
    .notes = "The drawing goes to standard output. Routers are octagons. A wan of more than four "
             "nodes is drawn as a hub "
             "with the range of its delays.",
    .run = run,
};
