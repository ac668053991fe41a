/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "command.h"
#include "topology/scenario_decode.h"

#define EMBED(name, file)                                                                          \
    __asm__(".section .rodata\n"                                                                   \
            ".global " #name "\n" #name ": .incbin \"emulator/cmd/new/" file "\"\n"                \
            ".byte 0\n"                                                                            \
            ".previous\n");                                                                        \
    extern const char name[]

EMBED(new_yaml, "workload.yaml");
EMBED(new_program, "program.py");
EMBED(new_scenario, "scenario.yaml");
EMBED(new_readme, "README.md");

/* In names and contents this word stands for the workload's name. */
static const char placeholder[] = "NAME";

static char *fill_in(const char *text, const char *name)
{
    struct text out = {0};
    for (const char *found; (found = strstr(text, placeholder)); text = found + strlen(placeholder))
        text_add(&out, "%.*s%s", (int)(found - text), text, name);
    text_add(&out, "%s", text);
    return out.data;
}

static int write_file(const char *folder, const char *name, const char *template, const char *file,
                      mode_t mode, struct error *err)
{
    _cleanup_(freep) char *text = fill_in(template, name);
    _cleanup_(freep) char *file_name = fill_in(file, name);
    _cleanup_(freep) char *path = xasprintf("%s/%s", folder, file_name);
    int r = file_write(path, text, err);
    if (r == 0 && chmod(path, mode) < 0)
        r = error_errno(err, errno, "cannot set the mode of '%s'", path);
    return r;
}

static int write_workload(const char *folder, const char *name, struct error *err)
{
    if (mkdir(folder, 0755) < 0 && errno == EEXIST)
        return error_input(err, "'%s' is there already: expected the name of a new folder", folder);
    if (!file_exists(folder))
        return error_errno(err, errno, "cannot make the folder '%s'", folder);
    int r = write_file(folder, name, new_yaml, "workload.yaml", 0644, err);
    if (r == 0)
        r = write_file(folder, name, new_program, "NAME.py", 0755, err);
    if (r == 0)
        r = write_file(folder, name, new_scenario, "scenario.yaml", 0644, err);
    if (r == 0)
        r = write_file(folder, name, new_readme, "README.md", 0644, err);
    if (r < 0)
        file_remove_tree(folder, NULL);
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    if (argc != 3 || strcmp(argv[1], "workload") != 0 || *argv[2] == '-')
        return command_usage(command);
    _cleanup_(freep) char *folder = xstrdup(argv[2]);
    for (size_t len = strlen(folder); len > 1 && folder[len - 1] == '/'; len--)
        folder[len - 1] = '\0';
    const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
    int r = scenario_check_name(name, "a workload", &(struct mark){.file = "new workload"}, &err);
    if (r == 0)
        r = write_workload(folder, name, &err);
    if (r < 0)
        return command_failed(&err);
    printf("made %s: workload.yaml, %s.py, scenario.yaml, README.md; try: wanlab run "
           "%s/scenario.yaml\n",
           folder, name, folder);
    return STATUS_DONE;
}

const struct command command_new = {
    .name = "new",
    .arguments = "workload NAME",
    .summary = "makes a folder with a workload of your own to begin with",
    .notes = "NAME may be the path of a folder; it must not be there yet. The folder has a small "
             "program that runs at once, its workload.yaml, a scenario, and a README.",
    .run = run,
};
