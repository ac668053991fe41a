/* SPDX-License-Identifier: MIT
 *
 * What a node is made of: its kind, its root, its share of the machine, its time to boot.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "topology/scenario_decode.h"

#define REFERENCE_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./:_-@"

enum { PIDS_MIN = 1, PIDS_MAX = 4194304, REFERENCE_MAX = 255 };
static const double cpus_min = 0.01 /* the kernel's least: 1 ms in 100 */, cpus_max = 4096;
static const uint64_t memory_min = 4 << 20;
static const uint64_t boot_timeout_default_ns = 60000000000,
                      answer_timeout_default_ns = 30000000000;

static const char *const kind_names[] = {
    [NODE_KIND_PROCESS] = "process", [NODE_KIND_CONTAINER] = "container",
    [NODE_KIND_UML] = "uml",         [NODE_KIND_QEMU] = "qemu",
    [NODE_KIND_DOCKER] = "docker",   [NODE_KIND_NATIVE] = "native",
};

const char *scenario_kind_name(enum node_kind kind)
{
    return kind_names[kind];
}

static int decode_kind(const struct yaml *node, enum node_kind *ret, struct error *err)
{
    int r = yaml_expect_word(node, "the kind of a node", kind_names, ARRAY_LEN(kind_names), err);
    if (r < 0)
        return r;
    *ret = (enum node_kind)r;
    return 0;
}

static int decode_accelerator(const struct yaml *node, enum accelerator *ret, struct error *err)
{
    static const char *const known[] = {
        [ACCELERATOR_AUTO] = "auto", [ACCELERATOR_KVM] = "kvm", [ACCELERATOR_TCG] = "tcg"};
    int r = yaml_expect_word(node, "the accelerator", known, ARRAY_LEN(known), err);
    if (r < 0)
        return r;
    *ret = (enum accelerator)r;
    return 0;
}

static bool has_hosts_root(enum node_kind kind)
{
    return kind == NODE_KIND_PROCESS || kind == NODE_KIND_NATIVE;
}

static int decode_root(const struct yaml *node, struct node *ret, struct error *err)
{
    int r = yaml_expect_scalar(node, "the root of a node", err);
    if (r < 0)
        return r;
    if (!*node->scalar)
        return yaml_error(err, &node->mark,
                          "found nothing, expected 'host', a folder or an archive");
    if (has_hosts_root(ret->kind) && strcmp(node->scalar, "host") != 0)
        return yaml_error(err, &node->mark,
                          "found '%.60s' as root of a node of kind %s, which always has the "
                          "host's: expected 'host', or kind container",
                          node->scalar, scenario_kind_name(ret->kind));
    if (ret->kind == NODE_KIND_DOCKER)
        return yaml_error(err, &node->mark,
                          "found a root for a node of kind docker, whose root is an image of the "
                          "engine: expected 'image'");
    ret->root = xstrdup(node->scalar);
    return 0;
}

bool scenario_is_machine(enum node_kind kind)
{
    return kind == NODE_KIND_UML || kind == NODE_KIND_QEMU;
}

bool scenario_is_wired(enum node_kind kind)
{
    return kind != NODE_KIND_NATIVE;
}

bool scenario_is_image(const char *name)
{
    static const struct mark nowhere = {.file = ""};
    struct error ignored;
    return scenario_check_name(name, "an image", &nowhere, &ignored) == 0;
}

/* What Docker and Podman call a reference; they know best whether it is one. Not an option. */
static int check_reference(const struct yaml *node, struct error *err)
{
    size_t len = strspn(node->scalar, REFERENCE_CHARS);
    if (len > 0 && len <= REFERENCE_MAX && !node->scalar[len] &&
        isalnum((unsigned char)*node->scalar))
        return 0;
    return yaml_error(err, &node->mark,
                      "found '%.60s' as the image of a node of kind docker, expected NAME or "
                      "NAME:TAG of letters, digits and . / : _ - @",
                      node->scalar);
}

static int decode_image(const struct yaml *node, struct node *ret, struct error *err)
{
    int r = yaml_expect_scalar(node, "the image of a node", err);
    if (r == 0 && ret->kind == NODE_KIND_DOCKER)
        r = check_reference(node, err);
    else if (r == 0)
        r = scenario_check_name(node->scalar, "an image", &node->mark, err);
    if (r < 0)
        return r;
    if (has_hosts_root(ret->kind))
        return yaml_error(err, &node->mark,
                          "found an image for a node of kind %s, which always has the "
                          "host's files: expected kind container",
                          scenario_kind_name(ret->kind));
    if (ret->root)
        return yaml_error(err, &node->mark, "found both 'root' and 'image', expected one");
    ret->image = xstrdup(node->scalar);
    return 0;
}

static int decode_memory(const struct yaml *node, uint64_t *ret, struct error *err)
{
    uint64_t bytes;
    int r = yaml_expect_scalar(node, "memory", err);
    if (r < 0)
        return r;
    if (units_parse_size(node->scalar, &bytes, err) < 0)
        return yaml_wrap(err, &node->mark);
    if (bytes < memory_min)
        return yaml_error(err, &node->mark, "'%.60s' is too small: expected at least 4MiB",
                          node->scalar);
    *ret = bytes;
    return 0;
}

static int decode_scratch(const struct yaml *node, struct node *ret, struct error *err)
{
    static const char *const known[] = {
        [SCRATCH_IN_MEMORY] = "memory", [SCRATCH_ON_DISK] = "disk", [SCRATCH_IN_FOLDER] = "folder"};
    int r = yaml_expect_scalar(node, "scratch", err);
    if (r < 0)
        return r;
    size_t i = 0;
    while (i < ARRAY_LEN(known) && strcmp(node->scalar, known[i]) != 0)
        i++;
    if (i == ARRAY_LEN(known))
        return yaml_error(err, &node->mark,
                          "found '%.60s' as scratch, expected memory, disk or folder",
                          node->scalar);
    ret->scratch = (enum scratch)i;
    if (ret->scratch == SCRATCH_ON_DISK &&
        (ret->kind == NODE_KIND_DOCKER || ret->kind == NODE_KIND_NATIVE))
        return yaml_error(err, &node->mark,
                          "found scratch 'disk' for a node of kind %s, which sees no disk of the "
                          "lab's: expected 'memory' or 'folder'",
                          scenario_kind_name(ret->kind));
    return 0;
}

/* Who has a process of the host read and write for it, through the host's cache, is not slowed down
 * by what that process may do. */
static int check_io(const struct yaml *io, const struct node *n, struct error *err)
{
    if (n->kind == NODE_KIND_UML || n->kind == NODE_KIND_DOCKER)
        return yaml_error(err, &io->mark,
                          "found 'io' for a node of kind %s, whose reading and writing cannot be "
                          "limited: expected kind process, container, qemu or native",
                          scenario_kind_name(n->kind));
    if (n->scratch == SCRATCH_IN_MEMORY)
        return yaml_error(err, &io->mark,
                          "found 'io' for a node whose scratch folder is in memory: expected "
                          "'scratch: folder' or 'scratch: disk', too");
    return 0;
}

static int decode_io(const struct yaml *io, struct node *ret, struct error *err)
{
    static const char *const keys[] = {"read", "write"};
    uint64_t *const limits[] = {&ret->limits.io_read, &ret->limits.io_write};
    int r = yaml_expect_map(io, "limits of io", keys, ARRAY_LEN(keys), err);
    if (r == 0 && io->count == 0)
        r = yaml_error(err, &io->mark, "found an empty map, expected 'read' or 'write'");
    for (size_t i = 0; i < ARRAY_LEN(keys) && r == 0; i++) {
        const struct yaml *value = yaml_get(io, keys[i]);
        r = value ? yaml_expect_scalar(value, keys[i], err) : 0;
        if (r == 0 && value && units_parse_throughput(value->scalar, limits[i], err) < 0)
            r = yaml_wrap(err, &value->mark);
    }
    return r < 0 ? r : check_io(io, ret, err);
}

static int decode_timeout(const struct yaml *map, const char *key, uint64_t *ret, struct error *err)
{
    uint64_t ns;
    const struct yaml *node = yaml_get(map, key);
    int r = node ? yaml_expect_scalar(node, key, err) : 0;
    if (r < 0 || !node)
        return r;
    if (units_parse_time(node->scalar, &ns, err) < 0)
        return yaml_wrap(err, &node->mark);
    if (ns == 0)
        return yaml_error(err, &node->mark, "'%.60s' leaves no time: expected more than 0",
                          node->scalar);
    *ret = ns;
    return 0;
}

int scenario_decode_resources(const struct yaml *map, struct node *ret, struct error *err)
{
    const struct yaml *kind = yaml_get(map, "kind"), *root = yaml_get(map, "root");
    const struct yaml *cpus = yaml_get(map, "cpus"), *memory = yaml_get(map, "memory");
    const struct yaml *pids = yaml_get(map, "pids"), *image = yaml_get(map, "image");
    const struct yaml *accelerator = yaml_get(map, "accelerator");
    const struct yaml *scratch = yaml_get(map, "scratch"), *io = yaml_get(map, "io");
    int r = kind ? decode_kind(kind, &ret->kind, err) : 0;
    if (r == 0 && accelerator)
        r = decode_accelerator(accelerator, &ret->accelerator, err);
    if (r == 0 && cpus)
        r = scenario_decode_number(cpus, "a number of processors", cpus_min, cpus_max,
                                   &ret->limits.cpus, err);
    if (r == 0 && memory)
        r = decode_memory(memory, &ret->limits.memory_bytes, err);
    if (r == 0 && pids)
        r = scenario_decode_integer(pids, "pids", PIDS_MIN, PIDS_MAX, &ret->limits.pids, err);
    if (r == 0 && scratch)
        r = decode_scratch(scratch, ret, err);
    if (r == 0 && io)
        r = decode_io(io, ret, err);
    if (r == 0 && root)
        r = decode_root(root, ret, err);
    if (r == 0 && image)
        r = decode_image(image, ret, err);
    if (r == 0 && ret->kind == NODE_KIND_DOCKER && !image)
        return yaml_error(err, &kind->mark, "found no 'image', which a node of kind docker needs");
    ret->boot_timeout_ns = boot_timeout_default_ns;
    ret->answer_timeout_ns = answer_timeout_default_ns;
    if (r == 0)
        r = decode_timeout(map, "boot_timeout", &ret->boot_timeout_ns, err);
    if (r == 0)
        r = decode_timeout(map, "answer_timeout", &ret->answer_timeout_ns, err);
    return r;
}
