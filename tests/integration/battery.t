#!/bin/bash
# SPDX-License-Identifier: MIT
# Paper E's tests in one run: all metrics of one node, under the battery's names; a machine with too little memory.
#
#   n1 (serves) - n2 (is measured)
. "$(dirname "$0")/../lib/tap.sh"
for tool in iperf3 qperf; do
    command -v $tool >/dev/null || skip_all "needs $tool (Debian package: $tool)"
done
cd "$WORK" || exit 1
cat >run.yaml <<'Y'
name: battery
nodes: {n: {count: 2}}
links: [{ends: [n1, n2]}]
workload: {battery: {repetitions: 2, small: 4KiB, medium: 16KiB, large: 64KiB, array: 4MiB, time: 10ms, order: 20, long: 1s}}
Y
without qperf "$WANLAB" run run.yaml -o none
like "$STATUS $ERR" "^3 .*'qperf', which is not installed \\(Debian package: qperf\\)" "without a tool the run is refused, with what to install"

run "$WANLAB" run run.yaml -o all --set workload.battery.repetitions=1
is "$STATUS" 0 "the battery passes"
diag "$ERR"
of() { jq ".metrics.n2.$1 | if type == \"object\" then .mean else . end // empty" all/run.json; }
is "$(jq -r '.metrics.n2 | keys | sort | join(" ")' all/run.json)" "adapter add context_switch copy linpack_100 linpack_large page_fault \
read_large read_medium read_small scale syscall tcp_45mb tcp_512b tcp_512kb triad udp_512b udp_64kb write_large write_medium write_small" \
    "all that it measures is the second node's"
is "$(jq -r '.metrics.n1 // {} | length' all/run.json)" 0 "the first one serves"
for metric in tcp_512b tcp_512kb tcp_45mb udp_512b udp_64kb; do
    within "$(of $metric)" 1e5 1e12 "$metric: $(of $metric) bit/s"
done
for metric in write_small write_large read_small read_large copy triad; do
    within "$(of $metric)" 1e5 1e12 "$metric: $(of $metric) B/s"
done
is "$(jq -r 'select(.barrier) | .barrier' all/nodes/n2.jsonl | sort | uniq -d)" "" "no two barriers have the same name"
within "$(of adapter)" 0 0.5 "the adapters' share is known: $(of adapter)"

if [ -e /usr/bin/linux.uml ] || command -v linux.uml >/dev/null; then
    sed 's/^nodes.*/nodes: {n: {kind: uml, memory: 480MiB}}/; /^links/d; s/^workload.*/workload: {memory: {array: 128MiB}}/' run.yaml >uml.yaml
    run "$WANLAB" run uml.yaml -o uml
    [ "$(cat /proc/sys/vm/max_map_count)" -gt 98304 ] || like "$STATUS $ERR" \
        "^1 .*node 'n' has too little memory: the arrays take 384 MiB, .*vm.max_map_count.*\`array\`" \
        "a guest whose program is killed by its kernel says why"
fi
nothing_left "nothing is left"
done_testing
