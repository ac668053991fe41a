/* SPDX-License-Identifier: MIT
 *
 * Bytes from one node to the other over TCP, for the script that transfers a database's state.
 */
#ifndef GALERA_TRANSFER_H
#define GALERA_TRANSFER_H

#include "base/error.h"

/* Standard input to `host`, which waits for it at `port`. */
int transfer_send(const char *host, const char *port, struct error *err);

/* Waits for one sender, and puts what it sends to standard output. Once a sender can come, `line`
 * is written to descriptor 3. */
int transfer_receive(const char *port, const char *line, struct error *err);

#endif
