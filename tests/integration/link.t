#!/bin/bash
# SPDX-License-Identifier: MIT
# Wires that change while their lab runs, on the delay line.
#
#   wan: db1, db2, db3 (10 ms)    db1 ---- web, bare    lan0: db2, web, bare
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/wire.sh"
need_root

link() { run "$WANLAB" link dl "$@"; }
rtt() { rtt_min "$@" | awk '{printf "%d", $1}'; } # in whole ms
asked() { "$WANLAB" link dl "$1" --json | jq -r '.wires[0].asked'; }
lost() { # lost NODE ADDRESS: of 20 pings, in percent
    node "$1" -- ping -q -c 20 -i 0.01 -W 1 "$2" | sed -nE 's/.* ([0-9]+)% packet loss.*/\1/p'
}

cat >"$WORK/dl.yaml" <<'Y'
name: dl
seed: 7
engine: delayline
nodes: {db: {count: 3}, web: {}}
wan: {members: [db], delay: 10ms}
links: [{ends: [db1, web]}]
networks: {lan0: {members: [db2, web]}}
Y
lab_up

link
is "$STATUS" 0 "link: shows all wires"
is "$(grep -c 'delay' <<<"$OUT")" 12 "all of them, those without impairment too"
like "$OUT" "db1 eth0 +db2 eth0 +delay 10ms" "with nodes, interfaces and what is asked"
link --json
is "$(jq -c '[.wires[] | select(.name == "db2->lan0")][0] | [.from, .to, .from_interface, .to_interface]' <<<"$OUT")" \
    '["db2","lan0","eth1",null]' "the same in JSON"
link 'db1->db2'
is "$(grep -c 'delay' <<<"$OUT")" 1 "or one wire"
is "$("$WANLAB" status dl --json | jq '.wires | length')" 6 "status leaves out those that nobody has touched"

# One value, both ways and one way.
link db1-db2 delay=30ms
is "$STATUS" 0 "a change of delay"
like "$OUT" "changed at [0-9:.]+ \(monotonic [0-9.]+ s\), all within " "says when, and within what time"
like "$OUT" "db1 eth0 +db2 eth0 +delay 30ms +delay 10ms" "and what is asked now and was at the start"
is "$(rtt db1 db2)" 60 "ping sees it"
is "$(rtt db1 db3)" 20 "and other wires are as before"
link 'db1->db2' delay=10ms
is "$(rtt db1 db2)" 40 "one direction alone"
link 'db1->db2' rate=8mbit
is "$(asked 'db1->db2')" "delay 10ms, rate 8mbit, queue 100packets" "a rate comes with its queue"
link 'db1->db2' loss=100%
is "$(asked 'db1->db2')" "delay 10ms, loss 100%, rate 8mbit, queue 100packets" "what is not set stays"
is "$(lost db1 db2)" 100 "100 % loss"
link 'db1->db2' loss=none rate=none delay=10ms 'db2->db1' delay=10ms
is "$(asked 'db1->db2')" "delay 10ms" "none takes a value away"
is "$(rtt db1 db2)" 20 "two settings in one line"
is "$("$WANLAB" link dl db1-db2 --json | jq '[.wires[].asked_at_start] | unique')" "[
  null
]" "what is as at the start is not marked"

# Cut and heal.
link db3 down
is "$(lost db1 db3)" 100 "down: nothing gets through"
is "$(lost db1 db2)" 0 "elsewhere everything does"
link db3
is "$(grep -c 'down, delay 10ms' <<<"$OUT")" 4 "it says so, and keeps the rest"
is "$("$WANLAB" status dl --json | jq -c '[.wires[] | select(.down)] | [length, .[0].loss]')" "[4,1]" "so does status"
link db3 up
is "$(rtt db1 db3)" 20 "up: as before"
link 'db1->db3' down
before=$(stat_of '[.wires[] | select(.name == "db1->db3")][0].lost')
is "$(lost db3 db1)" 100 "one direction cut"
is "$(stat_of '[.wires[] | select(.name == "db1->db3")][0].lost')" $((before + 20)) "what it loses is counted as asked"
link all up
is "$(lost db3 db1)" 0 "all up"

# Wires that the engine had nothing to do with.
is "$(rtt db1 10.64.0.2)" 0 "a bare link"
head -c 20000000 /dev/urandom >"$WORK/data"
link db1-web delay=15ms
is "$STATUS" 0 "it can be changed, too"
diag "$ERR"
is "$(rtt db1 10.64.0.2)" 30 "and then has the delay"
is "$(rtt db1 fd77:6c61:6201::2)" 30 "over IPv6, too"
link lan0 delay=2ms
is "$STATUS" 0 "so can the wires of a bare LAN"
within "$(rtt_min db2 10.128.0.2)" 8 9.5 "up and down, there and back"
within "$(rtt_min web 10.128.0.1)" 8 9.5 "from the other side"
link lan0-db2 delay=none
within "$(rtt_min db2 10.128.0.2)" 4 5.5 "a member's own"
is "$(lost web 10.128.0.1)" 0 "nothing is lost there"
is "$(node web -- ping -c 5 -i 0.05 10.128.0.1 | grep -c DUP)" 0 "and nothing is there twice"
link db1-web delay=none

# What is on its way stays there, in its order.
link db1-web delay=300ms
node web -- perl -e "$receive_udp" $PORT >"$WORK/numbers" &
receiver=$!
wait_for 5 grep -q ready "$WORK/numbers"
node db1 -- perl -e "$send_udp" 10.64.0.2 $PORT 1 50 100 &
sender=$!
sleep 0.05
link db1-web delay=1ms
wait $sender $receiver
is "$(grep -v ready "$WORK/numbers" | tr '\n' ' ')" "$(seq -s ' ' 0 49) " \
    "packets on their way arrive after a change of delay, in order"

# A stream goes on, byte by byte, while its wire comes to need wire packets and ceases to.
link db1-web delay=1ms
changes() {
    local i
    for i in 1 2 3 4 5 6; do
        "$WANLAB" link dl 'db1->web' loss=0.1% >/dev/null
        "$WANLAB" link dl 'db1->web' rate=500mbit loss=none >/dev/null
        "$WANLAB" link dl 'db1->web' rate=none corrupt=0.01% >/dev/null
        "$WANLAB" link dl 'db1->web' corrupt=none >/dev/null
    done
}
changes &
changer=$!
tcp_arrives db1 web 10.64.0.2 "$WORK/data" "20 MB arrive unharmed meanwhile"
wait $changer
is "$(asked 'db1->web')" "delay 1ms" "and all changes were made"
sizes() { # packets and bytes that web got from db1
    "$WANLAB" status dl --json | jq '[.wires[] | select(.name == "db1->web")][0] | [.packets, .bytes]' | tr -d '[],\n'
}
read -r packets bytes <<<"$(sizes)"
link 'db1->web' loss=0.001%
tcp_arrives db1 web 10.64.0.2 "$WORK/data" "with loss"
read -r packets2 bytes2 <<<"$(sizes)"
[ $(((bytes2 - bytes) / (packets2 - packets))) -le 1514 ]
ok $? "a wire that came to have loss carries wire packets"
link 'db1->web' loss=none
tcp_arrives db1 web 10.64.0.2 "$WORK/data" "without loss"
read -r packets bytes <<<"$(sizes)"
[ $(((bytes - bytes2) / (packets - packets2))) -gt 3000 ]
ok $? "and super-packets again when it has none"
diag "bytes a packet: $(((bytes - bytes2) / (packets - packets2)))"

# Super-packets that are in the TAP already when their wire comes to need wire packets: the delay line is held meanwhile.
: >"$WORK/numbers"
node web -- perl -e "$receive_udp" $PORT >"$WORK/numbers" &
receiver=$!
wait_for 5 grep -q ready "$WORK/numbers"
read -r packets _ <<<"$(sizes)"
kill -STOP "$WIRE"
node db1 -- perl -e "$send_udp" 10.64.0.2 $PORT 10 120 100
"$WANLAB" link dl 'db1->web' loss=0.0001% delay=1ms >/dev/null &
changer=$!
sleep 0.3
kill -CONT "$WIRE"
wait $changer $receiver
read -r packets2 _ <<<"$(sizes)"
within $((packets2 - packets)) 400 1200 "those behind the change are cut into their frames"
diag "$((packets2 - packets)) packets of 120 super-packets of 10; $(grep -c '^[0-9]' "$WORK/numbers") arrived"
is "$(grep -v ready "$WORK/numbers" | sort -nc 2>&1)" "" "which arrive in order, with their contents"
is "$(node web -- awk '/^Udp: [0-9]/ {print $8}' /proc/net/snmp)" 0 "and with right checksums"
link 'db1->web' loss=none delay=none

# Traces and tables are read from where the command is given.
mkdir "$WORK/here"
printf 'time,delay\n0s,25ms\n1h,25ms\n' >"$WORK/here/t.csv"
run env -C "$WORK/here" "$WANLAB" link dl db1-web trace=t.csv delay=none
is "$STATUS" 0 "a trace"
diag "$ERR"
is "$(rtt db1 10.64.0.2)" 50 "is followed"
link db1-web trace=none delay=20ms jitter=2ms distribution=normal
is "$(rtt_min db1 10.64.0.2 | awk '{print ($1 > 24 && $1 < 40)}')" 1 "a distribution"
link db1-web jitter=none delay=none

# A node that comes back finds its wires as they are now.
link db1-db2 delay=5ms
link db1-db3 down
"$WANLAB" restart dl db1
is "$(rtt db1 db2)" 10 "a restarted node has the present delay"
is "$(lost db1 db3)" 100 "and the present cut"
link all up

# Bad input: refused with status 2, and nothing changes.
before=$("$WANLAB" link dl)
bad() { # bad REGEX WORD…
    local regex=$1
    shift
    link "$@"
    is "$STATUS" 2 "refused: $*"
    like "$ERR" "$regex" "says why: $*"
}
bad "no wire, node, group or network 'db4'" db4 down
bad "no wire 'db1->web2'|network 'web2', did you mean 'web'" 'db1->web2' down
bad "no wire 'db3-web'" db3-web delay=1ms
bad "shell takes '>'" db1- delay=1ms
bad "'10' has no unit" db1-db2 delay=10
bad "unknown key 'dely', did you mean 'delay'" db1-db2 dely=10ms
bad "loss=200%" db1-db2 loss=200%
bad "wire 'db1->db2': .*jitter of 20ms above the delay of 5ms" db1-db2 jitter=20ms
bad "without 'rate'" db1-db2 queue=5packets
bad "expected a wire" delay=5ms
bad "expected KEY=VALUE" db1-db2 delay=5ms db3 web
bad "expected KEY=VALUE" db1-db2 delay=5ms db3
bad "both 'down' and 'up'" db1 down up
bad "is set already" db1 delay=1ms delay=2ms
bad "delay=1s\\.5" db1-db2 loss=1% db1-db3 delay=1s.5
bad "no file '$PWD/nowhere'" db1-db2 trace=nowhere
run "$WANLAB" link nosuch db1 down
is "$STATUS" 2 "no such lab"
run "$WANLAB" link
is "$STATUS" 2 "no lab at all"
is "$("$WANLAB" link dl)" "$before" "none of these has changed anything"
"$WANLAB" link dl db1-db2 loss='{gemodel: {p: 1%, r: 30%}}' >/dev/null
is "$(asked 'db1->db2')" "delay 5ms, loss gemodel p 1% r 30% 1-h 100% 1-k 0%" "a map as value"

# It is on record.
is "$("$WANLAB" status dl --json | jq -r '.changes[-1].what')" "db1-db2 loss={gemodel: {p: 1%, r: 30%}}" "status knows the last change"
like "$("$WANLAB" status dl)" "wires were changed [0-9]+ times since the start" "for people, too"
is "$("$WANLAB" status dl --json | jq -r '.changes[-1] | (.count == 2 and .skew_s >= 0 and .at_s > 1e9)')" true "when it was, and of how many wires"
lab_down

# Fifty links at one instant.
printf 'name: dl\nengine: delayline\nnodes: {hub: {}, n: {count: 50}}\nlinks:\n' >"$WORK/dl.yaml"
for i in $(seq 50); do echo "  - {ends: [hub, n$i], delay: 5ms}"; done >>"$WORK/dl.yaml"
lab_up
for i in $(seq 20); do
    "$WANLAB" link dl hub delay=$((i + 5))ms --json | jq '.change | if .count == 100 then .skew_s * 1e6 else 1e9 end'
done | sort -g >"$WORK/skews"
diag "100 wires of 50 links changed within $(sed -n 10p "$WORK/skews") us in the median, $(tail -1 "$WORK/skews") us at most (20 changes)"
within "$(sed -n 10p "$WORK/skews")" 0 1000 "50 links change within 1 ms from first to last"
link hub delay=7ms loss=1% rate=10mbit
is "$("$WANLAB" link dl --json | jq '[.wires[] | .asked] | unique | length')" 1 "all of them"
is "$(stat_of '.change_count')" 21 "each change is counted"

# kill -9 of the command, at any moment: all of a change or nothing.
mixed=0
for i in $(seq 40); do
    "$WANLAB" link dl hub delay=$((20 + i))ms >/dev/null 2>&1 &
    victim=$!
    perl -e 'select undef, undef, undef, $ARGV[0]' "0.00$((i % 10))"
    kill -KILL $victim 2>/dev/null
    wait $victim 2>/dev/null
    [ "$("$WANLAB" link dl --json | jq '[.wires[] | .asked] | unique | length')" = 1 ] || mixed=$((mixed + 1))
done 2>/dev/null
is $mixed 0 "a killed command leaves all of its change or none of it"
is "$("$WANLAB" ls)" dl "and the lab runs on"
lab_down

nothing_left "nothing is left"
done_testing
