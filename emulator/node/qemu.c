/* SPDX-License-Identifier: MIT
 *
 * A node of kind qemu is qemu-system-x86_64 in a machine's sandbox, a microvm with Debian's kernel
 * (the package linux-image-cloud-amd64: virtio and nothing else). All devices are virtio over MMIO:
 *
 *   root       what the sandbox shows, read-only, by virtiofsd; under an overlay in the guest's
 * memory scratch    an ext4 disk on a file in memory network    the TAPs of the node's ports,
 * opened here and handed over agent      a console port; QMP beside it says how a guest has ended
 *
 * Without a KVM that works (node/kvm.h) the guest's processor is emulated: then the kernel is told
 * how fast the time stamp counter runs, as a clock that it has to calibrate itself is off by
 * percents.
 */
#include "node/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/interface.h"
#include "node/initramfs.h"
#include "node/kvm.h"
#include "node/machine.h"
#include "node/root.h"

#define PROGRAM    "qemu-system-x86_64"
#define VIRTIOFSD  "/usr/lib/qemu/virtiofsd"
#define SECCOMP    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
#define BOOT_GLOB  "/boot/vmlinuz-*-amd64"
#define BOOT_START "/boot/vmlinuz-"

/* The launch's descriptors. */
enum { FD_INITRAMFS, FD_DISK, FD_FILES, FD_FILES_SERVER, FD_QMP, FD_TAPS };
#define FD(which) (MACHINE_FIRST_FD + (which))

/* Of 24 virtio-mmio places four are taken. */
enum { INTERFACES_MAX = 20, TSC_MS = 20 };

static const char *const modules[] = {"virtio_mmio", "virtio_console", "virtio_net",
                                      "virtio_blk",  "virtiofs",       "overlay",
                                      "ipv6",        "ext4",           NULL};

struct kernel {
    char *image, *modules; /* its file, and the folder of its modules */
    int initramfs;
};

static void kernel_done(struct kernel *k)
{
    free(k->image);
    free(k->modules);
    fd_closep(&k->initramfs);
}

/* The newest with modules; cloud kernels first, as they boot faster. */
static int find_kernel(struct kernel *ret, struct error *err)
{
    glob_t found = {0};
    const char *best = NULL;
    bool best_is_cloud = false;
    glob(BOOT_GLOB, 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i];
        bool cloud = strstr(path, "-cloud-");
        _cleanup_(freep) char *dep =
            xasprintf("/lib/modules/%s/modules.dep", path + strlen(BOOT_START));
        bool better = !best || cloud > best_is_cloud ||
                      (cloud == best_is_cloud && strverscmp(path, best) > 0);
        if (access(dep, R_OK) < 0 || access(path, R_OK) < 0 || !better)
            continue;
        best = path;
        best_is_cloud = cloud;
    }
    if (best) {
        ret->image = xstrdup(best);
        ret->modules = xasprintf("/lib/modules/%s", best + strlen(BOOT_START));
    }
    globfree(&found);
    return best ? 0
                : error_machine(err, ENOENT,
                                "there is no kernel for guests in /boot with modules in "
                                "/lib/modules (Debian package: linux-image-cloud-amd64)");
}

static int open_kernel(struct kernel *ret, struct error *err)
{
    *ret = (struct kernel){.initramfs = -1};
    int r = find_kernel(ret, err);
    return r < 0 ? r : initramfs_open(ret->modules, modules, &ret->initramfs, err);
}

static int check_programs(const struct node *node, struct error *err)
{
    if (geteuid() != 0) /* virtiofsd opens files as the guest asks: O_NOATIME is the owner's */
        return error_machine(err, EPERM, "node '%s': a node of kind qemu needs root", node->name);
    int r = machine_check(node, "qemu", PROGRAM, "qemu-system-x86", err);
    if (r == 0 && access(VIRTIOFSD, X_OK) < 0)
        r = error_machine(err, ENOENT,
                          "a node of kind qemu needs '" VIRTIOFSD
                          "' (Debian package: qemu-system-common)");
    return r;
}

static void warn_of_emulation(const char *why)
{
    static bool warned;
    if (!warned)
        log_warn("no KVM (%s): guests of kind qemu run on emulated processors, about ten times "
                 "slower than this one",
                 why);
    warned = true;
}

static int try_kvm(const struct node *node, const struct kernel *kernel, struct error *err)
{
    char why[256];
    if (node->accelerator == ACCELERATOR_TCG ||
        kvm_works(kernel->image, kernel->initramfs, why, sizeof(why)))
        return 0;
    if (node->accelerator == ACCELERATOR_KVM)
        return error_machine(err, ENODEV,
                             "accelerator is kvm, which does not work here (%s): expected auto or "
                             "tcg on this machine",
                             why);
    warn_of_emulation(why);
    return 0;
}

static int prepare(const struct scenario *s, const struct node *node, char **ret_root,
                   struct error *err)
{
    struct kernel kernel = {.initramfs = -1};
    int r = check_programs(node, err);
    if (r == 0)
        r = open_kernel(&kernel, err);
    if (r == 0)
        r = root_find(s, node, ret_root, err);
    if (r == 0)
        r = try_kvm(node, &kernel, err);
    kernel_done(&kernel);
    return r < 0 ? error_wrap(err, "node '%s'", node->name) : 0;
}

/* --- the setup --- */

static void add_steps(struct machine_launch *l, const struct node_spec *spec)
{
    machine_step(l, "mount\tvirtiofs\troot\t" MACHINE_HOST "\tro\t");
    machine_add_root_steps(l, spec);
    machine_step(l, "mount\text4\t/dev/vda\t" MACHINE_ROOT MACHINE_SCRATCH "\trw\tdiscard");
    machine_add_enter_steps(l);
    machine_add_last_steps(l, spec);
}

/* --- the program --- */

/* Ticks of the time stamp counter in a millisecond, 0 if there is none. */
static unsigned long tsc_khz(void)
{
#ifdef __x86_64__
    uint64_t begin_ns = clock_monotonic_ns(), begin = __rdtsc();
    nanosleep(&(struct timespec){.tv_nsec = TSC_MS * (long)NS_PER_MS}, NULL);
    uint64_t end_ns = clock_monotonic_ns(), end = __rdtsc();
    return (unsigned long)((double)(end - begin) * 1e6 / (double)(end_ns - begin_ns) + 0.5);
#else
    return 0;
#endif
}

static char *make_command_line(bool kvm)
{
    static unsigned long khz; /* it does not change */
    const char *common = "console=ttyS0 loglevel=4 panic=-1 reboot=t mitigations=off nokaslr "
                         "random.trust_cpu=on cryptomgr.notests audit=0 wanlab.line=port:wanlab";
    if (kvm)
        return xstrdup(common);
    khz = khz ? khz : tsc_khz();
    return xasprintf("%s no_timer_check clocksource=tsc tsc=reliable tsc_early_khz=%lu", common,
                     khz);
}

static char **make_server_argv(void)
{
    char **argv = NULL;
    machine_add(&argv, VIRTIOFSD);
    machine_add(&argv, "--fd=%d", FD(FD_FILES_SERVER));
    machine_add(&argv, "-o");
    machine_add(&argv, "source=/,sandbox=chroot,cache=always,"
                       "modcaps=-chown:-fowner:-fsetid:-setgid:-setuid:-mknod:-setfcap");
    machine_add(&argv, "--thread-pool-size=0");
    machine_add(&argv, "--rlimit-nofile=0");
    machine_add(&argv, "-o");
    machine_add(&argv, "log_level=err");
    return argv;
}

static void add_devices(char ***argv, const struct node_spec *spec, bool vhost)
{
    machine_add(argv, "-chardev");
    machine_add(argv, "socket,id=files,fd=%d", FD(FD_FILES));
    machine_add(argv, "-device");
    machine_add(argv, "vhost-user-fs-device,chardev=files,tag=root");
    machine_add(argv, "-chardev");
    machine_add(argv, "socket,id=agent,fd=%d", MACHINE_LINE_FD);
    machine_add(argv, "-device");
    machine_add(argv, "virtio-serial-device");
    machine_add(argv, "-device");
    machine_add(argv, "virtserialport,name=wanlab,chardev=agent");
    machine_add(argv, "-drive");
    machine_add(argv,
                "if=none,id=scratch,file=/proc/self/fd/%d,format=raw,cache=%s,discard=unmap,"
                "detect-zeroes=unmap,throttling.bps-read=%llu,throttling.bps-write=%llu",
                FD(FD_DISK), spec->scratch_on_disk ? "writeback" : "unsafe",
                (unsigned long long)spec->limits->io_read, /* 0: no limit */
                (unsigned long long)spec->limits->io_write);
    machine_add(argv, "-device");
    machine_add(argv, "virtio-blk-device,drive=scratch");
    for (size_t i = 0; i < spec->interface_count; i++) {
        const uint8_t *m = spec->interfaces[i].mac;
        machine_add(argv, "-netdev");
        machine_add(argv, "tap,id=net%zu,fd=%zu,vhost=%s", i, FD(FD_TAPS) + i,
                    vhost ? "on" : "off");
        machine_add(argv, "-device");
        machine_add(argv, "virtio-net-device,netdev=net%zu,mac=%02x:%02x:%02x:%02x:%02x:%02x", i,
                    m[0], m[1], m[2], m[3], m[4], m[5]);
    }
}

static char **make_argv(const struct node_spec *spec, const struct kernel *kernel, bool kvm)
{
    static const char *const fixed[] = {
        PROGRAM,    "-nodefaults", "-no-user-config", "-display",
        "none",     "-no-reboot",  "-global",         "virtio-mmio.force-legacy=false",
        "-sandbox", SECCOMP,       "-serial",         "stdio",
    };
    unsigned long long kib = machine_memory(spec->limits) >> 10;
    _cleanup_(freep) char *command_line = make_command_line(kvm);
    char **argv = NULL;
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        machine_add(&argv, "%s", fixed[i]);
    machine_add(&argv, "-M");
    machine_add(&argv, "microvm,memory-backend=memory,acpi=on,pit=off,pic=off,rtc=on,"
                       "x-option-roms=off,auto-kernel-cmdline=off");
    machine_add(&argv, "-name");
    machine_add(&argv, "%s", spec->name);
    machine_add(&argv, "-accel");
    machine_add(&argv, kvm ? "kvm" : "tcg,thread=multi,tb-size=64");
    machine_add(&argv, "-cpu");
    machine_add(&argv, kvm ? "host" : "qemu64");
    machine_add(&argv, "-smp");
    machine_add(&argv, "%.0f", spec->limits->cpus > 1 ? ceil(spec->limits->cpus) : 1.0);
    machine_add(&argv, "-m");
    machine_add(&argv, "%lluK", kib);
    machine_add(&argv, "-object");
    machine_add(&argv, "memory-backend-memfd,id=memory,size=%lluK,share=on", kib);
    machine_add(&argv, "-kernel");
    machine_add(&argv, "%s", kernel->image);
    machine_add(&argv, "-initrd");
    machine_add(&argv, "/proc/self/fd/%d", FD(FD_INITRAMFS));
    machine_add(&argv, "-append");
    machine_add(&argv, "%s", command_line);
    machine_add(&argv, "-chardev");
    machine_add(&argv, "socket,id=qmp,fd=%d", FD(FD_QMP));
    machine_add(&argv, "-mon");
    machine_add(&argv, "chardev=qmp,mode=control");
    add_devices(&argv, spec, kvm && access("/dev/vhost-net", R_OK | W_OK) == 0);
    return argv;
}

/* --- its descriptors --- */

/* A listening socket, and one that is connected to it already, so that nobody has to wait for
 * anybody's start. */
static int open_file_sockets(int *ret_client, int *ret_server, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX}; /* the kernel picks an abstract name */
    socklen_t size = sizeof(address);
    _cleanup_(fd_closep) int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    _cleanup_(fd_closep) int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || client < 0 ||
        bind(server, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
        listen(server, 1) < 0 || getsockname(server, (struct sockaddr *)&address, &size) < 0 ||
        connect(client, (struct sockaddr *)&address, size) < 0)
        return error_errno(err, errno, "cannot make its sockets");
    *ret_server = take_fd(&server);
    *ret_client = take_fd(&client);
    return 0;
}

static int open_descriptors(const struct node_spec *spec, struct machine_launch *l,
                            struct error *err)
{
    int pair[2];
    if (spec->interface_count > INTERFACES_MAX)
        return error_set(err, E2BIG, "a node of kind qemu has at most %d interfaces",
                         INTERFACES_MAX);
    int r = machine_open_disk(spec, &l->fds[FD_DISK], err);
    if (r == 0)
        r = open_file_sockets(&l->fds[FD_FILES], &l->fds[FD_FILES_SERVER], err);
    if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        r = error_errno(err, errno, "cannot make a socket pair");
    if (r == 0) {
        l->qmp = pair[0];
        l->fds[FD_QMP] = pair[1];
    }
    for (size_t i = 0; i < spec->interface_count && r == 0; i++)
        r = interface_attach_tap(spec->interfaces[i].port, &l->fds[FD_TAPS + i], err);
    return r;
}

static int launch(struct node_instance *n, const struct node_spec *spec, struct machine_launch *l,
                  struct error *err)
{
    struct kernel kernel;
    char why[256];
    int r = open_kernel(&kernel, err);
    if (r == 0)
        r = open_descriptors(spec, l, err);
    if (r == 0) {
        bool kvm = spec->accelerator != ACCELERATOR_TCG &&
                   kvm_works(kernel.image, kernel.initramfs, why, sizeof(why));
        l->fds[FD_INITRAMFS] = take_fd(&kernel.initramfs);
        l->accelerator = kvm ? "kvm" : "tcg";
        l->device = kvm ? "/dev/kvm" : NULL;
        l->argv = make_argv(spec, &kernel, kvm);
        l->helpers[l->helper_count++] = make_server_argv();
        add_steps(l, spec);
    }
    kernel_done(&kernel);
    if (r < 0)
        machine_launch_done(l);
    return r < 0 ? r : machine_begin(n, spec, l, err);
}

static int begin(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    struct machine_launch l = {
        .shm_bytes = 16 << 20,
        .fd_count = FD_TAPS + spec->interface_count,
        .qmp = -1,
        .sets_clock = true,
    };
    for (size_t i = 0; i < MACHINE_FDS_MAX; i++)
        l.fds[i] = -1;
    node_init(n, &node_qemu, spec->name);
    int r = launch(n, spec, &l, err);
    return r < 0 ? error_wrap(err, "node '%s'", spec->name) : 0;
}

const struct node_driver node_qemu = {
    .name = "qemu",
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
