#!/bin/bash
# SPDX-License-Identifier: MIT
# Events that change the clocks of nodes, and those that run a command on the host.
#
#   a (a process) -- b (a container, for root)
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/events.sh"
. "$TOP/tests/lib/wire.sh"
library=$(echo /usr/lib/*/faketime/libfaketimeMT.so.1)
[ -e "$library" ] || skip_all "needs $library (Debian package: libfaketime)"
export WANLAB_WORKLOADS=$WORK/workloads
workload() { # workload NAME COMMAND
    mkdir -p "$WORK/workloads/$1"
    printf 'name: %s\nsummary: x\nparameters:\n  duration: {type: time, default: 3s}\nrun: %s\n' "$1" "$2" \
        >"$WORK/workloads/$1/workload.yaml"
}
workload watch '[./watch]'
echo 'begins: go' >>"$WORK/workloads/watch/workload.yaml"
cat >"$WORK/workloads/watch/watch" <<'S'
#!/usr/bin/perl
# Wall clock and monotonic clock of this program, and the wall clock of one that has just begun.
use Time::HiRes qw(time sleep clock_gettime CLOCK_MONOTONIC);
$| = 1;
open(my $out, ">", $ENV{WANLAB_OUTPUT}) or die;
print {$out} qq({"phase": "go"}\n);
close($out);
my $begin = clock_gettime(CLOCK_MONOTONIC);
while ((my $now = clock_gettime(CLOCK_MONOTONIC)) < $begin + $ENV{WANLAB_PARAM_DURATION}) {
    printf "%.6f %.6f %s", time, $now, `date +%s.%N`;
    sleep 0.02;
}
S
chmod +x "$WORK/workloads/watch/watch"
cat >"$WORK/run.yaml" <<Y
name: clocks
engine: delayline
nodes: {a: , b: {$CONTAINER}}
links: [{ends: [a, b], delay: 1ms}]
workload: {watch: {duration: 3s}}
events:
  - {at: 500ms, for: 1s, clock: {nodes: a, step: -30s}}
  - {at: 500ms, for: 1500ms, clock: {nodes: b, drift: 10%}}
  - {at: 2500ms, clock: {nodes: b, reset}}
  - {at: 1s, host: 'echo "\$WANLAB_LAB \$(id -u) \$(pwd)"; sleep 3197 & ls "\$WANLAB_RESULTS"/events.jsonl'}
Y
run "$WANLAB" check "$WORK/run.yaml"
is "$STATUS$(sed 1d <<<"$OUT" | awk '{printf " %s %s", $1, $2}')" \
    "0 500ms clock 500ms clock 1s host 1.5s clock 2s clock 2.5s clock" "check prints the schedule"
diag "$ERR"
as=--map-root-user # what it takes to unshare something
[ "$(id -u)" != 0 ] || as=
hidden() { # hidden COMMAND…: without the library
    # shellcheck disable=SC2086 # an option or none
    run unshare $as --mount sh -c 'mount -t tmpfs none "$1" && shift && exec "$@"' sh "${library%/*}" "$@"
}
hidden "$WANLAB" run "$WORK/run.yaml" -q -o "$WORK/none"
is "$STATUS" 3 "without libfaketime nothing is started"
like "$ERR" "node 'a'.*Debian package: libfaketime" "and the package is named"

run "$WANLAB" run "$WORK/run.yaml" -q -o "$WORK/one"
[ "$STATUS" != 3 ] || skip_all "$ERR"
is "$STATUS" 0 "a run ends well, though clocks changed in it"
diag "$ERR"
is "$(of_events "$WORK/one" '"\(.event) \(.result)"' | xargs)" "clock ok clock ok host started clock ok clock ok clock ok" \
    "events.jsonl has what came of them"
is "$(of_events "$WORK/one" 'select(.event == "clock") | .late_s > -0.001 and .late_s < 1 and .skew_s < 0.1' | sort -u)" true \
    "and when it took effect"
diag "$(of_events "$WORK/one" '"\(.event) \(.late_s * 1e3) ms late"')"
took() { # took N: when the N-th event took effect, from 1
    of_events "$WORK/one" .took_effect | sed -n "$1p"
}
start=$(sed -nE 's/.*"start_unix_ns": ([0-9]+).*/\1/p' "$WORK/one/run.json")
off() { # off NODE COLUMN FROM TO: the most by which that column was ahead of the log's times between these
    awk -v column="$2" -v from="$3" -v to="$4" -v start="$start" '
        $1 > from + 0.1 && $1 < to - 0.1 {
            off = substr($column, 1, 10) - substr(start, 1, 10) + substr($column, 11) - substr(start, 11) / 1e9 - $1
            if (!n++ || off > most) most = off}
        END {print most}' "$WORK/one/logs/$1.watch.log"
}
within "$(off a 2 0 "$(took 1)")" -0.1 0.01 "before, the clock is the host's"
within "$(off a 2 "$(took 1)" "$(took 4)")" -30.1 -29.99 "a step back, seen by a program that runs"
within "$(off a 4 "$(took 1)" "$(took 4)")" -30.1 -29.99 "and by one that begins"
within "$(off a 2 "$(took 4)" 99)" -0.1 0.01 "and forth again"
is "$(awk 'last && ($3 < last || $3 > last + 2) {print} {last = $3}' "$WORK/one/logs/a.watch.log")" "" \
    "the monotonic clock takes no notice"
gained=$(jq -n "($(took 5) - $(took 2)) * 0.1")
within "$(jq -n "$(off b 2 "$(took 5)" "$(took 6)") - $gained")" -0.1 0.01 "a clock that runs fast by a tenth for 1.5 s: +$gained s"
within "$(jq -n "$(off b 4 "$(took 5)" "$(took 6)") - $gained")" -0.1 0.01 "for a program that has just begun alike"
within "$(off b 2 "$(took 6)" 99)" -0.1 0.01 "a reset"
is "$(sed 's/^[0-9.]* //' "$WORK/one/logs/host.event-3.log" | head -1)" "clocks $(id -u) $(realpath "$WORK")" \
    "a command on the host: whose it is, and where"
like "$(cat "$WORK/one/logs/host.event-3.log")" "/one.partial/events.jsonl" "with the results before its eyes"
is "$(pgrep -f '^sleep 3197$' -u "$(id -u)" | wc -l)" 0 "what it left behind has ended with the run"

run "$WANLAB" run "$WORK/run.yaml" -q -o "$WORK/two" --events "$WORK/one/events.jsonl"
is "$STATUS" 0 "the same events once more"
diag "$ERR"
is "$(of_events "$WORK/two" '[.asked, .planned, .result]')" "$(of_events "$WORK/one" '[.asked, .planned, .result]')" \
    "from the file"
run "$WANLAB" run "$WORK/run.yaml" -q -o "$WORK/bad" --set 'events=[{at: 100ms, host: "echo no such luck; exit 7"}]'
is "$STATUS" 1 "a command on the host that fails, fails the run"
like "$ERR" "the host: the command of an event ended with status 7; it said last: no such luck" "with its last words"

# The other way to have a clock of one's own: minutes since the boot and since 1970, plus a mark if they can be changed.
minutes='
    use Time::HiRes qw(time clock_gettime CLOCK_MONOTONIC);
    open(my $offsets, ">", "/proc/self/timens_offsets");
    print "changed " if syswrite($offsets, "monotonic 5 0");
    printf "%.0f %.0f", clock_gettime(CLOCK_MONOTONIC) / 60, time / 60'
if [ -e /proc/self/ns/time ]; then
    read -r monotonic real < <(perl -e "$minutes" 2>/dev/null)
    # shellcheck disable=SC2086
    run unshare $as --time --monotonic 600000 --fork perl -e "$minutes"
    like "$OUT" "^($((monotonic + 10000))|$((monotonic + 10001))) ($real|$((real + 1)))$" \
        "a time namespace shifts the monotonic clock alone, and once for all"
fi

# Programs that ask the kernel itself.
cat >"$WORK/static.yaml" <<'Y'
name: static
engine: delayline
nodes: {a: }
workload: {static: }
events: [{at: 200ms, clock: {nodes: a, step: 1s}}]
Y
busybox=$(command -v busybox)
workload static "[$busybox, sleep, '2']"
run "$WANLAB" run "$WORK/static.yaml" -q -o "$WORK/three"
is "$STATUS" 1 "a static program is refused"
like "$ERR" "node 'a': .*the program '$busybox' is linked statically.*libfaketime cannot change its clock" "by name"
workload static "[sh, -c, '$busybox sleep 2']"
run "$WANLAB" run "$WORK/static.yaml" -q -o "$WORK/four"
is "$STATUS" 1 "so is the event, where a program has started one"
like "$ERR" "static.yaml:5:10: the event 'clock': node 'a': the program 'busybox' is linked statically" "with its place"
run "$WANLAB" run "$WORK/static.yaml" -q -o "$WORK/five" --set 'events=[{at: 200ms, pause: a, for: 10ms}]'
is "$STATUS" 0 "where no event changes a clock, it may be"
diag "$ERR"

# By hand.
cat >"$WORK/dl.yaml" <<Y
name: dl
engine: delayline
nodes: {n: {count: 2}, c: {$CONTAINER}}
wan: {members: [n, c], delay: 1ms}
events: [{at: 0s, clock: {nodes: [n1, c], reset}}]
Y
lab_up
ahead() { # ahead NODE: its clock minus ours, in whole hours
    echo $((($(node "$1" -- date +%s) - $(date +%s) + 1800) / 3600))
}
run "$WANLAB" event dl '{clock: {nodes: [n1, c], step: 5h}}'
like "$STATUS$OUT" '^0clock .*n1.*: changed at' "an event by hand"
is "$(ahead n1) $(ahead c) $(ahead n2)" "5 5 0" "changes the clocks of the nodes that it names"
run "$WANLAB" event dl '{clock: {nodes: n2, step: 1s}}'
is "$STATUS" 2 "a node whose programs were started without the library"
like "$ERR" "node 'n2': its programs see the host's clock" "is refused"
run "$WANLAB" event dl '{host: date}'
like "$STATUS$ERR" "^2.*'host' is for a run's events" "and so is a command on the host"
"$WANLAB" restart dl n1
is "$(ahead n1) $(ahead c)" "0 5" "a restarted node has the host's time"
lab_down
nothing_left "nothing is left"
done_testing
