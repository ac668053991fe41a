#!/bin/bash
# SPDX-License-Identifier: MIT
# kill -9 of launcher, init or supervisor, at several moments of a lab's life: the kernel takes
# everything back, and a lab beside it does not notice.
. "$(dirname "$0")/../lib/tap.sh"

cat >"$WORK/lab.yaml" <<'Y'
nodes: {n: {count: 60}}
wan: {members: [n], delay: 5ms}
networks: {lan0: {members: [n], delay: 1ms}}
Y
cat >"$WORK/witness.yaml" <<'Y'
nodes: {n: {count: 2}}
links: [{ends: [n1, n2], delay: 2ms}]
Y

# The witness has a runtime folder of its own, so that its processes do not count as left over.
witness() { WANLAB_RUNTIME=$WORK/witness "$WANLAB" "$@"; }
witness up "$WORK/witness.yaml" --name witness >/dev/null
ok $? "a witness lab is up"

for victim in init lab; do
    "$WANLAB" up "$WORK/lab.yaml" --name v >/dev/null
    "$WANLAB" exec v n1 -- sleep 60 2>/dev/null &
    kill -KILL "$(pid_of $victim)"
    wait
    nothing_left "kill -9 of the idle lab's $victim leaves nothing"
done

"$WANLAB" up "$WORK/lab.yaml" --name v >/dev/null
"$WANLAB" exec v n1 -- sleep 60 2>/dev/null &
kill -KILL "$(pid_of wire)"
wait
nothing_left "without its delay line a lab ends"

# While it comes up, which takes some 200 ms: after 5, 10, … ms, the launcher or whatever of the
# tree exists by then.
for victim in launcher init lab; do
    for ms in 005 010 020 030 045 060; do
        "$WANLAB" up "$WORK/lab.yaml" --name v >/dev/null 2>&1 &
        launcher=$!
        sleep "0.$ms"
        if [ $victim = launcher ]; then
            kill -KILL $launcher 2>/dev/null
        else
            for pid in $(pid_of $victim); do kill -KILL "$pid" 2>/dev/null; done
        fi
        wait $launcher 2>/dev/null
        "$WANLAB" down v 2>/dev/null # a launcher killed too late leaves a sound lab
        nothing_left "kill -9 of the $victim $ms ms into up leaves nothing"
    done
done

# While it goes down.
for victim in init lab; do
    "$WANLAB" up "$WORK/lab.yaml" --name v >/dev/null
    pid=$(pid_of $victim)
    "$WANLAB" down v &
    kill -KILL "$pid" 2>/dev/null
    wait
    nothing_left "kill -9 of the $victim during down leaves nothing"
done

# While a command removes what a dead lab has left: the next one goes on, wherever that ended.
cat >"$WORK/small.yaml" <<'Y'
nodes: {a: , b: }
links: [{ends: [a, b], delay: 5ms}]
Y
if strace -o /dev/null true 2>/dev/null; then # it needs leave to trace
    left="" removals=0
    for ((n = 1; n < 40; n += 2)); do
        "$WANLAB" up "$WORK/small.yaml" --name v >/dev/null
        kill -KILL "$(pid_of init)"
        wait_for 20 nothing_runs
        wait_for 20 flock -n "$WANLAB_RUNTIME/v/lock" true
        strace -o /dev/null -e trace=unlink,rmdir -e inject=unlink,rmdir:signal=KILL:when=$n "$WANLAB" ls >/dev/null 2>&1 && break
        removals=$n
        "$WANLAB" ls >/dev/null
        [ -z "$(ls -A "$WANLAB_RUNTIME")" ] || left="$left, after $n: $(find "$WANLAB_RUNTIME" | xargs)"
    done
    is "$left" "" "kill -9 of the command that removes a dead lab's folder leaves nothing to those after it"
    [ $removals -gt 5 ] && [ $n -lt 40 ]
    ok $? "at each other of its $removals removals"
fi

witness exec witness n1 -- ping -c 1 -W 2 n2 >/dev/null
ok $? "the witness lab runs undisturbed"
witness down witness
is "$(ls -A "$WORK/witness")" "" "and goes down cleanly"

done_testing
