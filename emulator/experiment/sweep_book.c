/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_book.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { LINES_SIZE_MAX = 1 << 30 };

char *sweep_point_text(json_t *point)
{
    struct text text = {0};
    const char *key;
    json_t *value;
    json_object_foreach(point, key, value)
    {
        text_add(&text, "%s%s=%s", text.len ? ", " : "", key, json_string_value(value));
    }
    return text.data ? text.data : xstrdup("");
}

static enum verdict verdict_of(const char *name)
{
    for (enum verdict v = VERDICT_TRUSTED; v < VERDICT_BROKEN; v++)
        if (name && strcmp(name, verdict_name(v)) == 0)
            return v;
    return VERDICT_BROKEN;
}

/* Takes a line into the records, consuming it. */
static int take_line(struct sweep_book *b, json_t *line, struct error *err)
{
    const char *outcome = "", *verdict = NULL;
    json_t *point = NULL, *measures = NULL;
    int repeat = 0, status = 0, emulated = 0;
    double took = 0, guess = 0;
    json_error_t why;
    if (json_unpack_ex(line, &why, 0, "{s:o s:i s:s s?s s?i s?o s:F s?F s?b}", "point", &point,
                       "repeat", &repeat, "outcome", &outcome, "verdict", &verdict, "status",
                       &status, "measures", &measures, "took_s", &took, "guess_s", &guess,
                       "emulated", &emulated) < 0) {
        json_decref(line);
        return error_input(err, "%s", why.text);
    }
    bool failed = strcmp(outcome, "done") != 0;
    b->records = array_grow(b->records, b->record_count, sizeof(*b->records));
    b->records[b->record_count++] = (struct sweep_record){
        .line = line,
        .point = sweep_point_text(point),
        .repeat = (unsigned)repeat,
        .failed = failed,
        .for_good = failed && status != STATUS_MACHINE,
        .verdict = verdict_of(verdict),
        .took_s = took,
        .guess_s = guess,
        .measures = failed ? NULL : measures,
        .emulated = emulated,
    };
    return 0;
}

/* Reads points.jsonl; `*ret_whole` is the length up to the last line's end. */
static int read_lines(struct sweep_book *b, const char *path, size_t *ret_whole, struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    size_t size = 0, number = 0;
    *ret_whole = 0;
    int r = file_exists(path) ? file_read(path, LINES_SIZE_MAX, &text, &size, err) : 0;
    char *end;
    for (char *line = text; r == 0 && line && (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        json_error_t why;
        json_t *object = json_loads(line, 0, &why);
        number++;
        r = object ? take_line(b, object, err) : error_input(err, "%s", why.text);
        if (r < 0)
            return error_wrap(err, "%s:%zu:1", path, number);
        *ret_whole = (size_t)(end + 1 - text);
    }
    return r;
}

static bool is_on_record(const struct sweep_book *b, const char *run)
{
    for (size_t i = 0; i < b->record_count; i++) {
        const char *name = json_string_value(json_object_get(b->records[i].line, "run"));
        if (name && strcmp(name, run) == 0)
            return true;
    }
    return false;
}

/* The folders of runs that were cut off. */
static int remove_strays(const struct sweep_book *b, struct error *err)
{
    _cleanup_(dir_closep) DIR *dir = opendir(b->folder);
    if (!dir)
        return error_errno(err, errno, "cannot read the folder '%s'", b->folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        bool is_run =
            strncmp(entry->d_name, "point-", 6) == 0 || strncmp(entry->d_name, "warmup", 6) == 0;
        if (!is_run || is_on_record(b, entry->d_name))
            continue;
        _cleanup_(freep) char *path = xasprintf("%s/%s", b->folder, entry->d_name);
        log_warn("'%s' is of a run that was cut off: it is removed", path);
        int r = file_remove_tree(path, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static const char *text_of(json_t *about, const char *key)
{
    const char *text = json_string_value(json_object_get(about, key));
    return text ? text : "?";
}

static int load_about(const char *folder, json_t **ret, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/sweep.json", folder);
    if (!file_exists(path))
        return error_input(err, "the folder '%s' exists and is no sweep's: it has no sweep.json",
                           folder);
    return json_file_read(path, ret, err);
}

static int check_format(const char *folder, json_t *theirs, json_t *ours, struct error *err)
{
    json_int_t a = json_integer_value(json_object_get(theirs, "format"));
    json_int_t b = json_integer_value(json_object_get(ours, "format"));
    if (a == b)
        return 0;
    return error_input(err, "'%s' has format %lld, of wanlab %s; this is %s with format %lld",
                       folder, (long long)a, text_of(theirs, "wanlab"), text_of(ours, "wanlab"),
                       (long long)b);
}

static int check_same(const char *folder, json_t *theirs, json_t *ours, struct error *err)
{
    int r = check_format(folder, theirs, ours, err);
    if (r < 0)
        return r;
    if (strcmp(text_of(theirs, "wanlab"), text_of(ours, "wanlab")) != 0)
        return error_input(err,
                           "'%s' was begun by wanlab %s, this is %s: measurements of two versions "
                           "do not belong together",
                           folder, text_of(theirs, "wanlab"), text_of(ours, "wanlab"));
    if (strcmp(text_of(theirs, "scenario_hash"), text_of(ours, "scenario_hash")) != 0)
        return error_input(err,
                           "'%s' is of another scenario: it has %s with hash %s, this is %s with "
                           "hash %s",
                           folder, text_of(theirs, "file"), text_of(theirs, "scenario_hash"),
                           text_of(ours, "file"), text_of(ours, "scenario_hash"));
    return 0;
}

static int lock_folder(struct sweep_book *b, struct error *err)
{
    b->folder_fd = open(b->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (b->folder_fd < 0)
        return error_errno(err, errno, "cannot open the folder '%s'", b->folder);
    if (flock(b->folder_fd, LOCK_EX | LOCK_NB) < 0)
        return error_input(err, "another sweep is at work in '%s'", b->folder);
    return 0;
}

static int open_lines(struct sweep_book *b, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/points.jsonl", b->folder);
    size_t whole;
    int r = read_lines(b, path, &whole, err);
    if (r < 0)
        return r;
    b->lines_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (b->lines_fd < 0 || ftruncate(b->lines_fd, (off_t)whole) < 0)
        return error_errno(err, errno, "cannot write '%s'", path);
    return remove_strays(b, err);
}

int sweep_book_open(const char *folder, json_t *about, struct sweep_book *ret, struct error *err)
{
    struct sweep_book b = {.folder_fd = -1, .lines_fd = -1, .about = about};
    b.folder = xstrdup(folder);
    b.resumed = file_exists(folder) && rmdir(folder) != 0; /* an empty one is as good as none */
    int r = b.resumed ? 0 : file_make_dirs(folder, err);
    if (r == 0)
        r = lock_folder(&b, err);
    if (r == 0 && b.resumed) {
        json_t *theirs = NULL;
        r = load_about(folder, &theirs, err);
        if (r == 0)
            r = check_same(folder, theirs, about, err);
        json_decref(theirs);
    }
    if (r == 0)
        r = sweep_book_set_state(&b, "under way", err);
    if (r == 0)
        r = open_lines(&b, err);
    if (r < 0) {
        sweep_book_close(&b);
        return r;
    }
    *ret = b;
    return 0;
}

bool sweep_book_is_finished(const struct sweep_book *b)
{
    return strcmp(text_of(b->about, "state"), "done") == 0;
}

int sweep_book_read(const char *folder, bool unfinished_too, struct sweep_book *ret,
                    struct error *err)
{
    enum { SWEEP_FORMAT = 1 };
    struct sweep_book b = {.folder_fd = -1, .lines_fd = -1};
    _cleanup_(freep) char *lines = xasprintf("%s/points.jsonl", folder);
    size_t whole;
    b.folder = xstrdup(folder);
    int r = load_about(folder, &b.about, err);
    if (r == 0 && json_integer_value(json_object_get(b.about, "format")) != SWEEP_FORMAT)
        r = error_input(err, "'%s' has format %lld, of wanlab %s; this version reads format %d",
                        folder, (long long)json_integer_value(json_object_get(b.about, "format")),
                        text_of(b.about, "wanlab"), SWEEP_FORMAT);
    if (r == 0 && !unfinished_too && !sweep_book_is_finished(&b))
        r = error_input(err,
                        "the sweep in '%s' is not finished: it is under way, or goes on with "
                        "'wanlab sweep %s -o %s'",
                        folder, text_of(b.about, "file"), folder);
    if (r == 0)
        r = read_lines(&b, lines, &whole, err);
    if (r < 0) {
        sweep_book_close(&b);
        return r;
    }
    *ret = b;
    return 0;
}

void sweep_book_close(struct sweep_book *b)
{
    for (size_t i = 0; i < b->record_count; i++) {
        json_decref(b->records[i].line);
        free(b->records[i].point);
    }
    free(b->records);
    json_decref(b->about);
    fd_closep(&b->lines_fd);
    fd_closep(&b->folder_fd);
    free(b->folder);
    *b = (struct sweep_book){.folder_fd = -1, .lines_fd = -1};
}

int sweep_book_add(struct sweep_book *b, json_t *line, struct error *err)
{
    char *dump = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));
    _cleanup_(freep) char *text = xasprintf("%s\n", dump);
    free(dump);
    int r = fd_write_all(b->lines_fd, text, strlen(text));
    if (r == 0 && fsync(b->lines_fd) < 0)
        r = -errno;
    if (r < 0) {
        json_decref(line);
        return error_errno(err, -r, "cannot write '%s/points.jsonl'", b->folder);
    }
    return take_line(b, line, err);
}

/* A new file in place of the old one, so that there is always a whole one. */
int sweep_book_set_state(struct sweep_book *b, const char *state, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/sweep.json", b->folder);
    _cleanup_(freep) char *fresh = xasprintf("%s.new", path);
    json_object_set_new(b->about, "state", json_string(state));
    if (json_dump_file(b->about, fresh, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) < 0 ||
        rename(fresh, path) < 0)
        return error_errno(err, errno ? errno : EIO, "cannot write '%s'", path);
    return 0;
}

const struct sweep_record *sweep_book_find(const struct sweep_book *b, const char *point,
                                           unsigned repeat)
{
    for (size_t i = 0; i < b->record_count; i++) {
        const struct sweep_record *r = &b->records[i];
        if (!r->failed && r->repeat == repeat && strcmp(r->point, point) == 0)
            return r;
    }
    return NULL;
}

json_t *sweep_book_points(const struct sweep_book *b)
{
    json_t *points = json_object_get(b->about, "points"), *seen, *result;
    bool is_on_record = b->record_count == 0;
    for (size_t i = 0; i < json_array_size(points) && !is_on_record; i++) {
        _cleanup_(freep) char *text = sweep_point_text(json_array_get(points, i));
        for (size_t k = 0; k < b->record_count && !is_on_record; k++)
            is_on_record = strcmp(b->records[k].point, text) == 0;
    }
    if (is_on_record)
        return json_incref(points);
    seen = json_object();
    result = json_array();
    for (size_t k = 0; k < b->record_count; k++) {
        if (json_object_get(seen, b->records[k].point))
            continue;
        json_object_set_new(seen, b->records[k].point, json_true());
        json_array_append(result, json_object_get(b->records[k].line, "point"));
    }
    json_decref(seen);
    return result;
}

unsigned sweep_book_failures(const struct sweep_book *b, const char *point, unsigned repeat,
                             bool only_for_good)
{
    unsigned count = 0;
    for (size_t i = 0; i < b->record_count; i++) {
        const struct sweep_record *r = &b->records[i];
        count += r->failed && (r->for_good || !only_for_good) && r->repeat == repeat &&
                 strcmp(r->point, point) == 0;
    }
    return count;
}
