#!/bin/bash
# SPDX-License-Identifier: MIT
# How long labs take to come up and to go, and what an idle node takes of the memory: N nodes on one LAN, beside
# Mininet with Linux bridges and beside the bare system calls (scale-raw.c); then a wan with a delay of its own for each
# pair. Four minutes with the default numbers; root; nothing is left behind. tests/bench/README.md explains the columns.
#
# Usage: scale.sh [N...] (10 100 500 1000 5000); PEER_MAX=500: Mininet up to that; PAIRS="4 250": nodes of the wans;
# UML=no: without netem in User-Mode Linux.
set -u
cd "$(dirname "$0")/../.." || exit 1
export WANLAB
WANLAB=$(realpath "${WANLAB:-build/${MODE:-release}/bin/wanlab}")
RAW=build/${MODE:-release}/tests/bench/scale-raw
sizes=${*:-10 100 500 1000 5000}
[ "$(id -u)" = 0 ] || { echo "bench-scale needs root" >&2; exit 3; }
for program in unshare ping brctl mnexec; do
    command -v $program >/dev/null || { echo "bench-scale: '$program' is missing (scripts/setup --test --bench)" >&2; exit 3; }
done
work=$(mktemp -d /dev/shm/wanlab-bench.XXXXXX)
export WANLAB_RUNTIME=$work/run
cleanup() {
    local lab
    for lab in $("$WANLAB" ls 2>/dev/null); do "$WANLAB" down "$lab"; done
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

. tests/bench/scale-wan.sh
available() { awk '/^MemAvailable:/ {print $2}' /proc/meminfo; }
namespaces() { awk '$1 == "net_namespace" {print $2}' /proc/slabinfo; }
gone() { # until the kernel has destroyed the network namespaces; $1 there were before
    local deadline=$((SECONDS + 10))
    # The kernel gives back what it has taken down with the next one that it takes down.
    while unshare --net true && [ "$(namespaces)" -gt $(($1 + 16)) ] && [ $SECONDS -lt $deadline ]; do sleep 0.01; done
}
row() { printf '%7s  %-8s %9s %9s %9s %10s\n' "$@"; }
per_node() { # KiB in all, nodes
    awk -v kib="$1" -v n="$2" 'BEGIN { printf "%.2f", kib / n / 1024 }'
}

bench_wanlab() {
    local n=$1 before started up down memory there
    printf 'nodes: {n: {count: %d}}\nnetworks: {lan: {members: [n]}}\n' "$n" >"$work/lan.yaml"
    before=$(available) there=$(namespaces) started=$(now)
    "$WANLAB" up "$work/lan.yaml" --name bench >/dev/null 2>"$work/err" || { row "$n" wanlab "-" "-" "-" "-"; cat "$work/err"; return; }
    up=$(since "$started")
    sleep 1
    memory=$((before - $(available))) started=$(now)
    "$WANLAB" down bench
    down=$(since "$started")
    gone "$there"
    row "$n" wanlab "$up" "$down" "$(since "$started")" "$(per_node $memory "$n")"
}

bench_raw() {
    local n=$1
    unshare --pid --fork --kill-child "$RAW" "$n" </dev/null >"$work/out" || { row "$n" raw "-" "-" "-" "-"; return; }
    row "$n" raw "$(awk '$1 == "up" {printf "%.2f", $2}' "$work/out")" "$(awk '$1 == "ended" {printf "%.2f", $2}' "$work/out")" \
        "$(awk '$1 == "down" {printf "%.2f", $2}' "$work/out")" "$(per_node "$(awk '$1 == "memory" {print $2}' "$work/out")" "$n")"
}

bench_mininet() {
    local n=$1
    unshare --net --mount --pid --fork --kill-child --mount-proc /usr/bin/python3 tests/bench/scale-mininet.py "$n" >"$work/out" ||
        { row "$n" mininet "-" "-" "-" "-"; return; }
    row "$n" mininet "$(awk '$1 == "up" {printf "%.2f", $2}' "$work/out")" \
        "$(awk '$1 == "down" {printf "%.2f", $2}' "$work/out")" "" "$(per_node "$(awk '$1 == "memory" {print $2}' "$work/out")" "$n")"
}

# Processor time of the delay line, in ticks of 10 ms.
line_ticks() {
    local pid
    for pid in $(pgrep -x wanlab-wire); do
        grep -qz "^WANLAB_RUNTIME=$WANLAB_RUNTIME\$" "/proc/$pid/environ" 2>/dev/null && awk '{print $14 + $15}' "/proc/$pid/stat"
    done
}

bench_wan() {
    local n=$1 started up before ticks packets=100000
    write_wan "$n" delayline
    started=$(now)
    "$WANLAB" up "$work/wan.yaml" --name bench >/dev/null || return
    up=$(since "$started") before=$(line_ticks)
    "$WANLAB" exec bench n1 -- ping -q -f -l 200 -c $((packets / 2)) n2 >"$work/out"
    ticks=$(($(line_ticks) - before)) started=$(now)
    "$WANLAB" down bench
    printf '%7s  %-8s %9s %9s %22s\n' $((n * (n - 1))) delayline "$up" "$(since "$started")" "$(awk -v t="$ticks" -v n="$packets" 'BEGIN { printf "%.2f", t * 10000 / n }')"
}

row nodes "" "up s" "down s" "freed s" "MiB a node"
for n in $sizes; do
    bench_wanlab "$n"
    bench_raw "$n"
    [ "$n" -gt "${PEER_MAX:-500}" ] || bench_mininet "$n"
done

echo
printf '%7s  %-8s %9s %9s %22s\n' pairs "" "up s" "down s" "CPU us of it a packet"
for n in ${PAIRS:-4 250}; do bench_wan "$n"; done
[ "${UML:-}" = no ] || ! command -v linux.uml >/dev/null ||
    tests/vm/uml-run --mem 3000M --timeout 1200 --env WANLAB --env PAIRS -- tests/bench/scale-netem.sh
