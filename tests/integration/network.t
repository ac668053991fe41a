#!/bin/bash
# SPDX-License-Identifier: MIT
# The workload network: every pattern and protocol by the tool meant for it, on wires of which it is known what they let through.
#
#   n1 (server) ── n2 (client)
. "$(dirname "$0")/../lib/tap.sh"
for program in iperf3 sockperf qperf tshark; do
    command -v $program >/dev/null || skip_all "needs $program (Debian package: $program)"
done
cd "$WORK" || exit 1
cat >run.yaml <<'Y'
name: net
nodes: {n: {count: 2}}
links: [{ends: [n1, n2]}]
workload: {network: {repetitions: 1}}
Y

# start NAME PARAMETER=VALUE… [-- OPTION…]: a run in the background, with its results in the folder NAME.
start() {
    local name=$1 sets=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        sets+=(--set "workload.network.$1")
        shift
    done
    [ $# -eq 0 ] || shift
    (
        "$WANLAB" run run.yaml -o "$name" --set "name=$name" "${sets[@]}" "$@" >"$name.out" 2>"$name.err"
        echo $? >"$name.status"
    ) &
    started+=($!)
}
finish() { wait "${started[@]}"; started=(); }
started=()
of() { jq -s "[.[] | select(.metric == \"$2\").value] | add / length" "$1/nodes/${3:-n2}.jsonl"; } # its mean

# Most of such a run the tools do nothing: several at once.
start tcp message=200B
start udp message=200B protocol=udp repetitions=2 -- --set links='[{ends: [n1, n2], delay: 5ms}]' --pcap all --snaplen 96
start tcp-large message=1MB
start stream pattern=stream message=8KiB duration=2s -- --set links='[{ends: [n1, n2], rate: 50mbit}]'
native() { # the host has what it had: connections of the run before, in TIME_WAIT
    [ "$(id -u)" != 0 ] || start "$1" port=$((20000 + $$ % 10000)) -- --set nodes.n.kind=native
}
native native-first
finish
native native
start stream-udp pattern=stream protocol=udp message=1000B -- --set links='[{ends: [n1, n2], rate: 20mbit, queue: 20ms}]'
start stream-large pattern=stream message=2MiB repetitions=2 -- --set nodes.n.count=4 \
    --set links='[]' --set networks='{lan: {members: [n]}}'
finish

kinds=native
[ "$(id -u)" = 0 ] || kinds=""
for name in tcp udp tcp-large stream stream-udp stream-large $kinds; do
    is "$(cat $name.status)" 0 "$name: the run succeeds"
    diag "$(tail -n 5 $name.err)"
    within "$(of $name cpu_per_byte)" 1e-12 1e-3 "$name: processor time per byte"
    within "$(of $name adapter)" 0 0.05 "$name: the adapter takes no part of the run"
done

for name in tcp udp tcp-large $kinds; do
    within "$(jq -n "$(of $name transactions) * $(of $name latency)")" 0.5 1.1 \
        "$name: requests follow each other without a pause, $(of $name transactions) a second"
done
within "$(jq -n "$(of tcp rate) / $(of tcp transactions)")" 3199 3201 "a transaction is 200 bytes there and back"
within "$(jq -n "$(of tcp-large rate) / $(of tcp-large transactions)")" 15999999 16000001 "or 1 MB"
for name in tcp udp; do
    jq -en "[$(of $name latency_p50), $(of $name latency_p90), $(of $name latency_p99), $(of $name latency_p999),
        $(of $name latency_max)] | . == sort and .[0] > 0" >/dev/null
    ok $? "$name: the quantiles are in order: $(of $name latency_p50) s to $(of $name latency_max) s"
done

within "$(of udp latency_p50)" 0.01 0.02 "a delay of 5 ms is a round trip of 10 ms"
is "$(of udp lost)" 0 "where no datagram is lost"
within "$(of udp wire_cpu_per_byte)" 1e-12 1e-3 "and the delay line's processor time is known"
sizes=$(tshark -r udp/pcap/n2_n1.pcapng -Y 'udp.dstport == 5200' -T fields -e udp.length 2>/dev/null | sort | uniq -c | sort -rn)
is "$(awk 'NR == 1 {print $2}' <<<"$sizes")" 208 "what passes the wire are datagrams of 200 bytes"

# 1448 bytes of payload in a frame of 1514, and 1000 in one of 1042
within "$(of stream rate)" 30e6 47.9e6 "a stream over 50 Mbit/s of frames has $(of stream rate) of payload"
within "$(of stream-udp rate)" 10e6 19.3e6 "datagrams over 20 Mbit/s have $(of stream-udp rate)"
within "$(of stream-udp lost)" 0.2 1 "and most of those that were sent too fast are lost"
within "$(of stream-large rate n4)" 1e7 1e13 "two pairs on a bridge both have their stream: $(of stream-large rate), $(of stream-large rate n4)"
is "$(jq -s 'map(select(.metric == "rate")) | length' stream-large/nodes/n?.jsonl)" 4 "servers report nothing"

refused() { # refused STATUS PATTERN NAME OPTION…
    local status=$1 pattern=$2 name=$3
    shift 3
    run "$WANLAB" run run.yaml -o refused "$@"
    like "$STATUS $ERR" "^$status .*$pattern" "$name"
}
refused 2 "found 65508 B, expected at most 65507 B" "a datagram that is too large is refused" \
    --set workload.network.protocol=udp --set workload.network.message=65508B
refused 2 "found 1.5 s, expected whole seconds" "so is half a second" --set workload.network.duration=1500ms
refused 2 "found 3 nodes, expected pairs" "so is a server without a client" --set nodes.n.count=3 \
    --set links='[]' --set networks='{lan: {members: [n]}}'
without qperf "$WANLAB" run run.yaml -o none
like "$STATUS $ERR" "^3 .*'qperf', which is not installed \\(Debian package: qperf\\)" "without a tool the run is refused, with what to install"

if [ "$(id -u)" = 0 ]; then
    python3 -c 'import socket, time
with socket.socket() as s:
    s.bind(("", 0)); s.listen(); print(s.getsockname()[1], flush=True); time.sleep(20)' >port &
    holder=$!
    wait_for 5 test -s port
    refused 1 "'n1': server ended with status 1; .*cannot listen on port [0-9]+ \\(Address already in use\\): give another 'port'" \
        "a port of the host that is taken is named" --set nodes.n.kind=native --set "workload.network.port=$(cat port)"
    kill $holder
    wait $holder
fi

run "$WANLAB" run run.yaml -o dead --set workload.network.message=1MB --set workload.network.duration=20s \
    --set events='[{at: 300ms, command: "kill $(pidof qperf)", nodes: n1}]'
like "$STATUS $ERR" "^1 .*'n1': server (was killed by signal 15|ended with)" "a server that dies fails the run by its node"
is "$(jq -r .outcome dead/run.json)" failed "and no result is made of what there was"
nothing_left "nothing is left"
done_testing
