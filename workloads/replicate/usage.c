/* SPDX-License-Identifier: MIT */
#include "usage.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"

enum { PID_MAX_LEN = 32, NET_DEV_MAX = 1 << 20 };

static double client_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double server_s(const char *folder)
{
    _cleanup_(freep) char *path = xasprintf("%s/mariadb.pid", folder ? folder : "");
    _cleanup_(freep) char *text = NULL;
    _cleanup_(freep) struct proc *list = NULL;
    if (file_read(path, PID_MAX_LEN, &text, NULL, NULL) < 0)
        return NAN;
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    size_t count = proc_list(&list);
    for (size_t i = 0; i < count; i++)
        if (list[i].pid == pid)
            return (double)list[i].cpu_ns / (double)NS_PER_SEC;
    return NAN;
}

void usage_parse_net_dev(const char *text, struct usage *ret)
{
    ret->sent_bytes = ret->received_bytes = 0;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        uint64_t received, sent;
        char name[32];
        line += *line == '\n';
        if (sscanf(line, " %31[^: ]: %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name,
                   &received, &sent) != 3 ||
            strcmp(name, "lo") == 0)
            continue;
        ret->received_bytes += (double)received;
        ret->sent_bytes += (double)sent;
    }
}

void usage_read(const char *folder, struct usage *ret)
{
    _cleanup_(freep) char *text = NULL;
    *ret = (struct usage){.client_s = client_s(), .server_s = server_s(folder)};
    if (file_read("/proc/net/dev", NET_DEV_MAX, &text, NULL, NULL) == 0)
        usage_parse_net_dev(text, ret);
    else
        ret->sent_bytes = ret->received_bytes = NAN;
}
