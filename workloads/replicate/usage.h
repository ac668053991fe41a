/* SPDX-License-Identifier: MIT
 *
 * What this node has used so far: processor time of the client and of its database's server, bytes
 * over its interfaces. Two readings tell what a phase took.
 */
#ifndef REPLICATE_USAGE_H
#define REPLICATE_USAGE_H

#include <stdint.h>

struct usage {
    double client_s, server_s;         /* processor time; NaN: no server found */
    double sent_bytes, received_bytes; /* all interfaces but the loopback */
};

/* `folder` is where the server has left `mariadb.pid` (see mariadb-node); NULL: nowhere. */
void usage_read(const char *folder, struct usage *ret);

/* For the tests: adds up what a text like /proc/net/dev says. */
void usage_parse_net_dev(const char *text, struct usage *ret);

#endif
