/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "command.h"
#include "lab/image.h"

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    const char *packages = NULL;
    _cleanup_(freep) char *folder = NULL;
    struct error err;
    bool is_new;
    for (int c; (c = command_option(command, argc, argv)) != -1;) {
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
    .arguments = "build NAME",
    .summary = "makes a root for containers out of Debian packages, once",
    .options =
        (const struct command_option[]){
            {
                .key = 'p',
                .name = "packages",
                .argument = "A,B,…",
                .help = "what the image has beside Debian's essential packages",
            },
            {0},
        },
    .notes =
        "Nodes of kind container take it by 'image: NAME'. To build it anew, remove its folder.",
    .run = run,
};
