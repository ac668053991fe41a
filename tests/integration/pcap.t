#!/bin/bash
# SPDX-License-Identifier: MIT
# `--pcap`: what passes over wires, as tshark reads it: where a packet left and where it arrived, with the delay of
# the wire between the two times; what was lost has only the first.
#
#     a --20 ms, there 30 % loss-- b --nothing asked-- c          d1, d2: a wan of 5 ms
. "$(dirname "$0")/../lib/tap.sh"
command -v tshark >/dev/null || skip_all "needs tshark"

cat >"$WORK/s.yaml" <<'Y'
name: wl-pcap
seed: 5
nodes: {a: , b: , c: , d: {count: 3}}
links:
  - {ends: [a, b], delay: 20ms, a->b: {loss: 30%}}
  - {ends: [b, c]}
networks: {lan0: {members: [b, c]}}
wan: {members: [d], delay: 5ms}
Y
# fields FILE FILTER: interface, time and number of each echo request in it.
fields() {
    tshark -r "$WORK/pcap/$1.pcapng" -Y "${2:-icmp.type == 8}" -T fields -e frame.interface_name \
        -e frame.time_epoch -e icmp.seq 2>"$WORK/tshark"
}

run "$WANLAB" up "$WORK/s.yaml" --pcap 'a-b,d1->d2' --pcap b-c --pcap lan0 --pcap-folder "$WORK/pcap"
is "$STATUS" 0 "a lab with captured wires comes up"
is "$(cd "$WORK/pcap" && echo *)" "a_b.pcapng b_a.pcapng b_c.pcapng b_lan0.pcapng c_b.pcapng c_lan0.pcapng \
d1_d2.pcapng lan0_b.pcapng lan0_c.pcapng" "with a file for each of them, and no other"
"$WANLAB" exec wl-pcap a -- ping -4 -q -c 50 -i 0.01 -W 1 b >"$WORK/ping"
"$WANLAB" exec wl-pcap b -- ping -4 -q -c 5 -i 0.01 c >/dev/null
"$WANLAB" exec wl-pcap d1 -- ping -4 -q -c 3 -i 0.01 d2 >/dev/null
"$WANLAB" exec wl-pcap d1 -- ping -4 -q -c 3 -i 0.01 d3 >/dev/null
received() { [ "$(fields d1_d2 | wc -l)" = 6 ]; }
wait_for 5 received
ok $? "a wan's wire has the packets between its two nodes, sent and delivered, while the lab runs"
"$WANLAB" down wl-pcap

fields a_b | sort -k3n -k2n >"$WORK/ab"
is "$(grep -c sent "$WORK/ab")" 50 "all 50 packets are seen before the wire,"
delivered=$(grep -c delivered "$WORK/ab")
[ "$delivered" -lt 50 ] && [ "$delivered" -gt 0 ]
ok $? "and fewer behind it ($delivered)"
is "$(tshark -r "$WORK/pcap/b_a.pcapng" -Y 'icmp.type == 0' -T fields -e frame.interface_name 2>/dev/null |
    sort | uniq -c | awk '{print $2 $1}' | xargs)" "delivered$delivered sent$delivered" "each of these is answered"
is "$(tshark -r "$WORK/pcap/a_b.pcapng" -T fields -e frame.interface_description -c 1 2>/dev/null)" 'a->b' \
    "the interface is described by the wire's name"
like "$(awk '$1 == "sent" {at[$3] = $2} $1 == "delivered" {d = ($2 - at[$3]) * 1000; if (!n++ || d < low) low = d}
    END {printf "%.1f", low}' "$WORK/ab")" '^2[0-3]\.' "the quickest took the delay of 20 ms"
is "$(cat "$WORK/pcap"/*_b.pcapng | wc -c | awk '{print ($1 > 0)}')$(fields b_c | wc -l)" "110" \
    "wires without impairment are captured, too"
like "$(tshark -r "$WORK/pcap/a_b.pcapng" -T fields -e frame.time_epoch -c 1 2>/dev/null)" '\.[0-9]{9}$' \
    "times have nanoseconds"

run "$WANLAB" up "$WORK/s.yaml" --pcap all --snaplen 60 --pcap-folder "$WORK/pcap"
"$WANLAB" exec wl-pcap b -- ping -4 -q -c 2 -i 0.01 -s 500 c >/dev/null
cut_short() { [ "$(tshark -r "$WORK/pcap/b_c.pcapng" -Y icmp -T fields -e frame.len -e frame.cap_len 2>/dev/null |
    sort -u)" = $'542\t60' ]; }
wait_for 5 cut_short
ok $? "of a packet of 542 bytes 60 are kept, and its length"
"$WANLAB" down wl-pcap

run "$WANLAB" up "$WORK/s.yaml" --pcap a-x --pcap-folder "$WORK/pcap"
like "$STATUS $ERR" "2 .*--pcap: no wire.*'a-x'" "a wire that is none is refused by name"
run "$WANLAB" up "$WORK/s.yaml" --pcap a-b --snaplen 5
like "$STATUS $ERR" "2 .*--snaplen: '5' is out of range" "so is a snap length without a header's room"
run "$WANLAB" up "$WORK/s.yaml" --pcap a-b --pcap-folder "$WORK/s.yaml/x"
like "$STATUS$ERR" "^1.*Not a directory" "a folder that cannot be made is an error"
is "$("$WANLAB" ls)" "" "none of them leaves a lab"

# A run: captures lie in its results, which `wanlab timeline` puts in order.
mkdir -p "$WORK/workloads/tiny"
cat >"$WORK/workloads/tiny/workload.yaml" <<'Y'
name: tiny
run: [./run]
metrics: {answer: {unit: s}}
table: [answer]
main: answer
Y
cat >"$WORK/workloads/tiny/run" <<'R'
#!/bin/sh
ping -4 -q -c 2 -i 0.01 -W 5 b >/dev/null
echo '{"metric":"answer","value":42,"unit":"s","at":0.001}' >>"$WANLAB_OUTPUT"
R
chmod +x "$WORK/workloads/tiny/run"
export WANLAB_WORKLOADS=$WORK/workloads
cat >"$WORK/r.yaml" <<'Y'
nodes: {a: , b: }
links: [{ends: [a, b], delay: 1ms}]
workload: {tiny: {}}
Y
run "$WANLAB" run "$WORK/r.yaml" --pcap 'b->a' -o "$WORK/results" --quiet
is "$STATUS$(ls "$WORK/results/pcap")" "0b_a.pcapng" "a run's captures are in its results"
run "$WANLAB" timeline "$WORK/results" --json
is "$STATUS $(jq -s 'map(.at) == (map(.at) | sort)' <<<"$OUT")" "0 true" "its timeline is in order"
is "$(jq -r 'select(.metric) | .node' <<<"$OUT" | sort | xargs) $(jq -r .event <<<"$OUT" | grep -c lab-up)" \
    "a b 1" "with the metrics of all nodes and the events"
run "$WANLAB" timeline "$WORK/results" --node a --to 2ms
is "$(awk '{print $1, $2, $3}' <<<"$OUT")" "0.001000 a output" "or of one node, up to a time"
run "$WANLAB" timeline "$WORK/workloads"
like "$STATUS $ERR" "1 .*events.jsonl" "a folder that is no run is an error"

done_testing
