/* SPDX-License-Identifier: MIT */
#include "wire/delayline/taps.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/mem.h"

#ifndef TUN_F_USO4 /* since Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* Checksums stay partial in any case: they travel in the virtio-net header. */
static int set_offloads(int fd, bool wire_packets, struct error *err)
{
    const unsigned long tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    const unsigned long udp = TUN_F_USO4 | TUN_F_USO6;
    if (!wire_packets && ioctl(fd, TUNSETOFFLOAD, tcp | udp) == 0)
        return 0;
    if (ioctl(fd, TUNSETOFFLOAD, wire_packets ? TUN_F_CSUM : tcp) < 0)
        return error_errno(err, errno, "cannot set the offloads of a TAP");
    return 0;
}

/* One more wire of its TAP wants wire packets, or one less. */
static int want(struct taps *t, unsigned wire, bool wants, struct error *err)
{
    const unsigned tap = t->plan->wires[wire].from_tap;
    if (t->wants[wire] == wants)
        return 0;
    bool is_edge = t->wanting[tap] == (wants ? 0 : 1);
    int r = is_edge && t->fds[tap] >= 0 ? set_offloads(t->fds[tap], wants, err) : 0;
    if (r < 0)
        return r;
    t->wants[wire] = wants;
    t->wanting[tap] += wants ? 1 : -1U;
    return 0;
}

int taps_init(struct taps *t, const struct plan *plan, const int *fds, struct error *err)
{
    *t = (struct taps){.plan = plan, .count = plan_taps(plan)};
    t->fds = xcalloc(t->count, sizeof(*t->fds));
    t->wants = xcalloc(plan_wires(plan), sizeof(*t->wants));
    t->wanting = xcalloc(t->count, sizeof(*t->wanting));
    for (size_t i = 0; i < t->count; i++)
        t->fds[i] = i < plan->tap_count ? fds[i] : -1;
    int r = 0;
    for (size_t i = 0; r == 0 && i < plan->tap_count; i++)
        r = set_offloads(t->fds[i], false, err);
    for (unsigned i = 0; r == 0 && i < plan->wire_count; i++)
        r = want(t, i, impairment_needs_wire_packets(&plan->wires[i].impairment), err);
    return r;
}

void taps_done(struct taps *t)
{
    for (size_t i = 0; i < t->count; i++)
        fd_closep(&t->fds[i]);
    free(t->fds);
    free(t->wants);
    free(t->wanting);
    *t = (struct taps){0};
}

int taps_add(struct taps *t, unsigned tap, int fd, struct error *err)
{
    fd_closep(&t->fds[tap]);
    t->fds[tap] = fd;
    return set_offloads(fd, t->wanting[tap] > 0, err);
}

int taps_prepare(struct taps *t, const struct change_wire *wires, size_t count, struct error *err)
{
    _cleanup_(freep) bool *before = xcalloc(count, sizeof(*before));
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        before[i] = t->wants[wires[i].wire];
        if (impairment_needs_wire_packets(&wires[i].impairment))
            r = want(t, wires[i].wire, true, err);
        for (size_t k = 0; r < 0 && k < i; k++)
            want(t, wires[k].wire, before[k], NULL);
    }
    return r;
}

void taps_settle(struct taps *t, const struct change_wire *wires, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!impairment_needs_wire_packets(&wires[i].impairment))
            want(t, wires[i].wire, false, NULL); /* else only slower than it might be */
}
