/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "command.h"
#include "lab/image.h"

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    static const struct option options[] = {
        {"packages", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *packages = NULL;
    _cleanup_(freep) char *folder = NULL;
    struct error err;
    bool is_new;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'h')
            return command_help(command);
        if (c != 'p')
            return command_usage(command);
        packages = optarg;
    }
    if (optind + 2 != argc || strcmp(argv[optind], "build") != 0)
        return command_usage(command);
    const char *name = argv[optind + 1];
    if (image_build(name, packages, &folder, &is_new, &err) < 0)
        return command_failed(&err);
    printf("image %s: %s %s\n", name, is_new ? "built in" : "is there already in", folder);
    return STATUS_DONE;
}

const struct command command_image = {
    .name = "image",
    .usage = "build NAME [--packages A,B,…]",
    .summary = "makes a root for containers out of Debian packages, once",
    .options = "  --packages A,B,…  what the image has beside Debian's essential packages\n"
               "\nNodes of kind container take it by 'image: NAME'. To build it anew, remove its "
               "folder.\n",
    .run = run,
};
