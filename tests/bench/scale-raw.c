/* SPDX-License-Identifier: MIT
 *
 * The least that N nodes on one LAN cost: the same system calls as a lab's, by a program that does
 * nothing else, one after the other. For each node a process in namespaces of its own with a /proc,
 * a veth pair whose other end is a bridge's port, and an address of both IP versions; a bridge for
 * each 1,000. Prints the seconds until all are up and the KiB of memory that they take in all,
 * waits for a line (or the end) of its standard input, ends them, and prints the seconds until
 * their network namespaces are gone.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORTS = 1000, REQUEST_MAX = 1024, BRIDGE = 100, PORT = 1000, NODE = 2, SLACK = 16 };

struct request {
    struct nlmsghdr head;
    char rest[REQUEST_MAX];
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void begin(struct request *r, int type, int flags, const void *body, size_t size)
{
    memset(r, 0, sizeof(*r));
    r->head.nlmsg_type = (uint16_t)type;
    r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    memcpy(r->rest, body, size);
    r->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
}

static struct rtattr *put(struct request *r, int type, const void *data, size_t size)
{
    struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));
    a->rta_type = (uint16_t)type;
    a->rta_len = (uint16_t)RTA_LENGTH(size);
    if (size)
        memcpy(RTA_DATA(a), data, size);
    r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + (uint32_t)RTA_SPACE(size);
    return a;
}

static void end(struct request *r, struct rtattr *nest)
{
    nest->rta_len = (uint16_t)((char *)r + r->head.nlmsg_len - (char *)nest);
}

static void ask(int fd, struct request *r, const char *what)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[REQUEST_MAX];
    } answer;
    if (send(fd, r, r->head.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
        err(1, "%s", what);
    if (answer.error.error)
        errx(1, "%s: %s", what, strerror(-answer.error.error));
}

static void set_up(int fd, int index, int bridge)
{
    struct request r;
    struct ifinfomsg info = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    begin(&r, RTM_NEWLINK, 0, &info, sizeof(info));
    if (bridge)
        put(&r, IFLA_MASTER, &bridge, sizeof(bridge));
    ask(fd, &r, "up");
}

static void add_bridge(int fd, int number)
{
    struct request r;
    struct ifinfomsg info = {.ifi_index = BRIDGE + number};
    char name[IFNAMSIZ];
    snprintf(name, sizeof(name), "br%d", number);
    begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
    put(&r, IFLA_IFNAME, name, strlen(name) + 1);
    struct rtattr *link = put(&r, IFLA_LINKINFO, NULL, 0);
    put(&r, IFLA_INFO_KIND, "bridge", sizeof("bridge"));
    end(&r, link);
    ask(fd, &r, "bridge");
    set_up(fd, BRIDGE + number, 0);
}

static void add_veth(int fd, int number, pid_t node)
{
    struct request r;
    struct ifinfomsg info = {.ifi_index = PORT + number}, peer = {.ifi_index = NODE};
    char name[IFNAMSIZ];
    snprintf(name, sizeof(name), "p%d", number);
    begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
    put(&r, IFLA_IFNAME, name, strlen(name) + 1);
    struct rtattr *link = put(&r, IFLA_LINKINFO, NULL, 0);
    put(&r, IFLA_INFO_KIND, "veth", sizeof("veth"));
    struct rtattr *data = put(&r, IFLA_INFO_DATA, NULL, 0);
    struct rtattr *end_of_node = put(&r, VETH_INFO_PEER, &peer, sizeof(peer));
    put(&r, IFLA_IFNAME, "eth0", sizeof("eth0"));
    put(&r, IFLA_NET_NS_PID, &node, sizeof(node));
    end(&r, end_of_node);
    end(&r, data);
    end(&r, link);
    ask(fd, &r, "veth");
}

static void add_address(int fd, int family, const void *address, size_t size, int prefix)
{
    struct request r;
    struct ifaddrmsg head = {
        .ifa_family = (uint8_t)family, .ifa_prefixlen = (uint8_t)prefix, .ifa_index = NODE};
    uint32_t flags = IFA_F_NODAD;
    begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
    put(&r, IFA_LOCAL, address, size);
    put(&r, IFA_ADDRESS, address, size);
    put(&r, IFA_FLAGS, &flags, sizeof(flags));
    ask(fd, &r, "address");
}

/* The node's process: says when its namespaces are there, waits for its veth, sets it up, and says
 * when that is done. */
static void run_node(int number, int channel)
{
    char word = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", 0, NULL) < 0)
        err(1, "/proc");
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (write(channel, &word, 1) != 1 || read(channel, &word, 1) != 1)
        _exit(1);
    uint8_t v4[4] = {10, 128, (uint8_t)(number >> 8), (uint8_t)number};
    uint8_t v6[16] = {0xfd, 0x77, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number};
    set_up(fd, 1, 0);
    set_up(fd, NODE, 0);
    add_address(fd, AF_INET, v4, sizeof(v4), 16);
    add_address(fd, AF_INET6, v6, sizeof(v6), 64);
    close(fd);
    if (write(channel, &word, 1) != 1)
        _exit(1);
    close(channel);
    for (;;)
        pause();
}

static pid_t add_node(int fd, int number)
{
    int pair[2];
    char word;
    struct clone_args args = {
        .flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC,
        .exit_signal = SIGCHLD,
    };
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        err(1, "socketpair");
    pid_t node = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (node < 0)
        err(1, "clone");
    if (node == 0) {
        close(pair[0]);
        run_node(number, pair[1]);
    }
    close(pair[1]);
    if (read(pair[0], &word, 1) != 1)
        errx(1, "a node died");
    add_veth(fd, number, node);
    set_up(fd, PORT + number, BRIDGE + number / PORTS);
    if (write(pair[0], &word, 1) != 1 || read(pair[0], &word, 1) != 1)
        errx(1, "a node died");
    close(pair[0]);
    return node;
}

static long number_in(const char *path, const char *key)
{
    char line[256];
    long value = -1;
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, key, strlen(key)) == 0)
            value = strtol(line + strlen(key), NULL, 10);
    if (f)
        fclose(f);
    if (value < 0)
        errx(1, "no '%s' in '%s'", key, path);
    return value;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 0;
    char line[8];
    if (count < 1 || count > PORTS * 60)
        errx(2, "usage: scale-raw NODES");
    pid_t *nodes = calloc((size_t)count, sizeof(*nodes));
    if (unshare(CLONE_NEWNET) < 0)
        err(1, "unshare");
    long before = number_in("/proc/meminfo", "MemAvailable:");
    long namespaces = number_in("/proc/slabinfo", "net_namespace ");
    double t = now();
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    for (int i = 0; i < (count + PORTS - 1) / PORTS; i++)
        add_bridge(fd, i);
    for (int i = 0; i < count; i++)
        nodes[i] = add_node(fd, i);
    printf("up %.3f\n", now() - t);
    sleep(1);
    printf("memory %ld\n", before - number_in("/proc/meminfo", "MemAvailable:"));
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        line[0] = 0;
    t = now();
    for (int i = 0; i < count; i++)
        kill(nodes[i], SIGKILL);
    for (int i = 0; i < count; i++)
        waitpid(nodes[i], NULL, 0);
    printf("ended %.3f\n", now() - t);
    while (number_in("/proc/slabinfo", "net_namespace ") > namespaces + SLACK && now() - t < 10)
        usleep(2000);
    printf("down %.3f\n", now() - t);
    return 0;
}
