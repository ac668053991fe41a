#!/bin/bash
# SPDX-License-Identifier: MIT
# The delay line on real packets: delay, loss, rate, queue, segmentation offload, checksums.
#
#   a eth0 -veth- p0 =tc=> t0 [ delay line ] t1 <=tc= p1 -veth- eth0 b      (and back)
#
# One lab at a time. Throughput and lateness are only printed: they are the machine's.
. "$(dirname "$0")/../lib/tap.sh"
need_root
for tool in ping iperf3 perl jq sha256sum; do
    command -v $tool >/dev/null || skip_all "needs $tool"
done

. "$(dirname "$0")/../lib/wire.sh"

head -c 50000000 /dev/urandom >"$WORK/50MB"

# Delay.
link_up 'a->b: {delay: 10ms}, b->a: {delay: 20ms}'
[ -n "$WIRE" ]
ok $? "its delay line is a process of its own"
within "$(rtt_min a $B4)" 30 31 "10 ms and 20 ms: the fastest of 20 pings takes 30 to 31 ms"
within "$(rtt_min b a -6)" 30 31 "the same from the other side over IPv6"
before=$(wire_cpu)
sleep 2
is "$(wire_cpu)" "$before" "an idle delay line takes no CPU time"
tcp_arrives a b $B4 "$WORK/50MB" "50 MB arrive whole in super-packets"
is "$(checksum_errors)" 0 "with right checksums"
[ "$(stat_of '.wires[0].bytes / .wires[0].packets | floor')" -gt 2000 ]
ok $? "super-packets they were"
is "$(stat_of '[.wires[] | .lost + .queue_drops] | add + 0')" 0 "and none was dropped"
diag "lateness: $("$WANLAB" status dl --json | jq -c .lateness)"
kill -9 "$(pid_of node | sort -n | tail -1)"
wait_for 5 sh -c "'$WANLAB' status dl --json | jq -e '.nodes[1].state == \"dead\"' >/dev/null"
ok $? "a node dies"
run node a -- ping -q -c 3 -i 0.1 -W 1 $B4
is "$STATUS" 1 "and answers no more"
before=$(wire_cpu)
sleep 1
is "$(wire_cpu)" "$before" "but the delay line lives on, at rest"
lab_down

# Loss.
link_up 'delay: 200us, a->b: {loss: 1%}'
udp 1 10000 100
lost=$(stat_of '.wires[0].lost')
within "$lost" 69 134 "1 %: the lost ones of 10,000 packets are within the 99.9 % interval"
is "$(($(wc -l <"$WORK/received") + lost))" 10000 "all others arrive"
is "$(sort -nc "$WORK/received" 2>&1)" "" "in order"
cp "$WORK/received" "$WORK/first"
tcp_arrives a b $B4 "$WORK/50MB" "50 MB arrive whole in spite of the loss"
is "$(checksum_errors)" 0 "with right checksums in wire packets"
within "$(stat_of '.wires[0].bytes / .wires[0].packets')" 0 1514 "and wire packets they were"
lab_down

link_up 'delay: 200us, a->b: {loss: 1%}'
udp 1 10000 100
cmp -s "$WORK/received" "$WORK/first"
ok $? "the same seed loses the same packets"
lab_down

link_up 'delay: 200us, a->b: {loss: 1%}'
udp 20 500 1000
is "$(($(wc -l <"$WORK/received") + $(stat_of '.wires[0].lost')))" 10000 \
    "500 super-packets are 10,000 wire packets"
cmp -s "$WORK/received" "$WORK/first"
ok $? "and lose the same ones: a loss is one wire packet"
is "$(checksum_errors)" 0 "with right checksums"
lab_down

# Rate and queue. A frame of 1,514 bytes carries 1,448 of TCP.
link_up 'delay: 10ms, rate: 20mbit'
carries "$(jq -n '0.97 * 20 * 1448 / 1514')" "$(jq -n '1.03 * 20 * 1448 / 1514')" \
    "20 mbit: TCP reaches what is left for its payload, within 3 %"
lab_down
link_up 'rate: 1mbit'
udp 1 1000 1000
drops=$(stat_of '.wires[0].queue_drops')
within "$(($(wc -l <"$WORK/received") + drops))" 1000 1004 \
    "what a slow wire does not send it drops and counts (and perhaps some MLD)"
[ "$drops" -gt 0 ]
ok $? "its queue ran over"
lab_down

# A wan is a switch by address.
printf 'name: dl\nengine: delayline\nnodes: {n: {count: 3}}\nwan: {members: [n], delay: 5ms}\n' \
    >"$WORK/dl.yaml"
lab_up
within "$(rtt_min n1 n3 -4)" 10 11 "5 ms each way between members of a wan"
within "$(rtt_min n3 n2 -6)" 10 11 "over IPv6 too"
tcp_arrives n2 n3 10.0.0.3 "$WORK/50MB" "50 MB arrive whole over it"
before=$(stat_of .lateness.no_wire) # its nodes have said hello to multicast groups
run node n1 -- ping -q -c 1 -W 0.2 10.0.0.99
is "$(stat_of .lateness.no_wire)" $((before + 1)) "a packet to nobody is counted"
lab_down

# A network: each member has a wire to the bridge and one back.
printf 'name: dl\nengine: delayline\nnodes: {n: {count: 3}}\nnetworks: {lan0: {members: [n], delay: 1ms}}\n' \
    >"$WORK/dl.yaml"
lab_up
within "$(rtt_min n1 n3)" 4 5 "1 ms to a network's bridge and 1 ms from it, each way"
lab_down

# How fast it is here.
for delay in 1ns 5ms; do
    link_up "delay: $delay"
    diag "TCP with $delay each way: $(tcp_mbit 3 | cut -d. -f1) Mbit/s, lateness" \
        "$("$WANLAB" status dl --json |
            jq -r '.lateness | "\(.p50_s * 1e6) us (p50), \(.p99_s * 1e6) us (p99)"')"
    lab_down
done
nothing_left "nothing is left"
done_testing
