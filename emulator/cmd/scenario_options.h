/* SPDX-License-Identifier: MIT
 *
 * What the commands that read a scenario have in common: FILE, --set, --engine, -v.
 */
#ifndef WANLAB_CMD_SCENARIO_OPTIONS_H
#define WANLAB_CMD_SCENARIO_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "command.h"
#include "topology/scenario.h"

enum { SETS_MAX = 64 };

struct scenario_options {
    const char *file;
    const char *sets[SETS_MAX + 1]; /* KEY=VALUE texts */
    size_t set_count;
};

/* To put into a command's own getopt_long tables. */
#define SCENARIO_SHORT_OPTIONS "v"
#define SCENARIO_LONG_OPTIONS                                                                      \
    {"set", required_argument, NULL, 's'}, {"engine", required_argument, NULL, 'e'},               \
        {"verbose", no_argument, NULL, 'v'},                                                       \
    {                                                                                              \
        "help", no_argument, NULL, 'h'                                                             \
    }
#define SCENARIO_OPTIONS_HELP                                                                      \
    "  --set KEY=VALUE   changes the file for this time, e.g. --set nodes.db.count=3\n"            \
    "  --engine NAME     netem, delayline or auto, whatever the file says\n"                       \
    "  -v                shows the kernel operations as ip and tc lines; twice: more\n"

/* Handles one of the options above; false if it is none of them or wrong (the usage is due). */
bool scenario_option(struct scenario_options *o, int option, const char *argument);

/* The file's short form, before what --set changes. */
void scenario_quick(struct scenario_options *o);

/* Takes FILE, the only word left at argv[optind]; false if there is none or more than one. */
bool scenario_file(struct scenario_options *o, int argc, char **argv);

/* Reads the scenario for one lab, without its sweep. */
int scenario_load(const struct scenario_options *o, struct scenario **ret, struct error *err);

#endif
