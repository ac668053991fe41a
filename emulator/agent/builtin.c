/* SPDX-License-Identifier: MIT */
#include "agent/builtin.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "agent/await.h"
#include "agent/facts.h"
#include "agent/probe.h"
#include "agent/train.h"
#include "agent/transfer.h"

int builtin_run(int argc, char *const *argv)
{
    static const struct {
        const char *name;
        int (*main)(int argc, char *const *argv);
    } builtins[] = {{"await", await_main},   {"facts", facts_main}, {"get", transfer_get},
                    {"list", transfer_list}, {"probe", probe_main}, {"put", transfer_put},
                    {"train", train_main}};
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
        if (strcmp(builtins[i].name, argv[0]) == 0)
            return builtins[i].main(argc, argv);
    fprintf(stderr, "there is no builtin '%s'\n", argv[0]);
    return 127;
}
