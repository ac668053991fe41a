#!/bin/bash
# SPDX-License-Identifier: MIT
# --pin: nodes are names for `ip netns`, in every life, and gone with the lab however that dies.
. "$(dirname "$0")/../lib/tap.sh"
need_root

cat >"$WORK/lab.yaml" <<'Y'
nodes: {n: {count: 2}, c: {kind: container, root: host}}
networks: {lan0: {members: [n, c], delay: 1ms}}
Y
lab=pin$$ # /run/netns is the machine's
names() { ip netns list | cut -d ' ' -f 1 | grep "^$lab-" | sort | tr '\n' ' '; }
namespace() { stat -L -c %i "/run/netns/$lab-$1"; }

run "$WANLAB" up "$WORK/lab.yaml" --name $lab --pin
is "$STATUS" 0 "a lab comes up with --pin"
diag "$OUT$ERR"
is "$(names)" "$lab-c $lab-n1 $lab-n2 " "ip netns lists its nodes"
run ip netns exec $lab-n1 ping -c 1 -W 2 10.128.0.3
is "$STATUS" 0 "and runs programs in their networks"
is "net:[$(namespace n2)]" "$("$WANLAB" exec $lab n2 -- readlink /proc/self/ns/net)" "which are the nodes' own"
before=$(namespace n2)
"$WANLAB" restart $lab n2
[ "$(namespace n2)" != "$before" ]
ok $? "a restarted node has another network"
is "net:[$(namespace n2)]" "$("$WANLAB" exec $lab n2 -- readlink /proc/self/ns/net)" "and its name is that one's"

"$WANLAB" up "$WORK/lab.yaml" --name $lab-other --pin >/dev/null
run "$WANLAB" exec $lab-other n1 -- grep -c netns /proc/self/mounts
is "$OUT" 0 "no node sees the names"
is "$(for pid in $(pid_of lab); do grep " /run/netns/" "/proc/$pid/mounts"; done)" "" \
    "and no lab keeps another's namespaces"
"$WANLAB" down $lab-other
"$WANLAB" down $lab
is "$(names)" "" "down removes the names"

for victim in init lab; do
    "$WANLAB" up "$WORK/lab.yaml" --name $lab --pin >/dev/null
    kill -KILL "$(pid_of $victim)"
    wait_for 10 nothing_runs
    is "$(names | wc -w)" 3 "kill -9 of the $victim leaves them,"
    wait_for 10 no_lab_is_known
    is "$(names)" "" "and the next command, of any kind, removes them"
done
for ms in 005 015 030 050 080; do
    "$WANLAB" up "$WORK/lab.yaml" --name $lab --pin >/dev/null 2>&1 &
    launcher=$!
    sleep "0.$ms"
    kill -KILL $launcher 2>/dev/null
    wait $launcher 2>/dev/null
    "$WANLAB" down $lab 2>/dev/null
    wait_for 10 nothing_runs
    "$WANLAB" ls >/dev/null
    is "$(names)" "" "nor is one left by kill -9 of the launcher after $ms ms"
done

mkdir -p "$WORK/workloads/idle"
printf '%s\n' 'name: idle' 'run: [./run]' 'metrics: {answer: {unit: s}}' 'table: [answer]' 'main: answer' \
    >"$WORK/workloads/idle/workload.yaml"
printf '%s\n' '#!/bin/sh' 'sleep 60' >"$WORK/workloads/idle/run"
chmod +x "$WORK/workloads/idle/run"
{ cat "$WORK/lab.yaml" && echo 'workload: {idle: {}}'; } >"$WORK/run.yaml"
WANLAB_WORKLOADS=$WORK/workloads "$WANLAB" run "$WORK/run.yaml" --name $lab --pin -q -o "$WORK/results" >/dev/null 2>&1 &
runner=$!
three_names() { [ "$(names | wc -w)" = 3 ]; }
wait_for 20 three_names
ok $? "a run has them too"
kill -KILL $runner
wait $runner 2>/dev/null
wait_for 10 nothing_runs
"$WANLAB" ls
is "$(names)" "" "and none is left by kill -9 of it"

ip netns add $lab-n1
run "$WANLAB" up "$WORK/lab.yaml" --name $lab --pin
is "$STATUS" 1 "a name that is taken is refused"
like "$ERR" "/run/netns/$lab-n1' is there already" "with its path,"
is "$(names)" "$lab-n1 " "and left alone"
ip netns delete $lab-n1

chmod 755 "$WORK"
mkdir -m 777 "$WORK/mine"
run setpriv --reuid 65534 --regid 65534 --clear-groups env WANLAB_RUNTIME="$WORK/mine/run" "$WANLAB" up "$WORK/lab.yaml" --pin
is "$STATUS" 3 "an ordinary user cannot have them: exit 3"
like "$ERR" "pin needs root|cannot" "and is told why"
nothing_left "nothing is left"

done_testing
