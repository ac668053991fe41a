/* SPDX-License-Identifier: MIT
 *
 * Measures round-trip times from inside a node, with ICMP echo: the ground truth that a run's
 * numbers are held against. Runs as a program of the node, without needing any file in it.
 */
#ifndef WANLAB_LAB_PROBE_H
#define WANLAB_LAB_PROBE_H

/* probe COUNT TIMEOUT_MS ADDRESS…: sends COUNT echo requests to each IPv4 address, one after the
 * other in a round over all of them, each round when the last one's answers are in (or after
 * TIMEOUT_MS). Prints one JSON object a line to standard output:
 * {"address":"10.0.0.2","sent":5,"received":5,"rtt_min_s":…,"rtt_median_s":…,"rtt_max_s":…}.
 * The exit status: 0, or 1 when the sockets cannot be had. */
int probe_main(int argc, char *const *argv);

#endif
