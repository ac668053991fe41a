#!/bin/bash
# SPDX-License-Identifier: MIT
# Anyone's program as a workload: what its folder may say, what the program gets, what comes out. On every kind of node
# that can be had here.
#
#   n1, n2, n3: a wan of 10 ms
. "$(dirname "$0")/../lib/tap.sh"
cd "$WORK" || exit 1
export WANLAB_CACHE_ROOT=$WORK/cache
kinds=$KINDS
command -v linux.uml >/dev/null && kinds="$kinds uml"

# workload NAME: a folder with the workload.yaml that comes in, and a scenario beside it.
workload() {
    mkdir -p "$1"
    cat >"$1/workload.yaml"
    printf 'nodes: {n: {count: 3}}\nwan: {members: [n], delay: 5ms}\nworkload: {./%s: {}}\n' "$1" >"$1.yaml"
}

# --- the smallest one: a command, and nothing else

workload hello <<'Y'
run: echo "I am $WANLAB_NODE of $WANLAB_COUNT"
Y
run "$WANLAB" run hello.yaml -o hello-out
is "$STATUS" 0 "a workload is a line of yaml"
diag "$ERR"
like "$(cat hello-out/logs/n2.hello.log)" "^[0-9]+\.[0-9]{6} I am n2 of 3$" "its log has the run's time"
sed 's|\./hello|hello|' hello.yaml >by-name.yaml
run env WANLAB_WORKLOADS="$WORK" "$WANLAB" check by-name.yaml
is "$STATUS" 0 "by its name, too"

# --- services, barrier, metrics, files, a check that sees all of them: a quorum over TCP

workload quorum <<'Y'
parameters: {rounds: {type: integer, default: 20}}
services:
  - {name: server, command: [./server], ready: {port: 7000}, nodes: n}
  - name: helper
    command: exec sleep 1000
    ready: {command: 'test -e ../scratch/again || { touch ../scratch/again; false; }'}
    nodes: n2
run: {command: ./client, nodes: [n1, n3], timeout: 60s}
collect: ['*.jsonl', no-such-file]
check: {command: [./check], on: host}
Y
cat >quorum/server <<'P'
#!/usr/bin/perl
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalAddr => $ENV{WANLAB_NODE}, LocalPort => 7000, Listen => 99, ReuseAddr => 1) or die "$@";
while (my $client = $listener->accept) {
    next if fork;
    while (<$client>) { print $client "$ENV{WANLAB_NODE} has $_" }
    exit;
}
P
cat >quorum/client <<'P'
#!/usr/bin/perl
use IO::Socket::INET; use Time::HiRes "time";
$| = 1;
open my $out, ">>", $ENV{WANLAB_OUTPUT} or die; $out->autoflush;
open my $history, ">", "$ENV{WANLAB_DIR}/history.jsonl" or die;
my $server = IO::Socket::INET->new("n2:7000") or die "$@";
sleep 1 if $ENV{WANLAB_NODE} eq "n3";
print $out "{\"barrier\": \"start\"}\n";
my $go = <STDIN>;
print "released by $go";
for my $i (1 .. $ENV{WANLAB_PARAM_ROUNDS}) {
    my $begin = time;
    print $server "$i\n"; my $answer = <$server>;
    my $end = time;
    printf $out "{\"metric\": \"round\", \"value\": %.6f, \"unit\": \"s\"}\n", $end - $begin;
    printf $history "{\"process\": \"$ENV{WANLAB_NODE}\", \"op\": \"write\", \"value\": $i, \"result\": \"ok\"}\n";
}
print $out "{\"metric\": \"rounds\", \"value\": $ENV{WANLAB_PARAM_ROUNDS}}\n";
P
cat >quorum/check <<'P'
#!/bin/sh
cd "$WANLAB_RESULTS" || exit 1
count=$(cat files/*/history.jsonl | wc -l)
[ "$(cat nodes/n1.jsonl nodes/n3.jsonl | grep -c '"round"')" = "$count" ] || { echo "the reports are not all there"; exit 1; }
[ "$count" = $((2 * WANLAB_PARAM_ROUNDS)) ] || { echo "the histories have $count operations"; exit 1; }
echo "{\"metric\": \"operations\", \"value\": $count}" >>"$WANLAB_OUTPUT"
P
chmod +x quorum/server quorum/client quorum/check
for kind in $kinds; do
    [ $kind = container ] && keys="kind: container, root: host" || keys="kind: $kind"
    sed "s/count: 3/count: 3, $keys/" quorum.yaml >quorum-$kind.yaml
    run "$WANLAB" run quorum-$kind.yaml -o quorum-$kind --set workload.quorum.rounds=10
    is "$STATUS" 0 "$kind: a quorum of servers and clients"
    diag "$ERR"
    like "$ERR" "service +server on 3 nodes, ready.*service +helper on 1 node, ready.*collect +2 files" \
        "$kind: services by port and command, files of those that have some"
    is "$(ls quorum-$kind/logs | grep -v console | xargs)" \
        "check.log n1.quorum.log n1.server.log n2.helper.log n2.server.log n3.quorum.log n3.server.log" \
        "$kind: programs run where they are asked to"
    is "$(wc -l <quorum-$kind/files/n3/history.jsonl)" 10 "$kind: the files are whole"
    is "$(grep -c '"event":"barrier","name":"start"' quorum-$kind/events.jsonl)" 1 "$kind: one barrier"
    is "$(sed -n 's/.*"at"://p' quorum-$kind/logs/n[13].quorum.log | uniq | wc -l)" 1 \
        "$kind: which let both go at one time"
    like "$OUT" "node +region +round p50 +round p99 +rounds +operations" "$kind: metrics need no declaration"
    is "$(jq -c '.scenario.workload.units | .round, .rounds' quorum-$kind/run.json | xargs)" "s " "$kind: they have their units"
    is "$(grep -c '^n3,round,' quorum-$kind/samples.csv)" 10 "$kind: each sample is kept"
    is "$(awk -F, '$2 == "round" && $5 < 0.01' quorum-$kind/samples.csv)" "" "$kind: none faster than the wire"
done

run "$WANLAB" sweep quorum.yaml -o sweep --set sweep.rounds='[2, 4]' --set repeat=1 --set warmup=0
is "$STATUS" 0 "a sweep of it"
is "$(cut -d, -f1 sweep/sweep.csv | xargs)" "workload.quorum.rounds 2 4" "over a parameter of its own"

# --- the other kinds of readiness, and a check in the first node

workload ready <<'Y'
services:
  - {name: talker, command: 'sleep 0.2; echo up and running; exec sleep 100', ready: {log: up and}}
  - {name: dgram, command: [perl, -MIO::Socket::INET, -e, '$s = IO::Socket::INET->new(Proto => "udp", LocalPort => 99) or die; sleep 100'], ready: {port: 99/udp}}
  - {name: silent, command: [sleep, '100']}
run: 'echo "{\"metric\": \"a\", \"value\": 1}" >&3; echo "{\"metric\": \"b_s\", \"value\": 2, \"unit\": \"s\"}" >>$WANLAB_OUTPUT'
check: 'test $WANLAB_NODE = n1 && grep -q :0063 /proc/net/udp'
Y
run "$WANLAB" run ready.yaml -o ready-out
is "$STATUS" 0 "ready by a line of its log, by a UDP port, at once"
diag "$ERR"

# --- a node that dies and comes back: its service is awaited, and so is its program at the next barrier

workload again <<'Y'
services:
  - {name: server, command: [perl, -MIO::Socket::INET, -e, 'sleep 1; IO::Socket::INET->new(LocalPort => 7000, Listen => 9)->accept'], ready: {port: 7000}}
begins: start
run: 'echo "{\"barrier\": \"start\"}" >&3; read go; sleep 2; echo "{\"barrier\": \"end\"}" >&3; read go; echo "life $WANLAB_RESTARTS, $go"'
Y
echo 'events: [{at: 200ms, kill: n2}, {at: 500ms, restart: n2}, {at: 1s, kill: n3}]' >>again.yaml
run "$WANLAB" run again.yaml -o again-out
is "$STATUS" 0 "nodes are killed, one is booted again"
diag "$ERR"
like "$(cat again-out/logs/n1.again.log again-out/logs/n2.again.2.log)" 'life 0, \{"barrier":"end".*life 1, \{"barrier":"end"' \
    "the others wait for the one that is back, and not for the one that is gone"
is "$(cat again-out/logs/n3.again.log)" "" "which says nothing any more"
is "$(jq -s 'first(.[] | select(.event == "zero")).took_effect - first(.[] | select(.event == "barrier")).at | fabs < 0.05' \
    again-out/events.jsonl)" true "the events' times count from the barrier"

nothing_left "nothing is left"
done_testing
