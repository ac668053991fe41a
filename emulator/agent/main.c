/* SPDX-License-Identifier: MIT
 *
 * wanlab-agent machine          as /init of an initramfs: /modules are loaded, the line is what
 *                               wanlab.line= of the kernel's command line says
 * wanlab-agent socket PATH      in a container: the line is the Unix socket at PATH; its end is a
 *                               power failure
 * wanlab-agent reap             in a container that can be entered: only waits for orphans
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/setup.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/reap.h"

enum {
    POLL_FIXED = 3, /* the line, the children, netlink */
    LINE_WAIT_MS = 20000,
    END_WAIT_MS = 2000, /* between asking programs to end and killing them */
};

/* --- the line --- */

void agent_send(struct agent *a, uint16_t channel, enum frame_type type, unsigned stream,
                const void *data, size_t size)
{
    frame_put(&a->out, channel, type, stream, data, size);
}

void agent_send_text(struct agent *a, uint16_t channel, enum frame_type type, const char *text)
{
    agent_send(a, channel, type, 0, text, strlen(text) + 1);
}

/* The device of the virtio port with that name, once the driver has made it. */
static int open_port(const char *name)
{
    _cleanup_(dir_closep) DIR *ports = opendir("/sys/class/virtio-ports");
    for (struct dirent *d; ports && (d = readdir(ports));) {
        _cleanup_(freep) char *path = xasprintf("/sys/class/virtio-ports/%s/name", d->d_name);
        _cleanup_(freep) char *text = NULL;
        if (*d->d_name == '.' || file_read(path, 256, &text, NULL, NULL) < 0)
            continue;
        text[strcspn(text, "\n")] = '\0';
        _cleanup_(freep) char *device = xasprintf("/dev/%s", d->d_name);
        if (strcmp(text, name) == 0)
            return open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    }
    errno = ENODEV;
    return -1;
}

static int open_terminal(const char *path)
{
    struct termios t;
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && tcgetattr(fd, &t) == 0) {
        cfmakeraw(&t);
        tcsetattr(fd, TCSANOW, &t);
    }
    return fd;
}

/* With the network that the host is to set up: it may have no other way to find it. */
static int send_network(int line)
{
    _cleanup_(fd_closep) int network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    return network >= 0 && message_send(line, "", 1, &network, 1) == 1 ? 0 : -1;
}

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || send_network(fd) < 0))
        fd_closep(&fd);
    if (fd >= 0)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static int open_line(const char *line)
{
    int fd = -1;
    for (int ms = 0; fd < 0 && ms < LINE_WAIT_MS; ms += 10) {
        fd = strncmp(line, "port:", 5) == 0     ? open_port(line + 5)
             : strncmp(line, "socket:", 7) == 0 ? open_socket(line + 7)
                                                : open_terminal(line);
        if (fd < 0)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    if (fd < 0)
        fprintf(stderr, "wanlab-agent: cannot open the line '%s': %s\n", line, strerror(errno));
    return fd;
}

/* --- the guest as such --- */

static void greet(struct agent *a)
{
    struct utsname name;
    uname(&name);
    _cleanup_(freep) char *text = xasprintf("%s%c%s", FRAME_GREETING, 0, name.release);
    agent_send(a, 0, FRAME_HELLO, 0, text, sizeof(FRAME_GREETING) + strlen(name.release) + 1);
}

static void set_up(struct agent *a, const struct frame *f)
{
    struct setup_result result;
    struct error err;
    if (setup_run(f->data, f->head.size, &result, &err) < 0) {
        agent_send_text(a, 0, FRAME_FAILED, err.text);
        return;
    }
    a->ready = true;
    agent_send(a, 0, FRAME_READY, 0, result.indices, result.count * sizeof(int32_t));
}

static uint64_t memory_field(const char *meminfo, const char *name)
{
    const char *at = strstr(meminfo, name);
    return at ? strtoull(at + strlen(name), NULL, 10) << 10 : 0;
}

static void answer_ping(struct agent *a, const struct frame *f)
{
    struct frame_ping ping;
    struct frame_pong pong = {0};
    struct statfs fs;
    _cleanup_(freep) char *meminfo = NULL;
    if (f->head.size != sizeof(ping))
        return;
    memcpy(&ping, f->data, sizeof(ping));
    pong.host_ns = ping.host_ns;
    if (file_read("/proc/meminfo", 1 << 16, &meminfo, NULL, NULL) == 0) {
        pong.memory_total = memory_field(meminfo, "MemTotal:");
        pong.memory_available = memory_field(meminfo, "MemAvailable:");
    }
    if (statfs("/", &fs) == 0)
        pong.disk_used = (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
    pong.realtime_ns = clock_realtime_ns(); /* last, right before the answer goes */
    agent_send(a, 0, FRAME_PONG, 0, &pong, sizeof(pong));
}

/* A whole tick of a hundredth of a second is 100 ppm, and in between there is the frequency, in
 * 2^-16 ppm. */
static void set_clock(struct agent *a, const struct frame *f)
{
    const int64_t second = (int64_t)NS_PER_SEC, tick = 100000;
    struct frame_clock clock;
    if (f->head.size != sizeof(clock))
        return;
    memcpy(&clock, f->data, sizeof(clock));
    const int64_t ticks = clock.drift_ppb / tick;
    struct timex t = {
        .modes = ADJ_SETOFFSET | ADJ_NANO | ADJ_TICK | ADJ_FREQUENCY,
        .time = {.tv_sec = (time_t)(clock.step_ns / second),
                 .tv_usec = (suseconds_t)(clock.step_ns % second)},
        .tick = (long)(10000 + ticks),
        .freq = (long)((clock.drift_ppb - ticks * tick) * 65536 / 1000),
    };
    if (t.time.tv_usec < 0) {
        t.time.tv_usec += (suseconds_t)second;
        t.time.tv_sec--;
    }
    const int32_t result = adjtimex(&t) < 0 ? errno : 0;
    agent_send(a, 0, FRAME_CLOCK, 0, &result, sizeof(result));
}

/* Programs get a chance to end by themselves; nothing is left unwritten. */
static _Noreturn void power_off(struct agent *a)
{
    kill(-1, SIGTERM);
    for (int ms = 0; ms < END_WAIT_MS && waitpid(-1, NULL, WNOHANG) >= 0; ms += 10)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    kill(-1, SIGKILL);
    sync();
    if (a->machine)
        reboot(RB_POWER_OFF);
    _exit(0);
}

/* All processes but this one, the container's first; none can be forked past it. */
static void pause_programs(struct agent *a, const struct frame *f)
{
    if (a->machine || f->head.size != 1)
        return;
    kill(-1, f->data[0] ? SIGSTOP : SIGCONT);
    agent_send(a, 0, FRAME_PAUSE, 0, f->data, 1);
}

/* In a container: programs have been asked to end, and are heard until they have. */
static void end_with_programs(const struct agent *a)
{
    siginfo_t info;
    if (program_count(a) == 0 && !frame_pending(&a->out) &&
        waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
        _exit(0);
}

/* --- netlink, for a host that cannot open a socket in here --- */

static void relay_request(struct agent *a, const struct frame *f)
{
    static const int on = 1;
    if (a->netlink < 0) {
        a->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
        setsockopt(a->netlink, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
        setsockopt(a->netlink, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
    }
    a->netlink_channel = f->head.channel;
    struct nlmsghdr *request = (struct nlmsghdr *)f->data;
    if (f->head.size >= sizeof(*request))
        request->nlmsg_pid = 0; /* the asker's port number means nothing here */
    if (send(a->netlink, f->data, f->head.size, 0) < 0)
        agent_send(a, f->head.channel, FRAME_NETLINK, 0, NULL, 0);
}

static void relay_answer(struct agent *a)
{
    char answer[32 << 10];
    ssize_t n = recv(a->netlink, answer, sizeof(answer), 0);
    if (n > 0)
        agent_send(a, a->netlink_channel, FRAME_NETLINK, 0, answer, (size_t)n);
}

/* --- the loop --- */

static void handle(struct agent *a, const struct frame *f)
{
    switch (f->head.type) {
    case FRAME_SETUP:
        set_up(a, f);
        break;
    case FRAME_PING:
        answer_ping(a, f);
        break;
    case FRAME_CLOCK:
        set_clock(a, f);
        break;
    case FRAME_POWER_OFF:
        if (a->machine)
            power_off(a);
        kill(-1, SIGTERM);
        a->ending = true;
        break;
    case FRAME_PAUSE:
        pause_programs(a, f);
        break;
    case FRAME_NETLINK:
        relay_request(a, f);
        break;
    default:
        program_handle(a, f);
    }
}

/* Without its host a guest is of no use. A container ends as in a power failure: with its first
 * process the kernel kills all others. */
static _Noreturn void lose_host(struct agent *a)
{
    if (a->machine)
        power_off(a);
    _exit(0);
}

static void receive(struct agent *a)
{
    struct frame f;
    size_t before = a->in.end - a->in.begin;
    int r = frame_read(&a->in, a->line);
    if (r == -EAGAIN)
        return;
    if (r <= 0)
        lose_host(a);
    uint32_t taken = (uint32_t)(a->in.end - a->in.begin - before);
    if (isatty(a->line))
        agent_send(a, 0, FRAME_TAKEN, 0, &taken, sizeof(taken));
    while ((r = frame_next(&a->in, &f)) > 0)
        handle(a, &f);
    if (r < 0)
        lose_host(a);
}

static void step(struct agent *a)
{
    size_t max = POLL_FIXED + FRAME_STREAMS * program_count(a);
    _cleanup_(freep) struct pollfd *fds = xcalloc(max, sizeof(*fds));
    fds[0] = (struct pollfd){.fd = a->line, .events = POLLIN};
    fds[0].events |= frame_pending(&a->out) ? POLLOUT : 0;
    fds[1] = (struct pollfd){.fd = a->children, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = a->netlink, .events = POLLIN};
    size_t count = POLL_FIXED + program_poll(a, fds + POLL_FIXED, max - POLL_FIXED);
    if (poll(fds, count, -1) < 0)
        return;
    if (fds[1].revents) {
        struct signalfd_siginfo info;
        while (read(a->children, &info, sizeof(info)) > 0)
            continue;
        program_reap(a);
    }
    if (fds[2].revents)
        relay_answer(a);
    if (fds[0].revents & ~POLLOUT)
        receive(a);
    program_work(a);
    int r = frame_flush(&a->out, a->line);
    if (r < 0 && r != -EAGAIN)
        lose_host(a);
    if (a->ending)
        end_with_programs(a);
}

/* --- the modes --- */

static int load_module(const char *path)
{
    _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = strlen(path);
    int flags = len > 3 && strcmp(path + len - 3, ".ko") != 0 ? 4 /* compressed */ : 0;
    return fd < 0 || (syscall(SYS_finit_module, fd, "", flags) < 0 && errno != EEXIST) ? -errno : 0;
}

/* Those that /modules/list names, in its order. One that will not load is said on the console; if
 * it was needed, what needs it will fail and say so. */
static void load_modules(void)
{
    char line[256];
    _cleanup_(file_closep) FILE *list = fopen("/modules/list", "re");
    while (list && fgets(line, sizeof(line), list)) {
        line[strcspn(line, "\n")] = '\0';
        _cleanup_(freep) char *path = xasprintf("/modules/%s", line);
        int r = load_module(path);
        if (r < 0)
            fprintf(stderr, "wanlab-agent: cannot load '%s': %s\n", line, strerror(-r));
    }
}

static void mount_kernel_files(void)
{
    static const char *const mounts[][2] = {
        {"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}};
    for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
        mkdir(mounts[i][1], 0755);
        if (mount(mounts[i][0], mounts[i][1], mounts[i][0], MS_NOSUID, NULL) < 0 && errno != EBUSY)
            fprintf(stderr, "wanlab-agent: cannot mount %s: %s\n", mounts[i][0], strerror(errno));
    }
    umask(022);
    file_write("/proc/sys/kernel/hotplug", "\n", NULL); /* else a process for each new device */
}

/* The value of wanlab.line= */
static char *line_of_kernel(void)
{
    _cleanup_(freep) char *text = NULL;
    if (file_read("/proc/cmdline", 1 << 16, &text, NULL, NULL) < 0)
        return NULL;
    char *at = strstr(text, "wanlab.line=");
    if (!at)
        return NULL;
    at += strlen("wanlab.line=");
    at[strcspn(at, " \n")] = '\0';
    return xstrdup(at);
}

static int run(const char *line, bool machine)
{
    struct agent a = {.netlink = -1, .machine = machine};
    sigset_t mask;
    sigfillset(&mask);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    a.children = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    a.line = line ? open_line(line) : -1;
    if (a.line < 0)
        return 1;
    greet(&a);
    frame_flush_all(&a.out, a.line);
    for (;;)
        step(&a);
}

int main(int argc, char **argv)
{
    prctl(PR_SET_NAME, "wanlab-agent");
    if (argc == 2 && strcmp(argv[1], "reap") == 0)
        reap_forever();
    if (argc == 3 && strcmp(argv[1], "socket") == 0) {
        _cleanup_(freep) char *line = xasprintf("socket:%s", argv[2]);
        return run(line, false);
    }
    if (getpid() != 1) {
        fprintf(stderr, "wanlab-agent is the first process of a node\n");
        return 2;
    }
    mount_kernel_files();
    load_modules();
    _cleanup_(freep) char *line = line_of_kernel();
    if (!line)
        fprintf(stderr, "wanlab-agent: no line, nothing to do\n");
    run(line, true);
    reboot(RB_POWER_OFF);
    return 1;
}
