#!/bin/bash
# SPDX-License-Identifier: MIT
# Sweeps: their order, their records, and what happens when they are stopped, killed, or when a run
# fails. The workload is a shell script that is done in milliseconds; there are no wires, so that the verdict
# is the same however busy the machine is: trusted for one node, and for several doubtful by what the workload reports.
. "$(dirname "$0")/../lib/tap.sh"
need_root

mkdir -p "$WORK/workloads/tiny"
cat >"$WORK/workloads/tiny/workload.yaml" <<'Y'
name: tiny
parameters:
  load: {type: integer, default: 10, min: 1, max: 100000}
  rate: {type: frequency, default: 60/min}
  fail: {type: choice, values: [no, once, always], default: no}
  pause: {type: time, default: 0ms}
run: [./run]
metrics: {answer: {unit: s}, answer_nominal: {unit: s}, other: {unit: s}, odd: {expect: 0}}
table: [answer, other]
main: answer
Y
# answer: the load, with some noise by the seed
cat >"$WORK/workloads/tiny/run" <<'R'
#!/bin/sh
cd "${0%/*}" && sleep "$WANLAB_PARAM_PAUSE"
case $WANLAB_PARAM_FAIL in
always) echo "there is no hope" >&2; exit 9 ;;
once) [ -e healed ] || { echo "once is never" >&2; exit 9; } ;;
esac
awk -v load="$WANLAB_PARAM_LOAD" -v seed="$WANLAB_SEED" -v rate="$WANLAB_PARAM_RATE" -v count="$WANLAB_COUNT" 'BEGIN {
    noise = load * 0.01 * (seed % 5)
    answer = rate <= 5 ? 10 : 10 * rate / 5
    if (rate == 1) answer = load + noise
    printf "{\"metric\":\"answer\",\"value\":%.6f,\"unit\":\"s\"}\n", answer
    printf "{\"metric\":\"answer_nominal\",\"value\":10,\"unit\":\"s\"}\n"
    printf "{\"metric\":\"other\",\"value\":1,\"unit\":\"s\"}\n"
    printf "{\"metric\":\"other\",\"value\":2,\"unit\":\"s\"}\n"
    if (load == 80 || count > 1) printf "{\"metric\":\"odd\",\"value\":1}\n"
}' >>"$WANLAB_OUTPUT"
R
chmod +x "$WORK/workloads/tiny/run"
export WANLAB_WORKLOADS=$WORK/workloads WANLAB_CACHE_ROOT=$WORK/cache
cd "$WORK" || exit 1
cat >sweep.yaml <<'Y'
name: tiny
seed: 7
nodes: {n: {count: 2}}
workload: {tiny: {}}
sweep: {load: [10, 20], nodes.n.count: [2, 3]}
repeat: 3
warmup: 1
Y

run "$WANLAB" sweep sweep.yaml -o a
is "$STATUS" 0 "a sweep ends well"
diag "$OUT
$ERR"
is "$(wc -l <a/points.jsonl)" 12 "points.jsonl has a line for each of 4 points x 3 runs"
is "$(wc -l <a/runs.csv)" 13 "runs.csv too"
is "$(wc -l <a/sweep.csv)" 5 "sweep.csv has one for each point"
is "$(ls a | grep -vc '^point-')" 7 "and nothing is left of the warm-up"
like "$(cat a/sweep.json)" '"state": "done"' "sweep.json says that it is done"
is "$(jq -r '.repeat' a/points.jsonl | sort | uniq -c | xargs)" "4 1 4 2 4 3" "each repetition is there"
is "$(jq -r 'select(.repeat == 2) | .seed' a/points.jsonl | sort -u)" 8 "repetitions have seeds of their own"
is "$(jq -r '.measures | keys_unsorted | join(" ")' a/points.jsonl | sort -u)" \
    "answer answer_max answer_nominal answer_nominal_max other_p50 other_p99 other_mean odd odd_max node_boot node_memory node_cpu node_disk emulator_cpu" "with all measures"
# load 10, seeds 7, 8, 9: 10.2, 10.3, 10.4
like "$(jq -s -c '[.[] | select(.point["workload.tiny.load"] == "10") | .measures.answer] | sort | unique' a/points.jsonl)" \
    '^\[10.2,10.3,10.4\]$' "of the seeds that were asked for"
like "$(head -1 a/sweep.csv)" "^workload.tiny.load,nodes.n.count,n,trusted,failed,answer_max_median,answer_max_mean,answer_max_sd,answer_max_ci_low,answer_max_ci_high," \
    "sweep.csv has a heading"
like "$(sed -n 2p a/sweep.csv)" "^10,2,3,[0-3],0,10\.[23]" "and the statistics"
is "$(head -1 a/sweep.csv | grep -oE 'answer_max_median_ci_(low|high)' | xargs) $(sed -n 2p a/sweep.csv | cut -d, -f11,12)" \
    "answer_max_median_ci_low answer_max_median_ci_high 10.2,10.4" "and the bootstrap's interval of the median: of three values, their range"
is "$(ls a/plots | grep -c '\.svg$')" 2 "a picture for each axis"
like "$OUT" "load +count +n +answer_max" "it ends with a table"
like "$OUT" "\* not trusted" "where points without a trusted run are marked"
is "$(grep -c ',yes$' a/sweep.csv)" 4 "so they are in sweep.csv"
is "$(grep -c 'with points .* pointtype 6' a/plots/answer_max-by-nodes.n.count.gp)" 2 "and hollow in the pictures"
like "$ERR" "\] warm-up, to be discarded, about [0-9]+ s left: .*\] run 1 of 12, about [0-9]+ s left: .*\[#{19}\.\] run 12 of 12, about [1-5] s left" \
    "it says how long it will take, and learns"
run "$WANLAB" sweep sweep.yaml -o b
is "$(jq -r .run b/points.jsonl)" "$(jq -r .run a/points.jsonl)" "the same seed gives the same order"
[ "$(jq -r .run a/points.jsonl)" != "$(jq -r .run a/points.jsonl | sort)" ]
ok $? "which is a random one"

before=$(cat a/points.jsonl)
run "$WANLAB" sweep sweep.yaml -o a
is "$STATUS" 0 "a finished sweep is finished"
is "$(cat a/points.jsonl)" "$before" "and no run of it is made again"
run "$WANLAB" sweep sweep.yaml -o a --set repeat=4
is "$STATUS" 0 "more repetitions are asked for"
is "$(wc -l <a/points.jsonl)" 16 "and only these are run"
run "$WANLAB" sweep sweep.yaml -o a --set nodes.n.pids=500
is "$STATUS" 2 "another scenario in the same folder: exit 2"
like "$ERR" "'a' is of another scenario.*hash [0-9a-f]{16}.*hash [0-9a-f]{16}" "with both named"
jq '.wanlab = "0.0"' b/sweep.json >x && cp x b/sweep.json
run "$WANLAB" sweep sweep.yaml -o b
is "$STATUS" 2 "a folder of another version: exit 2"
like "$ERR" "'b' was begun by wanlab 0.0, this is " "with both named"
jq '.format = 99' b/sweep.json >x && cp x b/sweep.json
run "$WANLAB" sweep sweep.yaml -o b
like "$STATUS $ERR" "2 .*'b' has format 99, of wanlab 0.0; this is .* with format 1" "one of another format too"
cp -r a half-written && sed -i '2s/.\{40\}$//' half-written/points.jsonl
run "$WANLAB" sweep sweep.yaml -o half-written
like "$STATUS $ERR" "2 .*half-written/points.jsonl:2:1: " "a record that is damaged is named by its line"
: >half-written/sweep.json
run "$WANLAB" sweep sweep.yaml -o half-written
like "$STATUS $ERR" "^2 half-written/sweep.json:1:0: " "so is a sweep.json"
mkdir c && touch c/mine
run "$WANLAB" sweep sweep.yaml -o c
is "$STATUS" 2 "a folder that is no sweep's: exit 2"

# Fits: 1.02, 1.03, 1.04 times the load, of the trusted runs. That with a load of 80 is not.
cat >fit.yaml <<'Y'
seed: 7
nodes: {n: {count: 1}}
workload: {tiny: {}}
sweep: {load: [10, 20, 40, 80], nodes.n.count: [1, 2]}
repeat: 3
warmup: 0
Y
run "$WANLAB" sweep fit.yaml -o fit
is "$STATUS" 0 "a sweep of loads"
diag "$OUT"
is "$(head -1 fit/fits.csv)" "axis,series,measure,model,points,runs,left_out,a,b,b_ci_low,b_ci_high,r_squared" "fits.csv has a heading"
is "$(sed 1d fit/fits.csv | cut -d, -f1-7 | xargs)" "workload.tiny.load,count 1,answer_max,line,3,9,1 workload.tiny.load,count 1,answer_max,power,3,9,1 workload.tiny.load,count 1,answer_max/answer_nominal,line,3,9,1 workload.tiny.load,count 1,answer_max/answer_nominal,power,3,9,1" \
    "a line and a power law of what is trusted, and nothing where nothing is"
is "$(awk -F, '$3 == "answer_max" {printf "%s %.3f %.3f %d ", $4, $8 < 0 ? -$8 : $8, $9, ($10 < $9 && $9 < $11 && $12 > 0.99)}' fit/fits.csv)" \
    "line 0.000 1.030 1 power 1.030 1.000 1 " "with the right coefficients"
like "$OUT" "load +count 1 +a x\^b +0.103 +1 ± [0-9.]+ +0.99[0-9]+ +3, 1 left out" "they are printed"

# Killed in the middle: what is on record stays, what is not never happened.
some_runs() { [ "$(cat "$1/points.jsonl" 2>/dev/null | wc -l)" -ge "$2" ]; }
under_way() { ls -d "$1"/point-*.partial >/dev/null 2>&1; }
"$WANLAB" sweep sweep.yaml -o killed --set workload.tiny.pause=100ms >/dev/null 2>&1 &
pid=$!
wait_for 30 some_runs killed 3
wait_for 5 under_way killed
kill -KILL $pid
wait $pid 2>/dev/null
nothing_left "kill -9 of a sweep takes its lab along"
kept=$(cat killed/points.jsonl)
printf '{"point": {"workl' >>killed/points.jsonl # as a power failure would leave it
mkdir -p killed/point-009-run-9.partial killed/point-009-run-9
run "$WANLAB" sweep sweep.yaml -o killed --set workload.tiny.pause=100ms
is "$STATUS" 0 "it goes on"
like "$ERR" "going on in 'killed', which has [0-9]+ runs on record" "and says so"
is "$(wc -l <killed/points.jsonl)" 12 "all runs are on record at the end"
is "$(head -c ${#kept} killed/points.jsonl)" "$kept" "those from before are as they were"
is "$(jq -r .run killed/points.jsonl | sort | uniq -d)" "" "and none was made twice"
is "$(jq -r .run killed/points.jsonl)" "$(jq -r .run b/points.jsonl)" "the order is the one of a sweep in one go"
[ ! -e killed/point-009-run-9 ] && [ ! -e killed/point-009-run-9.partial ]
ok $? "what was cut off is removed"

"$WANLAB" sweep sweep.yaml -o stopped --set workload.tiny.pause=100ms >out.txt 2>&1 &
pid=$!
wait_for 30 some_runs stopped 3
run "$WANLAB" sweep sweep.yaml -o stopped --set workload.tiny.pause=100ms
is "$STATUS" 2 "a second sweep in the same folder: exit 2"
like "$ERR" "another sweep is at work in 'stopped'" "says why"
kill -TERM $pid # a background job of a script ignores SIGINT; SIGTERM is handled alike
wait $pid
is $? 1 "interrupted: exit 1"
like "$(cat out.txt)" "to go on: wanlab sweep sweep.yaml -o stopped" "says how to go on"
like "$(cat stopped/sweep.json)" '"state": "under way"' "it does not look finished"
some_runs stopped 3
ok $? "what is finished is kept"
[ -s stopped/sweep.csv ]
ok $? "with its table"
nothing_left "nothing is left"
run "$WANLAB" sweep sweep.yaml -o stopped --set workload.tiny.pause=100ms
is "$STATUS $(wc -l <stopped/points.jsonl)" "0 12" "it goes on to the end"

# A run that fails once is made again; one that fails twice is marked.
cat >fail.yaml <<'Y'
nodes: {n: {count: 1}}
workload: {tiny: {}}
sweep: {fail: [no, once, always]}
repeat: 2
warmup: 0
Y
# what ails `once` is gone after its first failure
heal() { wait_for 60 grep -q "once is never" fail/points.jsonl 2>/dev/null && touch workloads/tiny/healed; }
heal &
run "$WANLAB" sweep fail.yaml -o fail --set workload.tiny.pause=400ms
wait $!
is "$STATUS" 1 "runs that fail: exit 1 at the end"
diag "$OUT
$ERR"
like "$ERR" "2 runs failed and are in no average.*there is no hope" "with how many and why"
is "$(jq -r 'select(.point["workload.tiny.fail"] == "once") | .outcome' fail/points.jsonl | sort | xargs)" \
    "done done failed" "a failed run is made again"
is "$(jq -r 'select(.point["workload.tiny.fail"] == "always") | .outcome' fail/points.jsonl | xargs)" \
    "failed failed failed failed" "but only once"
like "$(grep '^always,' fail/sweep.csv)" "^always,0,0,2,,,,," "it is in no average"
like "$(grep '^once,' fail/sweep.csv)" "^once,2,[0-2],0,10\." "the others are"
run "$WANLAB" sweep fail.yaml -o fail --set workload.tiny.pause=400ms
is "$STATUS $(wc -l <fail/points.jsonl)" "1 9" "runs that were given up are not made again"

run "$WANLAB" sweep sweep.yaml --dry-run
is "$STATUS" 0 "a dry run"
is "$(grep -cE 'nodes.n.count=[23] +[123] +[0-9.]+ s +[0-9]+ MiB$' <<<"$OUT")" 12 "lists all runs"
like "$(sed -n 3p <<<"$OUT")" "$(head -1 a/points.jsonl | jq -r '"load=\(.point["workload.tiny.load"])"')" \
    "in their order"
run "$WANLAB" sweep sweep.yaml --dry-run --set nodes.n.kind=qemu --set nodes.n.memory=900GiB
is "$STATUS" 3 "a point that does not fit the machine: exit 3"
like "$ERR" "point 'workload.tiny.load=10, nodes.n.count=2' needs [0-9]+ MiB" "is named"

# A list of points, and as many runs as a precision needs.
cat >list.yaml <<'Y'
seed: 5
nodes: {n: {count: 1}}
workload: {tiny: {}}
sweep: [{load: 10}, {load: 20, nodes.n.count: 2}]
precision: 5%
repeat_max: 8
warmup: 0
Y
run "$WANLAB" sweep list.yaml -o list
is "$STATUS" 0 "a list of points with a precision"
diag "$OUT"
is "$(cut -d, -f1-2 list/sweep.csv | tail -n +2 | xargs)" "10, 20,2" "both points"
n=$(sed -n 2p list/sweep.csv | cut -d, -f3)
[ "$n" -ge 3 ] && [ "$n" -le 8 ]
ok $? "repetitions are added ($n)"

# A full disk: the sweep ends, and goes on when there is room.
mkdir full && mount -t tmpfs -o size=64k,nr_inodes=40 none full
run "$WANLAB" sweep sweep.yaml -o full/s
is "$STATUS" 1 "a full disk: exit 1"
diag "$ERR"
like "$ERR" "No space left|disk full" "says so"
mount -o remount,size=100m,nr_inodes=10000 full
run "$WANLAB" sweep sweep.yaml -o full/s
diag "$ERR"
is "$(jq -r 'select(.outcome == "done") | .run' full/s/points.jsonl | wc -l)" 12 "it goes on when there is room"
umount full

# Room for some runs: those that it lacks are not marked as failed, they are made when there is room.
mkdir tight && mount -t tmpfs -o size=400k none tight
run "$WANLAB" sweep sweep.yaml -o tight/s
is "$STATUS" 1 "a disk that fills up: exit 1"
like "$ERR" "the disk of 'tight/s' is full, which ended a run" "says so"
diag "$ERR"
done_before=$(jq -r .run tight/s/points.jsonl)
[ "$(wc -w <<<"$done_before")" -gt 0 ]
ok $? "what was finished before is kept"
mount -o remount,size=100m tight
run "$WANLAB" sweep sweep.yaml -o tight/s
is "$STATUS $(jq -r .outcome tight/s/points.jsonl | sort | uniq -c | xargs)" "0 12 done" "with room it goes on to the end, and no run has failed"
is "$(jq -r .run tight/s/points.jsonl | head -n "$(wc -l <<<"$done_before")")" "$done_before" "from where it was"
umount tight

# Saturation. The answer is nominal up to 300/min and grows with the rate beyond: 5 % more at 315/min.
cat >saturation.yaml <<'Y'
nodes: {n: {count: 1}}
workload: {tiny: {}}
sweep: {nodes.n.count: [1, 2]}
saturation: {of: rate, from: 120/min, to: 12000/min, within: 5%, resolution: 5%}
warmup: 0
Y
run "$WANLAB" sweep saturation.yaml --saturation -o saturation
is "$STATUS" 0 "a search for the saturation ends well"
diag "$OUT"
is "$(sed 1d saturation/saturation.csv | awk -F, '{split($2, h, "/"); split($3, l, "/")
    print $1, (h[1] > 285 && h[1] <= 315), (l[1] > 315 && l[1] / h[1] < 1.06), $5}' | xargs)" \
    "nodes.n.count=1 1 1 found nodes.n.count=2 1 1 found" "saturation.csv has the edge for each number of nodes"
like "$ERR" "\[\.*\] search 1, run 1 of about 17, about [0-9]+ s left: nodes.n.count=1, workload.tiny.rate=" "each run says how much is left"
is "$(ls saturation/plots/*.svg | xargs -n1 basename | xargs)" "answer_max-by-workload.tiny.rate.svg saturation-by-nodes.n.count.svg" \
    "pictures show what was tried, and the result against the number of nodes"
like "$(cat saturation/plots/*.svg)" "highest rate within 5 % of nominal" "with a title"
before=$(cat saturation/points.jsonl)
run "$WANLAB" sweep saturation.yaml --saturation --dry-run -o none
like "$STATUS $OUT" "0 .* 1  nodes.n.count=1  120/min  12000/min  about 17 +[0-9]+ s +[0-9]+ MiB.* 2 searches and 0 runs to warm up, about [0-9]+ s" \
    "a dry run lists the searches"
run "$WANLAB" sweep saturation.yaml --saturation -o saturation
is "$STATUS $(cat saturation/points.jsonl)" "0 $before" "nothing is run again"
run "$WANLAB" sweep sweep.yaml --saturation -o none
like "$STATUS $ERR" "2 sweep.yaml:1:1: the scenario has no 'saturation'" "a file that does not ask for it: exit 2"
run "$WANLAB" sweep saturation.yaml --saturation -o none --set 'saturation={of: fail, from: 1, to: 2}'
like "$STATUS $ERR" "2 .*'workload.tiny.fail' is no frequency and no integer" "a parameter that has no more or less: exit 2"

# Two folders against each other. other_p50 has no spread and does not change; answer doubles.
run "$WANLAB" compare a list
is "$STATUS" 2 "sweeps of other points are not compared: exit 2"
like "$ERR" "other points: 'a' has 'workload.tiny.load=10, nodes.n.count=2' and 'list' has not" "they are named"
sed -i 's/load: {type: integer/load: {help: x, type: integer/; s/^  rate/  more: {type: integer, default: 0}\n  rate/' \
    workloads/tiny/workload.yaml
sed -i 's/noise = /load *= 2 ; noise = /' workloads/tiny/run
run "$WANLAB" sweep sweep.yaml -o twice --set repeat=4
run "$WANLAB" compare a twice
is "$STATUS" 0 "two sweeps are compared"
diag "$OUT"
is "$(grep -cE 'answer +[0-9.]+ +[0-9.]+ +\+[0-9.]+ % .* real$' <<<"$OUT")" 4 "what changed is real"
is "$(grep -cE 'other_p50 .* noise$' <<<"$OUT")" 4 "what did not is noise"
run "$WANLAB" compare a twice --json
is "$(jq -r '.rows[] | select(.measure == "answer") | .change > 0.9 and .change < 1.1 and .finding == "real"' <<<"$OUT" | sort -u)" \
    true "as JSON too"
run "$WANLAB" compare a/point-001-run-1 twice/point-001-run-1
is "$STATUS" 0 "two runs are compared"
like "$OUT" "answer +10.2 +20.4 +\+100.00 % +- +- +cannot tell" "without a finding: one run tells no noise"
run "$WANLAB" compare a a/point-001-run-1
is "$STATUS" 2 "a sweep and a run: exit 2"
mkdir half.partial
run "$WANLAB" compare a/point-001-run-1 half.partial
like "$STATUS $ERR" "2 .*'half.partial' is half written" "a half-written folder is refused by name"
jq '.state = "under way"' twice/sweep.json >x && cp x twice/sweep.json
run "$WANLAB" compare a twice
like "$STATUS $ERR" "2 .*the sweep in 'twice' is not finished" "a sweep that is not finished too"
jq '.format = 99' a/sweep.json >x && cp x a/sweep.json
run "$WANLAB" compare a b
like "$STATUS $ERR" "2 .*'a' has format 99" "and one of another format"

nothing_left "nothing is left"
done_testing
