/* SPDX-License-Identifier: MIT
 *
 * Measures round-trip times from inside a node, with ICMP echo: the ground truth that a run's
 * numbers are held against. Runs as a program of the node, without needing any file in it.
 */
#ifndef WANLAB_AGENT_PROBE_H
#define WANLAB_AGENT_PROBE_H

enum { PROBE_FRAME_BYTES = 98 }; /* of its echoes on the wire, as of ping's */

/* probe COUNT TIMEOUT_MS GAP_US ADDRESS…: COUNT rounds, in each one echo request to every IPv4
 * address, GAP_US apart, and the next round when all answers are in or TIMEOUT_MS after the last
 * request. Answers are timed by the kernel. Prints one JSON object a line to standard output:
 * {"address":"10.0.0.2","sent":5,"received":5,"rtt_min_s":…,"rtt_median_s":…,"rtt_max_s":…}.
 * With COUNT 0 it goes on until it is ended: an echo every GAP_US, to the addresses in turn, and a
 * line for each as its answer comes, {"address":"10.0.0.2","rtt_s":…}, or does not within
 * TIMEOUT_MS:
 * {"address":"10.0.0.2","lost":true}. The exit status: 0, or 1 when the socket cannot be had. */
int probe_main(int argc, char *const *argv);

#endif
