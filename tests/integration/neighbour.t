#!/bin/bash
# SPDX-License-Identifier: MIT
# The workload neighbour: a node is measured beside a hungry one. What the hungry one does is real, ends, and is its own.
#
#   n1 (measured) --- n3        n2 (hungry) --- n4
. "$(dirname "$0")/../lib/tap.sh"
need_root
command -v fio >/dev/null || skip_all "needs fio (Debian package: fio)"
cd "$WORK" || exit 1
cat >run.yaml <<Y
name: neighbour
nodes: {n: {count: 4, cpus: 1, memory: 256MiB, pids: 40}}
links: [{ends: [n1, n3]}, {ends: [n2, n4]}]
workload: {neighbour: {rounds: 1, slice: 100ms, bomb: 500, disk: 4MiB, port: $((20000 + $$ % 20000))}}
verdict: {drops: 100%}
Y
without fio "$WANLAB" run run.yaml -o none
like "$STATUS $ERR" "^3 .*'fio'.*not installed \\(Debian package: fio\\)" "without fio the run is refused, with what to install"
run "$WANLAB" run run.yaml -o none --set nodes.n.count=3
like "$STATUS $ERR" "^2 .*n4" "a file without one of the four is refused"

of() { jq ".metrics.n$2.$3" "$1/run.json"; }

hunt() { # hunt HUNGER KIND
    local links=()
    [ "$2" != native ] || links=(--set 'links=[]')
    run timeout 100 "$WANLAB" run run.yaml -o "$1-$2" --set "workload.neighbour.hunger=$1" --set "nodes.n.kind=$2" "${links[@]}"
    is "$STATUS" 0 "$2, hunger $1: the run goes to its end"
    [ "$STATUS" = 0 ] || diag "$ERR"
}

hunt none process
is "$(jq '.metrics.n1 | del(.adapter) | map(select(. > 0)) | length' none-process/run.json)" 21 \
    "all that is to be measured has been, alone and beside"
holds() { jq ".metrics.n1 | $1" none-process/run.json; }
for name in cpu memory disk; do
    within "$(holds ".suffers_$name / .${name}_alone * .${name}_beside")" 0.999 1.001 "$name: it suffers who does less in a second"
done
for name in wake wake_p99 network network_p99; do
    within "$(holds ".suffers_$name * .${name}_alone / .${name}_beside")" 0.999 1.001 "$name: it suffers who takes longer"
done
within "$(of none-process 1 adapter)" 0 0.05 "the adapter tells its own share"

kinds="native process container"
command -v linux.uml >/dev/null && kinds="$kinds uml"
for kind in $kinds; do
    hunt fork "$kind"
    most=40
    [ "$kind" != uml ] || most=50 # the guest's own processes do not count
    within "$(of "fork-$kind" 2 forked)" 10 $most "$kind: the fork bomb has as many processes as the node's limit lets it"
    within "$(of "fork-$kind" 2 refused)" 10 $most "$kind: and each of them was refused another one"
done
for kind in native container; do
    hunt memory $kind
    within "$(of memory-$kind 2 killed)" 1 1000 "$kind: who takes all memory is killed, and begins anew"
done

hunt disk process
within "$(of disk-process 2 written)" 1048576 1e12 "it writes, in a file of a few MiB"

run timeout 100 "$WANLAB" run run.yaml -o network --set workload.neighbour.hunger=network --pcap n1 --snaplen 96
is "$STATUS" 0 "hunger network: the run goes to its end"
within "$(of network 2 sent)" 1000 1e9 "it sends"
within "$(of network 4 received)" 1000 "$(of network 2 sent)" "what arrives, arrives at its own peer"
if command -v tshark >/dev/null; then
    is "$(for wire in n1_n3 n3_n1; do tshark -r network/pcap/$wire.pcapng -Y 'udp.port == 7412' 2>/dev/null; done | wc -l)" 0 \
        "and none of it on the measured wire"
fi

run "$WANLAB" run run.yaml -o short --set workload.neighbour.longest=1s --set workload.neighbour.slice=250ms
like "$STATUS $ERR" "^1 .*n2.*the load's time was over before the measurement was" "a load that has ended before the measurement fails the run"

# The bomb goes on when the lab dies, and the lab's processes go with it. In a node they have an environment of their own:
# they are the ones below the lab's first process.
"$WANLAB" run run.yaml -o killed --set workload.neighbour.hunger=fork --set workload.neighbour.slice=3s >/dev/null 2>&1 &
run_pid=$!
bombs() {
    local init
    init=$(pid_of init)
    ps -e -o pid=,ppid=,args= | awk -v init="${init:-none}" '
        { pids[NR] = $1; parent[$1] = $2; is_bomb[$1] = /neighbour/ }
        END {
            for (i = 1; i <= NR; i++) {
                for (pid = pids[i]; pid in parent && pid != init; pid = parent[pid])
                    continue
                if (pid == init && is_bomb[pids[i]])
                    print pids[i]
            }
        }'
}
many() { [ "$(bombs | wc -l)" -gt 30 ]; }
wait_for 60 many
ok $? "a bomb goes off"
readarray -t bombs < <(bombs)
for pid in $(pid_of init); do kill -KILL "$pid"; done
wait $run_pid
none_runs() {
    local pid
    for pid in "${bombs[@]}"; do [ ! -e "/proc/$pid" ] || return 1; done
}
wait_for 30 none_runs
ok $? "none of its ${#bombs[@]} processes is left when the lab dies"
nothing_left "and nothing of the lab"
done_testing
