/* SPDX-License-Identifier: MIT
 *
 * How the loop waits for its next packet. Sleeping costs nothing, but the kernel's timer wakes us
 * late; looking again and again (spinning) is punctual, but takes a processor from the nodes. So
 * the loop sleeps until shortly before the next packet is due, by as much as the timer has been
 * late lately, and spins for the rest. Spinning has a budget: WAITING_SHARE of one processor. While
 * programs have to wait for a processor longer than WAITING_PRESSURE_SPIN of the time (PSI), or
 * where the kernel does not say how long they do, there is none beyond the last microseconds.
 *
 * When packets come in fast and processors are short, being woken by each of them would cost more
 * than the packets themselves. Then the loop sleeps a moment without watching, as a network card's
 * driver does (interrupt moderation), and finds several at once.
 *
 * Pure: times and pressures come in as arguments.
 */
#ifndef WANLAB_WIRE_DELAYLINE_WAITING_H
#define WANLAB_WIRE_DELAYLINE_WAITING_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WAITING_NEAR_NS = 5000,          /* not worth a sleep: always spun */
    WAITING_MARGIN_NS = 50000,       /* at first */
    WAITING_MARGIN_MAX_NS = 150000,  /* no earlier than that before a packet is due */
    WAITING_CREDIT_MAX_NS = 2000000, /* what of the budget can be saved up */
    WAITING_PAUSE_NS = 20000,        /* without watching */
    WAITING_BUSY = 20,               /* packets per millisecond from which on that is worth it */
    WAITING_LOOK_NS = 100000000,     /* between two looks at the pressure */
};
#define WAITING_SHARE          0.2 /* of a processor */
#define WAITING_PRESSURE_SPIN  0.2 /* share of the time in which some program waits for one */
#define WAITING_PRESSURE_PAUSE 0.5

enum waiting_way {
    WAITING_SPIN,  /* look, and come back at once */
    WAITING_SLEEP, /* until a packet comes in, at most so long */
    WAITING_PAUSE, /* so long, without watching; then look */
};

struct waiting {
    double pressure;             /* of the last interval; below 0: not known */
    uint64_t looked_ns;          /* at the pressure, and … */
    uint64_t waited_us;          /* … what all waits for processors were then */
    uint64_t credit_ns;          /* that may be spun */
    uint64_t earned_ns;          /* when it was counted */
    uint64_t margin_ns;          /* how late sleeps end: about their 98th percentile */
    uint64_t window_ns;          /* packets are counted from here … */
    uint32_t packets;            /* … so many … */
    bool busy;                   /* … and WAITING_BUSY in the window before */
    enum waiting_way way;        /* the last choice: … */
    bool from_budget;            /* … a spin that is paid from it, … */
    uint64_t since_ns, until_ns; /* … from when to when */
};

void waiting_init(struct waiting *w, uint64_t now_ns);

/* What to do until `due_ns` (UINT64_MAX: nothing is due). `*ret_ns`: for how long; UINT64_MAX:
 * until a packet comes in. */
enum waiting_way waiting_choose(struct waiting *w, uint64_t now_ns, uint64_t due_ns,
                                uint64_t *ret_ns);

/* How it ended. `woken`: by a packet. Returns the ns that were spun on the budget. */
uint64_t waiting_end(struct waiting *w, uint64_t now_ns, bool woken);

/* So many packets were read. */
void waiting_count(struct waiting *w, uint64_t now_ns, uint32_t packets);

/* Whether it is time to look at the pressure again. */
static inline bool waiting_must_look(const struct waiting *w, uint64_t now_ns)
{
    return now_ns - w->looked_ns >= WAITING_LOOK_NS;
}

/* What /proc/pressure/cpu says: all time in which some program waited; NULL: it says nothing. */
void waiting_look(struct waiting *w, uint64_t now_ns, const uint64_t *waited_us);

#endif
