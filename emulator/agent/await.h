/* SPDX-License-Identifier: MIT
 *
 * A program of every node that waits until a service in it is ready.
 */
#ifndef WANLAB_AGENT_AWAIT_H
#define WANLAB_AGENT_AWAIT_H

/* `await tcp|udp PORT`: until somebody listens there, at whatever address; `await command ARGV…`:
 * until that ends with status 0. It has no time limit of its own. Status 127: the command cannot be
 * run. */
int await_main(int argc, char *const *argv);

#endif
