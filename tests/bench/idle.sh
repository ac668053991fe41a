#!/bin/bash
# SPDX-License-Identifier: MIT
# What it does to an otherwise idle machine's wires that processors poll instead of sleeping (`idle:` in a
# scenario): runs of topologies/five-regions.yaml, halt and poll in turn, with the verdict, how late the delay
# line sent its packets, by how much round trips were longer than asked (medians, the mean of all pairs), and
# steal. Needs root; tests/bench/README.md has figures.
#
# Usage: idle.sh; RUNS=5, DURATION=5s
set -u
case ${1:-} in -*)
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0" | sed '/^set /,$d'
    exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
wanlab=${WANLAB:-$top/build/${MODE:-release}/bin/wanlab}
tmp=$(mktemp -d /tmp/wanlab-bench.XXXXXX)
export WANLAB_RUNTIME=$tmp/run
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

echo "kernel $(uname -r), $(nproc) processors, cpuidle driver $(cat /sys/devices/system/cpu/cpuidle/current_driver), load $(cut -d' ' -f1 /proc/loadavg)"
printf '%-5s %-9s %12s %12s %12s %12s %12s\n' idle verdict "late p50" "late p99" "late max" "RTT error" "steal"
steal() { awk '/^cpu / {total = 0; for (i = 2; i <= 9; i++) total += $i; print total, $9}' /proc/stat; }
for ((run = 0; run < ${RUNS:-5}; run++)); do
    for idle in halt poll; do
        before=$(steal)
        "$wanlab" run "$top/topologies/five-regions.yaml" --set idle=$idle --set "workload.replicate.duration=${DURATION:-5s}" \
            -o "$tmp/$idle-$run" >"$tmp/out" 2>&1 || { cat "$tmp/out"; exit 1; }
        after=$(steal)
        jq -r '[.verdict, .lateness.p50_s, .lateness.p99_s, .lateness.max_s,
                ([.pairs[] | .rtt_median_s - .rtt_asked_s] | add / length)] | @tsv' "$tmp/$idle-$run/fidelity.json" |
            awk -v idle=$idle -v before="$before" -v after="$after" '
                {
                    split(before, b, " "); split(after, a, " ")
                    printf "%-5s %-9s %9.1f us %9.1f us %9.1f us %9.1f us %10.1f %%\n", idle, $1, $2 * 1e6, $3 * 1e6, $4 * 1e6,
                           $5 * 1e6, 100 * (a[2] - b[2]) / (a[1] - b[1])
                }'
    done
done
