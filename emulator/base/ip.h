/* SPDX-License-Identifier: MIT
 *
 * An IP address with a prefix length, a plain value: the plan computes it, net/ hands it to the
 * kernel.
 */
#ifndef WANLAB_BASE_IP_H
#define WANLAB_BASE_IP_H

#include <netinet/in.h>
#include <stdint.h>

struct ip {
    int family; /* AF_INET, AF_INET6; 0: none */
    unsigned prefix;
    uint8_t bytes[16]; /* network byte order; IPv4 uses the first four */
};

enum { IP_TEXT_MAX = INET6_ADDRSTRLEN + 4 };

static inline unsigned ip_size(const struct ip *ip)
{
    return ip->family == AF_INET ? 4 : 16;
}

/* Builders: ip4(10,0,0,1, 24) and, for IPv6, eight 16-bit groups. */
struct ip ip4(unsigned a, unsigned b, unsigned c, unsigned d, unsigned prefix);
struct ip ip6(const uint16_t groups[8], unsigned prefix);

/* The subnet that an address with its prefix is in: the bits behind the prefix are zero. */
struct ip ip_network(const struct ip *ip);

/* "10.0.0.1" into `buf` (IP_TEXT_MAX bytes), which is returned. */
char *ip_format(char *buf, const struct ip *ip);

/* "10.0.0.1/24" */
char *ip_format_prefix(char *buf, const struct ip *ip);

#endif
