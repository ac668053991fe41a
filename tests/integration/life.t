#!/bin/bash
# SPDX-License-Identifier: MIT
# What happens to nodes while their lab runs: pause, resume, kill, restart; for both kinds that share
# this kernel. What a's neighbours notice is judged from them.
#
#   a ---- 10 ms ---- b      lan0: a, c      wan: a, d (5 ms)
. "$(dirname "$0")/../lib/tap.sh"

node() { # node NODE COMMAND…: in lab one
    local name=$1
    shift
    run "$WANLAB" exec one "$name" -- "$@"
}
state() { "$WANLAB" status one --json | jq -r ".nodes[] | select(.name == \"$1\").state"; }
has_died() { [ "$(state a)" = dead ]; }
# rtt NODE ADDRESS: the least of 20, in whole ms
rtt() {
    node "$1" ping -n -c 20 -i 0.02 -W 1 "$2"
    sed -nE 's|^rtt min/avg/max/mdev = ([0-9]+).*|\1|p' <<<"$OUT"
}
supervisor_fds() { ls "/proc/$(pid_of lab)/fd" | wc -l; }
zombies() {
    ps -e -o ppid=,stat=,pid=,comm= | awk -v p="$(pid_of lab)" '$1 == p && $2 ~ /^Z/'
}
wires_work() { # wires_work WHEN
    is "$(rtt b 10.64.0.1)" 20 "$1: the link has its 20 ms"
    is "$(rtt c 10.128.0.1)" 0 "$1: the LAN has none"
    is "$(rtt d 10.0.0.1)" 10 "$1: the wan has its 10 ms"
    node b ping -6 -n -c 1 -W 1 fd77:6c61:6201::1
    is "$STATUS" 0 "$1: so has IPv6"
    node a ping -n -c 1 -W 1 10.0.0.2
    is "$STATUS" 0 "$1: and in the other direction"
}

# A server in a that holds its connection open, and a client in b that tells what it reads.
cat >"$WORK/server.pl" <<'P'
use IO::Socket::INET; $| = 1;
my $s = IO::Socket::INET->new(Listen => 5, LocalPort => 7000, ReuseAddr => 1) or die $!;
print "listening\n";
my @held; while (my $c = $s->accept) {syswrite $c, "hello\n"; push @held, $c}
P
cat >"$WORK/client.pl" <<'P'
use IO::Socket::INET; $| = 1;
my $c = IO::Socket::INET->new(PeerAddr => "10.64.0.1:7000", Timeout => 5) or die "no connection: $!";
sub get {my $r = ""; vec($r, fileno $c, 1) = 1;
    return "timeout" unless select($r, undef, undef, $_[0]);
    my $n = sysread $c, my $b, 100; return defined $n ? $n ? $b : "FIN" : "error $!"}
print "read: ", get(5); print "ready\n";
while (<STDIN>) {
    if (/read/) {print "read: ", get(1), "\n"}
    if (/write/) {local $SIG{PIPE} = "IGNORE"; syswrite $c, "x"; print "read: ", get(5), "\n"}
}
P

for kind in $KINDS; do
if [ $kind = container ] && ! command -v crun >/dev/null; then
    diag "no crun: no containers"
    continue
fi
cat >"$WORK/lab.yaml" <<Y
nodes: {a: {kind: $kind}, b: {}, c: {}, d: {}}
links: [{ends: [a, b], delay: 10ms}]
networks: {lan0: {members: [a, c]}}
wan: {members: [a, d], delay: 5ms}
Y
"$WANLAB" up "$WORK/lab.yaml" --name one >/dev/null
wires_work "$kind, at first"
node a sh -c 'echo kept >/run/wanlab/scratch/f; echo gone >/tmp/f; echo gone >/run/f'

# Pause.
"$WANLAB" exec one a -- perl -e '$| = 1; while (1) {print "tick\n"; select undef, undef, undef, 0.02}' >"$WORK/ticks.log" &
ticker=$!
wait_for 5 grep -q tick "$WORK/ticks.log"
"$WANLAB" exec one a -- sh -c 'echo; while :; do sh -c "sleep 0.01"; done' >"$WORK/forker.log" & # forks all the time
forker=$!
wait_for 5 test -s "$WORK/forker.log"
run "$WANLAB" pause one a
is "$STATUS" 0 "$kind: pause"
before=$(wc -l <"$WORK/ticks.log")
sleep 0.3
is "$(wc -l <"$WORK/ticks.log")" "$before" "$kind: no program goes on"
is "$(state a)" paused "$kind: status says so"
for pid in $(lab_processes); do
    [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") =~ ^(perl|sh|sleep) ]] && awk '{sub(/.*\) /, ""); print $1}' "/proc/$pid/stat"
done >"$WORK/states" 2>/dev/null # D: a shell within vfork(), until its child, which is stopped, goes on
is "$(sort -u "$WORK/states" | grep -v D)" T "$kind: nor one that was just being forked"
node a true
is "$STATUS" 1 "$kind: nothing can be run in it"
like "$ERR" "node 'a' is paused" "$kind: and it is said why"
run "$WANLAB" pause one a
is "$STATUS" 0 "$kind: paused twice is paused"
run "$WANLAB" resume one a
is "$STATUS" 0 "$kind: resume"
grew() { [ "$(wc -l <"$WORK/ticks.log")" -gt "$before" ]; }
wait_for 5 grew
ok $? "$kind: it goes on"
is "$(state a)" running "$kind: status says that too"

# Kill.
"$WANLAB" exec one a -- perl -e "$(cat "$WORK/server.pl")" >"$WORK/server.log" 2>&1 &
server=$!
wait_for 5 grep -qs listening "$WORK/server.log"
mkfifo "$WORK/to-client"
"$WANLAB" exec one b -- perl -e "$(cat "$WORK/client.pl")" <"$WORK/to-client" >"$WORK/client.log" 2>&1 &
client=$!
exec 8>"$WORK/to-client"
wait_for 5 grep -q ready "$WORK/client.log"
run "$WANLAB" kill one a
is "$STATUS" 0 "$kind: kill"
is "$(state a)" dead "$kind: it is dead"
wait $ticker
is $? 137 "$kind: so is its program"
wait $server
is $? 137 "$kind: and another"
wait $forker
is $? 137 "$kind: and one that forks"
node b ping -n -c 1 -W 0.3 10.64.0.1
is "$STATUS" 1 "$kind: no answer comes over the link"
node d ping -n -c 1 -W 0.3 10.0.0.1
is "$STATUS" 1 "$kind: nor over the wan"
echo read >&8
wait_for 5 grep -q 'read: [tFe]' "$WORK/client.log"
is "$(tail -1 "$WORK/client.log")" "read: timeout" "$kind: its end of a connection is just silent"
node a true
like "$ERR" "node 'a' is dead" "$kind: nothing can be run in it"
run "$WANLAB" pause one a
is "$STATUS" 1 "$kind: it cannot be paused"
run "$WANLAB" kill one a
is "$STATUS" 0 "$kind: killed twice is dead"

# Restart.
run "$WANLAB" restart one a
is "$STATUS" 0 "$kind: restart"
diag "$OUT$ERR"
is "$(state a)" running "$kind: it runs"
wires_work "$kind, restarted"
node a sh -c 'ip -o link | wc -l; cat /run/wanlab/scratch/f; ls -d /tmp/f /run/f 2>/dev/null'
is "$OUT" "4
kept" "$kind: its interfaces and its scratch folder are what they were, else it is new"
echo write >&8
wait_for 8 sh -c "[ \$(grep -c read: '$WORK/client.log') = 3 ]"
like "$(tail -1 "$WORK/client.log")" "Connection reset" "$kind: it does not know the old connection"
exec 8>&-
wait $client
rm -f "$WORK/to-client" "$WORK/forker.log" "$WORK/ticks.log" "$WORK/server.log"

# Often.
fds=$(supervisor_fds)
mounts=$(grep -c "$WORK" "/proc/$(pid_of lab)/mounts")
for i in $(seq 20); do "$WANLAB" restart one a || break; done
is "$i" 20 "$kind: twenty times"
is "$(supervisor_fds)" "$fds" "$kind: no descriptor is left of them"
is "$(zombies)" "" "$kind: no zombie"
is "$(grep -c "$WORK" "/proc/$(pid_of lab)/mounts")" "$mounts" "$kind: no mount"
wires_work "$kind, the 21st time"
"$WANLAB" exec one a -- sleep 60 &
run "$WANLAB" restart one a b c d
is "$STATUS" 0 "$kind: all at once, with one that runs"
wait $!
wires_work "$kind, all restarted"

# A node that dies by itself.
victim=$(for pid in $(pid_of node); do
    [ "$(enter "$pid" -u hostname)" = a ] && echo "$pid"
done)
kill -KILL "$victim"
wait_for 5 has_died
ok $? "$kind: a node whose first process is killed is dead"
node b ping -n -c 1 -W 0.3 10.64.0.1
is "$STATUS" 1 "$kind: and silent"
run "$WANLAB" restart one a
is "$STATUS" 0 "$kind: and can be restarted"
wires_work "$kind, after that"

# kill -9 in the middle.
for victim in init lab; do
    for ms in 00 01 02 04 08; do
        "$WANLAB" restart one a b c d 2>/dev/null &
        sleep "0.0$ms"
        for pid in $(pid_of $victim); do kill -KILL "$pid" 2>/dev/null; done
        wait $!
        nothing_left "$kind: kill -9 of the $victim $ms ms into a restart leaves nothing"
        "$WANLAB" up "$WORK/lab.yaml" --name one >/dev/null
    done
done
"$WANLAB" down one
nothing_left "$kind: nothing is left"
done

# Groups, names, and what is none.
cat >"$WORK/group.yaml" <<'Y'
nodes: {db: {count: 5}, web: {}}
wan: {members: [db, web], delay: 1ms}
Y
"$WANLAB" up "$WORK/group.yaml" --name one >/dev/null
run "$WANLAB" kill one db db1
is "$STATUS" 0 "a whole group at once, one of them twice"
is "$("$WANLAB" status one --json | jq -r '[.nodes[].state] | join(" ")')" "dead dead dead dead dead running" "is dead"
run "$WANLAB" restart one db
is "$STATUS" 0 "and back"
run "$WANLAB" exec one db3 -- ping -c 1 -W 1 db5
is "$STATUS" 0 "with its wires"
run "$WANLAB" pause one wbe
is "$STATUS" 2 "an unknown node: exit 2"
like "$ERR" "no node 'wbe', did you mean 'web'" "with the nearest name"
run "$WANLAB" exec one bd1 -- true
like "$ERR" "no node 'bd1', did you mean 'db1'" "for exec too"
run "$WANLAB" kill one
is "$STATUS" 2 "no node at all: exit 2"
"$WANLAB" down one

# A boot that fails, and one that takes too long.
if [[ $KINDS == *container* ]] && command -v crun >/dev/null; then
    mkdir "$WORK/bin"
    cat >"$WORK/bin/crun" <<C
#!/bin/sh
[ -e "$WORK/hang" ] && { echo "I hang"; sleep 60 & setsid sleep 61; }
[ -e "$WORK/fail" ] && { echo "I fail"; exit 1; }
exec $(command -v crun) "\$@"
C
    chmod +x "$WORK/bin/crun"
    cat >"$WORK/slow.yaml" <<'Y'
nodes: {a: {kind: container, boot_timeout: 1s}, b: {}}
links: [{ends: [a, b]}]
Y
    PATH=$WORK/bin:$PATH "$WANLAB" up "$WORK/slow.yaml" --name one >/dev/null
    touch "$WORK/fail"
    run "$WANLAB" restart one a
    is "$STATUS" 1 "a restart that fails: exit 1"
    like "$ERR" "node 'a'.*I fail" "with node and last words"
    is "$(state a)" dead "it is dead"
    rm "$WORK/fail"
    touch "$WORK/hang"
    fds=$(supervisor_fds)
    "$WANLAB" restart one a 2>"$WORK/err" &
    is_booting() { [ "$(state a)" = booting ]; }
    wait_for 5 is_booting
    ok $? "while it boots the lab answers, and says so"
    run "$WANLAB" restart one a
    like "$ERR" "being restarted already" "one restart at a time"
    wait $!
    like "$(cat "$WORK/err")" "did not boot within 1s; its boot said last:
  I hang" "a deadline holds for restarts too"
    is "$(supervisor_fds)" "$fds" "and leaves no descriptor"
    is "$(zombies)" "" "and no zombie"
    is "$(for pid in $(lab_processes); do cat "/proc/$pid/comm"; done | grep -c sleep)" 0 "and no process"
    rm "$WORK/hang"
    run "$WANLAB" restart one a
    is "$STATUS" 0 "the next one succeeds"
    run "$WANLAB" exec one b -- ping -c 1 -W 1 a
    is "$STATUS" 0 "with its wires"
    "$WANLAB" restart one a &
    kill -KILL $!
    wait $! 2>/dev/null
    is_running() { [ "$(state a)" = running ]; }
    wait_for 5 is_running
    ok $? "a restart goes on without the one who asked for it"
    "$WANLAB" down one
fi
done_testing
