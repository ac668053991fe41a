/* SPDX-License-Identifier: MIT
 *
 * Which congestion control a connection gets is decided when it is made: by its route, else by the
 * sysctl. So one is made. A socket in repair mode, as it is used to restore processes from a
 * checkpoint, is connected at once and without a word to the other side, and gone as silently.
 * Where that is not allowed the peer gets a SYN, and its answer finds nobody.
 */
#include "agent/facts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

enum { PORT = 9, NAME_SIZE = 16 };

/* As a JSON string: what the kernel prints has no letter that would need more care. */
static void print_text(const char *text)
{
    if (!text) {
        printf("null");
        return;
    }
    putchar('"');
    for (; *text && *text != '\n'; text++)
        putchar(*text == '"' || *text == '\\' || (unsigned char)*text < ' ' ? ' ' : *text);
    putchar('"');
}

static void print_sysctl(const char *key, const char *name)
{
    _cleanup_(freep) char *path = xasprintf("/proc/sys/net/ipv4/%s", name);
    _cleanup_(freep) char *text = NULL;
    file_read(path, 4096, &text, NULL, NULL);
    printf(",\"%s\":", key);
    print_text(text);
}

static bool start_connection(int fd, const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    if (fd < 0 || !address || inet_pton(AF_INET, address, &to.sin_addr) != 1)
        return false;
    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &(int){1}, sizeof(int));
    return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS;
}

static void print_connection(const char *address)
{
    char name[NAME_SIZE + 1] = "";
    int mtu = 0;
    socklen_t name_len = NAME_SIZE, mtu_len = sizeof(mtu);
    _cleanup_(fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (start_connection(fd, address)) {
        getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &name_len);
        getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &mtu_len);
    }
    printf("\"congestion\":");
    print_text(*name ? name : NULL);
    if (mtu > 0)
        printf(",\"mtu\":%d", mtu);
    else
        printf(",\"mtu\":null");
}

static void print_offload(int fd, const char *device, const char *key, uint32_t command)
{
    struct ethtool_value value = {.cmd = command};
    struct ifreq request = {.ifr_data = (void *)&value};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
    bool known = ioctl(fd, SIOCETHTOOL, &request) == 0;
    printf(",\"%s\":%s", key, !known ? "null" : value.data ? "true" : "false");
}

static void print_interface(int fd, const char *name)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    ioctl(fd, SIOCGIFMTU, &request);
    printf("{\"name\":");
    print_text(name);
    printf(",\"mtu\":%d", request.ifr_mtu);
    print_offload(fd, name, "tso", ETHTOOL_GTSO);
    print_offload(fd, name, "gso", ETHTOOL_GGSO);
    print_offload(fd, name, "gro", ETHTOOL_GGRO);
    putchar('}');
}

static void print_interfaces(void)
{
    _cleanup_(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct if_nameindex *all = if_nameindex();
    const char *comma = "";
    for (struct if_nameindex *i = all; i && i->if_index; i++) {
        if (strncmp(i->if_name, "eth", 3) != 0)
            continue;
        printf("%s", comma);
        print_interface(fd, i->if_name);
        comma = ",";
    }
    if_freenameindex(all);
}

/* A counter in the way of /proc/net/snmp: a line of names, and below it one of values, both behind
 * the group's. NULL if this kernel has none. */
static const char *find_counter(const char *text, const char *group, const char *name)
{
    size_t group_len = strlen(group), name_len = strlen(name);
    const char *names = strstr(text, group);
    const char *values = names ? strstr(names + group_len, group) : NULL;
    if (!values)
        return NULL;
    for (names += group_len, values += group_len; *names == ' ' && *values == ' ';) {
        names++, values++;
        if (strncmp(names, name, name_len) == 0 && strchr(" \n", names[name_len]))
            return values;
        names += strcspn(names, " \n");
        values += strcspn(values, " \n");
    }
    return NULL;
}

static void print_counter(const char *key, const char *path, const char *group, const char *name)
{
    _cleanup_(freep) char *text = NULL;
    const char *value =
        file_read(path, 1 << 16, &text, NULL, NULL) < 0 ? NULL : find_counter(text, group, name);
    printf("\"%s\":%llu", key, value ? strtoull(value, NULL, 10) : 0);
}

/* What came to sockets that had no room for it. */
static void print_overflows(void)
{
    print_counter("udp_receive", "/proc/net/snmp", "Udp:", "RcvbufErrors");
    putchar(',');
    print_counter("tcp_listen", "/proc/net/netstat", "TcpExt:", "ListenOverflows");
}

int facts_main(int argc, char *const *argv)
{
    struct utsname name;
    uname(&name);
    printf("{\"kernel\":");
    print_text(name.release);
    printf(",\"tcp\":{");
    print_connection(argc > 1 ? argv[1] : NULL);
    print_sysctl("default_congestion", "tcp_congestion_control");
    print_sysctl("available_congestion", "tcp_available_congestion_control");
    print_sysctl("rmem", "tcp_rmem");
    print_sysctl("wmem", "tcp_wmem");
    print_sysctl("no_metrics_save", "tcp_no_metrics_save");
    printf("},\"interfaces\":[");
    print_interfaces();
    printf("],\"overflows\":{");
    print_overflows();
    puts("}}");
    fflush(stdout);
    return 0;
}
