/* SPDX-License-Identifier: MIT
 *
 * What a node's kernel says of itself, from inside: what nodes of different kinds have to agree on
 * before they are compared. Runs as a program of the node, without needing any file in it.
 */
#ifndef WANLAB_AGENT_FACTS_H
#define WANLAB_AGENT_FACTS_H

/* facts [ADDRESS]: prints one line, {"kernel":…,"tcp":{"congestion":…,"default_congestion":…,
 * "available_congestion":…,"rmem":…,"wmem":…,"no_metrics_save":…,"mtu":1500},"interfaces":
 * [{"name":"eth0","mtu":1500,"tso":true,"gso":true,"gro":true}],"overflows":
 * {"udp_receive":0,"tcp_listen":0}}. The overflows are of the node's sockets, since it booted.
 * `congestion` and `mtu` are those of a connection to the IPv4 address, which is not told of it
 * where the node may use TCP_REPAIR. What cannot be found out is null. The exit status is 0. */
int facts_main(int argc, char *const *argv);

#endif
