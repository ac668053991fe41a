/* SPDX-License-Identifier: MIT
 *
 * A command is a list of words, or a text for the shell. A relative path as its first word means a
 * file of the workload's folder.
 */
#include "experiment/workload_programs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/field.h"

static const uint64_t DEFAULT_TIMEOUT_NS = 60 * NS_PER_SEC, CHECK_TIMEOUT_NS = 120 * NS_PER_SEC;

enum { PORT_MAX = 65535 };

static char *describe_place(const struct mark *mark)
{
    return xasprintf("%s:%u:%u", mark->file, mark->line, mark->column);
}

/* A list of words, or a text for sh -c; NULL when left out. */
static int read_command(const struct yaml *map, const char *key, struct workload *w, char ***ret,
                        struct error *err)
{
    const struct yaml *node = yaml_get(map, key);
    int r = 0;
    if (!node)
        return 0;
    if (node->kind != YAML_SCALAR) {
        r = field_words(map, key, ret, err);
    } else if (!node->scalar[strspn(node->scalar, " \t\n")]) {
        r = yaml_error(err, &node->mark, "found an empty '%s', expected a command", key);
    } else {
        char **argv = *ret = xcalloc(4, sizeof(*argv));
        argv[0] = xstrdup("/bin/sh");
        argv[1] = xstrdup("-c");
        argv[2] = xstrdup(node->scalar);
    }
    if (r < 0)
        return r;
    const char *text = node->kind == YAML_SCALAR ? node->scalar : (*ret)[0];
    size_t len = node->kind == YAML_SCALAR ? strcspn(text, " \t\n;|&<>()'\"$`*?") : strlen(text);
    w->commands = array_grow(w->commands, w->command_count, sizeof(*w->commands));
    w->commands[w->command_count++] =
        (struct workload_command){.argv = *ret,
                                  .word = xasprintf("%.*s", (int)len, text),
                                  .place = describe_place(&node->mark)};
    return 0;
}

/* `nodes` and `role` of a command. */
static int read_where(const struct yaml *map, struct workload_where *where, struct error *err)
{
    static const char *const roles[] = {
        [WORKLOAD_ANY] = "any", [WORKLOAD_HOSTS] = "host", [WORKLOAD_ROUTERS] = "router"};
    const struct yaml *nodes = yaml_get(map, "nodes"), *role = yaml_get(map, "role");
    where->place = describe_place(nodes ? &nodes->mark : role ? &role->mark : &map->mark);
    if (nodes && nodes->kind == YAML_SCALAR && *nodes->scalar) { /* one name needs no brackets */
        where->names = xcalloc(2, sizeof(*where->names));
        where->names[0] = xstrdup(nodes->scalar);
    } else {
        int r = field_words(map, "nodes", &where->names, err);
        if (r < 0)
            return r;
    }
    if (!role)
        return 0;
    int r = yaml_expect_word(role, "the role of a node", roles, ARRAY_LEN(roles), err);
    if (r < 0)
        return r;
    where->role = (enum workload_role)r;
    return 0;
}

/* 7000, or 7000/udp. */
static int read_port(const struct yaml *ready, struct workload_service *s, struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    uint64_t port;
    int r = field_required(ready, "port", "'ready'", &text, err);
    if (r < 0)
        return r;
    char *slash = strchr(text, '/');
    const struct mark *mark = &yaml_get(ready, "port")->mark;
    if (slash && strcmp(slash, "/udp") != 0 && strcmp(slash, "/tcp") != 0)
        return yaml_error(err, mark, "found '%.60s', expected a port such as 7000 or 7000/udp",
                          text);
    s->ready_udp = slash && strcmp(slash, "/udp") == 0;
    if (slash)
        *slash = '\0';
    if (units_parse_integer(text, 1, PORT_MAX, &port, err) < 0)
        return yaml_wrap(err, mark);
    s->ready_port = (unsigned)port;
    s->lacks =
        xasprintf("nobody listens on %s port %u", s->ready_udp ? "UDP" : "TCP", s->ready_port);
    return 0;
}

static int read_readiness(const struct yaml *map, struct workload *w, struct workload_service *s,
                          struct error *err)
{
    static const char *const keys[] = {"log", "port", "command"};
    const struct yaml *ready = yaml_get(map, "ready");
    s->timeout_ns = DEFAULT_TIMEOUT_NS;
    int r = field_time(map, "timeout", &s->timeout_ns, err);
    if (!ready || r < 0)
        return r;
    r = yaml_expect_map(ready, "ready", keys, ARRAY_LEN(keys), err);
    if (r == 0 && ready->count != 1)
        r = yaml_error(err, &ready->mark,
                       "found %zu ways to be ready, expected one: log, port or command",
                       ready->count);
    if (r == 0 && yaml_get(ready, "log"))
        r = field_required(ready, "log", "'ready'", &s->ready_log, err);
    if (r == 0 && yaml_get(ready, "port"))
        r = read_port(ready, s, err);
    if (r < 0 || !yaml_get(ready, "command"))
        return r;
    s->lacks = xstrdup("its readiness command does not end with status 0");
    return read_command(ready, "command", w, &s->ready_command, err);
}

static int read_service(const struct yaml *map, struct workload *w, struct workload_service *s,
                        struct error *err)
{
    static const char *const keys[] = {"name", "command", "ready", "timeout", "nodes", "role"};
    int r = yaml_expect_map(map, "a service", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = field_required(map, "name", "a service", &s->name, err);
    if (r == 0)
        r = field_check_name(s->name, FIELD_NAME "-", "a service", &yaml_get(map, "name")->mark,
                             err);
    if (r == 0 && !yaml_get(map, "command"))
        r = yaml_error(err, &map->mark, "a service has no 'command'");
    if (r == 0)
        r = read_command(map, "command", w, &s->command, err);
    if (r == 0)
        r = read_where(map, &s->where, err);
    return r < 0 ? r : read_readiness(map, w, s, err);
}

/* Whose log in a node already has the name that a service's would have, or NULL. */
static const char *log_owner(const struct workload *w, const char *service)
{
    if (strcmp(service, w->name) == 0)
        return "the workload's own";
    if (strcmp(service, "check") == 0)
        return "that of the check";
    if (strcmp(service, "console") == 0)
        return "that of the node's console";
    return strncmp(service, "event-", 6) == 0 ? "that of an event's command" : NULL;
}

static int check_log_name(const struct workload *w, const char *service, const struct mark *mark,
                          struct error *err)
{
    const char *owner = log_owner(w, service);
    return owner ? yaml_error(err, mark,
                              "found the service '%s', whose log would be %s, expected another "
                              "name",
                              service, owner)
                 : 0;
}

static int read_services(const struct yaml *list, struct workload *w, struct error *err)
{
    int r = list ? yaml_expect_list(list, "services", err) : 0;
    if (!list || r < 0)
        return r;
    w->services = xcalloc(list->count, sizeof(*w->services));
    for (size_t i = 0; i < list->count; i++) {
        struct workload_service *s = &w->services[w->service_count++];
        r = read_service(list->items[i], w, s, err);
        if (r < 0)
            return r;
        const struct mark *mark = &yaml_get(list->items[i], "name")->mark;
        r = check_log_name(w, s->name, mark, err);
        if (r < 0)
            return r;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(w->services[k].name, s->name) == 0)
                return yaml_error(err, mark, "found a second service '%s'", s->name);
        }
    }
    return 0;
}

/* A command, or a map that has it as 'command' with more about it: then `*ret` is that map, else
 * NULL. */
static int read_described(const struct yaml *root, const char *key, const char *const *keys,
                          size_t key_count, struct workload *w, char ***ret_argv,
                          const struct yaml **ret, struct error *err)
{
    const struct yaml *node = yaml_get(root, key);
    *ret = NULL;
    if (!node || node->kind != YAML_MAP)
        return read_command(root, key, w, ret_argv, err);
    int r = yaml_expect_map(node, key, keys, key_count, err);
    if (r == 0 && !yaml_get(node, "command"))
        r = yaml_error(err, &node->mark, "'%s' has no 'command'", key);
    *ret = node;
    return r < 0 ? r : read_command(node, "command", w, ret_argv, err);
}

static int read_run(const struct yaml *root, struct workload *w, struct error *err)
{
    static const char *const keys[] = {"command", "nodes", "role", "timeout"};
    const struct yaml *map;
    int r = read_described(root, "run", keys, ARRAY_LEN(keys), w, &w->run, &map, err);
    if (r == 0 && !w->run)
        r = yaml_error(err, &root->mark,
                       "the workload has no 'run', expected the command that every node runs");
    if (r == 0 && map)
        r = read_where(map, &w->where, err);
    if (r == 0 && map)
        r = field_time(map, "timeout", &w->timeout_ns, err);
    if (r == 0)
        r = field_optional(root, "begins", &w->begins, err);
    return r < 0 ? r : field_time(root, "silence", &w->silence_ns, err);
}

static int read_check(const struct yaml *root, struct workload *w, struct error *err)
{
    static const char *const keys[] = {"command", "on", "timeout"};
    const struct yaml *map;
    w->check_timeout_ns = CHECK_TIMEOUT_NS;
    int r = read_described(root, "check", keys, ARRAY_LEN(keys), w, &w->check, &map, err);
    const struct yaml *on = yaml_get(map, "on");
    if (r == 0 && map)
        r = field_time(map, "timeout", &w->check_timeout_ns, err);
    if (r == 0 && on)
        r = yaml_expect_scalar(on, "on", err);
    if (r < 0 || !on)
        return r;
    w->check_on_host = strcmp(on->scalar, "host") == 0;
    if (!w->check_on_host && strcmp(on->scalar, "node") != 0)
        return yaml_error(err, &on->mark, "found '%.60s', expected host or node", on->scalar);
    return 0;
}

/* Names of files below the scratch folder, which may have the shell's wildcards. */
static int read_collect(const struct yaml *root, struct workload *w, struct error *err)
{
    int r = field_words(root, "collect", &w->collect, err);
    for (size_t i = 0; r == 0 && w->collect && w->collect[i]; i++) {
        const char *name = w->collect[i];
        if (*name == '/' || !*name || strstr(name, ".."))
            r = yaml_error(err, &yaml_get(root, "collect")->items[i]->mark,
                           "found '%.60s', expected a file below the scratch folder, such as "
                           "history.jsonl or out/*.csv",
                           name);
    }
    return r;
}

static int read_need(const struct yaml_pair *pair, struct workload_need *need, struct error *err)
{
    need->command = xstrdup(pair->key);
    need->place = describe_place(&pair->key_mark);
    int r = yaml_expect_scalar(pair->value, "needs", err);
    if (r < 0)
        return r;
    need->package = xstrdup(pair->value->scalar);
    if (!*pair->key || strchr(pair->key, '/'))
        return yaml_error(err, &pair->key_mark,
                          "found '%.60s', expected the name of a command: fio", pair->key);
    if (!*need->package || need->package[strspn(need->package, FIELD_PACKAGE)])
        return yaml_error(err, &pair->value->mark,
                          "found '%.60s', expected the name of a Debian package: fio",
                          need->package);
    return 0;
}

static int read_needs(const struct yaml *root, struct workload *w, struct error *err)
{
    const struct yaml *map = yaml_get(root, "needs");
    if (!map)
        return 0;
    if (map->kind != YAML_MAP)
        return yaml_error(err, &map->mark,
                          "found no map under 'needs', expected commands with their Debian "
                          "packages: {fio: fio}");
    int r = 0;
    w->needs = xcalloc(map->count, sizeof(*w->needs));
    for (size_t i = 0; r == 0 && i < map->count; i++)
        r = read_need(&map->pairs[i], &w->needs[w->need_count++], err);
    return r;
}

int workload_programs_read(const struct yaml *root, struct workload *w, struct error *err)
{
    int r = read_command(root, "prepare", w, &w->prepare, err);
    if (r == 0)
        r = read_command(root, "lint", w, &w->lint, err);
    if (r == 0)
        r = read_run(root, w, err);
    if (r == 0)
        r = read_check(root, w, err);
    if (r == 0)
        r = read_collect(root, w, err);
    if (r == 0)
        r = read_needs(root, w, err);
    return r < 0 ? r : read_services(yaml_get(root, "services"), w, err);
}

static int check_one(const struct workload *w, const struct workload_command *c, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", w->folder, c->word);
    if (*c->word == '/' || !strchr(c->word, '/') || access(path, X_OK) == 0)
        return 0;
    if (access(path, F_OK) == 0)
        return error_input(err, "%s: '%s' cannot be run: %s; try chmod +x %s", c->place, c->word,
                           strerror(errno), path);
    if (w->prepare && c->argv != w->prepare)
        return 0; /* it may be made yet */
    return error_input(err, "%s: there is no '%s' in the workload's folder %s", c->place, c->word,
                       w->folder);
}

int workload_programs_check(const struct workload *w, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < w->command_count && r == 0; i++)
        r = check_one(w, &w->commands[i], err);
    return r;
}
