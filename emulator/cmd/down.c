/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "command.h"
#include "lab/lab.h"
#include "lab/place.h"

enum { TIMEOUT_MAX_S = 3600 };

static const struct command_option options[] = {
    {.key = 't',
     .name = "timeout",
     .argument = "TIME",
     .help = "how long it may take until the last process has ended (30s and 20ms a node)"},
    {0},
};

static int read_timeout(const char *text, unsigned *ret_ms, struct error *err)
{
    uint64_t ns;
    int r = units_parse_time(text, &ns, err);
    if (r == 0 && (ns < NS_PER_MS || ns > TIMEOUT_MAX_S * NS_PER_SEC))
        r = error_input(err, "'%s' is out of range: expected 1ms to 1h", text);
    if (r < 0)
        return error_wrap(err, "--timeout");
    *ret_ms = (unsigned)(ns / NS_PER_MS);
    return 0;
}

static int end_lab(const char *name, unsigned timeout_ms, struct error *err)
{
    _cleanup_(freep) char *folder = NULL;
    int r = place_of(name, &folder, err);
    if (r < 0)
        return r;
    if (!place_is_alive(folder))
        return error_input(err, "no lab '%s' is running ('wanlab ls' lists those that are)", name);
    r = lab_down(folder, timeout_ms, err);
    return r < 0 ? error_wrap(err, "lab '%s'", name) : 0;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    unsigned timeout_ms = 0;
    for (int c; (c = command_option(command, argc, argv)) != -1;) {
        if (c != 't')
            return STATUS_INPUT;
        if (read_timeout(optarg, &timeout_ms, &err) < 0)
            return command_failed(&err);
    }
    if (argc - optind != 1)
        return command_usage(command);
    place_sweep();
    return end_lab(argv[optind], timeout_ms, &err) < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_down = {
    .name = "down",
    .arguments = "LAB",
    .summary = "ends a lab and returns when it is gone",
    .options = options,
    .run = run,
};
