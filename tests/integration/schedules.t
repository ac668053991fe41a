#!/bin/bash
# SPDX-License-Identifier: MIT
# Faults drawn at random, for LENGTH (8) seconds each: SCHEDULES (2) of them, turn by turn against a replicated database
# and a Raft cluster, JOBS (1) at a time. All must be carried out, the workloads' own checks hold, and nothing be left.
# The schedules follow from SEED. `make soak-events` takes 200 of 20 seconds.
#
#   n1 n2 n3 n4: a wan, round trips of 20 ms
. "$(dirname "$0")/../lib/tap.sh"
need_root

schedules=${SCHEDULES:-2} length=${LENGTH:-8} jobs=${JOBS:-1} seed=${SEED:-1}
diag "SEED=$seed SCHEDULES=$schedules LENGTH=$length JOBS=$jobs"

# A database that is killed is none of what replicate promises to outlive; a member of a Raft cluster is.
scenario() { # scenario NUMBER
    local workload="replicate: {rate: 1200/min, mode: parallel, duration: ${length}s}" kinds="partition, one-way, ring, bridge, pause"
    if [ $(($1 % 2)) = 0 ]; then
        workload="etcd: {rate: 50/s, timeout: 1s, duration: ${length}s}" kinds="$kinds, kill"
    fi
    cat <<Y
name: schedule-$1
seed: $((seed * 1000 + $1))
nodes: {n: {count: 4}}
wan: {members: [n], delay: 10ms}
workload: {$workload}
events:
  - {at: 1s, random: {every: exponential 2s, lasts: 1s, stable: 500ms, kinds: [$kinds], until: $((length - 2))s}}
Y
}
one() { # one NUMBER: leaves its exit status in $WORK/NUMBER.status
    scenario "$1" >"$WORK/$1.yaml"
    WANLAB_RUNTIME=$WANLAB_RUNTIME-$1 timeout $((length + 150)) "$WANLAB" run "$WORK/$1.yaml" -q -o "$WORK/$1.results" \
        >"$WORK/$1.out" 2>&1
    echo $? >"$WORK/$1.status"
    [ -z "$(ls -A "$WANLAB_RUNTIME-$1")" ] || echo "left: $(ls "$WANLAB_RUNTIME-$1")" >>"$WORK/$1.status"
}

for ((i = 1; i <= schedules; i++)); do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    one $i &
done
wait $(jobs -rp)

drawn=0 carried=0
for ((i = 1; i <= schedules; i++)); do
    is "$(cat "$WORK/$i.status")" 0 "schedule $i: the run ends well"
    [ "$(cat "$WORK/$i.status")" = 0 ] || diag "$(cat "$WORK/$i.yaml")
$(tail -n 20 "$WORK/$i.out")"
    drawn=$((drawn + $("$WANLAB" check "$WORK/$i.yaml" | tail -n +2 | wc -l)))
    carried=$((carried + $(jq -s 'map(select(.planned and .result == "ok")) | length' "$WORK/$i.results/events.jsonl")))
done
is $carried $drawn "all events that were drawn took effect"
[ $drawn -ge $schedules ]
ok $? "and there were some"
nothing_left "nothing is left"
done_testing
