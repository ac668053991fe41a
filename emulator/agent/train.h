/* SPDX-License-Identifier: MIT
 *
 * Packet trains between two nodes, for `wanlab verify`: numbered and stamped UDP packets, sent at
 * their times in both directions at once, and what came of the other end's. Both ends run this
 * program. It runs without needing any file in the node.
 */
#ifndef WANLAB_AGENT_TRAIN_H
#define WANLAB_AGENT_TRAIN_H

enum {
    TRAIN_HEADERS = 42,     /* of a frame around its payload: Ethernet, IPv4, UDP */
    TRAIN_PAYLOAD_MIN = 24, /* what a packet has to say */
    TRAIN_PAYLOAD_MAX = 1472,
    TRAIN_BURST_MAX = 40, /* packets handed over in one piece */
    TRAIN_PERCENTILES = 101,
};

/* What a train does beside. */
enum train_mode {
    TRAIN_LIST = 1, /* each packet that came is listed */
    /* Frames are taken in as they are, damaged or not, and sent without a checksum of UDP: each
     * says twice who it is, so that it is known again, and all of the rest of it is known
     * beforehand. */
    TRAIN_FRAMES = 2,
};

/* train PEER COUNT GAP_NS PAYLOAD BURST AHEAD_NS EXPECTED EXPECTED_PAYLOAD EXPECTED_NS LINGER_NS
 * MODE: sends COUNT packets of PAYLOAD bytes to the IPv4 address PEER, BURST at once each GAP_NS,
 * the first AHEAD_NS worth of them at once, and takes in EXPECTED of EXPECTED_PAYLOAD bytes, which
 * the other end needs EXPECTED_NS to send. It begins when it hears the other end, and at the latest
 * after three seconds; it ends when it has sent all and everything has come, or LINGER_NS after
 * it heard that the other end has sent all. Both ends have the same MODE.
 *
 * With TRAIN_LIST first come lines {"arrivals":[[number,at_ns,delay_ns],…]} in the order of
 * arrival, copies included, by CLOCK_MONOTONIC; a damaged packet has a fourth number, 1. Then one
 * JSON object:
 * {"sent":…,"send_s":…,"lag_max_s":…,"received":…,"duplicates":…,"reordered":…,
 * "overflows":…,"bytes":…,"span_s":…,"bytes_per_s":…,"delay_mean_s":…,"delay_sd_s":…,"delay_s":[…]}.
 * `send_s` is what sending took, `lag_max_s` how far behind its times it was at worst; reordered
 * packets came after one with a higher number; overflows are those of its own socket; `bytes` are
 * the payloads after the first packet, copies included, and `span_s` is the time that they took,
 * `bytes_per_s` the rate in the median of the train's fortieths: what it was most of the time,
 * whatever held a part of it up. The delays are from sending to the kernel's receiving, by the two
 * ends' CLOCK_MONOTONIC: percentiles 0 to 100. `blind`: it was to see frames and could not.
 *
 * The exit status: 0, or 1 when a socket cannot be had. */
int train_main(int argc, char *const *argv);

#endif
