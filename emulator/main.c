/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/version.h"
#include "command.h"

const struct command *const commands[] = {
    &command_check,    &command_plan,   &command_graph,  &command_up,      &command_down,
    &command_ls,       &command_status, &command_exec,   &command_shell,   &command_cp,
    &command_pause,    &command_resume, &command_stop,   &command_kill,    &command_restart,
    &command_verify,   &command_run,    &command_sweep,  &command_compare, &command_report,
    &command_timeline, &command_new,    &command_import, &command_image,   &command_doctor,
    &command_fates,    &command_link,   &command_event,  &command_help,    NULL,
};

/* Descriptors 0 to 2 have to be open, or the next file would get such a number and be taken for
 * standard output; and a lab of many nodes has many descriptors open. */
static void set_up_descriptors(void)
{
    struct rlimit limit;
    int fd;
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
        continue;
    if (fd > STDERR_FILENO)
        close(fd);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A command without options may be one that passes words on to another program. */
static bool asks_for_help(const struct command *command, int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 && (i == 2 || command->options))
            return true;
    return false;
}

int main(int argc, char **argv)
{
    set_up_descriptors();
    if (argc < 2) {
        command_print_all(stderr);
        return STATUS_INPUT;
    }
    if (strcmp(argv[1], "--help") == 0)
        argv[1] = (char *)command_help.name;
    if (strcmp(argv[1], "--version") == 0) {
        printf("wanlab %s\n", wanlab_version);
        return STATUS_DONE;
    }
    for (const struct command *const *c = commands; *c; c++)
        if (strcmp((*c)->name, argv[1]) == 0 && asks_for_help(*c, argc, argv))
            return (int)command_explain(*c, stdout);
        else if (strcmp((*c)->name, argv[1]) == 0)
            return (int)(*c)->run(*c, argc - 1, argv + 1);
    log_error("unknown command '%s' ('wanlab help' lists them)", argv[1]);
    return STATUS_INPUT;
}
