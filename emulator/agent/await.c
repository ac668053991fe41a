/* SPDX-License-Identifier: MIT
 *
 * A port is looked for in the kernel's tables and not connected to: services take a connection that
 * says nothing for an error, and one may listen at a single address.
 */
#include "agent/await.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
    STATE_LISTENS = 0x0A,     /* TCP */
    STATE_UNCONNECTED = 0x07, /* UDP: it takes from anybody */
    FIRST_PAUSE_US = 2000,
    LAST_PAUSE_US = 100000,
};

static bool has_port(const char *table, unsigned port, unsigned state)
{
    char line[512];
    unsigned its_port, its_state;
    _cleanup_(file_closep) FILE *in = fopen(table, "re");
    while (in && fgets(line, sizeof(line), in))
        if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*s %x", &its_port, &its_state) == 2 &&
            its_port == port && its_state == state)
            return true;
    return false;
}

/* Ends the waiting too if the command cannot be run. */
static int try_command(char *const *argv)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[0], argv);
        fprintf(stderr, "cannot run '%s': %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int try_once(const char *what, char *const *argv)
{
    if (strcmp(what, "command") == 0)
        return try_command(argv);
    unsigned port = (unsigned)strtoul(argv[0], NULL, 10);
    bool found = strcmp(what, "udp") == 0 ? has_port("/proc/net/udp", port, STATE_UNCONNECTED) ||
                                                has_port("/proc/net/udp6", port, STATE_UNCONNECTED)
                                          : has_port("/proc/net/tcp", port, STATE_LISTENS) ||
                                                has_port("/proc/net/tcp6", port, STATE_LISTENS);
    return found ? 0 : 1;
}

int await_main(int argc, char *const *argv)
{
    useconds_t pause_us = FIRST_PAUSE_US;
    int status;
    if (argc < 3)
        return 2;
    while ((status = try_once(argv[1], argv + 2)) != 0 && status != 127) {
        usleep(pause_us);
        pause_us = pause_us * 3 / 2 < LAST_PAUSE_US ? pause_us * 3 / 2 : LAST_PAUSE_US;
    }
    return status;
}
