/* SPDX-License-Identifier: MIT
 *
 * What a wire does to the packets of one direction. Both wire engines realise this one model; where
 * netem cannot, impairment_netem_lacks() says so. Distributions and traces belong to the scenario.
 */
#ifndef WANLAB_TOPOLOGY_IMPAIRMENT_H
#define WANLAB_TOPOLOGY_IMPAIRMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct distribution;
struct trace;
struct stations;

/* Something that happens to a packet by chance. With correlation c, whether it happens to packet n
 * depends on whether it happened to the one before, so that the long-run share is exactly
 * `probability` and the correlation of neighbours exactly c. */
struct chance {
    double probability, correlation; /* 0…1 */
};

/* netem's models of loss. The parameters of the last two are netem's own, in its order. */
enum loss_model {
    LOSS_RANDOM,  /* a chance */
    LOSS_GEMODEL, /* Gilbert-Elliott: p (good to bad), r (back), 1-h (loss in bad), 1-k (in good) */
    LOSS_STATE,   /* four states: p13, p31, p32, p23, p14 */
};
enum { LOSS_PARAMETERS_MAX = 5 };

enum queue_unit { QUEUE_PACKETS, QUEUE_BYTES, QUEUE_TIME };

/* Room for packets that wait for their transmission, the one that is being transmitted included;
 * what flies is not in it. */
struct queue_limit {
    enum queue_unit unit;
    uint64_t size;  /* packets, bytes of Ethernet frames, or ns; 0: nothing was said */
    bool drop_head; /* a full queue drops its oldest packet, not the new one */
};

/* What a packet costs on a wire with a rate beyond its Ethernet frame, as netem counts it: the
 * overhead first, then whole cells. */
struct framing {
    int32_t overhead;      /* bytes for each packet; may be negative */
    uint32_t cell;         /* payload bytes of a cell; 0: no cells */
    int32_t cell_overhead; /* bytes for each cell */
};

struct impairment {
    bool cut;                       /* nothing gets through, whatever the rest says */
    const struct stations *refused; /* whose frames do not; NULL: nobody's; the delay line alone */
    uint64_t delay_ns;              /* one way, added to every packet after its transmission */
    uint64_t jitter_ns; /* of the delay: half the range if uniform, else the tables' unit */
    const struct distribution *distribution; /* NULL: uniform */
    double jitter_correlation;
    double loss; /* the share of wire packets lost in the long run, whatever the model */
    enum loss_model loss_model;
    double loss_parameters[LOSS_PARAMETERS_MAX]; /* LOSS_RANDOM: the first is the correlation */
    struct chance duplicate, corrupt;
    struct chance reorder; /* such a packet skips the delay, and so overtakes others */
    uint32_t reorder_gap;  /* at most each so-manieth packet; 0 or 1: any */
    bool order_free;       /* jitter may reorder; else packets that do not skip keep their order */
    uint64_t rate_bps; /* transmission rate in bits per second of Ethernet frames; 0: unlimited */
    struct framing framing;
    struct queue_limit queue;
    bool queue_by_default; /* sized from rate and delay, and so anew when these change */
    const struct trace *trace;
    bool trace_hold; /* at its end the last row stays; else it begins anew */
};

/* Whether the wire changes anything at all. */
bool impairment_is_none(const struct impairment *i);

/* Whether each packet on the wire has to be handled on its own, so that segmentation offload must
 * be off: one loss must be one wire packet, and a super-packet would occupy a slow wire for many
 * milliseconds at once. Delay alone, and rates from 1 Gbit/s up, carry super-packets. */
bool impairment_needs_wire_packets(const struct impairment *i);

/* Whether packets are transmitted one after the other, and so may have to wait. */
bool impairment_has_rate(const struct impairment *i);

/* The most that the rate is, or is over the time of a trace; 0: unlimited. */
uint64_t impairment_rate(const struct impairment *i);

/* The bytes that a frame costs at the rate. */
uint64_t impairment_cost(const struct framing *f, uint64_t frame_bytes);

/* The queue that a TCP connection needs to keep the wire busy, in packets, for frames of `mtu` + 14
 * bytes: the rate times the round trip (twice the delay), at least 100 ms of the rate and 100
 * packets. 0 for an unlimited rate, where nothing waits. */
uint64_t impairment_default_queue(const struct impairment *i, uint32_t mtu);

/* How long a full queue takes to drain, of frames of `mtu` + 14 bytes; 0 without a rate. */
double impairment_queue_s(const struct impairment *i, uint32_t mtu);

/* Whether it is a constant delay, independent loss and a rate of frames, and nothing else: what a
 * few probes can tell. */
bool impairment_is_plain(const struct impairment *i);

/* netem has one limit for what waits and what flies: the queue, and full frames in flight during
 * delay and jitter at the rate; for an unlimited rate at 40 Gbit/s, at least 10,000. */
uint32_t impairment_netem_limit(const struct impairment *i, uint32_t mtu);

/* The rate that netem is to have, 0: none. A wire with jitter that keeps the order has one in any
 * case, so fast that it takes no time: netem keeps the order of what has a rate. */
uint64_t impairment_netem_rate(const struct impairment *i);

/* The rate that gives netem an order in any case, but for `order_free`. */
uint64_t impairment_ordering_rate(const struct impairment *i);

/* The mean loss of a model: what `loss` has to be for these parameters. */
double impairment_mean_loss(enum loss_model model, const double parameters[LOSS_PARAMETERS_MAX]);

/* Random loss of a correlation is on netem a Gilbert-Elliott chain, since the mean of its own
 * changes with the correlation: p and r of that. */
void impairment_correlated_loss(const struct impairment *i, double *ret_p, double *ret_r);

/* Why netem cannot do it, as a sentence without a subject ("cannot limit a queue by bytes"), and
 * the scenario key that asks for it; NULL if it can. */
const char *impairment_netem_lacks(const struct impairment *i, const char **ret_key);

/* The words behind `tc qdisc add … netem`. */
void impairment_print_netem(const struct impairment *i, uint32_t limit, FILE *out);

/* The wire in the scenario's own keys: "delay 10ms, rate 20mbit, queue 166packets". */
void impairment_print(const struct impairment *i, FILE *out);

#endif
