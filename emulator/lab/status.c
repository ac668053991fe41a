/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "lab/boot.h"
#include "lab/supervisor.h"
#include "net/interface.h"
#include "node/machine.h"
#include "node/scratch.h"
#include "node/usage.h"
#include "wire/delayline/delayline.h"
#include "wire/qdiscs.h"

static json_t *describe_node(const struct supervisor *s, unsigned i, const struct node_usage *usage)
{
    const struct node *node = &s->tree->plan->scenario->nodes[i];
    const struct node_instance *instance = &s->fabric.nodes[i];
    json_t *interfaces = json_array();
    for (size_t p = 0; p < s->tree->plan->port_count; p++) {
        const struct port *port = &s->tree->plan->ports[p];
        char v4[IP_TEXT_MAX], v6[IP_TEXT_MAX];
        if (port->node == i)
            json_array_append_new(interfaces, json_pack("{s:s s:s s:s}", "name", port->node_dev,
                                                        "ipv4", ip_format(v4, &port->v4), "ipv6",
                                                        ip_format(v6, &port->v6)));
    }
    const struct boot *boot = &s->fabric.boots[i];
    uint64_t disk = usage->disk;
    disk += boot->has_scratch ? usage_disk(boot->scratch) : scratch_size(boot->scratch);
    disk += boot->has_work ? usage_disk(boot->work) : 0;
    const struct machine_facts *facts = machine_facts(instance);
    json_t *ret = json_pack("{s:s s:s s:s? s:s s:f s:I s:f s:I s:o}", "name", node->name, "kind",
                            node_driver(node->kind)->name, "region", node->region, "state",
                            node_state_name(instance->state), "boot_s",
                            (double)instance->boot_ns / 1e9, "memory_pss_bytes",
                            (json_int_t)usage->memory_pss, "cpu_s", (double)usage->cpu_ns / 1e9,
                            "disk_bytes", (json_int_t)disk, "interfaces", interfaces);
    if (facts)
        json_object_update_missing_new(
            ret,
            json_pack("{s:s s:s s:I s:f}", "kernel", facts->release, "accelerator",
                      facts->accelerator, "memory_guest_bytes", (json_int_t)usage->memory_guest,
                      "clock_offset_s", (double)facts->clock_offset_ns / 1e9));
    return ret;
}

/* The impairment in words. */
static json_t *describe_impairment(const struct impairment *i)
{
    char *words = NULL;
    size_t size;
    FILE *out = open_memstream(&words, &size);
    if (!out)
        return json_null();
    impairment_print(i, out);
    fclose(out);
    json_t *ret = json_string(words);
    free(words);
    return ret;
}

json_t *status_describe_wire(const struct supervisor *s, unsigned number)
{
    const struct wire *w = &s->tree->plan->wires[number];
    const struct impairment effective = links_effective(s, number), *i = &effective;
    json_t *wire = json_pack("{s:s s:f s:f s:f s:I s:o}", "name", w->name, "delay_s",
                             (double)i->delay_ns / 1e9, "jitter_s", (double)i->jitter_ns / 1e9,
                             "loss", i->cut ? 1 : i->loss, "rate_bps", (json_int_t)i->rate_bps,
                             "asked", describe_impairment(i));
    json_t *before = describe_impairment(&w->impairment);
    if (json_equal(before, json_object_get(wire, "asked")))
        json_decref(before);
    else
        json_object_set_new(wire, "asked_at_start", before);
    if (i->cut)
        json_object_set_new(wire, "down", json_true());
    if (s->links.changed[number] > 0)
        json_object_set_new(wire, "changes", json_integer(s->links.changed[number]));
    if (i->queue.size > 0 && i->queue.unit == QUEUE_PACKETS)
        json_object_set_new(wire, "queue_packets", json_integer((json_int_t)i->queue.size));
    return wire;
}

static void add_delayline_stats(json_t *wire, const struct delayline_wire_stats *stats)
{
    double mean = stats->packets ? (double)stats->late_sum_ns / (double)stats->packets : 0;
    json_object_update_missing_new(
        wire, json_pack("{s:I s:I s:I s:I s:I s:I s:I s:f s:f}", "packets",
                        (json_int_t)stats->packets, "bytes", (json_int_t)stats->bytes, "lost",
                        (json_int_t)stats->lost, "queue_drops", (json_int_t)stats->queue_drops,
                        "duplicated", (json_int_t)stats->duplicated, "corrupted",
                        (json_int_t)stats->corrupted, "reordered", (json_int_t)stats->reordered,
                        "late_mean_s", mean / 1e9, "late_max_s", (double)stats->late_max_ns / 1e9));
}

static void add_qdisc_stats(json_t *wire, const struct qdisc_stats *stats)
{
    json_object_update_missing_new(
        wire, json_pack("{s:I s:I s:I s:I s:I s:I}", "packets", (json_int_t)stats->packets, "bytes",
                        (json_int_t)stats->bytes, "drops", (json_int_t)stats->drops, "requeues",
                        (json_int_t)stats->requeues, "overlimits", (json_int_t)stats->overlimits,
                        "backlog_bytes", (json_int_t)stats->backlog));
}

/* Those that the engine has in its hands, or should have. */
static json_t *describe_wires(const struct supervisor *s, const struct delayline_stats *stats)
{
    const struct plan *p = s->tree->plan;
    json_t *wires = json_array();
    _cleanup_(freep) struct qdisc_stats *qdiscs = xcalloc(plan_wires(p), sizeof(*qdiscs));
    bool has_qdiscs = p->engine == ENGINE_NETEM && qdiscs_read(p, qdiscs, NULL) == 0;
    for (unsigned i = 0; i < plan_wires(p); i++) {
        if (i >= p->wire_count && s->links.bare[i])
            continue;
        json_t *wire = status_describe_wire(s, i);
        if (stats)
            add_delayline_stats(wire, &stats->wire[i]);
        else if (has_qdiscs)
            add_qdisc_stats(wire, &qdiscs[i]);
        json_array_append_new(wires, wire);
    }
    return wires;
}

/* What the interfaces of the fabric dropped: the ports, since the node's kernel did not take it in
 * time; the TAPs, since the delay line did not read it in time. */
static void count_drops(const struct plan *p, uint64_t *ret_taps, uint64_t *ret_ports)
{
    _cleanup_(freep) char *counters = NULL;
    *ret_taps = *ret_ports = 0;
    if (file_read("/proc/self/net/dev", 1 << 24, &counters, NULL, NULL) < 0)
        return;
    for (size_t i = 0; i < plan_taps(p); i++)
        *ret_taps += interface_tx_dropped(counters, p->taps[i].dev);
    for (size_t i = 0; i < p->port_count; i++)
        *ret_ports += interface_tx_dropped(counters, p->ports[i].dev);
}

static json_t *describe_buckets(const struct histogram *h)
{
    json_t *buckets = json_array();
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (h->bucket[i])
            json_array_append_new(buckets, json_pack("[I,I]", (json_int_t)histogram_bucket_top(i),
                                                     (json_int_t)h->bucket[i]));
    return buckets;
}

static json_t *describe_lateness(const struct delayline_stats *stats)
{
    const struct histogram *h = &stats->lateness;
    return json_pack("{s:I s:f s:f s:f s:f s:f s:o s:b s:I s:I s:I s:I s:f}", "packets",
                     (json_int_t)h->count, "mean_s", histogram_mean(h) / 1e9, "p50_s",
                     (double)histogram_quantile(h, 0.5) / 1e9, "p99_s",
                     (double)histogram_quantile(h, 0.99) / 1e9, "p999_s",
                     (double)histogram_quantile(h, 0.999) / 1e9, "max_s", (double)h->max / 1e9,
                     "buckets_ns", describe_buckets(h), "realtime", (int)stats->realtime, "no_wire",
                     (json_int_t)stats->no_wire, "write_errors", (json_int_t)stats->write_errors,
                     "no_memory", (json_int_t)stats->no_memory, "merged", (json_int_t)stats->merged,
                     "spun_s", (double)stats->spun_ns / 1e9);
}

json_t *status_describe(const struct supervisor *s)
{
    const struct plan *p = s->tree->plan;
    const struct delayline_stats *stats = s->engine->stats(s->engine_run);
    json_t *nodes = json_array();
    uint64_t tap_drops, port_drops;
    count_drops(p, &tap_drops, &port_drops);
    _cleanup_(freep) struct node_usage *usage = xcalloc(p->scenario->node_count, sizeof(*usage));
    usage_collect(s->fabric.nodes, p->scenario->node_count, usage);
    for (unsigned i = 0; i < p->scenario->node_count; i++)
        json_array_append_new(nodes, describe_node(s, i, &usage[i]));
    json_t *status = json_pack(
        "{s:s s:s s:f s:f s:I s:o s:o}", "scenario", p->scenario->name, "engine", s->engine->name,
        "up_s", (double)(clock_realtime_ns() - s->started_ns) / 1e9, "lab_cpu_s",
        (double)usage_lab_cpu_ns(s->fabric.nodes, p->scenario->node_count) / 1e9, "port_drops",
        (json_int_t)port_drops, "nodes", nodes, "wires", describe_wires(s, stats));
    json_object_set(status, "changes", s->links.history);
    json_object_set_new(status, "change_count", json_integer((json_int_t)s->links.changes));
    json_object_set_new(status, "partitions", partitions_describe(s));
    if (stats) {
        json_t *lateness = describe_lateness(stats);
        json_object_set_new(lateness, "tap_drops", json_integer((json_int_t)tap_drops));
        json_object_set_new(status, "lateness", lateness);
        json_object_set_new(status, "traces_began_ns", json_integer((json_int_t)stats->origin_ns));
    }
    return status;
}
