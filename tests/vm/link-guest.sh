#!/bin/bash
# SPDX-License-Identifier: MIT
# The inside of link.t. What `tc qdisc change` keeps and drops is the kernel's; these are the facts that the engine
# stands on.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/wire.sh"

link() { run "$WANLAB" link dl "$@"; }
qdisc() { nsenter -t "$(pid_of lab)" -n tc qdisc show dev "$1"; } # of a port: p0 is n1's
# median_rtt NODE TARGET: of 20 pings, in microseconds.
median_rtt() {
    node "$1" -- ping -n -c 20 -i 0.05 "$2" |
        sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n | sed -n 10p | awk '{printf "%d", $1 * 1000}'
}
# outside LOW HIGH: of 150 pings from n1 to n2 the share whose time is not between these, in percent.
outside() {
    node n1 -- ping -n -c 150 -i 0.01 n2 | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' |
        awk -v low="$1" -v high="$2" '{n++; out += $1 < low || $1 > high} END {printf "%d", 100 * out / n}'
}

cat >"$WORK/dl.yaml" <<'Y'
name: dl
engine: netem
nodes: {n: {count: 4}}
links:
  - {ends: [n1, n2], delay: 20ms}
  - {ends: [n1, n3]}
networks: {lan0: {members: [n3, n4]}}
Y
lab_up
link n1-n2 delay=35ms
is "$STATUS" 0 "a change of delay on netem"
like "$OUT" "changed at .* all within" "says when, and within what time"
diag "$OUT$ERR"
within "$(median_rtt n1 n2)" 69500 71500 "ping sees it"
link 'n1->n2' loss=1% corrupt=2% rate=20mbit overhead=24B reorder=5%
like "$(qdisc p1)" "delay 35(\.0)?ms loss 1% reorder 5% corrupt 2% rate 20Mbit packetoverhead 24" "more values beside the delay"
link 'n1->n2' delay=10ms
like "$(qdisc p1)" "delay 10(\.0)?ms loss 1% reorder 5% corrupt 2% rate 20Mbit packetoverhead 24" "one value changes, the others stay"
link 'n1->n2' loss=none corrupt=none reorder=none rate=none
[[ $(qdisc p1) =~ loss|corrupt|reorder|overhead|Mbit ]]
is $? 1 "and are gone when they are taken away"
diag "$(qdisc p1)"

link 'n1->n2' delay=20ms jitter=5ms distribution=normal
share=$(outside 52 58) # around 35 + 20
[ "$share" -gt 30 ]
ok $? "a distribution"
diag "normal: $share % more than 3 ms off"
wide=$(outside 49 62)
link 'n1->n2' distribution=none
narrow=$(outside 49 62)
[ "$wide" -gt 12 ] && [ $((2 * narrow)) -lt "$wide" ]
ok $? "is taken away: uniform jitter again, although the kernel keeps the table"
diag "more than the jitter off: normal $wide %, uniform $narrow %"
link 'n1->n2' jitter=none

# What netem holds already.
link n1-n2 delay=600ms
: >"$WORK/numbers"
node n2 -- perl -e "$receive_udp" $PORT >"$WORK/numbers" &
receiver=$!
wait_for 10 grep -q ready "$WORK/numbers"
node n1 -- perl -e "$send_udp" 10.64.0.2 $PORT 1 30 100 &
sender=$!
wait_for 5 sh -c "nsenter -t $(pid_of lab) -n tc -s qdisc show dev p1 | grep -q 'backlog.* [1-9][0-9]*p'"
link n1-n2 delay=1ms
wait $sender $receiver
is "$(grep -v ready "$WORK/numbers" | tr '\n' ' ')" "$(seq -s ' ' 0 29) " \
    "queued packets survive a change to a shorter delay, in order"

link n1-n2 down
is "$(node n1 -- ping -c 3 -i 0.05 -W 1 n2 | grep -c 'bytes from')" 0 "down"
link n1-n2 up
within "$(median_rtt n1 n2)" 1500 3500 "up, with the delay that it had"

# Wires without a qdisc.
link n1-n3 delay=15ms
is "$STATUS" 0 "a bare link"
diag "$ERR"
within "$(median_rtt n1 10.64.0.6)" 29500 31500 "has the delay"
link lan0 delay=5ms
is "$STATUS" 0 "a bare LAN"
diag "$ERR"
within "$(median_rtt n3 10.128.0.2)" 19500 22000 "up and down, there and back"

# Wire packets: the sender's offloads.
offload() { node "$1" -- ethtool -k "$2" | awk '/^tcp-segmentation-offload/ {print $2}'; }
is "$(offload n1 eth1)" on "a wire with delay alone carries super-packets"
link 'n1->n3' loss=1%
is "$(offload n1 eth1)" off "one that comes to have loss does not"
"$WANLAB" restart dl n1
is "$(offload n1 eth1)" off "nor after a restart"
within "$(median_rtt n1 10.64.0.6)" 29500 31500 "a restarted node has the present delay"

# Bad input.
before=$("$WANLAB" link dl)
link n1-n2 rate=1mbit queue=10KiB
is "$STATUS" 2 "what netem lacks is refused"
like "$ERR" "netem cannot limit a queue by bytes, expected engine delayline" "with the remedy"
is "$("$WANLAB" link dl)" "$before" "and nothing has changed"
# One of several fails: the others are put back.
nsenter -t "$(pid_of lab)" -n ip link delete p0 2>/dev/null
link n1-n2 n1-n3 delay=77ms
is "$STATUS" 1 "a wire whose port is gone"
like "$ERR" "wire 'n2->n1'" "is named"
[[ $(qdisc p3) =~ 'delay 15' ]]
ok $? "the others are as they were"
diag "$ERR $(qdisc p3)"
lab_down

printf 'name: dl\nengine: netem\nnodes: {hub: {}, n: {count: 25}}\nwan: {members: [n1, n2, n3], delay: 5ms}\nlinks:\n' >"$WORK/dl.yaml"
for i in $(seq 25); do echo "  - {ends: [hub, n$i], delay: 5ms}"; done >>"$WORK/dl.yaml"
lab_up
link hub delay=9ms --json
is "$(jq .change.count <<<"$OUT")" 50 "fifty wires in one batch"
within "$(jq '.change.skew_s * 1e3' <<<"$OUT")" 0 200 "within a stated time"
diag "$(jq '.change.skew_s * 1e3' <<<"$OUT") ms from first to last, in User-Mode Linux"
is "$(nsenter -t "$(pid_of lab)" -n tc qdisc show | grep -cE 'delay 9(\.0)?ms')" 50 "all of them"
link n1-n2 delay=8ms loss=0.1%
is "$(nsenter -t "$(pid_of lab)" -n tc qdisc show | grep -cE 'parent 1:[0-9]+ .*delay 8(\.0)?ms loss 0.1%')" 2 "two wires of a wan"
within "$(median_rtt n1 10.0.0.2)" 15500 17500 "have the delay"
within "$(median_rtt n1 10.0.0.3)" 9500 11500 "and the third has not"
lab_down
nothing_left "nothing is left"
done_testing
