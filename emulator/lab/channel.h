/* SPDX-License-Identifier: MIT
 *
 * JSON objects, one a line, over a Unix stream socket, with descriptors beside them: the control
 * protocol's two ends share this. Not bound to any loop: the owner waits for the descriptor as it
 * likes.
 *
 * The protocol. A client sends requests, each with an `id` of its choice:
 *   {"id":1,"do":"status"}   "nodes", their names; "graph", the topology as DOT
 *   {"id":2,"do":"exec","node":"db1","argv":[…],"env":[…],"folder":"/","fds":3}  + descriptors
 *                            with "own_clock":true a program is refused that would not see the
 *                            node's clock where events change that
 *   {"id":3,"do":"builtin","node":"db1","argv":[…],"fds":3}                       + descriptors
 *   {"id":3,"do":"shell","node":"db1","argv":[…],"env":[…],"rows":24,"columns":80}
 *                            its answer comes with the master of the program's terminal
 *   {"id":4,"do":"signal","exec":2,"signal":15}
 *   {"id":5,"do":"pause","nodes":["db1","web"]}    names of nodes and groups; also "resume",
 *                            "kill" and "restart", which are answered when they are done
 *   {"id":6,"do":"link","wires":["db1-db2"]}       what is asked of wires; all without "wires"
 *   {"id":6,"do":"link","folder":"/home/me/","changes":[{"wires":["db1-db2","web"],
 *       "set":["delay=5ms","up"]},…]}  changes them, all at one instant; see topology/change.h
 *   {"id":6,"do":"link","partition":[["db1"],["db2"]],"name":"split"}  see topology/partition.h;
 *   {"id":6,"do":"link","heal":"split"}            ends it; or "all". What is part of a run's
 *                            schedule has "scheduled":true; with "prepare":true nothing changes
 *                            yet, but all is made ready that takes time
 *   {"id":6,"do":"clock","nodes":["db1"],"clock":{"step":"-30s"}}  see topology/events.h
 *   {"id":6,"do":"events","entry":"{partition: halves}"}  what an entry of a scenario's events
 * comes to: {"events":[{"at_s":0,"kind":"partition","asked":{…}},…]}
 *   {"id":6,"do":"down"}     its answer comes with a pidfd of the lab's init
 * and gets one answer to each, {"id":1,"ok":true,…} or {"id":1,"ok":false,"error":"…","status":1};
 * not always in order. Those of "link" that changes something, of "clock", and of "pause" and its
 * like, say when it took effect: "change":{"at_s":…,"monotonic_s":…,"skew_s":…}. Later come events:
 * {"event":"exit","exec":2,"status":0} (or "signal":9), and, to everybody,
 * {"event":"node","node":"db1","state":"dead"} (running, paused, booting),
 * {"event":"link","what":"all delay=5ms","wires":["a->b",…],"count":1,"at_s":…,"skew_s":…} and
 * {"event":"engine-died","engine":"delayline"}.
 *
 * A client that goes away takes the programs that it started, and their process groups, with it;
 * those with a terminal are hung up on, as the master closes, and their sessions killed 2 s later.
 */
#ifndef WANLAB_LAB_CHANNEL_H
#define WANLAB_LAB_CHANNEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/message.h"
#include "base/text.h"

enum { CHANNEL_LINE_MAX = 1 << 26, CHANNEL_FDS_MAX = 32 };

struct channel {
    int fd;
    bool patient;       /* sending waits for a slow reader, also on a non-blocking socket */
    struct text unsent; /* what an impatient one could not send yet */
    char *data;         /* received and not yet taken */
    size_t len, capacity;
    int fds[CHANNEL_FDS_MAX]; /* received and not yet taken, in order */
    size_t fd_count;
};

void channel_init(struct channel *c, int fd); /* consumes fd */
void channel_done(struct channel *c);

/* Sends one object; consumes `object`. 0 or -errno. If the channel is not patient, what the reader
 * does not take now is kept: the owner waits for the descriptor to be writable while
 * channel_pending() and then calls channel_flush(). Descriptors go with the first byte; they are
 * left out if others' lines are still waiting. -EMSGSIZE when too much waits. */
int channel_send(struct channel *c, json_t *object, const int *fds, size_t fd_count);

bool channel_pending(const struct channel *c);
int channel_flush(struct channel *c);

/* Reads what is there (waits if the socket blocks). 1: something came; 0: the other end has closed;
 * -EAGAIN: nothing there; -EMSGSIZE: a line or a heap of descriptors past all bounds. */
int channel_receive(struct channel *c);

/* Takes the next complete line. NULL: there is none, or `*ret_bad` is set as the line is no JSON
 * object. */
json_t *channel_next(struct channel *c, bool *ret_bad);

/* Takes `count` received descriptors, in order; false if there are not that many. */
bool channel_take_fds(struct channel *c, int *fds, size_t count);

#endif
