/* SPDX-License-Identifier: MIT
 *
 * A native node is the host: its programs have the host's files, network, name and IPC, and all of
 * root's privileges. A lab is somewhere else, so its first process, a copy of the supervisor,
 * enters the host's namespaces again, through descriptors that the launcher opened before there was
 * a lab. What it has of its own is a PID namespace, below the lab's: so all of its programs end
 * with it, and with the lab, in whatever way.
 *
 * Nothing can be mounted where the host sees it. The folders that other nodes see below /run/wanlab
 * are in a native node what they are on the host: wherever a program's words, environment or
 * working folder name one of the former, they get the latter.
 */
#include "node/native.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "node/child.h"
#include "node/program.h"

static const struct {
    const char *path;
    int flag;
} host[NATIVE_NAMESPACES] = {
    {"/proc/self/ns/net", CLONE_NEWNET},
    {"/proc/self/ns/uts", CLONE_NEWUTS},
    {"/proc/self/ns/ipc", CLONE_NEWIPC},
    {"/proc/self/ns/mnt", CLONE_NEWNS},
};

int native_open_host(int ret_fds[NATIVE_NAMESPACES], struct error *err)
{
    for (size_t i = 0; i < NATIVE_NAMESPACES; i++) {
        ret_fds[i] = open(host[i].path, O_RDONLY | O_CLOEXEC);
        if (ret_fds[i] < 0)
            return error_errno(err, errno, "cannot open '%s'", host[i].path);
    }
    return 0;
}

static int prepare(const struct scenario *s, const struct node *node, char **ret_root,
                   struct error *err)
{
    (void)s, (void)ret_root;
    if (geteuid() == 0)
        return 0;
    return error_machine(err, EPERM,
                         "node '%s': a node of kind native needs root: another user's lab is in a "
                         "user namespace, which leads to the host's files and network no more",
                         node->name);
}

static int enter_host(const int *namespaces, struct error *err)
{
    for (size_t i = 0; i < NATIVE_NAMESPACES; i++)
        if (setns(namespaces[i], host[i].flag) < 0)
            return error_errno(err, errno, "cannot enter the host's '%s'", host[i].path);
    return 0;
}

static int enter(const struct node_spec *spec, int channel, int *ret_fd, struct error *err)
{
    (void)channel, (void)ret_fd;
    return enter_host(spec->host, err);
}

static int begin(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    node_init(n, &node_native, spec->name);
    n->namespaces = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS;
    n->privileged = true;
    n->spec = spec;
    return node_clone(n, spec, enter, err);
}

static int finish(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    struct child_answer answer;
    int r = child_receive(n->boot_fd, &answer, NULL, 0, err);
    fd_closep(&n->boot_fd);
    return r < 0 ? error_wrap(err, "node '%s'", spec->name) : 0;
}

/* Whether a path can go on with this character. */
static bool is_of_name(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("._-", c));
}

/* The folder that is named at `at` in `text`; NULL: none. */
static const struct node_mount *named(const struct node_spec *spec, const char *text,
                                      const char *at)
{
    if (*at != '/' || (at > text && is_of_name(at[-1])))
        return NULL;
    for (size_t i = 0; i < spec->mount_count; i++) {
        size_t len = strlen(spec->mounts[i].target);
        if (strncmp(at, spec->mounts[i].target, len) == 0 && !is_of_name(at[len]))
            return &spec->mounts[i];
    }
    return NULL;
}

/* `text` with the host's paths of the folders that it names; the caller frees it. */
static char *translate(const struct node_spec *spec, const char *text)
{
    struct text out = {0};
    for (const char *at = text; *at;) {
        const struct node_mount *m = named(spec, text, at);
        if (m)
            text_add(&out, "%s", m->source);
        else
            text_add(&out, "%c", *at);
        at += m ? strlen(m->target) : 1;
    }
    return out.data ? out.data : xstrdup("");
}

static char **translate_all(const struct node_spec *spec, char *const *texts)
{
    size_t count = 0;
    while (texts[count])
        count++;
    char **all = xcalloc(count + 1, sizeof(*all));
    for (size_t i = 0; i < count; i++)
        all[i] = translate(spec, texts[i]);
    return all;
}

static void free_all(char **texts)
{
    for (size_t i = 0; texts[i]; i++)
        free(texts[i]);
    free(texts);
}

static int exec(const struct node_instance *n, const struct node_exec *e, pid_t *ret_pid,
                int *ret_pidfd, struct error *err)
{
    struct node_exec there = *e;
    char **argv = translate_all(n->spec, e->argv), **env = translate_all(n->spec, e->env);
    _cleanup_(freep) char *folder = e->folder ? translate(n->spec, e->folder) : NULL;
    there.argv = argv;
    there.env = env;
    there.folder = folder;
    int r = program_start(n, &there, ret_pid, ret_pidfd, err);
    free_all(argv);
    free_all(env);
    return r;
}

const struct node_driver node_native = {
    .name = "native",
    .prepare = prepare,
    .begin = begin,
    .finish = finish,
    .exec = exec,
    .pause = program_pause_node,
    .end = program_end_node,
    .halt = program_halt_node,
    .stop = program_stop_node,
};
