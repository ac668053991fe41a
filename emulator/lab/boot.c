/* SPDX-License-Identifier: MIT */
#include "lab/boot.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/units.h"
#include "node/disk.h"
#include "node/faketime.h"
#include "node/sandbox.h"

#define FACTS_FOLDER   ".lab" /* no node can have these names */
#define NATIVE_FACTS   ".native"
#define WORK_FOLDER    ".work"
#define SCRATCH_FOLDER ".scratch" /* in memory, since a disk takes its time to make a folder */

enum { LOG_LINES = 5, ABREAST_MIN = 2, SCRATCH_FOLDER_SIZE = 1 << 20 };

/* --- what a node is made of --- */

/* Every node's name with its addresses, so that nothing ever waits for a name to be resolved. */
static void print_hosts(const struct plan *p, unsigned viewer, FILE *out)
{
    fputs("127.0.0.1 localhost\n::1 localhost\n", out);
    for (unsigned i = 0; i < p->scenario->node_count; i++) {
        const struct port *port = plan_port_towards(p, viewer, i);
        const char *name = p->scenario->nodes[i].name;
        char v4[IP_TEXT_MAX], v6[IP_TEXT_MAX];
        if (port)
            fprintf(out, "%s %s\n%s %s\n", ip_format(v4, &port->v4), name, ip_format(v6, &port->v6),
                    name);
    }
}

/* Writes what a node sees of the lab. */
static int write_facts(const struct plan *p, unsigned viewer, const char *folder, struct error *err)
{
    static const struct {
        const char *name;
        void (*print)(const struct plan *p, unsigned viewer, FILE *out);
    } files[] = {{"hosts", print_hosts}, {"peers.json", plan_print_peers}};
    int r = file_make_dirs(folder, err);
    for (size_t i = 0; i < ARRAY_LEN(files) && r == 0; i++) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", folder, files[i].name);
        FILE *out = fopen(path, "we");
        if (!out)
            return error_errno(err, errno, "cannot write '%s'", path);
        files[i].print(p, viewer, out);
        if (fclose(out) < 0)
            r = error_errno(err, errno, "cannot write '%s'", path);
    }
    return r;
}

/* Where no node has two interfaces, or names stand for the nodes' own addresses, all see the same,
 * and one copy serves all, but for native nodes, which have one of theirs. The caller frees
 * `*ret_folder`. */
static int provide_facts(const struct plan *p, unsigned node, const char *nodes_folder,
                         char **ret_folder, struct error *err)
{
    const struct scenario *s = p->scenario;
    bool same = p->port_count <= s->node_count || (s->routing && s->wan.member_count == 0);
    const char *own = !same                                     ? s->nodes[node].name
                      : !scenario_is_wired(s->nodes[node].kind) ? NATIVE_FACTS
                                                                : "";
    char *folder = xasprintf("%s/" FACTS_FOLDER "%s%s", nodes_folder, *own ? "/" : "", own);
    *ret_folder = folder;
    _cleanup_(freep) char *hosts = xasprintf("%s/hosts", folder);
    return same && file_exists(hosts) ? 0 : write_facts(p, node, folder, err);
}

/* The settings of a node are applied by its first process: the steps right behind OP_NODE. */
static size_t collect_settings(const struct plan *p, const struct op *node_op,
                               struct node_setting **ret)
{
    size_t count = 0;
    const struct op *op = node_op + 1, *end = p->ops + p->op_count;
    while (op + count < end && op[count].kind == OP_SYSCTL)
        count++;
    struct node_setting *settings = xcalloc(count, sizeof(*settings));
    for (size_t i = 0; i < count; i++)
        settings[i] = (struct node_setting){op[i].key, op[i].value, op[i].optional};
    *ret = settings;
    return count;
}

/* In memory, in the lab's mount namespace, and of a size of its own: no node can fill another's. */
static int mount_memory(const char *path, uint64_t bytes, struct error *err)
{
    char options[64];
    snprintf(options, sizeof(options), "mode=0755,size=%llu", (unsigned long long)bytes);
    int r = file_make_dirs(path, err);
    if (r == 0 && mount("wanlab", path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        r = error_errno(err, errno, "cannot mount the scratch folder '%s'", path);
    return r;
}

/* The same on a disk, if the node asks for that. */
static int mount_scratch(const struct boot *b, struct error *err)
{
    if (b->node->scratch == SCRATCH_IN_MEMORY)
        return mount_memory(b->scratch, b->spec.scratch_bytes, err);
    int r = file_make_dirs(b->scratch, err);
    if (r == 0)
        r = disk_mount(b->spec.scratch_bytes, b->scratch, err);
    return r < 0 ? error_wrap(err, "node '%s'", b->node->name) : 0;
}

/* A machine has its interfaces from the start. */
static size_t collect_interfaces(const struct plan *p, unsigned node, struct node_interface **ret)
{
    struct node_interface *interfaces = NULL;
    size_t count = 0;
    for (size_t i = 0; i < p->port_count && scenario_is_machine(p->scenario->nodes[node].kind);
         i++) {
        const struct port *port = &p->ports[i];
        if (port->node != node)
            continue;
        interfaces = array_grow(interfaces, count, sizeof(*interfaces));
        interfaces[count++] = (struct node_interface){
            .name = port->node_dev, .port = port->dev, .mac = port->node_mac, .offloads = true};
    }
    for (size_t i = 0; i < p->op_count && count > 0; i++)
        for (size_t k = 0; p->ops[i].kind == OP_OFFLOADS && k < count; k++)
            if (p->ops[i].ns == (int)node && strcmp(p->ops[i].dev, interfaces[k].name) == 0)
                interfaces[k].offloads = false;
    *ret = interfaces;
    return count;
}

static void add_mount(struct boot *b, const char *source, const char *target, bool writable)
{
    if (source)
        b->mounts[b->spec.mount_count++] = (struct node_mount){source, target, writable};
}

/* What its programs need to have a clock of their own, in the folder of the lab's facts. */
static int provide_clock(struct boot *b, struct error *err)
{
    b->clock.file = xasprintf("%s/clock.%s", b->facts, b->node->name);
    b->clock.seen = xasprintf("/run/wanlab/lab/clock.%s", b->node->name);
    int r = faketime_find(b->spec.root ? b->spec.root : "/", &b->clock.library, err);
    return r < 0 ? error_wrap(err, "node '%s'", b->node->name)
                 : faketime_write(b->clock.file, 0, err);
}

/* Where it is, which the node's kind may have to do with: an engine's containers and the host see
 * no mount of the lab's. Such a folder is a plain one, of no size of its own. The caller frees it.
 */
static char *place_scratch(const struct node *node, const struct apply_options *o, bool *ret_plain)
{
    *ret_plain = true;
    if (node->scratch == SCRATCH_IN_FOLDER)
        return xasprintf("%s/%s", o->scratch_disk, node->name);
    if (node->kind == NODE_KIND_NATIVE)
        return xasprintf("%s/%s", o->scratch_memory, node->name);
    if (node->kind == NODE_KIND_DOCKER)
        return xasprintf("%s/%s", o->folder, node->name);
    *ret_plain = false;
    return xasprintf("%s/" SCRATCH_FOLDER "/%s", o->folder, node->name);
}

static int prepare(struct boot *b, const struct fabric *f, const struct op *op,
                   const struct apply_options *o, struct error *err)
{
    const struct plan *p = f->plan;
    const struct node *node = &p->scenario->nodes[op->ns];
    bool is_plain;
    b->node = node;
    b->spec.scratch_bytes = o->scratch_bytes;
    b->spec.scratch_on_disk = node->scratch != SCRATCH_IN_MEMORY;
    b->scratch = place_scratch(node, o, &is_plain);
    b->work = xasprintf("%s/" WORK_FOLDER "/%s", o->folder, node->name);
    int r = provide_facts(p, (unsigned)op->ns, o->folder, &b->facts, err);
    b->hosts = xasprintf("%s/hosts", b->facts);
    add_mount(b, b->scratch, "/run/wanlab/scratch", true);
    add_mount(b, b->facts, "/run/wanlab/lab", false);
    add_mount(b, o->workload_folder, "/run/wanlab/workload", false);
    add_mount(b, o->cache_folder, "/run/wanlab/cache", false);
    b->spec.name = node->name;
    b->spec.hosts = b->hosts;
    b->spec.hidden = o->hidden;
    b->spec.scratch_parent = o->scratch_disk;
    b->spec.mounts = b->mounts;
    b->spec.setting_count = collect_settings(p, op, &b->settings);
    b->spec.settings = b->settings;
    b->spec.congestion = p->scenario->tcp.congestion;
    b->spec.limits = &node->limits;
    b->spec.accelerator = node->accelerator;
    b->spec.answer_timeout_ns = node->answer_timeout_ns;
    b->spec.cgroups = o->cgroups;
    b->spec.root = o->roots ? o->roots[op->ns] : NULL;
    b->spec.work = b->work;
    b->spec.interface_count = collect_interfaces(p, (unsigned)op->ns, &b->interfaces);
    b->spec.interfaces = b->interfaces;
    b->console = xasprintf("%s/%s.log", o->folder, node->name);
    b->spec.console = b->console;
    b->spec.image = node->image;
    b->spec.boot_timeout_ns = node->boot_timeout_ns;
    b->spec.broker = o->broker;
    b->spec.host = o->host;
    b->spec.bare_mounts = f->bare_mounts;
    if (r == 0 && o->clocks[op->ns] && !node_driver(node->kind)->set_clock)
        r = provide_clock(b, err);
    if (r == 0)
        r = is_plain ? file_make_dirs(b->scratch, err) : mount_scratch(b, err);
    b->has_scratch = r == 0 && !is_plain;
    if (r == 0 && (node->limits.io_read > 0 || node->limits.io_write > 0) &&
        disk_device(b->scratch, &b->spec.disk, err) < 0)
        r = error_wrap(err, "node '%s'", node->name);
    return r;
}

void boot_done(struct boot *b)
{
    free(b->settings);
    free(b->interfaces);
    free(b->console);
    free(b->scratch);
    free(b->facts);
    free(b->hosts);
    free(b->work);
    free(b->clock.file);
    free(b->clock.seen);
    free(b->clock.library);
    *b = (struct boot){0};
}

/* --- one boot --- */

int boot_begin(struct boot *b, struct node_instance *n, struct error *err)
{
    b->began_ns = clock_monotonic_ns();
    int r = 0;
    _cleanup_(freep) char *former = xasprintf("%s.1", b->console);
    rename(b->console, former); /* what its former life said */
    if (b->node->kind == NODE_KIND_CONTAINER) {
        umount2(b->work, MNT_DETACH); /* of its former life */
        r = mount_memory(b->work, b->spec.scratch_bytes, err);
        b->has_work = r == 0;
    }
    if (r == 0)
        r = node_driver(b->node->kind)->begin(n, &b->spec, err);
    if (r == 0)
        n->state = NODE_BOOTING;
    return r;
}

uint64_t boot_deadline_ns(const struct boot *b)
{
    return b->began_ns + b->node->boot_timeout_ns;
}

/* The last lines of what was said during the boot. */
static void add_log_tail(const struct node_instance *n, struct error *err)
{
    _cleanup_(freep) char *log = NULL;
    size_t size, lines = 0;
    if (!n->boot_log || file_read(n->boot_log, 1 << 24, &log, &size, NULL) < 0)
        return;
    while (size > 0 && log[size - 1] == '\n')
        log[--size] = '\0';
    const char *line = log + size;
    while (line > log && (line[-1] != '\n' || ++lines < LOG_LINES))
        line--;
    size_t len = strlen(err->text);
    if (size > 0 && len < sizeof(err->text))
        len += (size_t)snprintf(err->text + len, sizeof(err->text) - len, "; its boot said last:");
    for (; size > 0 && line && len < sizeof(err->text); line = strchr(line, '\n')) {
        line += *line == '\n';
        len += (size_t)snprintf(err->text + len, sizeof(err->text) - len, "\n  %.*s",
                                (int)strcspn(line, "\n"), line);
    }
}

int boot_finish(struct boot *b, struct node_instance *n, struct error *err)
{
    char text[UNITS_TEXT_MAX];
    int r;
    if (poll(&(struct pollfd){.fd = n->boot_fd, .events = POLLIN}, 1, 0) > 0)
        r = n->driver->finish(n, &b->spec, err);
    else
        r = error_set(err, ETIMEDOUT, "node '%s': did not boot within %s", n->name,
                      units_format_time(text, b->node->boot_timeout_ns));
    n->boot_ns = clock_monotonic_ns() - b->began_ns;
    if (r == 0)
        n->state = NODE_RUNNING;
    else
        add_log_tail(n, err);
    return r;
}

/* --- all of them --- */

/* More at once would only take longer each: a boot is work for a processor, and what does not wait
 * for another's turn must not come near its deadline for want of one. */
size_t boot_abreast(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors > ABREAST_MIN ? (size_t)processors : ABREAST_MIN;
}

/* Those that are under way, in the order in which they were begun, and all that have booted, in the
 * order in which they did, of which the first have their network. */
struct abreast {
    unsigned *nodes, *booted;
    struct pollfd *fds; /* one more: the launcher */
    size_t most, count, booted_count, connected_count;
};

/* Finishes the boots that can be finished or are beyond their deadline; if there is none, `wait`
 * waits for the first. */
static int finish_some(struct fabric *f, struct abreast *a, int launcher, bool wait,
                       struct error *err)
{
    uint64_t now = clock_monotonic_ns(), deadline = UINT64_MAX;
    for (size_t i = 0; i < a->count; i++) {
        uint64_t own = boot_deadline_ns(&f->boots[a->nodes[i]]);
        deadline = own < deadline ? own : deadline;
        a->fds[i] = (struct pollfd){.fd = f->nodes[a->nodes[i]].boot_fd, .events = POLLIN};
    }
    struct pollfd *gone = &a->fds[a->count];
    *gone = (struct pollfd){.fd = launcher};
    poll(a->fds, a->count + 1,
         wait && now < deadline ? (int)((deadline - now) / NS_PER_MS) + 1 : 0);
    if (gone->revents)
        return error_set(err, EPIPE, "the command that started the lab has ended");
    now = clock_monotonic_ns();
    size_t left = 0;
    int r = 0;
    for (size_t i = 0; i < a->count && r == 0; i++) {
        unsigned node = a->nodes[i];
        if (a->fds[i].revents || now >= boot_deadline_ns(&f->boots[node])) {
            r = boot_finish(&f->boots[node], &f->nodes[node], err);
            a->booted[a->booted_count++] = node;
        } else {
            a->nodes[left++] = node;
        }
    }
    a->count = left;
    return r;
}

static int begin_one(struct fabric *f, const struct apply_options *o, struct abreast *a,
                     unsigned node, struct error *err)
{
    const struct op *op = &f->plan->ops[f->plan->node_ops[node]];
    if (o->on_step)
        o->on_step(f->plan, op, o->arg);
    int r = prepare(&f->boots[node], f, op, o, err);
    if (r == 0)
        r = boot_begin(&f->boots[node], &f->nodes[node], err);
    a->nodes[a->count++] = node;
    return r;
}

/* A boot is the work of other processes, a network that of this one: so there are always boots
 * under way while it makes the network of one that has booted. */
static int boot_and_connect(struct fabric *f, const struct apply_options *o, struct abreast *a,
                            struct error *err)
{
    const size_t count = f->plan->scenario->node_count;
    size_t begun = 0;
    int r = 0;
    while (r == 0 && a->connected_count < count) {
        if (begun < count && a->count < a->most) {
            r = begin_one(f, o, a, (unsigned)begun++, err);
            continue;
        }
        if (a->connected_count < a->booted_count) {
            r = fabric_connect_node(f, a->booted[a->connected_count++], o, err);
            if (r == 0 && o->on_boot)
                o->on_boot(a->connected_count, count, o->arg);
        }
        if (r == 0 && a->count > 0)
            r = finish_some(f, a, o->launcher, a->connected_count == a->booted_count, err);
    }
    return r;
}

int boot_all(struct fabric *f, const struct apply_options *o, struct error *err)
{
    const size_t most = boot_abreast();
    struct abreast a = {.nodes = xcalloc(most, sizeof(*a.nodes)),
                        .booted = xcalloc(f->plan->scenario->node_count, sizeof(*a.booted)),
                        .fds = xcalloc(most + 1, sizeof(*a.fds)),
                        .most = most};
    _cleanup_(freep) char *scratch = xasprintf("%s/" SCRATCH_FOLDER, o->folder);
    int r = sandbox_copy_mounts(&f->bare_mounts, err);
    if (r == 0)
        r = mount_memory(scratch, SCRATCH_FOLDER_SIZE, err);
    if (r == 0)
        r = boot_and_connect(f, o, &a, err);
    free(a.nodes);
    free(a.booted);
    free(a.fds);
    return r;
}
