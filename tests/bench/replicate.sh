#!/bin/bash
# SPDX-License-Identifier: MIT
# workloads/replicate held against its targets and against the study's own way (replicate-peer.py),
# in one run on the same lab. Needs root, jq and python3-pymysql; under 8 minutes.
set -u
here=$(cd "$(dirname "$0")" && pwd)
TOP=$(cd "$here/../.." && pwd)
build=$TOP/build/${MODE:-release}
wanlab=$build/bin/wanlab
tmp=$(mktemp -d /tmp/wanlab-bench.XXXXXX)
export WANLAB_RUNTIME=$tmp/run
started=$SECONDS
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

/usr/bin/python3 -c 'import pymysql' || {
    echo "the peer needs PyMySQL (Debian package: python3-pymysql)" >&2
    exit 3
}

# The peer and the local driver are workloads with the same services; the peer has the same check.
for name in peer local; do
    mkdir -p "$tmp/workloads/$name"
    cp "$build"/share/wanlab/workloads/replicate/* "$here/replicate-peer.py" "$tmp/workloads/$name"
    chmod +x "$tmp/workloads/$name/replicate-peer.py"
done
sed -i 's/^name: .*/name: peer/; s/^run: .*/run: [.\/replicate-peer.py]/' "$tmp/workloads/peer/workload.yaml"
cp "$build/tests/bench/replicate-local" "$tmp/workloads/local"
sed -i 's/^name: .*/name: local/; s/^run: .*/run: [.\/replicate-local]/; /^check:/d' \
    "$tmp/workloads/local/workload.yaml"
export WANLAB_WORKLOADS=$tmp/workloads

scenario() { # scenario WORKLOAD NODES RTT_MS PARAMETERS
    printf '# holds: rtt\nfrom,a\na,%s\n' "$3" >"$tmp/wan.csv"
    cat >"$tmp/run.yaml" <<Y
name: bench
nodes: {db: {count: $2, region: a}}
wan: {members: [db], matrix: wan.csv}
workload: {$1: {aggregate: 10, commit: none, $4}}
Y
}

measure() { # measure WORKLOAD NODES RTT_MS PARAMETERS: the results are in $tmp/out
    scenario "$@"
    rm -rf "$tmp/out"
    timeout 500 "$wanlab" run "$tmp/run.yaml" -o "$tmp/out" >"$tmp/log" 2>&1 || {
        echo "a run failed: $*" >&2
        cat "$tmp/log" >&2
        exit 1
    }
}

sum() { awk -F, -v m="$1" '$2 == m {s += $5} END {print s + 0}' "$tmp/out/samples.csv"; }
max() { awk -F, -v m="$1" '$2 == m && $5 > x {x = $5} END {print x + 0}' "$tmp/out/samples.csv"; }
quantile() { # quantile METRIC SHARE, in ms
    awk -F, -v m="$1" '$2 == m {print $5}' "$tmp/out/samples.csv" | sort -g |
        awk -v q="$2" '{v[NR] = $1} END {printf "%.2f", v[int((NR - 1) * q) + 1] * 1e3}'
}
calc() { awk "BEGIN {printf \"$1\", $2}"; }

echo "kernel $(uname -r), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg), $(mariadbd --version | grep -o '10\.[0-9.]*' | head -1)"

# --- client CPU per tuple and copy, at a rate that both keep up with

for name in replicate peer; do
    mode=sequential
    [ $name = peer ] || mode=parallel
    measure $name 8 0 "rate: 100/s, duration: 6s, mode: $mode"
    cpu[${#name}]=$(calc %.2f "$(sum client_loop_cpu) / ($(sum inserts) * 8) * 1e6")
    echo "client CPU per tuple and copy, N 8, 100/s: $name ($mode) ${cpu[${#name}]} us"
done
echo "  ours / peer: $(calc %.3f "${cpu[9]} / ${cpu[4]}") (target: at most 0.2)"

# --- latency of a remote batch, 16 nodes

measure replicate 16 0 "rate: 20/s, duration: 6s, mode: parallel"
own=$(quantile remote_batch 0.5)
measure replicate 16 100 "rate: 20/s, duration: 6s, mode: parallel"
p50=$(quantile remote_batch 0.5)
echo "remote batch, N 16: parallel, no delay p50 $own ms; parallel, 100 ms RTT p50 $p50 ms, p99 $(quantile remote_batch 0.99) ms"
echo "  beyond the databases' own time: $(calc %.3f "($p50 - $own) / 100") x the RTT (target: at most 1.1)"
measure replicate 16 100 "rate: 20/s, count: 30, mode: sequential"
echo "  sequential, 100 ms RTT: p50 $(quantile remote_batch 0.5) ms; (N - 1) x RTT = 1500 ms"

# --- the highest rate within 5 % of nominal, 8 nodes, no delay

# Flat out, for an upper bound; then halving the interval below it.
highest() { # highest NAME MODE COUNT: sets RATE, tuples/s and node, and FLAT_CPU
    local low high i
    measure "$1" 8 0 "rate: 100000/s, count: $3, mode: $2"
    high=$(calc %d "$3 / $(max main_loop) * 1.6")
    FLAT_CPU=$(calc %.2f "$(sum client_loop_cpu) / ($(sum inserts) * 8) * 1e6")
    echo "$1 ($2), flat out: $(calc %d "$3 / $(max main_loop)") tuples/s and node, client CPU $FLAT_CPU us per tuple and copy"
    low=$(calc %d "$high * 0.4")
    for i in 1 2 3 4 5; do
        RATE=$(((low + high) / 2))
        measure "$1" 8 0 "rate: $RATE/s, duration: 5s, mode: $2"
        if [ "$(calc %d "$(max ratio) <= 1.05")" = 1 ]; then low=$RATE; else high=$RATE; fi
        echo "  $RATE/s: ratio $(calc %.3f "$(max ratio)")"
    done
    RATE=$low
}
highest replicate parallel 3000
ours=$RATE our_cpu=$FLAT_CPU
highest peer sequential 1500
echo "client CPU per tuple and copy, flat out: ours / peer $(calc %.3f "$our_cpu / $FLAT_CPU") (target: at most 0.2)"
echo "highest D x N within 5 %, N 8, AG 10: ours $((ours * 8)), peer $((RATE * 8)) tuples/s; ours / peer $(calc %.2f "$ours / $RATE") (target: at least 1.25)"
measure local 8 0 "rate: 100/s, count: 3000, mode: baseline"
local_rate=$(calc %d "3000 / $(max main_loop)")
echo "  the same databases driven locally, same statements: $((local_rate * 8)) tuples/s; ours / local $(calc %.2f "$ours / $local_rate") (target: at least 0.9)"

# --- many nodes: each with a database of its own

at() { # at EVENT: seconds after the start of the run
    jq -rs --arg e "$1" '[.[] | select(.event == $e).at] | max' "$tmp/out/events.jsonl"
}
for nodes in 100 250; do
    measure replicate $nodes 0 "rate: 60/min, duration: 10s, mode: parallel, sync_timeout: 5min, connect_timeout: 5min, cut_timeout: 5min"
    echo "N $nodes: databases up after $(calc %.1f "$(at service-ready)") s, the run verified after $(calc %.1f "$(at checked)") s$(
        [ $nodes = 250 ] || echo " (targets: under 20, under 60)")"
    awk -F, 'NR > 1 {pss += $5; disk += $8} END {
        printf "  a node: PSS %.1f MiB (target at N 100: under 45), data folder %.1f MiB\n",
               pss / (NR - 1) / 1048576, disk / (NR - 1) / 1048576}' "$tmp/out/nodes.csv"
done
for rtt in 0 100; do
    measure replicate 50 $rtt "rate: 60/min, duration: 10s, mode: parallel"
    echo "sync at N 50, $rtt ms RTT: $(calc %.2f "$(max sync_time)") s (target: under $(calc %.1f "2 + 8 * $rtt / 1000"))"
done
echo "took $((SECONDS - started)) s"
