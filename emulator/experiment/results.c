/* SPDX-License-Identifier: MIT */
#include "experiment/results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

/* A second run within the same second gets a number behind its name. */
char *results_free_name(const char *name)
{
    char stamp[32];
    time_t now = time(NULL);
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", localtime(&now));
    for (unsigned i = 1;; i++) {
        char *path = i == 1 ? xasprintf("results/%s-%s", name, stamp)
                            : xasprintf("results/%s-%s-%u", name, stamp, i);
        _cleanup_(freep) char *partial = xasprintf("%s.partial", path);
        if (!file_exists(path) && !file_exists(partial))
            return path;
        free(path);
    }
}

/* Makes the folder's parents, and the folder itself only if nobody has it. */
static int make_new(const char *folder, struct error *err)
{
    _cleanup_(freep) char *parent = xstrdup(folder);
    char *slash = strrchr(parent, '/');
    if (slash && slash > parent) {
        *slash = '\0';
        int r = file_make_dirs(parent, err);
        if (r < 0)
            return r;
    }
    if (mkdir(folder, 0755) == 0)
        return 0;
    if (errno == EEXIST)
        return error_input(err,
                           "'%s' exists: another run writes it, or one was killed that did "
                           "(then remove it)",
                           folder);
    return error_errno(err, errno, "cannot make the folder '%s'", folder);
}

int results_open(const char *folder, const char *name, struct results *ret, struct error *err)
{
    struct results r = {.start_s = (double)clock_realtime_ns() / 1e9};
    if (folder && file_exists(folder))
        return error_input(err, "the results folder '%s' exists already", folder);
    r.final = folder ? xstrdup(folder) : results_free_name(name);
    r.folder = xasprintf("%s.partial", r.final);
    int result = make_new(r.folder, err);
    if (result == 0 && !(r.events = results_create(&r, "events.jsonl", err)))
        result = -err->code;
    if (result < 0) {
        results_done(&r);
        return result;
    }
    setlinebuf(r.events);
    *ret = r;
    return 0;
}

int results_finish(struct results *r, struct error *err)
{
    fclose(r->events);
    r->events = NULL;
    if (rename(r->folder, r->final) < 0)
        return error_errno(err, errno, "cannot rename '%s' to '%s'", r->folder, r->final);
    free(r->folder);
    r->folder = xstrdup(r->final);
    return 0;
}

void results_discard(struct results *r)
{
    if (r->folder)
        file_remove_tree(r->folder, NULL);
}

void results_done(struct results *r)
{
    if (r->events)
        fclose(r->events);
    free(r->folder);
    free(r->final);
    *r = (struct results){0};
}

FILE *results_create(const struct results *r, const char *name, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", r->folder, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    if (file_make_dirs(path, err) < 0)
        return NULL;
    *slash = '/';
    FILE *out = fopen(path, "we");
    if (!out)
        error_errno(err, errno, "cannot write '%s'", path);
    return out;
}

int results_write_json(const struct results *r, const char *name, json_t *document,
                       struct error *err)
{
    FILE *out = results_create(r, name, err);
    if (!out) {
        json_decref(document);
        return -err->code;
    }
    int result = json_dumpf(document, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(document);
    if (fclose(out) < 0 || result < 0)
        return error_errno(err, errno, "cannot write '%s/%s'", r->folder, name);
    return 0;
}

void results_event(struct results *r, json_t *event)
{
    json_object_set_new(event, "at", json_real(results_now(r)));
    json_dumpf(event, r->events, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', r->events);
    json_decref(event);
}

double results_now(const struct results *r)
{
    return (double)clock_realtime_ns() / 1e9 - r->start_s;
}
