/* SPDX-License-Identifier: MIT
 *
 * What the delay line's parent and the process itself say to each other while it runs. Requests are
 * small messages over the control socket, answered one by one. The impairments that a change brings
 * lie in memory that both had mapped before the fork, at the same address, and so do the tables
 * that these refer to: the process needs no preparation and no memory of its own to switch.
 *
 * The parent writes between requests, the process reads during one.
 */
#ifndef WANLAB_WIRE_DELAYLINE_EXCHANGE_H
#define WANLAB_WIRE_DELAYLINE_EXCHANGE_H

#include "base/message.h"
#include "wire/engine.h"

struct exchange_request {
    enum { EXCHANGE_ADOPT, EXCHANGE_CHANGE } kind;
    uint32_t count;                 /* TAPs, whose descriptors come along; or changes */
    unsigned taps[MESSAGE_FDS_MAX]; /* EXCHANGE_ADOPT */
};

struct exchange_answer {
    int result; /* 0 or -errno */
    struct wire_switch when;
};

struct exchange_table {
    const void *ours, *shared;
};

struct exchange {
    uint8_t *base;
    size_t size;
    struct change_wire *changes; /* shared; room for every wire */
    uint8_t *room;               /* shared; for tables, … */
    size_t room_used;            /* … which stay */
    struct exchange_table *tables;
    size_t table_count;
    const struct plan *plan;
};

/* Before the fork. */
int exchange_init(struct exchange *x, const struct plan *plan, struct error *err);
void exchange_done(struct exchange *x);

/* In the parent: puts the changes where the process finds them. */
int exchange_put(struct exchange *x, const struct change_wire *wires, size_t count,
                 struct error *err);

#endif
