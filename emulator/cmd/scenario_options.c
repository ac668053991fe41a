/* SPDX-License-Identifier: MIT */
#include "cmd/scenario_options.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"
#include "wire/delayline/record.h"

bool scenario_option(struct scenario_options *o, int option, const char *argument)
{
    static char engine[64];
    switch (option) {
    case 'e':
        snprintf(engine, sizeof(engine), "engine=%s", argument);
        argument = engine;
        /* fall through */
    case 's':
        if (o->set_count == SETS_MAX)
            return false;
        o->sets[o->set_count++] = argument;
        return true;
    case 'v':
        log_threshold = log_threshold < LOG_LEVEL_INFO ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
        return true;
    default:
        return false;
    }
}

bool scenario_events(struct scenario_options *o, const char *file)
{
    static char *set;                                   /* as long as the command runs */
    _cleanup_(freep) char *path = realpath(file, NULL); /* NULL: it is refused by its name */
    json_t *events = json_pack("{s:s}", "file", path ? path : file);
    _cleanup_(freep) char *text = json_dumps(events, JSON_COMPACT);
    json_decref(events);
    free(set);
    set = xasprintf("events=%s", text ? text : "");
    if (o->set_count == SETS_MAX)
        return false;
    o->sets[o->set_count++] = set;
    return true;
}

static void print_step(const char *line, void *arg)
{
    (void)arg;
    log_info("%s", line);
}

lab_step *scenario_on_step(void)
{
    return log_threshold >= LOG_LEVEL_INFO ? print_step : NULL;
}

void scenario_quick(struct scenario_options *o)
{
    memmove(o->sets + 1, o->sets, o->set_count++ * sizeof(*o->sets));
    o->sets[0] = SCENARIO_QUICK;
}

bool scenario_file(struct scenario_options *o, int argc, char **argv)
{
    if (optind + 1 != argc)
        return false;
    o->file = argv[optind];
    return true;
}

int scenario_load(const struct scenario_options *o, struct scenario **ret, struct error *err)
{
    return scenario_open_one(o->file, o->sets, o->set_count, ret, err);
}

int scenario_open_fates(const char *path, struct scenario *s, int *ret_fd, struct error *err)
{
    if (s->engine == ENGINE_NETEM)
        return error_input(err,
                           "--fates %s: the engine netem does not tell what becomes of a "
                           "packet, expected engine delayline or auto",
                           path);
    if (!s->needs_delayline)
        s->needs_delayline = xstrdup("--fates: netem does not tell what becomes of a packet");
    return record_create(path, ret_fd, err);
}

int scenario_capture_option(struct capture_options *o, struct text *words, int option,
                            const char *argument, struct error *err)
{
    uint64_t bytes;
    if (option == 'c') {
        text_add(words, "%s%s", words->len > 0 ? "," : "", argument);
        o->wires = words->data;
        return 0;
    }
    if (units_parse_integer(argument, 14, CAPTURE_SNAP_LENGTH, &bytes, err) < 0)
        return error_wrap(err, "--snaplen");
    o->snap_length = (uint32_t)bytes;
    return 0;
}
