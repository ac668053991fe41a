/* SPDX-License-Identifier: MIT
 *
 * What the commands that read a scenario have in common: FILE, --set, --engine, -v.
 */
#ifndef WANLAB_CMD_SCENARIO_OPTIONS_H
#define WANLAB_CMD_SCENARIO_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "command.h"
#include "lab/lab.h"
#include "topology/scenario.h"
#include "wire/capture.h"

enum { SETS_MAX = 64 };

struct scenario_options {
    const char *file;
    const char *sets[SETS_MAX + 1]; /* KEY=VALUE texts */
    size_t set_count;
};

/* To put into a command's options. */
#define SCENARIO_OPTIONS                                                                           \
    {                                                                                              \
        .key = 's',                                                                                \
        .name = "set",                                                                             \
        .argument = "KEY=VALUE",                                                                   \
        .help = "changes the file for this time, e.g. --set nodes.db.count=3",                     \
        .repeats = true,                                                                           \
    },                                                                                             \
        {                                                                                          \
            .key = 'e',                                                                            \
            .name = "engine",                                                                      \
            .argument = "netem|delayline|auto",                                                    \
            .help = "this one, whatever the file says",                                            \
        },                                                                                         \
    {                                                                                              \
        .key = 'v', .name = "verbose",                                                             \
        .help = "shows the kernel operations as ip and tc lines; twice: more", .is_letter = true,  \
        .repeats = true,                                                                           \
    }
#define SCENARIO_OPTION_NAME                                                                       \
    {                                                                                              \
        .key = 'n', .name = "name", .argument = "NAME",                                            \
        .help = "the lab's name; default: the scenario's", .is_letter = true,                      \
    }
#define SCENARIO_OPTION_PIN                                                                        \
    {                                                                                              \
        .key = 'p', .name = "pin",                                                                 \
        .help = "nodes are reached by 'ip netns exec NAME-NODE' too; root only",                   \
    }
#define SCENARIO_OPTION_FATES                                                                      \
    {                                                                                              \
        .key = 'f', .name = "fates", .argument = "FILE",                                           \
        .help = "records what becomes of each packet; 'wanlab fates FILE' prints it",              \
    }
#define SCENARIO_OPTION_EVENTS                                                                     \
    {                                                                                              \
        .key = 'E', .name = "events", .argument = "FILE",                                          \
        .help = "these instead of the scenario's: the events.jsonl of another run",                \
    }
#define SCENARIO_OPTIONS_CAPTURE                                                                   \
    {                                                                                              \
        .key = 'c',                                                                                \
        .name = "pcap",                                                                            \
        .argument = "WIRE,…|all",                                                                  \
        .help = "captures what passes over wires, into pcapng files",                              \
        .repeats = true,                                                                           \
    },                                                                                             \
    {                                                                                              \
        .key = 'l', .name = "snaplen", .argument = "BYTES",                                        \
        .help = "so much of each captured packet; default: all of it",                             \
    }
#define SCENARIO_OPTION_QUIET                                                                      \
    {                                                                                              \
        .key = 'q', .name = "quiet", .help = "shows no progress", .is_letter = true,               \
    }

/* The events of FILE, from the working folder, in place of the scenario's. False: too many --set.
 */
bool scenario_events(struct scenario_options *o, const char *file);

/* Handles one of the options above; false if it is none of them or wrong (the usage is due). */
bool scenario_option(struct scenario_options *o, int option, const char *argument);

/* Prints each step where -v was given; else NULL. */
lab_step *scenario_on_step(void);

/* The file's short form, before what --set changes. */
void scenario_quick(struct scenario_options *o);

/* Takes FILE, the only word left at argv[optind]; false if there is none or more than one. */
bool scenario_file(struct scenario_options *o, int argc, char **argv);

/* Reads the scenario for one lab, without its sweep. */
int scenario_load(const struct scenario_options *o, struct scenario **ret, struct error *err);

/* Takes an option of a capture: 0, or -EINVAL with what is wrong with its argument. Names of wires
 * from several --pcap are put together in `words`. */
int scenario_capture_option(struct capture_options *o, struct text *words, int option,
                            const char *argument, struct error *err);

/* Makes the file of --fates, and has the scenario run on the delay line, which alone can write it.
 */
int scenario_open_fates(const char *path, struct scenario *s, int *ret_fd, struct error *err);

#endif
