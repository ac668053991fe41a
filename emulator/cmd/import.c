/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/units.h"
#include "command.h"
#include "import/containerlab.h"
#include "import/globe.h"
#include "import/latency.h"
#include "import/network.h"
#include "topology/yaml.h"

enum { FILE_MAX = 64 << 20 };

struct import_options {
    struct network_options network;
    struct containerlab_options containerlab;
    const char *p90;
    const char *out; /* NULL: standard output */
};

static int write_out(const struct import *i, const char *path, struct error *err)
{
    struct text text = {0};
    import_write(i, &text);
    _cleanup_(fd_closep) int fd =
        path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : dup(STDOUT_FILENO);
    int r = fd < 0 ? -errno : fd_write_all(fd, text.data, text.len);
    text_done(&text);
    return r < 0 ? error_errno(err, -r, "cannot write '%s'", path ? path : "standard output") : 0;
}

static int read_file(const char *file, char **ret_text, size_t *ret_size, struct error *err)
{
    struct error why;
    if (file_read(file, FILE_MAX, ret_text, ret_size, &why) < 0)
        return error_input(err, "%s:1:1: %s", file, why.text);
    return 0;
}

static int import_graphml(const struct import_options *o, const char *file, char *const *rest,
                          struct import *ret, struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    size_t size;
    (void)rest;
    int r = read_file(file, &text, &size, err);
    return r < 0 ? r : import_network(file, text, size, &o->network, ret, err);
}

static int import_clab(const struct import_options *o, const char *file, char *const *rest,
                       struct import *ret, struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    size_t size;
    (void)rest;
    int r = yaml_read(file, &text, &size, err);
    return r < 0 ? r : import_containerlab(file, text, size, &o->containerlab, ret, err);
}

/* A scenario names its matrix from its own folder, which is known here only if it is this one. */
static int import_matrix(const struct import_options *o, const char *file, char *const *rest,
                         struct import *ret, struct error *err)
{
    bool is_elsewhere = o->out && strchr(o->out, '/');
    _cleanup_(freep) char *absolute = is_elsewhere ? realpath(file, NULL) : NULL;
    const struct latency_options options = {absolute ? absolute : file, o->p90};
    return import_latency(file, rest[0], &options, ret, err);
}

static const struct format {
    const char *name;
    int arguments; /* beside the file */
    int (*convert)(const struct import_options *o, const char *file, char *const *rest,
                   struct import *ret, struct error *err);
} formats[] = {
    {"graphml", 0, import_graphml},
    {"containerlab", 0, import_clab},
    {"latency", 1, import_matrix},
    {NULL, 0, NULL},
};

static int read_detour(const char *text, double *ret, struct error *err)
{
    char *end;
    double value = strtod(text, &end);
    if (!*text || *end || !(value >= 1 && value <= 100))
        return error_input(err, "--detour: found '%s', expected a factor from 1 to 100", text);
    *ret = value;
    return 0;
}

static int read_option(struct import_options *o, int option, const char *argument,
                       struct error *err)
{
    switch (option) {
    case 'd':
        return read_detour(argument, &o->network.detour, err);
    case 'D':
        return units_parse_time(argument, &o->network.delay_ns, err);
    case 'r':
        return units_parse_rate(argument, &o->network.rate_bps, err);
    case 'i':
        o->network.internal = true;
        return 0;
    case 'P':
        o->containerlab.processes = true;
        return 0;
    case 'p':
        o->p90 = argument;
        return 0;
    default:
        o->out = argument;
        return 0;
    }
}

static enum exit_status convert(const struct format *f, const struct import_options *o,
                                char *const *words)
{
    struct import import = {0};
    struct error err;
    int r = f->convert(o, words[0], words + 1, &import, &err);
    for (size_t i = 0; r == 0 && i < import.warning_count; i++)
        log_warn("%s: %s", words[0], import.warnings[i]);
    if (r == 0)
        r = write_out(&import, o->out, &err);
    import_done(&import);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct import_options o = {.network = {.detour = FIBRE_DETOUR, .delay_ns = 1000000}};
    struct error err;
    for (int c; (c = command_option(command, argc, argv)) != -1;) {
        if (c == '?')
            return command_usage(command);
        if (read_option(&o, c, optarg, &err) < 0)
            return command_failed(&err);
    }
    for (const struct format *f = formats; f->name && argc - optind >= 2; f++)
        if (strcmp(f->name, argv[optind]) == 0 && argc - optind == 2 + f->arguments)
            return convert(f, &o, argv + optind + 1);
    return command_usage(command);
}

const struct command command_import = {
    .name = "import",
    .arguments = "graphml FILE | containerlab FILE | latency FILE REGION:COUNT,…",
    .summary = "makes a scenario of a description of a network in another format",
    .options =
        (const struct command_option[]){
            {.key = 'o',
             .name = "output",
             .argument = "FILE",
             .help = "writes the scenario there",
             .is_letter = true},
            {.key = 'd',
             .name = "detour",
             .argument = "FACTOR",
             .help = "graphml: how much longer fibre is than the straight line; default: 1.3"},
            {.key = 'D',
             .name = "delay",
             .argument = "TIME",
             .help = "graphml: delay of links whose length is not known; default: 1ms"},
            {.key = 'r',
             .name = "rate",
             .argument = "RATE",
             .help = "graphml: rate of links whose speed is not known; default: none"},
            {.key = 'i',
             .name = "internal",
             .help = "graphml: without the external nodes, which belong to others"},
            {.key = 'P',
             .name = "processes",
             .help = "containerlab: nodes are processes, without their images"},
            {.key = 'p',
             .name = "p90",
             .argument = "FILE",
             .help = "latency: a matrix of 90th percentiles, for jitter"},
            {0},
        },
    .notes =
        "The scenario goes to standard output. What was dropped or guessed is said as warnings, "
        "and "
        "in comments at its top.\n\n"
        "graphml: files like those of the Internet Topology Zoo. Every node is a router; a link's "
        "delay is the great circle between its ends' coordinates, times the detour, at 2/3 of the "
        "speed of light; its rate is LinkSpeedRaw, LinkSpeed, or what LinkLabel, LinkType or "
        "LinkNote name. A node without coordinates is put in the middle of its neighbours; several "
        "edges between two nodes are one link with the sum of their rates; edges of a node with "
        "itself are dropped. The default detour is the median that Bozkurt and others found for "
        "the shortest paths in the conduits of the USA (arXiv:1811.10737).\n\n"
        "containerlab: nodes with their images (kind docker), processors and memory; links with "
        "their MTU; bridges as networks. A node with several links becomes a router.\n\n"
        "latency: a wan over a matrix of latencies ('topologies/latency'), with so many nodes in "
        "each of the regions: us-east-1:3,eu-west-1:2. With --p90 the matrix is one of medians, "
        "and jitter is normal, such that 90 % of the round trips are below those of the second.",
    .run = run,
};
