/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

enum log_level log_threshold = LOG_LEVEL_WARN;

void log_message(enum log_level level, const char *fmt, ...)
{
    static const char *const prefix[] = {"wanlab: ", "wanlab: warning: ", "", ""};
    char line[4096]; /* one write per message, so that lines of several processes do not mix */
    int len = snprintf(line, sizeof(line), "%s", prefix[level]);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line + len, sizeof(line) - (size_t)len, fmt, ap);
    va_end(ap);
    fprintf(stderr, "%s\n", line);
}
