#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job on real databases, small: both modes, what the results folder holds, and a sweep.
#
#   db1, db2, db3: a wan of 40, 60 and 80 ms
. "$(dirname "$0")/../lib/tap.sh"
need_root

cat >"$WORK/wan.csv" <<'M'
# holds: rtt
from,a,b,c
a,,40,60
b,40,,80
c,60,80,
M
cat >"$WORK/run.yaml" <<'Y'
name: small
nodes: {db: {count: 3, region: [a, b, c]}}
wan: {members: [db], matrix: wan.csv}
workload: {replicate: {rate: 1200/min, aggregate: 4, duration: 2s, mode: parallel}}
sweep: {rate: [600/min, 1200/min], nodes.db.count: [2, 3]}
Y

for mode in parallel sequential; do
    run "$WANLAB" run "$WORK/run.yaml" -o "$WORK/$mode" --set workload.replicate.mode=$mode
    is "$STATUS" 0 "$mode: the run ends well"
    diag "$OUT
$ERR"
    like "$OUT" "verdict: (trusted|doubtful)" "$mode: the network was the one asked for"
    is "$(grep -c '^db[123],local_insert,' "$WORK/$mode/samples.csv")" 120 \
        "$mode: every insert of every node is in samples.csv"
    is "$(grep -c '^db[123],remote_batch,' "$WORK/$mode/samples.csv")" 30 "$mode: every batch too"
    like "$(cat "$WORK/$mode/samples.csv")" "db1,verified_rows,,[0-9.]+,360," \
        "$mode: all databases hold the same 120 tuples"
    like "$(cat "$WORK/$mode/run.json")" '"outcome": "done"' "$mode: run.json says so"
    is "$(ls "$WORK/$mode")" "events.jsonl
fidelity.json
logs
nodes
nodes.csv
plots
run.json
samples.csv
summary.csv" "$mode: the folder is complete"
    like "$(sed -n 2p "$WORK/$mode/nodes.csv")" "^db1,process,0\.[0-9]+,[0-9]{7,9},[0-9.]+,[0-9]{6,9}$" \
        "$mode: what each node cost"
    is "$(jq -r '.nodes[2] | .name, (.cpu_s > 0.05 and .memory_pss_bytes > 5000000 and .disk_bytes > 1000000)' "$WORK/$mode/run.json" | xargs)" \
        "db3 true" "$mode: in run.json too"
    diag "$(cat "$WORK/$mode/nodes.csv")"
    like "$(cat "$WORK/$mode/plots/main_loop.svg")" "</svg>" "$mode: with pictures"
done

# What the two modes mean: a batch takes the slowest round trip, or all of them in turn.
batch_ms() { # batch_ms FOLDER NODE: the median
    grep "^$2,remote_batch," "$1/samples.csv" | cut -d, -f5 | sort -n | sed -n 5p |
        awk '{printf "%d", $1 * 1000}'
}
parallel=$(batch_ms "$WORK/parallel" db3)
sequential=$(batch_ms "$WORK/sequential" db3)
diag "median remote batch of db3: $parallel ms parallel, $sequential ms sequential"
[ "$parallel" -ge 80 ] && [ "$parallel" -lt 140 ]
ok $? "parallel: a batch of db3 takes its slowest round trip, 80 ms"
[ "$sequential" -ge 140 ] && [ "$sequential" -lt 220 ]
ok $? "sequential: it takes the sum, 140 ms"

run "$WANLAB" run "$WORK/run.yaml" -o "$WORK/parallel"
is "$STATUS" 2 "a results folder that exists is not overwritten"

run "$WANLAB" sweep "$WORK/run.yaml" -o "$WORK/sweep" --set workload.replicate.duration=1s \
    --set repeat=2
is "$STATUS" 0 "a sweep over rate and count ends well"
diag "$ERR"
like "$OUT" "rate +count +n +main_loop_max" "it ends with a table"
is "$(wc -l <"$WORK/sweep/runs.csv")" 9 "runs.csv has a line for each of 4 points x 2 runs"
is "$(wc -l <"$WORK/sweep/sweep.csv")" 5 "sweep.csv has one for each point"
like "$(head -1 "$WORK/sweep/sweep.csv")" \
    "workload.replicate.rate,nodes.db.count,n,trusted,failed,main_loop_max_median" "and a heading"
is "$(ls "$WORK/sweep/plots" | grep -c '\.svg$')" 2 "a picture for each axis"

nothing_left "nothing is left"
done_testing
