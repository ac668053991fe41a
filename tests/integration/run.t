#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job on real databases, small: both modes, what the results folder holds, and a sweep.
#
#   db1, db2, db3: a wan of 40, 60 and 80 ms
. "$(dirname "$0")/../lib/tap.sh"

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
histograms.csv
host_cpu.csv
logs
nodes
nodes.csv
overall.csv
plots
report.html
run.json
samples.csv
summary.csv" "$mode: the folder is complete"
    like "$(sed -n 2p "$WORK/$mode/nodes.csv")" "^db1,process,,0\.[0-9]+,[0-9]{7,9},,[0-9.]+,[0-9]{6,9}$" \
        "$mode: what each node cost"
    is "$(jq -r '.nodes[2] | .name, (.cpu_s > 0.05 and .memory_pss_bytes > 5000000 and .disk_bytes > 1000000)' "$WORK/$mode/run.json" | xargs)" \
        "db3 true" "$mode: in run.json too"
    is "$(jq '.emulator | .lab_cpu_s > 0 and .lab_cpu_s < 30 and .command_cpu_s > 0' "$WORK/$mode/run.json")" true \
        "$mode: what the emulator itself took"
    like "$OUT" "kind +nodes +boot +memory +guest +cpu +disk" "$mode: and in a table"
    like "$OUT" "process +3 +[0-9.]+ .?s +[0-9.]+ MiB +- +[0-9.]+ s +[0-9.]+ MiB" "$mode: by kind"
    diag "$(cat "$WORK/$mode/nodes.csv")"
    is "$(jq -c '.overall | .inserts.sum, .inserts.count, .local_insert.count, .lateness.count, .ratio.sum' "$WORK/$mode/run.json" | xargs)" \
        "120 3 120 120 null" "$mode: run.json has what all nodes did together"
    is "$(grep ,remote_batch, "$WORK/$mode/samples.csv" | cut -d, -f5 | sort -g | sed -n '15p;$p' | xargs)" \
        "$(grep ^remote_batch, "$WORK/$mode/overall.csv" | cut -d, -f5,7 | tr , ' ')" "$mode: overall.csv pools the nodes' samples"
    for metric in lateness local_insert remote_batch; do
        is "$(awk -F, -v m=$metric '$1 == m {sum[$2 == ""] += $4; if ($3 <= top[$2]) bad++; top[$2] = $3}
            END {print sum[0] == sum[1], sum[0], bad + 0}' "$WORK/$mode/histograms.csv")" \
            "1 $(awk -F, -v m=$metric '$2 == m {n += $7} END {print n}' "$WORK/$mode/samples.csv") 0" \
            "$mode: the histogram of $metric holds every sample, by node and of all"
    done
    like "$OUT" "over all nodes:.*local_insert +120 +- .*inserts +3 +120 " "$mode: a table says it too"
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

# The other ways to pace and to send. The same seed gives the same arrivals: the nominal time says so.
run "$WANLAB" run "$WORK/run.yaml" -o "$WORK/baseline" --set workload.replicate.mode=baseline
is "$STATUS" 0 "baseline: the run ends well"
is "$(grep -c '^db[123],remote_' "$WORK/baseline/samples.csv")" 0 "baseline: nothing is sent"
like "$(cat "$WORK/baseline/samples.csv")" "db1,verified_rows,,[0-9.]+,120," \
    "baseline: each database holds its own 40 tuples alone"
for again in 1 2; do
    for mode in parallel sequential; do
        run "$WANLAB" run "$WORK/run.yaml" -o "$WORK/poisson-$mode-$again" \
            --set workload.replicate.mode=$mode --set workload.replicate.arrivals=poisson \
            --set workload.replicate.count=50 --set workload.replicate.connections=3
        is "$STATUS" 0 "$mode: 50 poisson arrivals over three connections"
        like "$(cat "$WORK/poisson-$mode-$again/samples.csv")" "db1,verified_rows,,[0-9.]+,450," \
            "$mode: everything is everywhere"
    done
done
nominal() { grep -h ',main_loop_nominal,' "$WORK/$1/samples.csv" | cut -d, -f1,5 | sort; }
is "$(nominal poisson-parallel-1)" "$(nominal poisson-sequential-2)" "the seed decides the arrivals"
for metric in ratio lag late_p50 late_p999 missed server_cpu client_loop_cpu bytes_sent \
    bytes_received backlog_max; do
    like "$(cat "$WORK/parallel/samples.csv")" "db2,$metric,,[0-9.]+,[0-9.e+-]+," "$metric is reported"
done

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
is "$(ls "$WORK/sweep/plots" | grep -c '\.svg$')" 4 "a picture for each axis, by ratio and by time"

nothing_left "nothing is left"
done_testing
