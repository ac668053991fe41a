#!/bin/bash
# SPDX-License-Identifier: MIT
# What idle processors do while a lab is there: they poll for a measurement, and sleep for a lab that stays.
. "$(dirname "$0")/../lib/tap.sh"
cd "$WORK" || exit 1
device=/dev/cpu_dma_latency
cat >lab.yaml <<'Y'
nodes: {a: , b: }
links: [{ends: [a, b], delay: 1ms}]
workload: {beat: {}}
Y
mkdir -p workloads/beat
cat >workloads/beat/workload.yaml <<'Y'
summary: nothing
run: ["true"]
Y
export WANLAB_WORKLOADS=$WORK/workloads WANLAB_CACHE_ROOT=$WORK/cache
holders() { # the lab's processes that hold the device
    local pid
    for pid in $(lab_processes); do
        find "/proc/$pid/fd" -lname $device 2>/dev/null | grep -q . && echo "$pid"
    done
}
can=poll
[ -w $device ] && grep -qv '^none' /sys/devices/system/cpu/cpuidle/current_driver 2>/dev/null || can=halt

run "$WANLAB" up lab.yaml --name stays --json
is "$STATUS $(jq -r .idle <<<"$OUT") $(holders)" "0 halt " "a lab that stays lets processors sleep"
like "$(jq -r .why_idle <<<"$OUT")" "lets processors sleep, unless it has .idle: poll" "and says how to change it"
run "$WANLAB" down stays

run "$WANLAB" run lab.yaml -o auto
is "$STATUS $(jq -r .idle auto/run.json)" "0 $can" "a run keeps them awake where it can"
like "$ERR" "idle +$can: " "and says so"
run "$WANLAB" run lab.yaml -o halt --set idle=halt
is "$STATUS $(jq -r .idle halt/run.json)" "0 halt" "not if the file says so"

run "$WANLAB" up lab.yaml --name awake --set idle=poll --json
if [ $can = poll ]; then
    is "$STATUS $(jq -r .idle <<<"$OUT")" "0 poll" "a lab that stays can keep them awake"
    like "$(holders | wc -w)" "^[1-9]" "as long as it is there"
    is "$(od -An -td4 $device | tr -d ' ')" 0 "the kernel has been told"
    for pid in $(pid_of init); do kill -KILL "$pid"; done
else
    like "$STATUS $ERR" "^3 .*idle: poll. cannot be had: .*(run as root|cpuidle)" "where it cannot be, that is an error"
fi
nothing_left "nothing is left, nor anybody who keeps them awake"
run "$WANLAB" up lab.yaml --set idle=yes
like "$STATUS $ERR" "^2 .*found 'yes' as 'idle', expected auto, poll or halt" "another word is refused"
done_testing
