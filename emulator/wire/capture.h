/* SPDX-License-Identifier: MIT
 *
 * Captures what passes over wires into pcapng files, one a wire, FROM_TO.pcapng, which tshark and
 * Wireshark open also while the lab runs. Each file has two interfaces: "sent" has the packets as
 * they left their node, "delivered" as they reached the other one, so that a packet that was lost
 * is there once, and the difference of its two times is what the wire did to it. Of the wires of a
 * network, from a member to the bridge and back, there is one of the two.
 *
 * A process of its own in the fabric listens at the ports of the wires with packet sockets, which
 * see a packet before the engine gets it, and after it has left it: nothing is rerouted, the engine
 * does not know. Times are the kernel's, taken where the packet passes, on the wall clock.
 *
 * What it costs: the kernel makes a clone of each captured packet (not of its bytes) where it
 * passes, at the latter place within the delay line's write, which takes the longer for it by
 * about a microsecond; and the process uses processor time, at ordinary priority, of which the
 * delay line, in real time, takes precedence. What it cannot keep up with is not held up but
 * missing in the file, and counted there (interface statistics). Packets with segmentation offload
 * are captured as they are: super-packets, checksums not computed yet.
 *
 * It ends with the lab, killed like all the rest: what it had not read by then, of the last
 * moment, is not in the files.
 */
#ifndef WANLAB_WIRE_CAPTURE_H
#define WANLAB_WIRE_CAPTURE_H

#include <stdint.h>

#include "base/error.h"
#include "topology/plan.h"

enum { CAPTURE_SNAP_LENGTH = 262144 };

struct capture_options {
    const char *wires;    /* names as `wanlab link` takes them, and commas; NULL: no capture */
    int folder;           /* open; the files are made in it */
    uint32_t snap_length; /* bytes of each packet that are kept; 0: CAPTURE_SNAP_LENGTH */
};

/* Makes a folder, where it is missing, and opens it for capture_options. */
int capture_open_folder(const char *path, int *ret_fd, struct error *err);

/* Whether the names are wires of the plan, and not too many. */
int capture_check(const struct plan *p, const struct capture_options *o, struct error *err);

/* Starts the process, which ends with its parent; returns when it listens. The caller is in the
 * fabric. Without wires it does nothing. */
int capture_start(const struct plan *p, const struct capture_options *o, struct error *err);

#endif
