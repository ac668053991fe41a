#!/bin/bash
# SPDX-License-Identifier: MIT
# The whole model of a wire on real packets: jitter and order, loss models, duplicates, corruption, framing,
# queues, traces. The statistics are the unit tests'; here it is that each reaches the packets.
. "$(dirname "$0")/../lib/tap.sh"
for tool in ping iperf3 perl jq sha256sum; do
    command -v $tool >/dev/null || skip_all "needs $tool"
done
. "$(dirname "$0")/../lib/wire.sh"

received() {
    wc -l <"$WORK/received"
}

in_order() {
    [ -z "$(sort -nc "$WORK/received" 2>&1)" ]
}

# A counter of node b, e.g. snmp_of Udp InCsumErrors
snmp_of() {
    node b -- cat /proc/net/snmp | awk -v p="$1:" -v c="$2" '
        $1 == p && !at {for (i = 1; i <= NF; i++) if ($i == c) at = i; next}
        $1 == p {print $at}'
}

# Jitter.
link_up 'delay: 20ms, a->b: {jitter: 15ms, distribution: normal, correlation: 10%}'
udp 1 500 100
is "$(received)" 500 "with jitter all packets arrive"
in_order
ok $? "in order"
lab_down
link_up 'delay: 20ms, a->b: {jitter: 15ms, reorder: jitter}'
udp 1 500 100
is "$(received)" 500 "with reordering by jitter all packets arrive, too"
! in_order
ok $? "but not in order"
lab_down
link_up 'delay: 20ms, a->b: {reorder: {probability: 100%, gap: 5}}'
udp 1 500 100
is "$(stat_of '.wires[0].reordered')" 100 "each fifth packet skips the delay"
! in_order
ok $? "and overtakes others"
lab_down

# Copies.
link_up 'a->b: {duplicate: 30%}'
udp 1 1000 100
copies=$(stat_of '.wires[0].duplicated')
within "$copies" 253 349 "30 %: the copies of 1,000 packets are within the 99.9 % interval"
is "$(received)" $((1000 + copies)) "and all arrive"
is "$(sort -nu "$WORK/received" | wc -l)" 1000 "of all packets there is one"
lab_down

# Corruption.
link_up 'a->b: {corrupt: 20%}'
udp 1 1000 500
corrupted=$(stat_of '.wires[0].corrupted')
within "$corrupted" 160 243 "20 %: the corrupted of 1,000 packets are within the 99.9 % interval"
is "$(received)" $((1000 - corrupted)) "no corrupted packet gets past the receiver's checksums"
is "$(grep -c damaged "$WORK/received")" 0 "and none that got past them is damaged"
errors=$(snmp_of Udp InCsumErrors)
within "$errors" $((corrupted * 8 / 10)) "$corrupted" "UDP's own checksum found most of them"
udp 1 1000 500 1
damaged=$(grep -c damaged "$WORK/received")
within "$damaged" 120 243 "without a checksum the damage reaches the application"
udp 20 50 500
is "$(grep -c damaged "$WORK/received")" 0 "segments of super-packets get their checksums before"
head -c 3000000 "$WANLAB" >"$WORK/3MB"
tcp_arrives a b $B4 "$WORK/3MB" "TCP arrives whole over it"
[ "$(snmp_of Tcp InCsumErrors)" -gt 10 ]
ok $? "and counts what was corrupted"
lab_down

# Loss models.
link_up 'a->b: {loss: {gemodel: {p: 1%, r: 20%}}}'
udp 1 10000 100
lost=$(stat_of '.wires[0].lost')
# mean 4.76 %; neighbours' correlation 0.79 widens three sigma of the binomial to 186
within "$lost" 290 662 "Gilbert-Elliott loses its share of 10,000 packets"
bursts=$(sort -n "$WORK/received" | awk 'NR > 1 && $1 > last + 1 {n++} {last = $1} END {print n}')
within "$(awk -v l="$lost" -v b="$bursts" 'BEGIN {print l / b}')" 3.5 6.5 "in bursts of five on average"
lab_down

# Framing: as many bytes again as a full frame has.
link_up 'delay: 2ms, a->b: {rate: 20mbit, overhead: 1514B}'
carries "$(jq -n '0.95 * 10 * 1448 / 1514')" "$(jq -n '1.03 * 10 * 1448 / 1514')" \
    "20 mbit with as much overhead: TCP reaches half of it, within 5 %"
lab_down

# Queues: 100 packets of 1,042 bytes at once, room for 20.
for drop in tail head; do
    link_up "a->b: {rate: 1mbit, queue: 21000B, drop: $drop}"
    udp 20 5 1000
    last=$(tail -1 "$WORK/received")
    within "$(received)" 20 40 "drop $drop: a full queue drops"
    if [ $drop = tail ]; then
        [ "$last" != 99 ]
        ok $? "the newest, if at its tail"
    else
        is "$last" 99 "the oldest, if at its head"
    fi
    is "$(($(received) + $(stat_of '.wires[0].queue_drops')))" 100 "and counts them"
    lab_down
done

# Traces.
seq 1 1000 >"$WORK/12mbit"
link_up "delay: 2ms, a->b: {trace: 12mbit}"
# An opportunity of 1,504 bytes a millisecond carries 1,448 of TCP.
carries 11.2 11.7 "packet-delivery opportunities are the rate (11.58 Mbit/s of TCP)"
lab_down
printf 'time,delay,loss\n0s,30ms,0%%\n' >"$WORK/rows.csv"
link_up 'a->b: {trace: rows.csv}'
within "$(rtt_min a $B4)" 30 31 "a row's delay"
lab_down

# What netem cannot do.
run "$WANLAB" check "$WORK/dl.yaml" --engine netem
is "$STATUS" 2 "check refuses a trace for netem"
like "$ERR" "dl\.yaml:5:.*'trace': the engine netem cannot follow a trace" "with its place"
sed 's/^engine.*/engine: auto/' "$WORK/dl.yaml" >"$WORK/auto.yaml"
run "$WANLAB" up "$WORK/auto.yaml"
like "$OUT" "engine delayline \(netem cannot follow a trace: 'trace', line 5" "auto takes the delay line and says why"
"$WANLAB" down dl
nothing_left "nothing is left"
done_testing
