/* SPDX-License-Identifier: MIT
 *
 * What the kernel gives: tried by doing it, in a child with fresh namespaces that ends with all
 * that it made. The child's answers come through memory that it shares.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "lab/doctor_internal.h"
#include "lab/idle.h"
#include "lab/place.h"
#include "net/interface.h"
#include "net/tc.h"
#include "node/cgroup.h"
#include "wire/engine.h"

struct answer {
    bool tried;
    int result;
    struct error err;
};

enum trial { TRY_NAMESPACES, TRY_VETH, TRY_BRIDGE, TRY_IFB, TRY_REDIRECT, TRY_COUNT };

enum { VETH = 10, BRIDGE, IFB, NODE = 2 };

static int try_namespaces(struct error *err)
{
    int user = geteuid() == 0 ? 0 : CLONE_NEWUSER;
    if (unshare(user | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) < 0)
        return error_errno(err, errno, "cannot be made");
    return 0;
}

static int try_veth(struct netlink *nl, struct error *err)
{
    static const uint8_t macs[2][6] = {{2, 2, 0, 0, 0, 1}, {2, 1, 0, 0, 0, 1}};
    _cleanup_(fd_closep) int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    struct veth veth = {
        .name = "p0",
        .index = VETH,
        .mac = macs[0],
        .peer_name = "eth0",
        .peer_index = NODE,
        .peer_mac = macs[1],
        .peer_ns_fd = ns,
        .mtu = PLAN_MTU,
    };
    return interface_add_veth(nl, &veth, err);
}

static int try_redirect(struct netlink *nl, struct error *err)
{
    int r = tc_add_clsact(nl, VETH, err);
    return r < 0 ? r : tc_add_redirect(nl, VETH, NODE, err);
}

static void try_all(struct answer *answers)
{
    struct netlink *nl = NULL;
    struct answer *first = &answers[TRY_NAMESPACES];
    first->tried = true;
    first->result = try_namespaces(&first->err);
    if (first->result < 0 || netlink_open(&nl, NULL) < 0)
        return;
    for (int i = TRY_VETH; i < TRY_COUNT; i++) {
        struct answer *a = &answers[i];
        a->tried = true;
        a->result = i == TRY_VETH     ? try_veth(nl, &a->err)
                    : i == TRY_BRIDGE ? interface_add_bridge(nl, "br0", BRIDGE, &a->err)
                    : i == TRY_IFB    ? interface_add_ifb(nl, "i0", IFB, &a->err)
                                      : try_redirect(nl, &a->err);
    }
}

static void add_trials(struct doctor *d, const struct answer *answers)
{
    static const struct {
        const char *name, *cure;
        bool needed;
    } trials[TRY_COUNT] = {
        [TRY_NAMESPACES] = {"namespaces",
                            "run as root, or sysctl user.max_user_namespaces=10000 "
                            "kernel.unprivileged_userns_clone=1; in a container: --privileged",
                            true},
        [TRY_VETH] = {"veth", "modprobe veth", true},
        [TRY_BRIDGE] = {"bridge", "modprobe bridge (for 'networks')", false},
        [TRY_IFB] = {"ifb", "modprobe ifb (for 'networks' on engine netem)", false},
        [TRY_REDIRECT] = {"redirect", "modprobe sch_ingress cls_u32 act_mirred", true},
    };
    for (int i = 0; i < TRY_COUNT; i++) {
        const struct answer *a = &answers[i];
        bool good = a->tried && a->result == 0;
        enum doctor_state bad = trials[i].needed ? DOCTOR_NEEDED : DOCTOR_MISSING;
        doctor_add(d, "kernel", trials[i].name, good ? DOCTOR_OK : bad, trials[i].cure, "%s",
                   good       ? "works"
                   : a->tried ? a->err.text
                              : "not tried, for want of namespaces");
    }
}

static void examine_engines(struct doctor *d)
{
    struct error netem, delayline;
    bool has_netem = wire_engine(ENGINE_NETEM)->probe(&netem) == 0;
    bool has_delayline = wire_engine(ENGINE_DELAYLINE)->probe(&delayline) == 0;
    doctor_add(d, "kernel", "netem",
               has_netem       ? DOCTOR_OK
               : has_delayline ? DOCTOR_MISSING
                               : DOCTOR_NEEDED,
               "modprobe sch_netem, of a kernel that has it; wires are the delay line's without",
               "%s", has_netem ? "works" : netem.text);
    doctor_add(d, "kernel", "tun",
               has_delayline ? DOCTOR_OK
               : has_netem   ? DOCTOR_MISSING
                             : DOCTOR_NEEDED,
               "modprobe tun, and make /dev/net/tun readable and writable", "%s",
               has_delayline ? "works, for the delay line and machines" : delayline.text);
}

static int try_cgroups(const char *folder, struct cgroup *ret, struct error *err)
{
    const struct node_limits limits = {.cpus = 1, .memory_bytes = 64 << 20, .pids = 64};
    _cleanup_(freep) char *record = NULL;
    int r = cgroup_reserve(folder, &record, err);
    if (r == 0)
        r = cgroup_open(record, "probe", &limits, ret, err);
    if (r == 0)
        r = cgroup_limit(ret, &limits, 0, err);
    return r;
}

/* By the folders that a lab of one node would have; the next sweep removes them. */
static void examine_cgroups(struct doctor *d)
{
    static const char cure[] =
        "mount the controllers cpu, memory and pids; an ordinary user needs a delegated slice";
    struct cgroup cgroup = {0};
    struct error err;
    _cleanup_(freep) char *name = xasprintf("doctor-%d", (int)getpid());
    _cleanup_(freep) char *folder = NULL;
    int lock;
    int r = place_claim(name, &folder, &lock, &err);
    if (r == 0) {
        r = try_cgroups(folder, &cgroup, &err);
        close(lock);
    }
    if (r == 0)
        doctor_add(d, "kernel", "cgroups", DOCTOR_OK, cure,
                   "limits hold: cpu v%d, memory v%d, pids v%d", cgroup.controller[0].unified + 1,
                   cgroup.controller[1].unified + 1, cgroup.controller[2].unified + 1);
    else
        doctor_add(d, "kernel", "cgroups", DOCTOR_MISSING, cure, "no limits for nodes: %s",
                   err.text);
    cgroup_close(&cgroup);
    place_sweep();
}

static void examine_rest(struct doctor *d)
{
    bool kvm = access("/dev/kvm", R_OK | W_OK) == 0;
    doctor_add(
        d, "kernel", "kvm", kvm ? DOCTOR_OK : DOCTOR_MISSING,
        "enable virtualisation in the firmware, modprobe kvm_intel or kvm_amd; nodes of kind "
        "qemu are emulated without",
        "/dev/kvm: %s",
        kvm ? "opens (the first node of kind qemu tries whether guests boot by it)"
            : strerror(errno));
    _cleanup_(fd_closep) int idle = -1;
    char why[256];
    struct error err;
    bool polls = idle_choose(IDLE_POLL, true, &idle, why, sizeof(why), &err) == 0;
    doctor_add(d, "kernel", "idle", polls ? DOCTOR_OK : DOCTOR_WEAK,
               "run as root; on an idle machine packets and answers are late by what it takes to "
               "wake a processor",
               "%s", polls ? "processors can be kept awake while something is measured" : err.text);
    bool root = geteuid() == 0;
    doctor_add(
        d, "kernel", "user", root ? DOCTOR_OK : DOCTOR_WEAK,
        "as root: real-time wires, --pin, nodes of kind docker and native, limits everywhere", "%s",
        root ? "root" : "an ordinary user, by a user namespace");
}

void doctor_examine_kernel(struct doctor *d)
{
    struct answer *answers = mmap(NULL, TRY_COUNT * sizeof(*answers), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (answers == MAP_FAILED)
        abort();
    pid_t child = fork();
    if (child == 0) {
        try_all(answers);
        _exit(0);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
    add_trials(d, answers);
    munmap(answers, TRY_COUNT * sizeof(*answers));
    examine_engines(d);
    examine_cgroups(d);
    examine_rest(d);
}
