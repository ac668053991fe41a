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
