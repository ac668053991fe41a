/* SPDX-License-Identifier: MIT
 *
 * Two of the programs that every node has do it: one lists the files, one writes a file into what
 * it is given, which is the file of the results.
 */
#include "experiment/collect.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { TIMEOUT_S = 120 };

#define SCRATCH "/run/wanlab/scratch"

struct found {
    unsigned node;
    char *name;
};

struct collection {
    struct found *files;
    size_t count, refused;
    size_t *of_node;
};

/* A node may say anything: what it names stays inside its folder of the results. */
static bool is_sound(const struct collection *c, unsigned node, const char *name)
{
    if (*name == '/' || !*name || strstr(name, "..") || c->of_node[node] >= COLLECT_FILES_MAX)
        return false;
    for (size_t i = 0; i < c->count; i++)
        if (c->files[i].node == node && strcmp(c->files[i].name, name) == 0)
            return false;
    return true;
}

static void on_name(unsigned node, const char *line, void *arg)
{
    struct collection *c = arg;
    if (!is_sound(c, node, line)) {
        c->refused++;
        return;
    }
    c->files = array_grow(c->files, c->count, sizeof(*c->files));
    c->files[c->count++] = (struct found){node, xstrdup(line)};
    c->of_node[node]++;
}

static int list_files(struct collection *c, char *const *patterns, struct crew *crew,
                      const struct scenario *s, struct error *err)
{
    size_t count = 0;
    while (patterns[count])
        count++;
    _cleanup_(freep) char **argv = xcalloc(count + 3, sizeof(*argv));
    argv[0] = (char *)"list";
    argv[1] = (char *)SCRATCH;
    memcpy(argv + 2, patterns, count * sizeof(*argv));
    for (unsigned i = 0; i < s->node_count; i++) {
        struct crew_task task = {
            .node = i, .role = "listing its files", .argv = argv, .on_line = on_name, .arg = c};
        if (crew_node(crew, i) != CREW_NODE_RUNS) {
            log_warn("node '%s' does not run at the end: its files are not collected",
                     s->nodes[i].name);
            continue;
        }
        int r = crew_start_builtin(crew, &task, err);
        if (r < 0)
            return r;
    }
    return crew_await_end(crew, TIMEOUT_S * NS_PER_SEC, NULL, NULL, err);
}

static int fetch(const struct found *f, struct crew *crew, const struct scenario *s,
                 const struct results *results, struct error *err)
{
    _cleanup_(freep) char *source = xasprintf(SCRATCH "/%s", f->name);
    _cleanup_(freep) char *target = xasprintf("files/%s/%s", s->nodes[f->node].name, f->name);
    _cleanup_(file_closep) FILE *out = results_create(results, target, err);
    if (!out)
        return -err->code;
    char *argv[] = {(char *)"get", source, NULL};
    struct crew_task task = {
        .node = f->node, .role = "copying a file", .argv = argv, .out_fd = fileno(out)};
    return crew_start_builtin(crew, &task, err);
}

int collect_files(char *const *patterns, struct crew *crew, const struct scenario *s,
                  const struct results *results, size_t *ret_count, struct error *err)
{
    struct collection c = {.of_node = xcalloc(s->node_count, sizeof(*c.of_node))};
    int r = list_files(&c, patterns, crew, s, err);
    for (size_t i = 0; i < c.count && r == 0; i++)
        r = fetch(&c.files[i], crew, s, results, err);
    if (r == 0)
        r = crew_await_end(crew, TIMEOUT_S * NS_PER_SEC, NULL, NULL, err);
    *ret_count = c.count;
    for (size_t i = 0; i < c.count; i++)
        free(c.files[i].name);
    free(c.files);
    free(c.of_node);
    return r;
}
