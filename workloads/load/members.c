/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

int members_load(const char *path, struct members *ret, struct error *err)
{
    _cleanup_(json_decrefp) json_t *root = NULL;
    json_t *peer;
    size_t i;
    int r = json_file_read(path, &root, err);
    if (r < 0)
        return r;
    struct members m = {.list = xcalloc(json_array_size(root) + 1, sizeof(*m.list))};
    json_array_foreach(root, i, peer)
    {
        const char *name = json_text_of(peer, "name");
        const char *address =
            json_string_value(json_array_get(json_object_get(peer, "addresses"), 0));
        if (!*name || !address) {
            members_done(&m);
            return error_input(err, "%s: peer %zu has no name or no address", path, i);
        }
        m.list[m.count++] = (struct member){xstrdup(name), xstrdup(address)};
    }
    *ret = m;
    return 0;
}

int members_load_peers(struct members *ret, struct error *err)
{
    const char *path = getenv("WANLAB_PEERS");
    return path ? members_load(path, ret, err) : error_input(err, "WANLAB_PEERS is not set");
}

void members_done(struct members *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->list[i].name);
        free(m->list[i].address);
    }
    free(m->list);
    *m = (struct members){0};
}

char *members_host(const struct member *m)
{
    bool brackets = strchr(m->address, ':');
    return xasprintf("%s%s%s", brackets ? "[" : "", m->address, brackets ? "]" : "");
}
