#!/bin/bash
# SPDX-License-Identifier: MIT
# The verdict: what it is made of, and that each of its reasons is given when there is cause, and not
# when there is none.
#
#   a ---- b, with a workload that does what its parameter says
. "$(dirname "$0")/../lib/tap.sh"

mkdir -p "$WORK/workloads/act"
export WANLAB_WORKLOADS=$WORK/workloads
cat >"$WORK/workloads/act/workload.yaml" <<'Y'
name: act
summary: keeps quiet, sends a burst of datagrams, or keeps the processors busy
parameters:
  with: {type: choice, values: [rest, wait, burst, held, spin], default: rest}
run: [./act]
Y
cat >"$WORK/workloads/act/act" <<'S'
#!/bin/bash
[ $WANLAB_NODE = a ] || exit 0
burst() { # burst COUNT
    perl -e 'use Socket; socket(my $s, AF_INET, SOCK_DGRAM, 0); for (1 .. shift) {
        send($s, "x" x 1000, 0, pack_sockaddr_in(9, inet_aton("10.64.0.2")))}' "$1"
}
await() { until [ -e "$WANLAB_DIR/$1" ]; do sleep 0.1; done; }
case $WANLAB_PARAM_WITH in
rest)
    perl -e 'use Socket; my $me = pack_sockaddr_in(7, inet_aton("127.0.0.1")); # which nobody reads
        socket(my $s, AF_INET, SOCK_DGRAM, 0); bind($s, $me) or die; send($s, "x" x 1000, 0, $me) for 1 .. 2000'
    sleep 4
    ;;
wait) touch $WANLAB_DIR/there; await go; sleep 4 ;;
burst) burst 1000; sleep 1 ;;
held) touch $WANLAB_DIR/there; await go; burst 8000; touch $WANLAB_DIR/sent; await end; sleep 2 ;;
spin) for i in $(seq $(nproc) | sed p); do timeout 2 perl -e '1 while 1' & done; wait ;;
esac
exit 0
S
chmod +x "$WORK/workloads/act/act"
lab() { # lab LINK: the scenario file
    printf 'name: v\nengine: delayline\nnodes: {a: , b: }\nlinks: [{ends: [a, b], %s}]\nworkload: {act: {}}\n' \
        "$1" >"$WORK/lab.yaml"
}
act() { # act RESULTS OPTION…
    local results=$1
    shift
    run timeout 100 "$WANLAB" run "$WORK/lab.yaml" -o "$WORK/$results" "$@"
    [ "$STATUS" = 0 ] || diag "$ERR"
    diag "$results: $(reasons "$results")"
}
fidelity() { jq -r "$2" "$WORK/$1/fidelity.json" | xargs; } # fidelity RESULTS FILTER
reasons() { jq -r '.reasons[]' "$WORK/$1/run.json"; }

# At rest (but for a program that floods its own socket): everything is there, nothing is wrong with the network. (This machine may be busy with
# other things, or its own host; then lateness or steal is a reason, and a true one.)
lab 'delay: 5ms'
act rest
is "$STATUS" 0 "a run at rest"
is "$(reasons rest | grep -v 'packets left more than\|round trips took\|this machine itself runs on')" "" "has no reason to be doubted"
is "$(fidelity rest '.lateness | .p50_s > 0 and .p99_s >= .p50_s and .p999_s >= .p99_s and .max_s >= .p999_s')" true \
    "fidelity.json has the lateness: 50, 99, 99.9 %, largest"
is "$(fidelity rest "([.lateness.buckets_ns[][1]] | add) == .lateness.packets")" true \
    "and its histogram"
is "$(fidelity rest '.wires[] | .name, (.delay_achieved_s > .delay_s)')" "a->b true b->a true" \
    "asked and achieved delay of each wire"
is "$(fidelity rest '.during[] | .a, .b, .lost, (.sent >= 5 and .sent <= 25)')" "a b 0 true b a 0 true" \
    "a few echoes a second went on while it ran"
is "$(fidelity rest '.host | .busy >= 0, .steal >= 0, has("pressure"), (.seconds > 3.9), .slept_s < 0.1')" \
    "true true true true true" "and the machine was watched"
is "$(fidelity rest '.unasked_drops | add')" 0 "no packet was dropped unasked"
is "$(jq '.nodes[0].overflows.udp_receive > 100, .nodes[1].overflows.udp_receive == 0' "$WORK/rest/run.json" | xargs)" "true true" \
    "a socket that nobody reads is told: it is its program's doing, and no reason for doubt"
is "$(fidelity rest '.limits.lateness_p99_s')" 0.0005 "beside the limits"

# Limits of the file.
act strict --set verdict.lateness_p99=100ns
like "$(reasons strict)" "1 % of the packets left more than [0-9]+ us late \(limit 0\.1 us\)" "a stricter limit of lateness is one more reason"
is "$(jq -r .verdict "$WORK/strict/run.json")" broken "where half of them do so ten times later the verdict is 'broken'"
like "$OUT" "verdict: broken" "printed too"

# A busy machine is no error of the network, unless the file says so.
act spin --set workload.act.with=spin
like "$(fidelity spin .host.pressure)" '^(0\.[3-9]|1$|1\.)' "a workload that wants more processors than there are shows as pressure"
[[ $(reasons spin) != *waited\ for\ a\ processor* ]] || [[ $(reasons spin) == *"us late"* ]]
ok $? "which alone is no reason for doubt"
act pressed --set workload.act.with=spin --set verdict.pressure=10%
like "$(reasons pressed)" "something waited for a processor [0-9]+ % of the time \(limit 10 %\)" "but can be made one"

# Drops: the delay line is held still, and what comes meanwhile is more than its TAP can keep.
lab 'delay: 5ms'
there() { "$WANLAB" exec v a -- test -e "/run/wanlab/scratch/$1" 2>/dev/null; }
tell() { "$WANLAB" exec v a -- touch "/run/wanlab/scratch/$1"; }
held() { # held RESULTS OPTION…
    act "$@" --set workload.act.with=held --set verdict.lateness_p99=1h &
    local run=$! wire
    wait_for 30 there there
    wire=$(pid_of wire)
    kill -STOP "$wire"
    tell go
    wait_for 30 there sent
    kill -CONT "$wire"
    tell end
    wait $run
}
held full
like "$(reasons full)" "[0-9]+ of [0-9]+ packets were dropped that the file did not ask to drop: [0-9]+ came faster than the delay line could take them" \
    "packets that the delay line could not take are counted and told"
is "$(jq -r .verdict "$WORK/full/run.json")" broken "so many make the run worthless"
is "$(fidelity full '.unasked_drops.tap > 1000')" true "fidelity.json has them by cause"
held allowed --set verdict.drops=95%
[[ $(reasons allowed) != *dropped* ]]
ok $? "unless the file allows for them"
lab 'delay: 5ms, rate: 1mbit'
act rate --set workload.act.with=burst
is "$(fidelity rate '.wires[0].queue_drops > 100')" true "the queue in front of a rate runs over as well"
[[ $(reasons rate) != *dropped* && $(reasons rate) != *"round trips took"* ]]
ok $? "which is what a queue is for: no reason for doubt"
lab 'delay: 5ms, loss: 50%'
act loss --set workload.act.with=burst
is "$(fidelity loss '.wires[0] | .lost > 50, .loss_achieved > 0.3')" "true true" "a wire loses half of the packets"
[[ $(reasons loss) != *dropped* && $(reasons loss) != *lost* ]]
ok $? "as it was asked to"

# A wire that somebody changes behind the run's back, after it has been measured.
lab 'delay: 5ms'
act meddled --set verdict.lateness_p99=1s --set workload.act.with=wait &
meddler=$!
wait_for 30 there there
enter "$(pid_of wire)" -n tc qdisc add dev p1 root tbf rate 2kbit burst 200 latency 20s
ok $? "(a wire is slowed down by hand)"
tell go
wait $meddler
like "$(reasons meddled)" "while the workload ran round trips took [0-9.]+ ms more than asked in the median \(limit 1.000 ms\)" \
    "the echoes of the run notice"
is "$(jq -r .verdict "$WORK/meddled/run.json")" doubtful "and the run is doubtful"

# A wire that somebody changes the right way: the run knows.
act changed --set verdict.lateness_p99=1s --set workload.act.with=wait &
changer=$!
wait_for 30 there there
"$WANLAB" link v a-b delay=25ms >/dev/null
ok $? "(a wire is changed while the run waits)"
tell go
wait $changer
like "$(reasons changed)" "wires were changed 1 time while it ran" "the run says so"
[[ $(reasons changed) != *"round trips took"* ]]
ok $? "and does not hold the echoes against what the file asks"
is "$(jq -r .verdict "$WORK/changed/run.json")" doubtful "it is doubtful"
is "$(jq -c 'select(.event == "link") | [.what, .wires, .count, .took_effect > 0, .took_effect <= .at]' "$WORK/changed/events.jsonl")" \
    '["a-b delay=25ms",["a->b","b->a"],2,true,true]' "events.jsonl has the change"
is "$(fidelity changed '.wires[0].delay_s')" 0.025 "fidelity.json has what was asked at the end"

nothing_left "nothing is left"
done_testing
