/* SPDX-License-Identifier: MIT */
#include "topology/trace.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "topology/yaml.h"

enum { FILE_SIZE_MAX = 64 << 20, CELLS_MAX = 4 };
enum column { COLUMN_TIME, COLUMN_DELAY, COLUMN_LOSS, COLUMN_RATE, COLUMNS };

static const char *const column_names[] = {"time", "delay", "loss", "rate"};

struct reader {
    struct trace *trace;
    enum column columns[CELLS_MAX]; /* of a table, in the file's order */
    size_t column_count;
    struct mark mark;
};

DEFINE_CLEANUP(struct trace *, trace_free);

void trace_free(struct trace *t)
{
    if (!t)
        return;
    free(t->path);
    free(t->deliveries);
    free(t->rows);
    free(t);
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

static int read_delivery(struct reader *r, const char *text, struct error *err)
{
    struct trace *t = r->trace;
    uint64_t ms;
    if (units_parse_integer(text, 0, 3600000000ULL, &ms, err) < 0)
        return yaml_wrap(err, &r->mark);
    uint64_t at_ns = ms * NS_PER_MS;
    if (t->count > 0 && at_ns < t->deliveries[t->count - 1])
        return yaml_error(err, &r->mark, "found %s after %llu, expected times that do not go back",
                          text, (unsigned long long)(t->deliveries[t->count - 1] / NS_PER_MS));
    t->deliveries = array_grow(t->deliveries, t->count, sizeof(*t->deliveries));
    t->deliveries[t->count++] = at_ns;
    return 0;
}

static int read_header(struct reader *r, char *line, struct error *err)
{
    bool seen[COLUMNS] = {false};
    for (char *cell; (cell = strsep(&line, ","));) {
        const char *name = trim(cell);
        size_t c = 0;
        while (c < COLUMNS && strcmp(name, column_names[c]) != 0)
            c++;
        bool in_order = r->column_count > 0 || c == COLUMN_TIME;
        if (c == COLUMNS || seen[c] || !in_order)
            return yaml_error(err, &r->mark,
                              "found the column '%.20s', expected 'time', then delay, loss or "
                              "rate, each once; or a file of packet-delivery times in ms",
                              name);
        seen[c] = true;
        r->columns[r->column_count++] = (enum column)c;
    }
    if (r->column_count < 2)
        return yaml_error(err, &r->mark, "found only times, expected also delay, loss or rate");
    r->trace->has_delay = seen[COLUMN_DELAY];
    r->trace->has_loss = seen[COLUMN_LOSS];
    r->trace->has_rate = seen[COLUMN_RATE];
    return 0;
}

static int read_cell(enum column column, const char *text, struct trace_row *row, struct error *err)
{
    switch (column) {
    case COLUMN_TIME:
        return units_parse_time(text, &row->at_ns, err);
    case COLUMN_DELAY:
        return units_parse_time(text, &row->delay_ns, err);
    case COLUMN_LOSS:
        return units_parse_share(text, &row->loss, err);
    default:
        return units_parse_rate(text, &row->rate_bps, err);
    }
}

static int read_row(struct reader *r, char *line, struct error *err)
{
    struct trace *t = r->trace;
    struct trace_row row = {0};
    size_t i = 0;
    char *start = line;
    for (char *cell; (cell = strsep(&line, ",")); i++) {
        char *text = trim(cell);
        r->mark.column = (unsigned)(text - start) + 1;
        if (i == r->column_count)
            return yaml_error(err, &r->mark, "more cells than the header's %zu", r->column_count);
        if (read_cell(r->columns[i], text, &row, err) < 0)
            return yaml_wrap(err, &r->mark);
    }
    r->mark.column = 1;
    if (i < r->column_count)
        return yaml_error(err, &r->mark, "found %zu cells, expected the header's %zu", i,
                          r->column_count);
    if (t->count == 0 ? row.at_ns != 0 : row.at_ns <= t->rows[t->count - 1].at_ns)
        return yaml_error(err, &r->mark, "expected times that begin with 0s and grow");
    t->rows = array_grow(t->rows, t->count, sizeof(*t->rows));
    t->rows[t->count++] = row;
    return 0;
}

/* The first line tells which kind of file it is. */
static int read_line(struct reader *r, char *line, struct error *err)
{
    line[strcspn(line, "#")] = '\0';
    line = trim(line);
    r->mark.column = 1;
    if (!*line)
        return 0;
    struct trace *t = r->trace;
    if (t->count == 0 && r->column_count == 0 && !isdigit((unsigned char)*line)) {
        t->kind = TRACE_ROWS;
        return read_header(r, line, err);
    }
    return t->kind == TRACE_ROWS ? read_row(r, line, err) : read_delivery(r, line, err);
}

static void sum_up_rows(struct trace *t)
{
    uint64_t last = t->rows[t->count - 1].at_ns;
    t->period_ns = t->count > 1 ? 2 * last - t->rows[t->count - 2].at_ns : NS_PER_SEC;
    t->delay_min_ns = t->rows[0].delay_ns;
    uint64_t silent_ns = 0;
    for (const struct trace_row *row = t->rows; row < t->rows + t->count; row++) {
        uint64_t end_ns = row + 1 < t->rows + t->count ? row[1].at_ns : t->period_ns;
        t->loss_mean += row->loss * (double)(end_ns - row->at_ns) / (double)t->period_ns;
        silent_ns = t->has_rate && row->rate_bps == 0 ? silent_ns + end_ns - row->at_ns : 0;
        if (silent_ns > t->silence_ns)
            t->silence_ns = silent_ns;
        if (row->rate_bps > 0 && (t->rate_min_bps == 0 || row->rate_bps < t->rate_min_bps))
            t->rate_min_bps = row->rate_bps;
        if (row->rate_bps > t->rate_bps)
            t->rate_bps = t->rate_peak_bps = row->rate_bps;
        if (row->delay_ns < t->delay_min_ns)
            t->delay_min_ns = row->delay_ns;
        if (row->delay_ns > t->delay_max_ns)
            t->delay_max_ns = row->delay_ns;
    }
}

/* The most opportunities within a time, and the longest time between two. */
static void find_extremes(struct trace *t)
{
    const uint64_t window_ns = 10 * NS_PER_MS;
    size_t most = 0;
    t->silence_ns = t->deliveries[0];
    for (size_t i = 0, first = 0; i < t->count; i++) {
        while (t->deliveries[first] + window_ns <= t->deliveries[i])
            first++;
        most = i + 1 - first > most ? i + 1 - first : most;
        if (i > 0 && t->deliveries[i] - t->deliveries[i - 1] > t->silence_ns)
            t->silence_ns = t->deliveries[i] - t->deliveries[i - 1];
    }
    t->rate_peak_bps = most * TRACE_OPPORTUNITY * 8 * (NS_PER_SEC / window_ns);
    if (t->rate_peak_bps < t->rate_bps)
        t->rate_peak_bps = t->rate_bps;
}

static int sum_up(struct trace *t, const struct mark *mark, struct error *err)
{
    if (t->count == 0)
        return yaml_error(err, mark,
                          "the trace is empty, expected packet-delivery times or rows of "
                          "time,delay,loss,rate");
    if (t->kind == TRACE_ROWS) {
        sum_up_rows(t);
        return 0;
    }
    t->period_ns = t->deliveries[t->count - 1];
    if (t->period_ns == 0)
        return yaml_error(err, mark, "the trace lasts 0 ms, expected a last time above zero");
    double rate = (double)t->count * TRACE_OPPORTUNITY * 8 * 1e9 / (double)t->period_ns;
    t->rate_bps = t->rate_min_bps = rate < 1 ? 1 : (uint64_t)rate;
    find_extremes(t);
    return 0;
}

int trace_open(const char *path, const char *name, struct trace **ret, struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    _cleanup_(trace_freep) struct trace *t = xcalloc(1, sizeof(*t));
    struct reader reader = {.trace = t, .mark = {.file = path, .line = 1, .column = 1}};
    t->path = xstrdup(name);
    int r = yaml_read_foreign(path, FILE_SIZE_MAX, &text, err);
    char *rest = text;
    for (char *line; r == 0 && (line = strsep(&rest, "\n")); reader.mark.line++)
        r = read_line(&reader, line, err);
    reader.mark = (struct mark){.file = path, .line = 1, .column = 1};
    if (r == 0)
        r = sum_up(t, &reader.mark, err);
    if (r == 0)
        *ret = TAKE_PTR(t);
    return r;
}

const struct trace_row *trace_row_at(const struct trace *t, bool hold, uint64_t time_ns,
                                     uint64_t *ret_until_ns)
{
    uint64_t begin = hold ? 0 : time_ns / t->period_ns * t->period_ns;
    size_t low = 0, high = t->count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (t->rows[middle].at_ns <= time_ns - begin)
            low = middle;
        else
            high = middle;
    }
    if (high < t->count)
        *ret_until_ns = begin + t->rows[high].at_ns;
    else
        *ret_until_ns = hold ? UINT64_MAX : begin + t->period_ns;
    return &t->rows[low];
}

uint64_t trace_delivery_ns(const struct trace *t, uint64_t n)
{
    return n / t->count * t->period_ns + t->deliveries[n % t->count];
}

uint64_t trace_delivery_from(const struct trace *t, uint64_t time_ns)
{
    uint64_t round = time_ns / t->period_ns, in_round = time_ns % t->period_ns;
    size_t low = 0, high = t->count;  /* the first at or after lies in low … high */
    if (in_round == 0 && round > 0) { /* the last of the round before is at this very time */
        round--;
        in_round = t->period_ns;
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (t->deliveries[middle] < in_round)
            low = middle + 1;
        else
            high = middle;
    }
    return round * t->count + low;
}
