/* SPDX-License-Identifier: MIT */
#include "experiment/program_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

void program_log_init(struct program_log *l, FILE *out, double start_s, uint64_t limit)
{
    *l = (struct program_log){.out = out, .start_s = start_s, .limit = limit};
    l->tail = xcalloc(PROGRAM_LOG_TAIL, sizeof(*l->tail));
}

void program_log_add(struct program_log *l, const char *line)
{
    char at[32];
    size_t len = strlen(line);
    double now_s = (double)clock_realtime_ns() / 1e9 - l->start_s;
    size_t size = (size_t)snprintf(at, sizeof(at), "%.6f ", now_s) + len + 1;
    snprintf(l->tail[l->lines++ % PROGRAM_LOG_TAIL], PROGRAM_LOG_LINE, "%s%s", at, line);
    if (l->cut_lines > 0 || l->written + size > l->limit) { /* from the first one on */
        l->cut_bytes += size;
        l->cut_lines++;
        return;
    }
    l->written += size;
    if (l->out)
        fprintf(l->out, "%s%s\n", at, line);
}

void program_log_print_tail(const struct program_log *l, size_t count, const char *indent,
                            FILE *out)
{
    if (count > PROGRAM_LOG_TAIL)
        count = PROGRAM_LOG_TAIL;
    for (size_t i = l->lines > count ? l->lines - count : 0; i < l->lines; i++)
        fprintf(out, "%s%s\n", indent, l->tail[i % PROGRAM_LOG_TAIL]);
}

void program_log_done(struct program_log *l)
{
    if (l->out && l->cut_lines > 0) {
        fprintf(l->out,
                "[wanlab: from here on %llu lines (%llu bytes) are cut, but for the last:]\n",
                (unsigned long long)l->cut_lines, (unsigned long long)l->cut_bytes);
        program_log_print_tail(l, l->cut_lines < PROGRAM_LOG_TAIL ? l->cut_lines : PROGRAM_LOG_TAIL,
                               "", l->out);
    }
    if (l->out)
        fclose(l->out);
    free(l->tail);
    *l = (struct program_log){0};
}
