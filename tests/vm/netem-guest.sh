#!/bin/bash
# SPDX-License-Identifier: MIT
# The inside of netem.t. Clocks in User-Mode Linux are coarse: a bare timer is 0.2 ms late in the
# median and some milliseconds at times, so medians are held to 1.5 ms here and nothing is said of the tails.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/network.sh"

# median_rtt LAB NODE TARGET: of 30 pings, in microseconds.
median_rtt() {
    "$WANLAB" exec "$1" "$2" -- ping -n -c 30 -i 0.05 "$3" |
        sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n | sed -n 15p | awk '{printf "%d", $1 * 1000}'
}

# near VALUE WANTED TOLERANCE NAME: integers
near() {
    [ -n "$1" ] && [ "$1" -ge $(($2 - $3)) ] && [ "$1" -le $(($2 + $3)) ]
    ok $? "$4"
    diag "$4: $1, asked $2 ± $3"
}

cat >"$WORK/link.yaml" <<'Y'
nodes: {n: {count: 2}}
links:
  - ends: [n1, n2]
    n1->n2: {delay: 10ms, rate: 20mbit}
    n2->n1: {delay: 15ms}
Y
cat >"$WORK/loss.yaml" <<'Y'
nodes: {n: {count: 2}}
links: [{ends: [n1, n2], n1->n2: {loss: 10%}, n2->n1: {delay: 1ms}}]
Y
cat >"$WORK/wan.yaml" <<'Y'
nodes: {n: {count: 3, region: [a, b, c]}}
wan: {members: [n], matrix: wan.csv}
Y
cat >"$WORK/wan.csv" <<'M'
# holds: rtt
from,a,b,c
a,,20,40
b,20,,60
c,40,60,
M
cat >"$WORK/lan.yaml" <<'Y'
nodes: {n: {count: 3}}
networks: {lan0: {members: [n], delay: 3ms}}
Y

run "$WANLAB" up "$WORK/link.yaml" --name link
is "$STATUS" 0 "a lab comes up"
like "$OUT" "engine netem \(this kernel has netem\)" "auto takes netem where the kernel has it, and says so"
diag "$OUT$ERR"
near "$(median_rtt link n1 10.64.0.2)" 25000 1500 "the two directions' delays of a link"
near "$(median_rtt link n1 fd77:6c61:6201::2)" 25000 1500 "the same over IPv6"
"$WANLAB" exec link n2 -- iperf3 -s -1 >/dev/null &
sleep 0.5
mbit=$("$WANLAB" exec link n1 -- iperf3 -c 10.64.0.2 -t 5 -O 1 -f k |
    awk '/receiver/ {for (i = 1; i <= NF; i++) if ($i == "Kbits/sec") print int($(i - 1))}')
wait
# 1,448 of the 1,514 bytes of a frame are payload.
near "${mbit:-0}" 19128 1000 "a rate of 20 mbit carries 19.1 Mbit/s of TCP payload (kbit/s)"
run "$WANLAB" exec link n1 -- ethtool -k eth0
like "$OUT" "tx-udp-segmentation: off" "a slow wire gets wire packets: no segmentation of UDP below it,"
like "$OUT" "tcp-segmentation-offload: off" "nor of TCP"
"$WANLAB" down link

"$WANLAB" up "$WORK/loss.yaml" --name loss >/dev/null
lost=$("$WANLAB" exec loss n1 -- ping -n -q -c 1000 -i 0.002 -W 1 10.64.0.2 |
    sed -n 's/.*transmitted, \([0-9]*\) received.*/\1/p' | awk '{print 1000 - $1}')
# The exact 99.9 % interval of a binomial with n = 1,000, p = 0.1 is 70 to 132.
near "${lost:-0}" 101 31 "10 % of 1,000 packets are lost, within the 99.9 % interval"
"$WANLAB" down loss

"$WANLAB" up "$WORK/wan.yaml" --name wan >/dev/null
ok $? "a wan comes up"
near "$(median_rtt wan n1 n2)" 20000 1500 "wan n1-n2"
near "$(median_rtt wan n1 10.0.0.3)" 40000 1500 "wan n1-n3"
near "$(median_rtt wan n3 10.0.0.2)" 60000 1500 "wan n3-n2"
near "$(median_rtt wan n3 fd77:6c61:6200::2)" 60000 1500 "wan n3-n2 over IPv6"
"$WANLAB" kill wan n2 && "$WANLAB" restart wan n2
ok $? "a node is killed and restarted"
near "$(median_rtt wan n1 n2)" 20000 1500 "wan n1-n2, restarted"
near "$(median_rtt wan n3 fd77:6c61:6200::2)" 60000 1500 "wan n3-n2 over IPv6, restarted"
"$WANLAB" down wan

"$WANLAB" up "$WORK/lan.yaml" --name lan >/dev/null
ok $? "a lan comes up"
near "$(median_rtt lan n1 10.128.0.2)" 12000 1500 "up and down wires of a lan, there and back"
"$WANLAB" restart lan n2
near "$(median_rtt lan n1 10.128.0.2)" 12000 1500 "up and down wires of a lan, restarted"
"$WANLAB" down lan

# Qdiscs, classes and filters of all kinds of wires: those of the lab, and those that the plan's lines make.
cat >"$WORK/mixed.yaml" <<'Y'
nodes: {n: {count: 2}, pc: {}}
wan: {members: [n], delay: 10ms, loss: 1%}
links: [{ends: [n1, pc], n1->pc: {rate: 20mbit}}]
networks: {lan0: {members: [n2, pc], delay: 100us, rate: 1gbit}}
Y
"$WANLAB" up "$WORK/mixed.yaml" --name mixed >/dev/null
network_of_lab mixed n1 n2 pc >"$WORK/lab" 2>&1
"$WANLAB" down mixed
"$WANLAB" plan "$WORK/mixed.yaml" >"$WORK/plan.sh"
network_by_hand "$WORK/plan.sh" n1 n2 pc >"$WORK/hand" 2>&1
is "$(diff "$WORK/lab" "$WORK/hand")" "" "the plan's lines, run by hand, make the same network"
is "$(grep -c '"kind":"netem"' "$WORK/hand")" 7 "with all of its wires"

# The rest of the model, as the kernel says that it has it; and what it does to packets.
cat >"$WORK/model.yaml" <<'Y'
nodes: {n: {count: 4}}
links:
  - ends: [n1, n2]
    n1->n2:
      delay: 20ms
      jitter: 5ms
      distribution: normal
      loss: {gemodel: {p: 1%, r: 19%, 1-h: 90%, 1-k: 1%}}
      corrupt: 3%
      rate: 8mbit
      overhead: 24B
      cell: 48B
      cell_overhead: 5B
      queue: 50packets
    n2->n1: {delay: 10ms, reorder: {probability: 100%, gap: 5}}
  - {ends: [n3, n4], n3->n4: {duplicate: 30%}, n4->n3: {loss: {random: 20%, correlation: 50%}}}
  - {ends: [n1, n3], n1->n3: {delay: 20ms, jitter: 15ms}, n3->n1: {loss: {state: {p13: 2%, p31: 30%, p32: 20%, p23: 50%, p14: 1%}}}}
  - {ends: [n2, n4], n2->n4: {corrupt: 20%}}
Y
"$WANLAB" up "$WORK/model.yaml" --name model
ok $? "the whole model comes up on netem"
qdiscs=$(nsenter -t "$(pid_of lab)" -n tc qdisc show)
diag "$qdiscs"
for part in \
    "dev p1 .*limit 77 delay 20(\.0)?ms +5(\.0)?ms loss gemodel p 1% r 19% 1-h 90% 1-k 1% corrupt 3% rate 8Mbit packetoverhead 24 cellsize 48 celloverhead 5" \
    "dev p0 .*delay 10(\.0)?ms reorder 100% gap 5" \
    "dev p3 .*duplicate 30%" \
    "dev p2 .*loss gemodel p 10% r 40%( 1-h 100% 1-k 0%)?" \
    "dev p5 .*delay 20(\.0)?ms +15(\.0)?ms.* rate 8Tbit" \
    "dev p4 .*loss state p13 2% p31 30% p32 20% p23 50% p14 1%"; do
    like "$qdiscs" "$part" "the kernel has: $part"
done
# answers NODE ADDRESS: ping's own summary of 200 numbered packets
answers() {
    "$WANLAB" exec model "$1" -- ping -n -c 200 -i 0.005 -W 1 "$2"
}
copies=$(answers n3 10.64.0.6 | grep -c DUP)
# 30 % of 200 requests; of the answers 80 % come back.
near "$copies" 48 30 "30 % duplicates, less what is lost on the way back"
order=$(answers n1 10.64.0.10 | sed -n 's/.*icmp_seq=\([0-9]*\).*/\1/p')
is "$(sort -nc <<<"$order" 2>&1)" "" "jitter keeps the order on netem, too"
is "$(answers n1 10.64.0.2 | sed -n 's/.*icmp_seq=\([0-9]*\).*/\1/p' | sort -nc 2>&1 | wc -l)" 1 \
    "unless reordering is asked"
answers n2 10.64.0.14 >/dev/null
errors=$("$WANLAB" exec model n4 -- cat /proc/net/snmp | awk '
    /^Icmp: [0-9]/ {icmp = $4} /^Ip: [0-9]/ {ip = $5} END {print icmp + ip}')
[ "$errors" -gt 10 ]
ok $? "corrupted packets fail the receiver's checksums ($errors of 200)"
"$WANLAB" down model

cat >"$WORK/replicate.yaml" <<'Y'
name: replicate-netem
engine: netem
nodes: {db: {count: 3, region: [a, b, c]}}
wan: {members: [db], matrix: wan.csv}
workload: {replicate: {rate: 600/min, aggregate: 10, duration: 5s, mode: parallel}}
Y
run "$WANLAB" run "$WORK/replicate.yaml" -o "$WORK/results"
is "$STATUS" 0 "the replicate workload runs on three nodes"
diag "$OUT
$ERR"
like "$(cat "$WORK/results/run.json")" '"engine": "netem"' "its results name the engine"
like "$OUT" "verdict: (trusted|doubtful)" "its network was the one asked for"

"$WANLAB" up "$WORK/wan.yaml" --name v >/dev/null
kill -KILL "$(pid_of lab)"
nothing_left "kill -9 of the supervisor leaves nothing"

done_testing
