#!/bin/bash
# SPDX-License-Identifier: MIT
# What a packet's way between two nodes costs, by the workload network. Needs root; a minute and a half.
#
#   loopback     two native nodes: the host's lo, MTU 65536
#   wire         n1 eth0 =veth= p0 --tc redirect--> p1 =veth= eth0 n2, MTU 1500
#   wire, 65521  the same with the largest MTU
#   bridge       n1 eth0 =veth= p0 --bridge-- p1 =veth= eth0 n2
#   delay line   n1 eth0 =veth= p0 --tc redirect--> TAP, the delay line (10 us), TAP --tc redirect--> p1 =veth= eth0 n2
#
# Usage: network.sh; REPETITIONS=n (3), of which the best counts: what others take of the machine only adds.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
WANLAB=${WANLAB:-$top/build/release/bin/wanlab}
tmp=$(mktemp -d /tmp/wanlab-bench.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
export WANLAB_RUNTIME=$tmp/run
cat >"$tmp/run.yaml" <<Y
name: bench-network
nodes: {n: {count: 2, kind: process}}
links: [{ends: [n1, n2]}]
workload: {network: {repetitions: ${REPETITIONS:-3}, port: 25200}}
Y

# one PROTOCOL PATTERN MESSAGE OPTION…: sets LATENCY (us), CPU (us per message) and RATE (Gbit/s).
one() {
    local protocol=$1 pattern=$2 message=$3
    shift 3
    rm -rf "$tmp/out"
    "$WANLAB" run "$tmp/run.yaml" -o "$tmp/out" --set workload.network.protocol="$protocol" \
        --set workload.network.pattern="$pattern" --set workload.network.message="${message}B" "$@" \
        >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; exit 1; }
    read -r LATENCY CPU RATE < <(jq -rs --argjson size "$message" '
        def best(m; how): [.[] | select(.metric == m).value] | how;
        [best("latency_p50"; min), best("cpu_per_byte"; min) + best("wire_cpu_per_byte"; min), best("rate"; max)]
        | [(.[0] // 0) * 1e6, .[1] * $size * 1e6, .[2] / 1e9] | map(. * 100 | round / 100) | @tsv' "$tmp/out/nodes/n2.jsonl")
}

row() { # row NAME OPTION…
    local name=$1 cells=""
    shift
    for what in "tcp request 64" "udp request 64" "tcp request 32768" "udp request 32768"; do
        # shellcheck disable=SC2086  # three words
        one $what "$@"
        cells+=$(printf '  %9s %7s' "$LATENCY" "$CPU")
    done
    one tcp stream 131072 "$@"
    printf '%-12s%s  %8s %7s\n' "$name" "$cells" "$RATE" "$CPU"
}

printf '%-12s  %17s  %17s  %17s  %17s  %16s\n' "" "TCP 64 B" "UDP 64 B" "TCP 32 KiB" "UDP 32 KiB" "stream 128 KiB"
printf '%-12s  %9s %7s  %9s %7s  %9s %7s  %9s %7s  %8s %7s\n' path "p50 us" "CPU us" "p50 us" "CPU us" "p50 us" "CPU us" \
    "p50 us" "CPU us" "Gbit/s" "CPU us"
row loopback --set nodes.n.kind=native
row wire
row "wire, 65521" --set 'links=[{ends: [n1, n2], mtu: 65521}]'
row bridge --set 'links=[]' --set 'networks={lan: {members: [n]}}'
row "delay line" --set 'links=[{ends: [n1, n2], delay: 10us}]'
