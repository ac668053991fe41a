/* SPDX-License-Identifier: MIT */
#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct ip ip4(unsigned a, unsigned b, unsigned c, unsigned d, unsigned prefix)
{
    return (struct ip){
        .family = AF_INET,
        .prefix = prefix,
        .bytes = {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d},
    };
}

struct ip ip6(const uint16_t groups[8], unsigned prefix)
{
    struct ip ip = {.family = AF_INET6, .prefix = prefix};
    for (int i = 0; i < 8; i++) {
        ip.bytes[2 * i] = (uint8_t)(groups[i] >> 8);
        ip.bytes[2 * i + 1] = (uint8_t)groups[i];
    }
    return ip;
}

struct ip ip_network(const struct ip *ip)
{
    struct ip net = *ip;
    for (unsigned i = 0; i < ip_size(ip); i++) {
        unsigned kept = ip->prefix > 8 * i ? ip->prefix - 8 * i : 0;
        if (kept < 8)
            net.bytes[i] &= (uint8_t)(0xff00 >> kept);
    }
    return net;
}

char *ip_format(char *buf, const struct ip *ip)
{
    if (!inet_ntop(ip->family, ip->bytes, buf, IP_TEXT_MAX))
        strcpy(buf, "?");
    return buf;
}

char *ip_format_prefix(char *buf, const struct ip *ip)
{
    ip_format(buf, ip);
    size_t len = strlen(buf);
    snprintf(buf + len, IP_TEXT_MAX - len, "/%u", ip->prefix);
    return buf;
}
