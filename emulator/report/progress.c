/* SPDX-License-Identifier: MIT */
#include "report/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { BAR_WIDTH = 40 };

bool progress_quiet = false;

void progress_stage(const char *stage, const char *fmt, ...)
{
    if (progress_quiet)
        return;
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, "  %-10s %s\n", stage, text);
}

void progress_text(const char *text)
{
    if (!progress_quiet)
        fputs(text, stderr);
}

void progress_count(const char *stage, size_t done, size_t count, const char *what)
{
    if (progress_quiet)
        return;
    log_info("# %s: %zu of %zu %s", stage, done, count, what);
    if (log_threshold >= LOG_LEVEL_INFO || !isatty(STDERR_FILENO))
        return;
    if (done < count)
        fprintf(stderr, "\r  %-10s %zu of %zu %s", stage, done, count, what);
    else
        fputs("\r\033[K", stderr);
}

void progress_bar_show(struct progress_bar *b, double share)
{
    double now = (double)clock_monotonic_ns() / 1e9;
    if (progress_quiet)
        return;
    if (b->started_s == 0)
        b->started_s = now;
    if (!isatty(STDERR_FILENO)) {
        int tenth = (int)(share * 10);
        if (tenth > b->last_tenth)
            progress_stage(b->stage, "%d %%", tenth * 10);
        b->last_tenth = tenth > b->last_tenth ? tenth : b->last_tenth;
        return;
    }
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < share * BAR_WIDTH ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r  %-10s [%s] %3.0f %%", b->stage, bar, share * 100);
    if (share > 0.02)
        fprintf(stderr, "  %.0f s left ", (now - b->started_s) * (1 - share) / share);
}

void progress_bar_end(struct progress_bar *b)
{
    (void)b;
    if (!progress_quiet && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}
