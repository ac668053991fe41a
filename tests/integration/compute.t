#!/bin/bash
# SPDX-License-Identifier: MIT
# The workloads memory, cpu and primitives: what they measure is plausible and fits together, and what they lack is named.
#
#   n, of one kind after the other
. "$(dirname "$0")/../lib/tap.sh"
cd "$WORK" || exit 1
cat >run.yaml <<'Y'
name: compute
nodes: {n: {kind: process}}
workload: {memory: {array: 4MiB, repetitions: 3}}
Y
folder=$(dirname "$WANLAB")/../share/wanlab/workloads

of() { jq ".metrics.n.$2 | if type == \"object\" then .p50 else . end // empty" "$1/run.json"; }
less() { awk -v a="$1" -v b="$2" 'BEGIN {exit !(a != "" && b != "" && a < b)}'; }

for kind in $KINDS; do
    set -- --set "nodes.n.kind=$kind"
    [ "$kind" = container ] && set -- "$@" --set nodes.n.root=host
    for workload in '{memory: {array: 4MiB, repetitions: 3}}' '{cpu: {order: 64, time: 10ms, repetitions: 2}}' \
        '{primitives: {time: 2ms, repetitions: 2}}'; do
        name=${workload%%:*} name=${name#?}
        run "$WANLAB" run run.yaml -o "$kind-$name" "$@" --set workload="$workload"
        is "$STATUS" 0 "$kind: $name"
        diag "$ERR"
    done
done

# --- values

memcpy=$(python3 -c '
import time
a = bytearray(4 << 20)
def once():
    begin = time.perf_counter()
    b = bytes(a)
    return 2 * len(a) / (time.perf_counter() - begin)
print(sorted(once() for _ in range(21))[10])')
for kernel in copy scale add triad; do # of other tests' loads the processors have now more, now less
    within "$(of process-memory $kernel)" "$(jq -n "$memcpy / 50")" "$(jq -n "$memcpy * 50")" \
        "$kernel is of the order of what copying a bytearray gives, $memcpy B/s"
done
for metric in linpack_100 linpack_large; do
    within "$(of process-cpu $metric)" 1e7 1e12 "$metric is a processor's"
done
for bounds in "syscall 1e-8 1e-4" "page_fault 5e-8 1e-3" "context_switch 2e-7 1e-2" "fork 1e-5 1e-1" "file 5e-7 1e-1"; do
    read -r metric low high <<<"$bounds"
    within "$(of process-primitives "$metric")" "$low" "$high" "a $metric takes $(of process-primitives "$metric") s"
done
less "$(of process-primitives syscall)" "$(of process-primitives context_switch)" &&
    less "$(of process-primitives context_switch)" "$(of process-primitives fork)"
ok $? "a system call takes less than a switch, and a switch less than a fork"
is "$(of process-primitives copy_up)" "" "a process node's root is nothing to write to"

if [[ $KINDS = *container* ]]; then
    library=$(find "/usr/lib/$(cc -print-multiarch)" -maxdepth 1 -type f -size +2M -size -8M | sort | head -n 1)
    [ -n "$library" ]
    ok $? "there are files to copy up: $library"
    less "$(jq ".metrics.n.write_again.p50 * 3" container-primitives/run.json)" "$(of container-primitives copy_up)"
    ok $? "a container's first write to a file of its root takes $(of container-primitives copy_up) s, the second $(of container-primitives write_again) s"
fi

# --- some of them before another workload's command, which gets what follows on standard input

before() { printf '{}\n{}\n{}\nits own\n' | "$folder/primitives/primitives" "$@"; }
# shellcheck disable=SC2016  # of the inner shell
before syscall page_fault -- sh -c 'read -r line && echo "{\"then\":\"$line\"}"' >before.jsonl
is "$(jq -r 'to_entries[0] | if .key == "metric" then .value else "\(.key) \(.value)" end' before.jsonl | uniq -c | awk '{$1 = $1 "x"} 1' | xargs)" \
    "1x barrier syscall 0 1x syscall 1x barrier page_fault 0 1x page_fault 1x barrier primitives 0 1x then its own" \
    "each is measured behind a barrier, and then the command runs behind one"
before --idle syscall page_fault -- true >idle.jsonl
is "$(jq -r 'keys[0]' idle.jsonl | sort | uniq -c | xargs)" "3 barrier" "an idle node only keeps step"
run "$folder/primitives/primitives" sycsall -- true </dev/null
like "$STATUS $ERR" "^2 .*no primitive 'sycsall'" "what is none is refused"
run "$folder/primitives/primitives" syscall -- /no/such/command </dev/null
like "$STATUS $ERR" "^1 .*cannot run '/no/such/command'" "and so is a command that is none"
run "$folder/primitives/primitives" syscall </dev/null
like "$STATUS $ERR" "^2 .*expected .*-- COMMAND" "or that is missing"

# --- what they lack

run "$WANLAB" run run.yaml -o cache --set workload.memory.array=1MiB
grep -q 'not four times the last-level cache' cache/logs/* ||
    [ ! -e /sys/devices/system/cpu/cpu0/cache/index3 ]
ok $? "arrays that fit into the cache are warned of"
if [ -n "$LIMITS" ]; then
    run "$WANLAB" run run.yaml -o limit --set nodes.n.memory=64MiB --set workload.memory.array=32MiB
    like "$STATUS $ERR" "^1 .*node 'n' has too little memory: the arrays take 96 MiB.*\`memory:\`" \
        "a node's limit that is too small for the arrays is named"
    [ ! -e limit/samples.csv ] || ! grep -q triad limit/samples.csv
    ok $? "and nothing is measured"
fi
run "$WANLAB" run run.yaml -o host --set workload.memory.array=64GiB
like "$STATUS $ERR" "^3 .*need 196[0-9]+ MiB" "so is a machine's memory, before the start"

run env WANLAB_PARAM_REPETITIONS=none "$folder/cpu/cpu-linpack" </dev/null
like "$STATUS $ERR" "^2 .*WANLAB_PARAM_REPETITIONS is 'none', not a number" "a parameter that is none is refused"

# instead FILE LIBRARY COMMAND…: runs the command where the library is this file.
instead() {
    local options=""
    [ "$(id -u)" = 0 ] || options=--map-root-user
    # shellcheck disable=SC2016  # of the inner shell
    run unshare --mount $options sh -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$@"
}
for each in lapack/liblapack.so.3:liblapack3 openblas-serial/libopenblas.so.0:libopenblas0-serial; do
    library=/usr/lib/$(cc -print-multiarch)/${each%:*}
    instead /dev/null "$(realpath "$library")" "$WANLAB" run run.yaml -o missing --set workload='{cpu: {}}'
    like "$STATUS $ERR" "^3 .*'$library' cannot be loaded \\(Debian package: ${each#*:}\\)" \
        "without ${each#*:} the run is refused before the start, with what to install"
done
echo 'void dgetrf_(void) {} void dgetrs_(void) {}' >wrong.c
cc -shared -fPIC -o wrong.so wrong.c
instead wrong.so "$(realpath "$library")" env WANLAB_PARAM_ORDER=10 "$folder/cpu/cpu-linpack" </dev/null
like "$STATUS $ERR" "^1 .*scaled residual of the solution is .* computes wrongly" "a solution that is none is found by its residual"
nothing_left "nothing is left"
done_testing
