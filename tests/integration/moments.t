#!/bin/bash
# SPDX-License-Identifier: MIT
# kill -9 of a lab's supervisor, its init, its delay line, a node or the command, at MOMENTS (20) random moments of
# everything that can be done with a lab. Nothing may be left of it, and a lab beside it must not notice. The moments
# follow from SEED. `make soak-kill` takes 200.
#
#   n1…n8: a wan and a lan; one is a container, one has limits (cgroups). The witness: w1 ---- w2, pinging all the while
. "$(dirname "$0")/../lib/tap.sh"

moments=${MOMENTS:-20}
seed=${SEED:-1}
RANDOM=$seed
lab=moments-$$
diag "SEED=$seed MOMENTS=$moments"

cat >"$WORK/lab.yaml" <<Y
nodes:
  n: {count: 6}
  limited: {$LIMITS}
  boxed: {$CONTAINER}
wan: {members: [n], delay: 1ms}
networks: {lan0: {members: [n, limited, boxed]}}
Y
cat >"$WORK/witness.yaml" <<'Y'
nodes: {w: {count: 2}}
links: [{ends: [w1, w2], delay: 1ms}]
Y
echo content >"$WORK/file"

# --- the witness, in a runtime folder of its own, so that its processes do not count as left over

witness() { WANLAB_RUNTIME=$WORK/witness "$WANLAB" "$@"; }
witness_packets() { witness status witness --json | jq '[.wires[].packets] | add'; }
witness up "$WORK/witness.yaml" --name witness >/dev/null
ok $? "a witness is up"
witness exec witness w1 -- ping -i 0.05 -W 5 w2 >"$WORK/pings" &
pinger=$!
wait_for 10 grep -q "seq=2 " "$WORK/pings"
before=$(witness_packets)

# --- one moment

# Starts what the moment is about; sets `command`, the process that is the command's parent.
start() { # OPERATION
    local words n=n$((RANDOM % 6 + 1))
    case $1 in
    up) words=(up "$WORK/lab.yaml" --name "$lab") ;;
    exec) words=(exec "$lab" $n -- sh -c 'sleep 3 & ping -c 100 -i 0.01 10.128.0.1') ;;
    exec-boxed) words=(exec "$lab" boxed -- sleep 3) ;;
    cp-in) words=(cp "$lab" "$WORK/file" $n:/tmp/file) ;;
    cp-out) words=(cp "$lab" $n:/etc/services "$WORK/copy") ;;
    stop) words=(stop "$lab" $n boxed) ;;
    down | status) words=("$1" "$lab") ;;
    pause | kill | restart) words=("$1" "$lab" n limited) ;;
    esac
    timeout 60 "$WANLAB" "${words[@]}" >"$WORK/said" 2>&1 &
    command=$!
}

child_of() { # PID: its first child
    local first=""
    [ -n "$1" ] && read -r first _ <"/proc/$1/task/$1/children" # without a line's end
    [ -n "$first" ] && echo "$first"
}

# The victim's process, of a lab that is up already or of one that is just being made.
find_victim() { # VICTIM
    local pid=$init
    [ -n "$pid" ] || pid=$(child_of "$(child_of $command)") # timeout's child's
    case $1 in
    command) child_of $command ;;
    init) echo "$pid" ;;
    supervisor) child_of "$pid" ;;
    wire | node)
        pid=$(child_of "$pid")
        [ -z "$pid" ] || for pid in $(cat "/proc/$pid/task/$pid/children"); do
            [ "$(cat "/proc/$pid/comm")" = "wanlab-$1" ] && echo "$pid" && break
        done
        ;;
    esac
}

left_over() {
    local left=""
    wait_for 20 nothing_runs || left="processes: $(lab_processes | xargs)"
    "$WANLAB" ls >/dev/null # any command sweeps
    [ -z "$(ls -A "$WANLAB_RUNTIME" 2>/dev/null)" ] || left="$left, files: $(find "$WANLAB_RUNTIME" | xargs)"
    grep -q "$WANLAB_RUNTIME\|$lab" /proc/*/mounts 2>/dev/null && left="$left, mounts"
    [ -z "$(find /sys/fs/cgroup -maxdepth 6 -name "wanlab.$lab.*" 2>/dev/null)" ] || left="$left, cgroups"
    grep -q "$WANLAB_RUNTIME" /proc/net/unix && left="$left, sockets"
    ls /sys/class/net | grep -qE '^[ptiu][0-9]+$|^br[0-9]+$' && left="$left, interfaces"
    [ -z "$(ls /run/netns 2>/dev/null | grep "$lab")" ] || left="$left, names of namespaces"
    echo "$left"
}

operations=(up up up down down exec exec-boxed cp-in cp-out status stop pause kill restart restart)
victims=(command command supervisor supervisor init wire node)
failed=0
met=0
for ((i = 1; i <= moments; i++)); do
    operation=${operations[RANDOM % ${#operations[@]}]} victim=${victims[RANDOM % ${#victims[@]}]}
    ms=$((RANDOM % 100)) init=""
    [ "$operation" = up ] && ms=$((ms * 3)) # it takes longest
    if [ "$operation" != up ]; then
        "$WANLAB" up "$WORK/lab.yaml" --name "$lab" >/dev/null || failed=$((failed + 1))
        init=$(pid_of init)
    fi
    start "$operation"
    sleep "$(printf '0.%03d' "$ms")"
    pid=$(find_victim "$victim" 2>/dev/null)
    [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null && met=$((met + 1))
    wait $command 2>/dev/null
    status=$?
    # A lab that has lost a command or a node is sound.
    if [ "$operation" != up ] && [ "$operation" != down ] && [[ $victim == command || $victim == node ]]; then
        works=(exec "$lab" boxed -- true)
        [ "$victim" = command ] && [ "$operation" != stop ] || works=(status "$lab")
        timeout 20 "$WANLAB" "${works[@]}" >/dev/null 2>"$WORK/why" || {
            diag "moment $i, $operation, kill -9 of the $victim after $ms ms: the lab does not work: $(cat "$WORK/why")" >&2
            failed=$((failed + 1))
        }
    fi
    timeout 60 "$WANLAB" down "$lab" 2>/dev/null
    left=$(left_over)
    if [ -n "$left" ] || [ $status = 124 ]; then
        diag "moment $i, $operation, kill -9 of the $victim after $ms ms (exit $status): left$left" >&2
        failed=$((failed + 1))
    fi
done
is $failed 0 "$moments moments, kill -9 at $met of them: nothing was left"
[ $met -ge $((moments / 2)) ]
ok $? "most victims were alive"

# --- the witness has not noticed

is "$(grep -c "wanlab-test\|error" "$WORK/pings")" 0 "no ping of the witness failed"
after=$(witness_packets)
kill -INT "$(pgrep -P $pinger | head -1 || true)" $pinger 2>/dev/null
wait $pinger
diag "$(tail -n 2 "$WORK/pings" | xargs)"
# The answer to its last may have been under way.
is "$(sed -n 's/.*icmp_seq=\([0-9]*\) .*/\1/p' "$WORK/pings" | awk '$1 != NR {print; exit}')" "" "none of its packets was lost"
sent=$(sed -n 's/ packets transmitted.*//p' "$WORK/pings")
[ "${sent:-0}" -gt $((moments * 2)) ] && [ $((after - before)) -gt $((sent)) ]
ok $? "and its counters went on: $((after - before)) packets, $sent pings"
witness down witness
is "$(ls -A "$WORK/witness")" "" "it goes down cleanly"
done_testing
