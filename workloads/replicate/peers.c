/* SPDX-License-Identifier: MIT */
#include "peers.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

static double *read_rtts(const json_t *array, size_t count)
{
    double *rtts = xcalloc(count, sizeof(*rtts));
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(array, i);
        rtts[i] = json_is_number(value) ? json_number_value(value) : NAN;
    }
    return rtts;
}

static int read_peer(const json_t *j, size_t index, size_t count, struct peer *ret,
                     struct error *err)
{
    const char *name = json_string_value(json_object_get(j, "name"));
    const char *address = json_string_value(json_array_get(json_object_get(j, "addresses"), 0));
    const json_t *own_index = json_object_get(j, "index");
    if (!name)
        return error_input(err, "peer %zu has no name", index);
    if (!json_is_integer(own_index) || json_integer_value(own_index) != (json_int_t)index)
        return error_input(err, "peer '%s' has not the index %zu of its place", name, index);
    if (!address)
        return error_input(err, "peer '%s' has no address", name);
    ret->name = xstrdup(name);
    ret->address = xstrdup(address);
    ret->rtt_s = read_rtts(json_object_get(j, "rtt"), count);
    return 0;
}

static int read_peers(const json_t *root, struct peers *p, struct error *err)
{
    if (json_array_size(root) != p->count)
        return error_input(err, "%zu peers where WANLAB_COUNT says %zu", json_array_size(root),
                           p->count);
    for (size_t i = 0; i < p->count; i++) {
        int r = read_peer(json_array_get(root, i), i, p->count, &p->list[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

int peers_load(const char *path, size_t count, struct peers *ret, struct error *err)
{
    _cleanup_(json_decrefp) json_t *root = NULL;
    int r = json_file_read(path, &root, err);
    if (r < 0)
        return r;
    struct peers p = {.list = xcalloc(count, sizeof(*p.list)), .count = count};
    r = read_peers(root, &p, err);
    if (r < 0) {
        peers_done(&p);
        return error_wrap(err, "%s", path);
    }
    *ret = p;
    return 0;
}

void peers_done(struct peers *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->list[i].name);
        free(p->list[i].address);
        free(p->list[i].rtt_s);
    }
    free(p->list);
    *p = (struct peers){0};
}

/* Family, then the address's bytes, so that memcmp() orders them. */
struct address_key {
    unsigned char family, bytes[sizeof(struct in6_addr)];
};

static struct address_key address_key(const char *address)
{
    struct address_key key = {.family = 4};
    if (inet_pton(AF_INET, address, key.bytes) != 1) {
        key.family = 6;
        inet_pton(AF_INET6, address, key.bytes);
    }
    return key;
}

size_t peers_master(const struct peers *p)
{
    size_t lowest = 0;
    struct address_key lowest_key = address_key(p->list[0].address);
    for (size_t i = 1; i < p->count; i++) {
        struct address_key key = address_key(p->list[i].address);
        if (memcmp(&key, &lowest_key, sizeof(key)) < 0) {
            lowest = i;
            lowest_key = key;
        }
    }
    return lowest;
}
