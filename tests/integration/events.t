#!/bin/bash
# SPDX-License-Identifier: MIT
# Events: a schedule that a run carries out, the same once more from its events.jsonl, and events by hand.
#
#   wan: db1, db2, db3 (5 ms)
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/events.sh"
. "$TOP/tests/lib/wire.sh"
export WANLAB_WORKLOADS=$WORK/workloads
mkdir -p "$WORK/workloads/beat"
cat >"$WORK/workloads/beat/workload.yaml" <<'Y'
name: beat
summary: db1 and db3 ping db2 all the time
parameters:
  duration: {type: time, default: 3s}
run: [./beat]
begins: go
Y
cat >"$WORK/workloads/beat/beat" <<'S'
#!/bin/bash
echo '{"phase": "go"}' >$WANLAB_OUTPUT
echo "restarts $WANLAB_RESTARTS"
peer=db2
[ $WANLAB_NODE = db2 ] && peer=db1
ping -n -D -i 0.02 -w "${WANLAB_PARAM_DURATION%.*}" $peer || [ $? = 1 ]
S
chmod +x "$WORK/workloads/beat/beat"
cat >"$WORK/run.yaml" <<'Y'
name: faults
engine: delayline
nodes: {db: {count: 3}}
wan: {members: [db], delay: 5ms}
workload: {beat: {duration: 3s}}
events:
  - {at: 500ms, for: 700ms, partition: [[db1], [db2, db3]], name: split}
  - {at: 800ms, link: {ends: [db1, db2], delay: 20ms}}
  - {at: 1400ms, for: 400ms, pause: db3}
  - {at: 1900ms, kill: db2}
  - {at: 2200ms, restart: db2}
  - {at: 1300ms, for: 1100ms, fill: db1}
  - {at: 1600ms, command: 'for i in $(seq 20); do echo x >/run/wanlab/scratch/x || break; sleep 0.03; done; df --output=avail /run/wanlab/scratch', nodes: db1}
  - {at: 2500ms, command: 'echo $((6 * 7)) in $(hostname)', nodes: db3}
Y

run "$WANLAB" check "$WORK/run.yaml"
is "$STATUS" 0 "check takes it"
diag "$ERR"
is "$(sed 1d <<<"$OUT" | awk '{print $1, $2}' | xargs)" \
    "500ms partition 800ms link 1.2s heal 1.3s command 1.4s pause 1.6s command 1.8s resume 1.9s kill 2.2s restart 2.4s command 2.5s command" \
    "and prints the schedule"
like "$("$WANLAB" plan "$WORK/run.yaml")" "# event +1\.2s +heal +split" "so does plan"
run "$WANLAB" check "$WORK/run.yaml" --set workload.beat.duration=2s
is "$STATUS" 2 "an event behind the end of the workload is refused"
like "$ERR" "run.yaml:14:5: a command at 2.5s, but the workload lasts 2s" "with its place"

run "$WANLAB" run "$WORK/run.yaml" -q -o "$WORK/one"
[ "$STATUS" != 3 ] || skip_all "$ERR"
is "$STATUS" 0 "the run ends well, though a node was killed in it"
diag "$ERR"
is "$(of_events "$WORK/one" '"\(.event) \(.result)"' | xargs)" \
    "partition ok link ok heal ok command started pause ok command started resume ok kill ok restart ok command started command started" \
    "events.jsonl has all of them, with what came of it"
diag "$(of_events "$WORK/one" '"\(.event) \(.late_s * 1e3) ms late, skew \(.skew_s // 0 | . * 1e6) us"')"
is "$(of_events "$WORK/one" 'select(.event == "partition" or .event == "heal" or .event == "link") |
    .skew_s >= 0 and .skew_s < 0.001 and .late_s > -0.001 and .late_s < 0.5 and .wires > 0' | sort -u)" true \
    "changes of wires are one instant, near the planned one"
like "$(cat "$WORK/one/logs/db3.event-11.log")" " 42 in db3" "a command ran where it was to"
is "$(tail -n 1 "$WORK/one/logs/db1.event-6.log" | awk '{print $2}')" 0 "a full disk"

# What the nodes saw: seconds since the zero, and round trips in ms.
zero=$(jq -r --slurpfile run "$WORK/one/run.json" \
    'select(.event == "zero") | .took_effect + $run[0].start_unix_ns / 1e9' "$WORK/one/events.jsonl")
seen() { # seen LOG: "TIME RTT" of each answer
    sed -nE 's/^[0-9.]+ \[([0-9.]+)\] .* time=([0-9.]+) ms/\1 \2/p' "$WORK/one/logs/$1" |
        awk -v zero="$zero" '{printf "%.3f %.3f\n", $1 - zero, $2}'
}
gap() { # gap LOG FROM TO: the longest time without an answer that begins there
    seen "$1" | awk -v from="$2" -v to="$3" '
        last > from && last < to && $1 - last > most {most = $1 - last}
        {last = $1}
        END {print most}'
}
within "$(gap db1.beat.log 0.2 1)" 0.6 0.9 "the partition lasts from its cut to its healing"
within "$(gap db3.beat.log 0.2 1)" 0 0.4 "and is not felt on the other side"
within "$(seen db1.beat.log | awk '$1 < 0.5 {print $2}' | sort -n | head -1)" 10 12 "the wire as the file asks"
within "$(seen db1.beat.log | awk '$1 > 1.25 && $1 < 1.85 {print $2}' | sort -n | head -1)" 40 42 \
    "healed it is what it was changed to meanwhile"
within "$(gap db3.beat.log 1.2 1.6)" 0.3 0.8 "a pause"
within "$(gap db1.beat.log 1.7 2.1)" 0.25 1.5 "a power failure and the way back"
is "$(cat "$WORK"/one/logs/db2.beat.log "$WORK"/one/logs/db2.beat.2.log | grep -o 'restarts.*' | xargs)" "restarts 0 restarts 1" \
    "the restarted node runs the workload again"
is "$(jq -r '.reasons[]' "$WORK/one/fidelity.json" | grep -E 'chance|dropped|echoes|changed')" "" \
    "what was asked for is no reason for a doubt"

is "$(grep -o 'id="events"' "$WORK/one/report.html")" 'id="events"' "the report has a table of them"

# The same events once more.
run "$WANLAB" run "$WORK/run.yaml" -q -o "$WORK/two" --events "$WORK/one/events.jsonl"
is "$STATUS" 0 "a run with the events of the one before"
diag "$ERR"
is "$(of_events "$WORK/two" '[.asked, .planned, .result]')" "$(of_events "$WORK/one" '[.asked, .planned, .result]')" \
    "does the same at the same times"
run "$WANLAB" run "$WORK/run.yaml" -q -o "$WORK/three" --set workload.beat.duration=1s \
    --set 'events=[{at: 900ms, for: 1ms, kill: db1}, {when: {log: "icmp_seq=10 ", nodes: db2}, after: 100ms, kill: it}, {at: 500ms, partition: one, of: [db1, db3]}]'
is "$STATUS" 0 "a node may stay dead, and a partition until the end"
diag "$ERR"
is "$(of_events "$WORK/three" 'select(.event == "kill" and .asked.kill[0] != "db1") | .asked.kill[0], .planned > 0.25 and .planned < 2' | xargs)" "db2 true" \
    "an event that waits for a line of a log is about who wrote it"
is "$(of_events "$WORK/three" 'select(.event == "restart") | .result' | xargs)" ok \
    "a restart right behind a kill waits for the death"
is "$(jq -r 'select(.event == "healed-at-end") | .why' "$WORK/three/events.jsonl")" "the workload has ended" \
    "which heals it"

# By hand. Half of a wan of fifteen is 56 pairs; and a LAN.
cat >"$WORK/dl.yaml" <<'Y'
name: dl
engine: delayline
nodes: {n: {count: 15}}
wan: {members: [n], delay: 5ms}
networks: {lan0: {members: [n1, n2, n3, n4]}}
Y
lab_up
event() { run "$WANLAB" event dl "$@"; }
lost() { # lost NODE ADDRESS: of 10 pings, in percent
    node "$1" -- ping -q -c 10 -i 0.01 -W 0.3 "$2" | sed -nE 's/.* ([0-9]+)% packet loss.*/\1/p'
}
for i in $(seq 20); do
    "$WANLAB" event dl '{partition: [[n1, n2, n3, n4, n5, n6, n7], [n8, n9, n10, n11, n12, n13, n14, n15]], for: 1ms}' --json |
        jq '.events[] | if .count == 112 then .skew_s * 1e6 else 1e9 end'
done | sort -g >"$WORK/skews"
diag "112 wires of 56 links cut or healed within $(sed -n 20p "$WORK/skews") us in the median, $(tail -1 "$WORK/skews") us at most (40 events)"
within "$(sed -n 20p "$WORK/skews")" 0 1000 "an event over 56 links takes effect within 1 ms from first to last"
event '{partition: [[n1], [n2, n3, n4]], name: lan, direction: one-way}'
like "$OUT" "^partition lan \[\[\"n1\"\],\[\"n2\",\"n3\",\"n4\"\]\]: changed at .* all within [0-9.]+ us" "says when it took effect"
like "$("$WANLAB" status dl)" "partition 'lan'" "status knows"
is "$(lost n1 10.128.0.2)" 100 "a LAN loses a member"
"$WANLAB" link dl n1-lan0 up >/dev/null
is "$(lost n1 10.128.0.2)" 100 "which no change of its wire ends"
event '{heal: lan}'
is "$(lost n1 10.128.0.2)" 0 "but healing does"
event '{partition: [[n1, n2], [n3, n4]]}'
is "$STATUS" 0 "a LAN is split in two"
diag "$ERR"
is "$(lost n1 10.128.0.2) $(lost n1 10.128.0.3) $(lost n4 10.128.0.1) $(lost n4 10.128.0.3)" "0 100 100 0" \
    "within the halves everything arrives, between them nothing"
event '{partition: [[n1, n3], [n2, n4]], name: across}'
is "$(lost n1 10.128.0.2) $(lost n1 10.128.0.3)" "100 100" "two partitions at once"
event '{heal: across}'
is "$(lost n1 10.128.0.2) $(lost n1 10.128.0.3)" "0 100" "of which one is healed"
event '{heal: all}'
is "$(lost n1 10.128.0.2) $(lost n1 10.128.0.3) $(lost n1 n9)" "0 0 0" "and then all"
event '{at: 100ms, for: 200ms, flap: {wires: n1-n2, period: 100ms}}' --json
is "$(jq -c '[.events[] | .asked.link.down // false]' <<<"$OUT")" "[true,false,true,false]" "a link flaps"
event '{command: "echo in $(hostname)", nodes: [n1, n2]}'
is "$OUT" "in n1
in n2" "a command"
bad() { # bad REGEX EVENT
    event "$2"
    is "$STATUS" 2 "refused: $2"
    like "$ERR" "$1" "says why: $2"
}
bad "did you mean 'n1" '{pause: n16}'
bad "no partition to heal" '{heal: all}'
bad "no wire 'n1->lan1'|network 'lan1'" '{link: {ends: [n1, lan1], delay: 1ms}}'
bad "an event without an action" '{}'
lab_down
nothing_left "nothing is left"
done_testing
