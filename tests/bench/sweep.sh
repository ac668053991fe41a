#!/bin/bash
# SPDX-License-Identifier: MIT
# What a sweep takes beside the main loops themselves, stage by stage, for each kind of node and
# number of nodes. Needs root; tests/bench/README.md explains the columns.
#
# Usage: sweep.sh [KIND...]; NODES="2 8 16", SECONDS_EACH=20: of a main loop, REPEAT=1
set -u
case ${1:-} in -*)
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0" | sed '/^set /,$d'
    exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
wanlab=${WANLAB:-$(cd "$here/../.." && pwd)/build/${MODE:-release}/bin/wanlab}
kinds=${*:-process container uml}
nodes=${NODES:-2 8 16}
tmp=$(mktemp -d /tmp/wanlab-bench.XXXXXX)
export WANLAB_RUNTIME=$tmp/run
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

list() { echo "$*" | sed 's/ /, /g'; }
cat >"$tmp/sweep.yaml" <<Y
name: bench
nodes: {db: {kind: process, memory: 256MiB}}
wan: {members: [db], delay: 25ms}
workload: {replicate: {rate: 600/min, aggregate: 10, mode: parallel, duration: ${SECONDS_EACH:-20}s}}
sweep: {nodes.db.kind: [$(list $kinds)], nodes.db.count: [$(list $nodes)]}
repeat: ${REPEAT:-1}
Y

echo "kernel $(uname -r), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg), main loops of ${SECONDS_EACH:-20} s"
"$wanlab" sweep "$tmp/sweep.yaml" -o "$tmp/out" >"$tmp/log" 2>"$tmp/errors" || {
    tail -5 "$tmp/errors" >&2
    exit 1
}

# A line for each run: kind, N, when each stage ended, the main loop, the whole.
jq -r 'select(.outcome == "done") | [.point["nodes.db.kind"], .point["nodes.db.count"],
       .measures.main_loop_max, .took_s, .verdict, .run] | @tsv' "$tmp/out/points.jsonl" |
    while IFS=$'\t' read -r kind n loop took verdict run; do
        jq -rs --arg kind "$kind" --argjson n "$n" --argjson loop "$loop" --argjson took "$took" \
            --arg verdict "$verdict" '
            (map({(.event): .at}) | add) as $at | ($at["workload-ended"] - $at["service-ready"] - $loop) as $meet |
            [$kind, $n, $at["lab-up"], $at["wires-measured"] - $at["lab-up"],
             $at["service-ready"] - $at["wires-measured"], $meet, $at.checked - $at["workload-ended"],
             $took - $at.checked, $loop, $took, $verdict] | @tsv' "$tmp/out/$run/events.jsonl"
    done >"$tmp/stages"

printf '%-10s %3s %7s %7s %8s %7s %7s %7s %10s %9s\n' kind N up wires service meet check end 'main loop' overhead
sort -k1,1 -k2,2n "$tmp/stages" | awk '{
    printf "%-10s %3d %7.2f %7.2f %8.2f %7.2f %7.2f %7.2f %8.2f s %7.1f %%  %s\n",
        $1, $2, $3, $4, $5, $6, $7, $8, $9, ($10 - $9) / $9 * 100, $11 == "trusted" ? "" : $11
    loops += $9; all += $10
} END {printf "all: %.0f s of main loops, %.0f s beside them: %.1f %%\n", loops, all - loops, (all - loops) / loops * 100}'
