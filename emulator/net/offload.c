/* SPDX-License-Identifier: MIT */
#include "net/offload.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/mem.h"

static int ethtool(int socket, const char *name, void *command)
{
    struct ifreq request = {.ifr_data = command};
    strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
    return ioctl(socket, SIOCETHTOOL, &request) < 0 ? -errno : 0;
}

/* The number of a feature that has no command of its own, or -errno. */
static int find_feature(int socket, const char *name, const char *feature)
{
    struct {
        struct ethtool_sset_info head;
        uint32_t count;
    } info = {.head = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES}};
    int r = ethtool(socket, name, &info);
    if (r < 0)
        return r;
    _cleanup_(freep) struct ethtool_gstrings *strings =
        xcalloc(1, sizeof(*strings) + (size_t)info.count * ETH_GSTRING_LEN);
    *strings = (struct ethtool_gstrings){
        .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = info.count};
    r = ethtool(socket, name, strings);
    for (uint32_t i = 0; r == 0 && i < info.count; i++)
        if (strncmp((char *)strings->data + i * ETH_GSTRING_LEN, feature, ETH_GSTRING_LEN) == 0)
            return (int)i;
    return r < 0 ? r : -ENOENT;
}

static int set_feature(int socket, const char *name, const char *feature, bool on)
{
    int number = find_feature(socket, name, feature);
    if (number < 0)
        return number;
    uint32_t blocks = (uint32_t)number / 32 + 1, bit = 1U << (number % 32);
    _cleanup_(freep) struct ethtool_sfeatures *set =
        xcalloc(1, sizeof(*set) + blocks * sizeof(set->features[0]));
    set->cmd = ETHTOOL_SFEATURES;
    set->size = blocks;
    set->features[blocks - 1].valid = bit;
    set->features[blocks - 1].requested = on ? bit : 0;
    return ethtool(socket, name, set);
}

int interface_set_offload(int socket, const char *name, bool on, struct error *err)
{
    static const uint32_t commands[] = {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO};
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct ethtool_value value = {.cmd = commands[i], .data = on};
        int r = ethtool(socket, name, &value);
        if (r < 0)
            return error_errno(err, -r, "cannot change the offloads of '%s'", name);
    }
    /* `gso off` leaves the segmentation of UDP on: see GOTCHAS.md. Older kernels have no such bit.
     */
    int r = set_feature(socket, name, "tx-udp-segmentation", on);
    if (r < 0 && r != -ENOENT)
        return error_errno(err, -r, "cannot change the UDP segmentation of '%s'", name);
    return 0;
}
