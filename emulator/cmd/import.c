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
#include "import/globe.h"
#include "import/network.h"

enum { FILE_MAX = 64 << 20 };

struct import_options {
    struct network_options network;
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

static int import_graphml(const struct import_options *o, const char *file, char *const *rest,
                          struct import *ret, struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    size_t size;
    struct error why;
    (void)rest;
    if (file_read(file, FILE_MAX, &text, &size, &why) < 0)
        return error_input(err, "%s:1:1: %s", file, why.text);
    return import_network(file, text, size, &o->network, ret, err);
}

static const struct format {
    const char *name;
    int arguments; /* beside the file */
    int (*convert)(const struct import_options *o, const char *file, char *const *rest,
                   struct import *ret, struct error *err);
} formats[] = {
    {"graphml", 0, import_graphml},
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
    .arguments = "graphml FILE",
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
        "the shortest paths in the conduits of the USA (arXiv:1811.10737).",
    .run = run,
};
