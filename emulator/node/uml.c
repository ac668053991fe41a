/* SPDX-License-Identifier: MIT
 *
 * A node of kind uml is linux.uml, Debian's User-Mode Linux, in a machine's sandbox. Its root is
 * what the sandbox shows, through hostfs and read-only, under an overlay in the guest's own memory;
 * the lab's folders come the same way; the scratch folder is a disk (ext4 on a file in memory). Its
 * interfaces are the TAPs of its ports. The agent comes in an initramfs, together with the modules
 * that this takes, and its line is a serial line.
 *
 * The guest may mount any folder of the host by hostfs; the sandbox is what keeps that harmless.
 */
#include "node/uml.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "node/initramfs.h"
#include "node/machine.h"
#include "node/root.h"

#define PROGRAM "linux.uml"
#define MODULES "/usr/lib/uml/modules/*"

static const char *const modules[] = {"overlay", "ipv6", NULL};

/* Guests that have been started: they go around the processors. */
static unsigned turns;

static const uint64_t overhead = 64 << 20; /* of its file in memory */

/* Debian's package has the modules of one kernel: its own. */
static int find_modules(char **ret, struct error *err)
{
    glob_t found = {0};
    int r = glob(MODULES, 0, NULL, &found) == 0 && found.gl_pathc > 0 ? 0 : -ENOENT;
    if (r == 0)
        *ret = xstrdup(found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return r < 0 ? error_machine(err, ENOENT,
                                 "there are no modules in " MODULES
                                 " (Debian package: user-mode-linux)")
                 : 0;
}

static int open_initramfs(char **ret_folder, int *ret_fd, struct error *err)
{
    int r = find_modules(ret_folder, err);
    return r < 0 ? r : initramfs_open(*ret_folder, modules, ret_fd, err);
}

static int prepare(const struct scenario *s, const struct node *node, char **ret_root,
                   struct error *err)
{
    _cleanup_(freep) char *folder = NULL;
    _cleanup_(fd_closep) int initramfs = -1;
    int r = machine_check(node, "uml", PROGRAM, "user-mode-linux", err);
    if (r == 0)
        r = open_initramfs(&folder, &initramfs, err);
    if (r == 0)
        r = root_find(s, node, ret_root, err);
    return r < 0 ? error_wrap(err, "node '%s'", node->name) : 0;
}

/* --- the setup --- */

static void add_root(struct machine_launch *l, const struct node_spec *spec)
{
    machine_step(l, "mount\thostfs\tnone\t" MACHINE_HOST "\tro\t/");
    machine_add_root_steps(l, spec);
    machine_step(l, "mount\text4\t/dev/ubda\t" MACHINE_ROOT MACHINE_SCRATCH "\trw\t");
    machine_add_enter_steps(l);
}

/* So that modprobe finds what Debian has put elsewhere. */
static void link_modules(struct machine_launch *l, const char *folder)
{
    machine_step(l, "dir\t/lib/modules\t755");
    machine_step(l, "link\t%s\t/lib/modules/%s", folder, strrchr(folder, '/') + 1);
}

/* --- the program --- */

static char **make_argv(const struct node_spec *spec)
{
    char **argv = NULL;
    machine_add(&argv, PROGRAM);
    machine_add(&argv, "mem=%lluK", (unsigned long long)machine_memory(spec->limits) >> 10);
    machine_add(&argv, "initrd=/proc/self/fd/%d", MACHINE_FIRST_FD);
    machine_add(&argv, "ubd0=/proc/self/fd/%d", MACHINE_FIRST_FD + 1);
    machine_add(&argv, "ssl0=fd:%d,fd:%d", MACHINE_LINE_FD, MACHINE_LINE_FD);
    machine_add(&argv, "ssl=null");
    machine_add(&argv, "con0=fd:0,fd:1");
    machine_add(&argv, "con=null");
    machine_add(&argv, "uml_dir=/dev/shm");
    machine_add(&argv, "umid=%s", spec->name);
    machine_add(&argv, "wanlab.line=/dev/ttyS0");
    /* It measures for 0.8 s, at each boot, which way of doing RAID 6 is the fastest. */
    machine_add(&argv, "initcall_blacklist=raid6_select_algo");
    for (size_t i = 0; i < spec->interface_count; i++) {
        const uint8_t *m = spec->interfaces[i].mac;
        machine_add(&argv,
                    "vec%zu:transport=tap,ifname=%s,depth=128,gro=1,"
                    "mac=%02x:%02x:%02x:%02x:%02x:%02x",
                    i, spec->interfaces[i].port, m[0], m[1], m[2], m[3], m[4], m[5]);
    }
    return argv;
}

static int begin(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    struct machine_launch l = {
        .shm_bytes = machine_memory(spec->limits) + overhead,
        .fds = {-1, -1},
        .fd_count = 2,
        .qmp = -1,
        .accelerator = "none",
        .line_window = FRAME_TERMINAL_WINDOW,
        .timer_signal = SIGALRM, /* see emulator/GOTCHAS.md */
        .one_process = true,     /* the others are traced by it, and a stop would be a surprise */
        .stays = true,           /* see emulator/GOTCHAS.md */
        .turn = turns++,
    };
    _cleanup_(freep) char *folder = NULL;
    node_init(n, &node_uml, spec->name);
    int r = open_initramfs(&folder, &l.fds[0], err);
    if (r == 0)
        r = machine_open_disk(spec, &l.fds[1], err);
    if (r < 0) {
        machine_launch_done(&l);
        return error_wrap(err, "node '%s'", spec->name);
    }
    l.argv = make_argv(spec);
    add_root(&l, spec);
    machine_add_last_steps(&l, spec);
    link_modules(&l, folder);
    return machine_begin(n, spec, &l, err);
}

const struct node_driver node_uml = {
    .name = "uml",
    .prepare = prepare,
    .begin = begin,
    .finish = machine_finish,
    .exec = machine_exec,
    .pause = machine_pause,
    .set_clock = machine_set_clock,
    .end = machine_end,
    .halt = machine_halt,
    .stop = machine_stop,
};
