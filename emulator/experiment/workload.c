/* SPDX-License-Identifier: MIT */
#include "experiment/workload.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "experiment/quantity.h"
#include "experiment/workload_programs.h"
#include "experiment/workload_yaml.h"

/* Texts with their number, for folders and names. */
struct list {
    char **items;
    size_t count;
};

static void list_add(struct list *l, char *text /* consumed */)
{
    l->items = array_grow(l->items, l->count, sizeof(*l->items));
    l->items[l->count++] = text;
}

static void list_done(struct list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->items[i]);
    free(l->items);
    *l = (struct list){0};
}

static void words_free(char **words)
{
    for (char **word = words; word && *word; word++)
        free(*word);
    free(words);
}

static void where_done(struct workload_where *where)
{
    words_free(where->names);
    free(where->place);
}

void workload_free(struct workload *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->parameter_count; i++) {
        struct workload_parameter *p = &w->parameters[i];
        free(p->name), free(p->default_text), free(p->min_text), free(p->max_text), free(p->help);
        words_free(p->values);
    }
    for (size_t i = 0; i < w->service_count; i++) {
        struct workload_service *s = &w->services[i];
        free(s->name), free(s->ready_log), free(s->lacks);
        words_free(s->command), words_free(s->ready_command);
        where_done(&s->where);
    }
    for (size_t i = 0; i < w->command_count; i++)
        free(w->commands[i].word), free(w->commands[i].place);
    for (size_t i = 0; i < w->need_count; i++)
        free(w->needs[i].command), free(w->needs[i].package), free(w->needs[i].place);
    for (size_t i = 0; i < w->metric_count; i++) {
        free(w->metrics[i].name), free(w->metrics[i].unit), free(w->metrics[i].help);
        words_free(w->metrics[i].because);
    }
    free(w->parameters), free(w->services), free(w->metrics), free(w->commands);
    free(w->needs);
    words_free(w->prepare), words_free(w->lint), words_free(w->run), words_free(w->check);
    words_free(w->table), words_free(w->collect);
    where_done(&w->where);
    free(w->folder), free(w->name), free(w->summary), free(w->main_metric), free(w->begins);
    free(w);
}

/* Adds a folder if it exists, by its absolute name. */
static void add_folder(struct list *folders, const char *path)
{
    char *absolute = realpath(path, NULL);
    if (absolute)
        list_add(folders, absolute);
}

static void find_folders(struct list *ret)
{
    const char *places = getenv("WANLAB_WORKLOADS");
    while (places && *places) {
        size_t len = strcspn(places, ":");
        _cleanup_(freep) char *path = xasprintf("%.*s", (int)len, places);
        if (len > 0)
            add_folder(ret, path);
        places += len + (places[len] == ':');
    }
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (len < 0)
        return;
    program[len] = '\0';
    *strrchr(program, '/') = '\0';
    _cleanup_(freep) char *path = xasprintf("%s/../share/wanlab/workloads", program);
    add_folder(ret, path);
}

static bool is_workload(const char *folder, const char *name)
{
    if (*name == '.' || strchr(name, '/'))
        return false;
    _cleanup_(freep) char *file = xasprintf("%s/%s/workload.yaml", folder, name);
    return file_exists(file);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of all workloads in the folders, sorted, each once. */
static void find_names(const struct list *folders, struct list *ret)
{
    struct list all = {0};
    for (size_t i = 0; i < folders->count; i++) {
        _cleanup_(dir_closep) DIR *dir = opendir(folders->items[i]);
        struct dirent *entry;
        while (dir && (entry = readdir(dir))) {
            if (is_workload(folders->items[i], entry->d_name))
                list_add(&all, xstrdup(entry->d_name));
        }
    }
    if (all.count > 0)
        qsort(all.items, all.count, sizeof(*all.items), compare_texts);
    for (size_t i = 0; i < all.count; i++) {
        if (i == 0 || strcmp(all.items[i], all.items[i - 1]) != 0)
            list_add(ret, xstrdup(all.items[i]));
    }
    list_done(&all);
}

static void add_joined(struct text *text, const struct list *l)
{
    for (size_t i = 0; i < l->count; i++)
        text_add(text, "%s%s", i ? ", " : "", l->items[i]);
}

static int unknown_workload(const struct workload_choice *choice, const struct list *folders,
                            struct error *err)
{
    _cleanup_(list_done) struct list names = {0};
    _cleanup_(text_done) struct text known = {0};
    find_names(folders, &names);
    const char *nearest = text_nearest(choice->name, (const char *const *)names.items, names.count);
    if (nearest)
        text_add(&known, ", did you mean '%s'? known: ", nearest);
    else
        text_add(&known, names.count ? ", expected one of: " : ", and there are none");
    add_joined(&known, &names);
    text_add(&known, folders->count ? " (in " : " (no folder of workloads; set WANLAB_WORKLOADS");
    add_joined(&known, folders);
    return yaml_error(err, &choice->mark, "unknown workload '%s'%s)", choice->name, known.data);
}

/* The folder that is meant; the caller frees `*ret`. */
static int find_folder(const struct workload_choice *choice, char **ret, struct error *err)
{
    if (choice->path) {
        _cleanup_(freep) char *file = xasprintf("%s/workload.yaml", choice->path);
        char *folder = file_exists(file) ? realpath(choice->path, NULL) : NULL;
        if (!folder)
            return yaml_error(err, &choice->mark,
                              "there is no '%s', expected the folder of a workload", file);
        *ret = folder;
        return 0;
    }
    _cleanup_(list_done) struct list folders = {0};
    find_folders(&folders);
    for (size_t i = 0; i < folders.count; i++) {
        if (!is_workload(folders.items[i], choice->name))
            continue;
        *ret = xasprintf("%s/%s", folders.items[i], choice->name);
        return 0;
    }
    return unknown_workload(choice, &folders, err);
}

int workload_open(const struct workload_choice *choice, struct workload **ret, struct error *err)
{
    assert(choice->name);
    _cleanup_(freep) char *folder = NULL;
    _cleanup_(workload_freep) struct workload *w = NULL;
    int r = find_folder(choice, &folder, err);
    if (r == 0)
        r = workload_yaml_read(folder, &w, err);
    if (r == 0)
        r = workload_programs_check(w, err);
    if (r == 0)
        *ret = TAKE_PTR(w);
    return r;
}

static bool has_role(const struct node *n, enum workload_role role)
{
    return role == WORKLOAD_ANY || (role == WORKLOAD_ROUTERS) == (n->role == ROLE_ROUTER);
}

int workload_select(const struct workload_where *where, const struct scenario *s, bool *chosen,
                    struct error *err)
{
    struct error why;
    size_t count = 0;
    memset(chosen, !where->names, s->node_count * sizeof(*chosen));
    for (char **name = where->names; name && *name; name++) {
        unsigned first, number;
        if (scenario_named(s, *name, &first, &number, &why) < 0)
            return error_input(err, "%s: %s", where->place, why.text);
        memset(chosen + first, true, number * sizeof(*chosen));
    }
    for (size_t i = 0; i < s->node_count; i++) {
        chosen[i] = chosen[i] && has_role(&s->nodes[i], where->role);
        count += chosen[i];
    }
    return count > 0
               ? 0
               : error_input(err, "%s: the scenario has no node that this is for", where->place);
}

int workload_check_nodes(const struct workload *w, const struct scenario *s, struct error *err)
{
    _cleanup_(freep) bool *chosen = xcalloc(s->node_count, sizeof(*chosen));
    int r = workload_select(&w->where, s, chosen, err);
    for (size_t i = 0; i < w->service_count && r == 0; i++)
        r = workload_select(&w->services[i].where, s, chosen, err);
    return r;
}

void workload_adopt_metric(struct workload *w, const char *name, const char *unit)
{
    w->metrics = array_grow(w->metrics, w->metric_count, sizeof(*w->metrics));
    w->metrics[w->metric_count++] = (struct workload_metric){
        .name = xstrdup(name), .unit = xstrdup(unit), .help = xstrdup(""), .adopted = true};
}

const struct workload_metric *workload_find_metric(const struct workload *w, const char *name)
{
    for (size_t i = 0; i < w->metric_count; i++)
        if (strcmp(w->metrics[i].name, name) == 0)
            return &w->metrics[i];
    return NULL;
}

const struct workload_parameter *workload_find_parameter(const struct workload *w, const char *name)
{
    for (size_t i = 0; i < w->parameter_count; i++) {
        if (strcmp(w->parameters[i].name, name) == 0)
            return &w->parameters[i];
    }
    return NULL;
}

static int unknown_parameter(const struct workload *w, const struct parameter *asked,
                             struct error *err)
{
    _cleanup_(list_done) struct list names = {0};
    _cleanup_(text_done) struct text known = {0};
    for (size_t i = 0; i < w->parameter_count; i++)
        list_add(&names, xstrdup(w->parameters[i].name));
    const char *nearest = text_nearest(asked->name, (const char *const *)names.items, names.count);
    if (nearest)
        return yaml_error(err, &asked->mark,
                          "unknown parameter '%s' of workload '%s', did you mean '%s'?",
                          asked->name, w->name, nearest);
    add_joined(&known, &names);
    return yaml_error(err, &asked->mark, "unknown parameter '%s' of workload '%s', expected %s%s",
                      asked->name, w->name, known.data ? "one of: " : "none",
                      known.data ? known.data : "");
}

static const struct parameter *find_asked(const struct workload_choice *choice, const char *name)
{
    for (size_t i = 0; i < choice->parameter_count; i++) {
        if (strcmp(choice->parameters[i].name, name) == 0)
            return &choice->parameters[i];
    }
    return NULL;
}

static int resolve_one(const struct workload *w, const struct workload_parameter *p,
                       const struct workload_choice *choice, struct workload_value *ret,
                       struct error *err)
{
    const struct parameter *asked = find_asked(choice, p->name);
    const char *text = asked ? asked->value : p->default_text;
    if (!text)
        return yaml_error(err, &choice->mark,
                          "workload '%s' needs a value for its parameter '%s'%s%s", w->name,
                          p->name, *p->help ? ": " : "", p->help);
    char *number;
    if (quantity_check(p, text, &number, err) < 0) {
        error_wrap(err, "parameter '%s'", p->name);
        return yaml_wrap(err, asked ? &asked->mark : &choice->mark);
    }
    *ret = (struct workload_value){.name = p->name, .text = xstrdup(text), .number = number};
    return 0;
}

int workload_resolve(const struct workload *w, const struct workload_choice *choice,
                     struct workload_value **ret, struct error *err)
{
    for (size_t i = 0; i < choice->parameter_count; i++) {
        if (!workload_find_parameter(w, choice->parameters[i].name))
            return unknown_parameter(w, &choice->parameters[i], err);
    }
    struct workload_value *values = xcalloc(w->parameter_count, sizeof(*values));
    for (size_t i = 0; i < w->parameter_count; i++) {
        int r = resolve_one(w, &w->parameters[i], choice, &values[i], err);
        if (r < 0) {
            workload_values_free(values, i);
            return r;
        }
    }
    *ret = values;
    return 0;
}

void workload_values_free(struct workload_value *values, size_t count)
{
    for (size_t i = 0; values && i < count; i++) {
        free(values[i].text);
        free(values[i].number);
    }
    free(values);
}
