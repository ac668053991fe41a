/* SPDX-License-Identifier: MIT
 *
 * A node of kind docker is a container that somebody else's daemon starts, outside of the lab's
 * process tree: it can neither be entered by its pid, which the lab does not see, nor does it end
 * with the lab. So it is a machine (machine.h): its first process is our agent, whose line is a
 * Unix socket in a folder that both sides see. With the line the guard gets the container's network
 * namespace, and what follows is as with any container: veths, settings, a restart that moves them.
 * When the guard dies the line closes, the agent ends, and the kernel ends the container, whether
 * the engine answers or not.
 *
 * The engine itself is asked by the lab's broker (broker.h), to start a container and to remove it.
 *
 * The agent comes out of the cache (what prepare() finds as the node's root). All folders of the
 * node are plain ones in the lab's runtime folder, since the engine does not see what is mounted in
 * the lab's namespace. So the size of the scratch folder is not bounded.
 */
#include "node/docker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "node/broker.h"
#include "node/embedded.h"
#include "node/engine.h"
#include "node/machine.h"

#define AGENT "/.wanlab/agent" /* in the node */
#define LINE  "/.wanlab/line"

/* The same for all nodes with one image: the first of them is the one to look. */
static bool is_first_of_image(const struct scenario *s, const struct node *node)
{
    const struct node *n = s->nodes;
    while (n < node && !(n->kind == NODE_KIND_DOCKER && strcmp(n->image, node->image) == 0))
        n++;
    return n == node;
}

static int prepare(const struct scenario *s, const struct node *node, char **ret_root,
                   struct error *err)
{
    const char *engine;
    int r = 0;
    if (geteuid() != 0)
        return error_machine(err, EPERM, "node '%s': a node of kind docker needs root", node->name);
    if (is_first_of_image(s, node)) {
        r = engine_find(&engine, err);
        if (r == 0)
            r = engine_check_image(engine, node->image, err);
    }
    if (r == 0)
        r = embedded_cache_agent(ret_root, err);
    return r < 0 ? error_wrap(err, "node '%s'", node->name) : 0;
}

/* --- the line --- */

/* By way of the folder's descriptor, since a socket's path must be short. */
static int listen_in(const char *folder, int *ret_fd, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_(fd_closep) int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", dir);
    unlink(address.sun_path); /* of its former life */
    if (dir < 0 || fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(address.sun_path, 0666) < 0 || listen(fd, 1) < 0)
        return error_errno(err, errno, "cannot listen in '%s'", folder);
    *ret_fd = take_fd(&fd);
    return 0;
}

/* --- the container --- */

static void add_mount(char ***words, const char *source, const char *target, bool writable)
{
    machine_add(words, "--mount");
    machine_add(words, "type=bind,src=%s,dst=%s%s", source, target, writable ? "" : ",ro");
}

static void add_limits(char ***words, const struct node_limits *l)
{
    if (l->cpus > 0)
        machine_add(words, "--cpus=%g", l->cpus);
    if (l->memory_bytes > 0) {
        machine_add(words, "--memory=%llu", (unsigned long long)l->memory_bytes);
        machine_add(words, "--memory-swap=%llu", (unsigned long long)l->memory_bytes);
    }
    if (l->pids > 0)
        machine_add(words, "--pids-limit=%llu", (unsigned long long)l->pids);
    else
        machine_add(words, "--pids-limit=-1");
}

/* What follows `run -d` with name and labels. */
static char **make_words(const struct node_spec *spec, const char *line)
{
    static const char *const fixed[] = {
        "--pull=never",        "--network=none",    "--user=0:0",        "--stop-signal=SIGKILL",
        "--cap-add=NET_ADMIN", "--cap-add=NET_RAW", "--log-driver=none", "--no-healthcheck",
    };
    char **words = NULL;
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        machine_add(&words, "%s", fixed[i]);
    machine_add(&words, "--hostname=%s", spec->name);
    machine_add(&words, "--entrypoint=" AGENT);
    add_limits(&words, spec->limits);
    add_mount(&words, spec->root, AGENT, false);
    add_mount(&words, line, LINE, false);
    add_mount(&words, spec->hosts, "/etc/hosts", false);
    for (size_t i = 0; i < spec->mount_count; i++)
        add_mount(&words, spec->mounts[i].source, spec->mounts[i].target, spec->mounts[i].writable);
    machine_add(&words, "%s", spec->image);
    machine_add(&words, "socket");
    machine_add(&words, LINE "/socket");
    return words;
}

/* A little less than the node's whole time, so that it is the engine that is blamed. */
static unsigned run_timeout_ms(const struct node_spec *spec)
{
    return (unsigned)(spec->boot_timeout_ns / NS_PER_MS * 9 / 10);
}

static int start_container(const struct node_spec *spec, struct machine_launch *l,
                           struct error *err)
{
    _cleanup_(freep) char *line = xasprintf("%s/line", spec->work);
    int r = file_make_dirs(line, err);
    if (r == 0)
        r = listen_in(line, &l->fds[0], err);
    if (r < 0)
        return r;
    char **words = make_words(spec, line);
    r = broker_run(spec->broker, spec->name, words, run_timeout_ms(spec), &l->fds[1], err);
    for (size_t i = 0; words[i]; i++)
        free(words[i]);
    free(words);
    return r;
}

static int begin(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    struct machine_launch l = {.fds = {-1, -1}, .fd_count = 2, .listens = true, .qmp = -1};
    struct node_spec unlimited = *spec;
    unlimited.cgroups = NULL; /* of the guard; the container's are the engine's */
    node_init(n, &node_docker, spec->name);
    int r = start_container(spec, &l, err);
    if (r < 0) {
        machine_launch_done(&l);
        return error_wrap(err, "node '%s'", spec->name);
    }
    n->broker = spec->broker;
    return machine_begin(n, &unlimited, &l, err);
}

/* Docker switches IPv6 off where it makes no network. */
static int finish(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    static const struct node_setting on[] = {{"net.ipv6.conf.all.disable_ipv6", "0", true},
                                             {"net.ipv6.conf.default.disable_ipv6", "0", true}};
    struct node_spec more = *spec;
    _cleanup_(freep) struct node_setting *settings =
        xcalloc(ARRAY_LEN(on) + spec->setting_count, sizeof(*settings));
    memcpy(settings, on, sizeof(on));
    if (spec->setting_count > 0)
        memcpy(settings + ARRAY_LEN(on), spec->settings,
               spec->setting_count * sizeof(*spec->settings));
    more.settings = settings;
    more.setting_count = ARRAY_LEN(on) + spec->setting_count;
    return machine_finish(n, &more, err);
}

/* Once: the name is that of the node's next container too. */
static void halt(struct node_instance *n)
{
    machine_halt(n);
    if (n->broker >= 0)
        broker_remove(n->broker, n->name);
    n->broker = -1;
}

static void stop(struct node_instance *n)
{
    halt(n);
    machine_stop(n);
}

const struct node_driver node_docker = {
    .name = "docker",
    .prepare = prepare,
    .begin = begin,
    .finish = finish,
    .exec = machine_exec,
    .pause = machine_pause,
    .end = machine_end,
    .halt = halt,
    .stop = stop,
};
