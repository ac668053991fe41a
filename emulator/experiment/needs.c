/* SPDX-License-Identifier: MIT */
#include "experiment/needs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "experiment/host.h"

static bool has_host_root(const struct node *node)
{
    return !node->image &&
           (!node->root || strcmp(node->root, "host") == 0 || strcmp(node->root, "/") == 0);
}

static int add_hosted(const struct workload_where *where, const struct scenario *s, size_t *count,
                      struct error *err)
{
    _cleanup_(freep) bool *chosen = xcalloc(s->node_count, sizeof(*chosen));
    int r = workload_select(where, s, chosen, err);
    for (size_t i = 0; i < s->node_count && r == 0; i++)
        *count += chosen[i] && has_host_root(&s->nodes[i]);
    return r;
}

/* Nodes with the host's root that any command runs on. */
static int count_hosted(const struct workload *w, const struct scenario *s, size_t *ret,
                        struct error *err)
{
    *ret = 0;
    int r = add_hosted(&w->where, s, ret, err);
    for (size_t i = 0; i < w->service_count && r == 0; i++)
        r = add_hosted(&w->services[i].where, s, ret, err);
    return r;
}

static bool is_there(const char *command)
{
    _cleanup_(freep) char *path = xstrdup(HOST_PATH);
    char *rest = path;
    for (char *folder; (folder = strsep(&rest, ":"));) {
        _cleanup_(freep) char *file = xasprintf("%s/%s", folder, command);
        if (access(file, X_OK) == 0)
            return true;
    }
    return false;
}

int needs_check(const struct workload *w, const struct scenario *s, struct error *err)
{
    size_t hosted;
    if (w->need_count == 0)
        return 0;
    int r = count_hosted(w, s, &hosted, err);
    if (r < 0 || hosted == 0)
        return r;
    for (size_t i = 0; i < w->need_count; i++) {
        const struct workload_need *need = &w->needs[i];
        if (!is_there(need->command))
            return error_machine(err, ENOENT,
                                 "%s: workload '%s' needs '%s', which is not installed (Debian "
                                 "package: %s)",
                                 need->place, w->name, need->command, need->package);
    }
    return 0;
}
