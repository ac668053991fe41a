#!/bin/bash
# SPDX-License-Identifier: MIT
# Nodes of kind container: their life, what they may see and do, limits, the main job, and that nothing is left of them.
#
#   wan: c1, c2, c3, p (a process)      link: lone -- p
. "$(dirname "$0")/../lib/tap.sh"
need_root
command -v crun >/dev/null || skip_all "needs crun"

cat >"$WORK/lab.yaml" <<'Y'
nodes:
  c: {count: 3, kind: container, cpus: 0.25, memory: 64MiB, pids: 30}
  p: {cpus: 0.25, memory: 64MiB, pids: 30}
  lone: {kind: container, root: host}
wan: {members: [c, p], delay: 5ms}
links: [{ends: [lone, p]}]
Y
cgroups() { find /sys/fs/cgroup -maxdepth 5 -type d -name "wanlab.$1.*" 2>/dev/null; }
node() { # node NODE COMMAND…: in lab boxes
    local name=$1
    shift
    run "$WANLAB" exec boxes "$name" -- "$@"
}

run "$WANLAB" up "$WORK/lab.yaml" --name boxes
is "$STATUS" 0 "containers and a process come up"
diag "$OUT$ERR"
node c1 ping -c 1 -W 2 c2
is "$STATUS" 0 "containers reach each other over the wan, by name"
node lone ping -c 1 -W 2 10.64.0.2
is "$STATUS" 0 "and a process over a link"
node c1 sh -c 'exit 42'
is "$STATUS" 42 "the exit status passes through"
node c1 sh -c 'kill -9 $$'
is "$STATUS" 137 "so does a signal"
is "$(echo input | "$WANLAB" exec boxes c1 -- cat)" input "so does standard input"
node c1 hostname
is "$OUT" c1 "a container has its name"
node c1 /no/such/command
like "$ERR" "c1.*/no/such/command.*No such file" "a command that is not there: node, command and reason"
node c1 ps -e -o pid=,comm=
like "$OUT" "1 wanlab-node" "its first process is ours"
for ns in pid net mnt uts ipc cgroup; do
    node c1 readlink /proc/self/ns/$ns
    [ "$OUT" != "$(readlink /proc/self/ns/$ns)" ]
    ok $? "it has a $ns namespace of its own"
done
node c1 grep -E '^Cap(Eff|Bnd)|^NoNew' /proc/self/status
container=$OUT
node p grep -E '^Cap(Eff|Bnd)|^NoNew' /proc/self/status
is "$container" "$OUT" "programs have the same privileges in both kinds"
node c1 sh -c 'grep -E "^Cap(Eff|Bnd)|^NoNew" /proc/1/status'
is "$container" "$OUT" "and so has the container's first process"
node c1 sh -c 'echo x >/etc/wanlab-test && cat /etc/wanlab-test'
is "$OUT" x "the host's files can be written in a container"
[ ! -e /etc/wanlab-test ]
ok $? "which the host does not notice"
node c2 ls /etc/wanlab-test
is "$STATUS" 2 "nor another container"
node c1 ls /tmp
is "$OUT" "" "its /tmp is its own"
node c1 mount -t tmpfs none /mnt
ok $((STATUS == 0)) "it may not mount"
node c1 sh -c 'echo 1 >/proc/sys/vm/swappiness'
ok $((STATUS == 0)) "nor change the host's settings"
node c1 sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
is "$STATUS" 0 "its own network's settings it may"
node c1 sh -c 'echo x >/run/wanlab/scratch/x && cat /run/wanlab/lab/peers.json'
like "$OUT" '"lone"' "it has scratch folder and the lab's facts"
node c1 sh -c 'echo x >/run/wanlab/lab/x'
ok $((STATUS == 0)) "the latter to read only"
node c1 sh -c 'cat /proc/sys/net/ipv4/tcp_rmem /proc/sys/net/ipv4/tcp_no_metrics_save'
container=$OUT
node p sh -c 'cat /proc/sys/net/ipv4/tcp_rmem /proc/sys/net/ipv4/tcp_no_metrics_save'
is "$container" "$OUT" "one TCP for both kinds"
run "$WANLAB" status boxes --json
is "$(jq '[.nodes[] | select(.boot_s > 0 and .boot_s < 5)] | length' <<<"$OUT")" 5 "status tells how long each took to boot"
is "$(jq -r '.nodes[0].kind' <<<"$OUT")" container "and its kind"
diag "boot: $(jq -c '[.nodes[].boot_s]' <<<"$OUT") s"

# A program and all it started end with the caller.
"$WANLAB" exec boxes c1 -- sh -c 'sleep 60 & wait' &
exec_pid=$!
wait_for 5 sh -c "'$WANLAB' exec boxes c1 -- pgrep -x sleep >/dev/null"
kill -KILL $exec_pid
wait $exec_pid 2>/dev/null
wait_for 5 sh -c "! '$WANLAB' exec boxes c1 -- pgrep -x sleep >/dev/null"
ok $? "a killed exec takes its whole process group along"

# Limits, in both kinds.
cat >"$WORK/burn.pl" <<'P'
use Time::HiRes "time"; my $end = time + 2; 1 while time < $end; my ($u, $s) = times; printf "%d\n", 1000 * ($u + $s);
P
for name in c1 p; do
    node $name perl -e "$(cat "$WORK/burn.pl")"
    [ "$OUT" -gt 200 ] && [ "$OUT" -lt 800 ]
    ok $? "$name: 0.25 processors are 0.5 s in 2 s"
    diag "$name: $OUT ms of 2000"
    "$WANLAB" exec boxes $name -- sleep 30 &
    witness=$!
    node $name perl -e 'my $x = "x" x (1 << 20); my @a; push @a, $x . $_ for 1 .. 200; print "survived"'
    is "$STATUS" 137 "$name: who takes 200 MiB of 64 is killed"
    kill -0 $witness 2>/dev/null
    ok $? "$name: and nobody else"
    node $name true
    is "$STATUS" 0 "$name: the node lives on"
    node $name sh -c 'for i in $(seq 100); do sleep 5 & done; wait'
    ok $((STATUS == 0)) "$name: 100 processes are more than 30"
    like "$ERR" "fork" "$name: fork says so"
    "$WANLAB" exec boxes $name -- perl -e 'for (1 .. 40) {my $p = fork; last unless defined $p; unless ($p) {sleep 5; exit}} $| = 1; print "full\n"; sleep 5' >"$WORK/full" &
    full=$!
    wait_for 5 grep -q full "$WORK/full"
    node $name true
    is "$STATUS" 0 "$name: a full node can still be entered"
    kill -TERM $witness $full
    wait $full 2>/dev/null
    wait $witness 2>/dev/null
done
node lone perl -e 'my $x = "x" x (1 << 20); my @a; push @a, $x . $_ for 1 .. 200; print "survived"'
is "$OUT" survived "a node without limits has none"

[ -n "$(cgroups boxes)" ]
ok $? "the limits' folders bear the lab's name"
"$WANLAB" down boxes
nothing_left "nothing is left"
is "$(cgroups boxes)" "" "no cgroup either"

# kill -9 at several moments; the cgroups go with the next command.
for victim in launcher init lab; do
    for ms in 010 020 030 050 080 idle; do
        "$WANLAB" up "$WORK/lab.yaml" --name cut-short >/dev/null 2>&1 &
        launcher=$!
        if [ $ms = idle ]; then wait $launcher; else sleep "0.$ms"; fi
        if [ $victim = launcher ]; then
            kill -KILL $launcher 2>/dev/null
        else
            for pid in $(pid_of $victim); do kill -KILL "$pid" 2>/dev/null; done
        fi
        wait $launcher 2>/dev/null
        "$WANLAB" down cut-short 2>/dev/null
        nothing_left "kill -9 of the $victim, $ms ms into up: nothing is left"
        is "$(cgroups cut-short)" "" "kill -9 of the $victim, $ms ms into up: no cgroup"
    done
done

is "$(find /tmp -maxdepth 1 -name 'crun.*' -newer "$WORK/lab.yaml")" "" "nor a file of crun's"

# A node that dies is noticed.
"$WANLAB" up "$WORK/lab.yaml" --name boxes >/dev/null
kill -KILL "$(pid_of node | head -1)"
node_is_dead() { "$WANLAB" status boxes --json | jq -e '[.nodes[] | select(.state == "dead")] | length == 1' >/dev/null; }
wait_for 5 node_is_dead
ok $? "a killed first process: the node is dead, the lab is not"
"$WANLAB" down boxes

# Boots: side by side, with a deadline, and with the runtime's last words where one fails.
mkdir "$WORK/bin"
runtime() { # runtime SCRIPT-LINES: stands before crun
    printf '#!/bin/sh\n%s\n' "$1" >"$WORK/bin/crun"
    chmod +x "$WORK/bin/crun"
}
cat >"$WORK/boot.yaml" <<'Y'
nodes: {c: {count: 4, kind: container, boot_timeout: 1s}}
wan: {members: [c], delay: 1ms}
Y
runtime "sleep 0.3; exec $(command -v crun) \"\$@\""
run env PATH="$WORK/bin:$PATH" "$WANLAB" up "$WORK/boot.yaml" --name boxes -v
is "$STATUS" 0 "four slow containers boot"
like "$ERR" "# boot: 4 of 4 nodes" "and it is told how far it is"
run "$WANLAB" status boxes --json
is "$(jq '[.nodes[] | select(.boot_s > 0.3 and .boot_s < 0.9)] | length' <<<"$OUT")" 4 "each takes its own time"
"$WANLAB" down boxes
runtime 'for i in 1 2 3 4 5 6 7; do echo "word $i"; done; sleep 60 & setsid sleep 61; exit 1'
run env PATH="$WORK/bin:$PATH" "$WANLAB" up "$WORK/boot.yaml" --name boxes
is "$STATUS" 1 "a boot that does not end: exit 1"
like "$ERR" "node 'c1': did not boot within 1s; its boot said last:
  word 3
  word 4
  word 5
  word 6
  word 7$" "with node, deadline and the last five lines"
runtime 'echo "no way"; exit 1'
run env PATH="$WORK/bin:$PATH" "$WANLAB" up "$WORK/boot.yaml" --name boxes
like "$ERR" "node 'c[12]': the OCI runtime could not start it; its boot said last:
  no way$" "a boot that fails: node, and why"
nothing_left "nothing is left of it"

# The second runtime, and none.
if command -v runc >/dev/null; then
    without crun "$WANLAB" up "$WORK/lab.yaml" --name boxes
    is "$STATUS" 0 "without crun it is runc"
    diag "$OUT$ERR"
    node c1 ping -c 1 -W 2 p
    is "$STATUS" 0 "which does as well"
    node c1 perl -e 'my $x = "x" x (1 << 20); my @a; push @a, $x . $_ for 1 .. 200; print "survived"'
    is "$STATUS" 137 "with limits"
    "$WANLAB" down boxes
    nothing_left "nothing is left of runc's"
    is "$(cgroups boxes)" "" "nor of its cgroups"
    without "crun runc" "$WANLAB" up "$WORK/lab.yaml" --name boxes
fi
[ -n "$(command -v runc)" ] || without crun "$WANLAB" up "$WORK/lab.yaml" --name boxes
is "$STATUS" 3 "without a runtime: exit 3"
like "$ERR" "Debian package: crun" "and the package"

# The main job.
cat >"$WORK/run.yaml" <<'Y'
nodes: {db: {count: 3, kind: container}}
wan: {members: [db], delay: 5ms}
workload: {replicate: {rate: 600/min, duration: 3s}}
Y
run "$WANLAB" run "$WORK/run.yaml" -o "$WORK/results"
is "$STATUS" 0 "the replicate workload runs on containers"
like "$OUT$ERR" "check +passed" "and its check holds"
diag "$(tail -3 <<<"$OUT$ERR")"
nothing_left "nothing is left"

# A root of one's own, and what is none.
mkdir -p "$WORK/root/bin"
copy_program() { # copy_program PROGRAM: with its libraries
    local file
    cp "$(command -v "$1")" "$WORK/root/bin/"
    ldd "$(command -v "$1")" | grep -oE '/[^ ]+' | while read -r file; do
        mkdir -p "$WORK/root/$(dirname "$file")"
        cp -L "$file" "$WORK/root/$file"
    done
}
for program in sh ls cat; do copy_program $program; done
cat >"$WORK/root.yaml" <<'Y'
nodes: {c: {count: 2, kind: container, root: root}}
links: [{ends: [c1, c2]}]
Y
run "$WANLAB" up "$WORK/root.yaml" --name boxes
is "$STATUS" 0 "a folder as root"
diag "$OUT$ERR"
node c1 sh -c 'echo x >/x; ls /; cat /etc/hosts'
like "$OUT" "bin.*c2" "has its files and the lab's hosts"
[ ! -e "$WORK/root/x" ]
ok $? "and is not written to"
node c1 ping c2
like "$ERR" "c1.*ping.*No such file" "a command that the root lacks: node and command"
"$WANLAB" down boxes
export WANLAB_CACHE_ROOT=$WORK/cache
tar -C "$WORK/root" -czf "$WORK/root.tar.gz" .
run "$WANLAB" up "$WORK/root.yaml" --name boxes --set nodes.c.root=root.tar.gz
is "$STATUS" 0 "an archive as root"
diag "$OUT$ERR"
node c2 sh -c 'cat /etc/hosts'
like "$OUT" "c1" "works alike"
"$WANLAB" down boxes
is "$(find "$WANLAB_CACHE_ROOT/roots" -mindepth 1 -maxdepth 1 -name 'root.tar.gz-*' | wc -l)" 1 "it is unpacked once for both"
mkdir "$WANLAB_CACHE_ROOT/roots/.partial.left"
if command -v umoci >/dev/null; then
    umoci init --layout "$WORK/image" && umoci new --image "$WORK/image:t" &&
        umoci insert --image "$WORK/image:t" "$WORK/root" / && echo gone >"$WORK/gone" &&
        umoci insert --image "$WORK/image:t" "$WORK/gone" /gone &&
        umoci insert --image "$WORK/image:t" --whiteout /gone
    tar -C "$WORK/image" -cf "$WORK/image.tar" .
    run "$WANLAB" up "$WORK/root.yaml" --name boxes --set nodes.c.root=image.tar
    is "$STATUS" 0 "an OCI image as root"
    diag "$OUT$ERR"
    node c1 sh -c 'ls /'
    like "$OUT" "bin" "has its files"
    [[ $OUT != *gone* ]]
    ok $? "but not what a later layer removed"
    "$WANLAB" down boxes
    touch "$WORK/image.tar" # another one now
    without umoci "$WANLAB" up "$WORK/root.yaml" --set nodes.c.root=image.tar
    is "$STATUS" 3 "without umoci: exit 3"
    like "$ERR" "c1.*Debian package: umoci" "and the package"
    [ ! -e "$WANLAB_CACHE_ROOT/roots/.partial.left" ]
    ok $? "what was left half unpacked is swept"
fi
head -c 1000 "$WORK/root.tar.gz" >"$WORK/cut.tar.gz"
run "$WANLAB" up "$WORK/root.yaml" --set nodes.c.root=cut.tar.gz
is "$STATUS" 2 "an archive that is cut off: exit 2"
like "$ERR" "c1.*cut.tar.gz.*tar" "with node, archive and reason"
echo '[]' >"$WORK/manifest.json"
tar -C "$WORK" -cf "$WORK/docker.tar" manifest.json
run "$WANLAB" up "$WORK/root.yaml" --set nodes.c.root=docker.tar
like "$ERR" "docker save.*skopeo" "an archive of docker save: what to do"
is "$(find "$WANLAB_CACHE_ROOT/roots" -name '.partial.*')" "" "nothing half unpacked is left"
# An image of packages. The mirror may be out of reach; all else is tested without it.
sed -i 's/root: root/image: tiny/' "$WORK/root.yaml"
run "$WANLAB" up "$WORK/root.yaml"
is "$STATUS" 3 "an image that is not built: exit 3"
like "$ERR" "c1.*'tiny'.*wanlab image build tiny" "and how to build it"
run "$WANLAB" image build ../tiny
is "$STATUS" 2 "a bad name for an image: exit 2"
run "$WANLAB" image build tiny --packages 'a b'
is "$STATUS" 2 "bad names of packages: exit 2"
if command -v mmdebstrap >/dev/null; then
    run "$WANLAB" image build tiny --packages no-such-package-at-all
    is "$STATUS" 1 "a package that there is not: exit 1"
    "$WANLAB" image build tiny --packages iputils-ping 2>"$WORK/err" &
    pid=$!
    wait_for 20 test -d "$WANLAB_CACHE_ROOT/images/.partial.tiny/root/etc"
    kill -KILL $pid
    wait $pid 2>/dev/null
    [ ! -e "$WANLAB_CACHE_ROOT/images/tiny" ]
    ok $? "a build that is killed leaves no image"
    is "$(find /tmp -maxdepth 1 -name 'mmdebstrap.*' -newer "$WORK/lab.yaml")" "" "and nothing in /tmp"
    run "$WANLAB" image build tiny --packages iputils-ping
    if [ "$STATUS" = 0 ]; then
        ok 0 "an image is built"
        is "$(ls -A "$WANLAB_CACHE_ROOT/images" | tr '\n' ' ')" ".lock tiny " "with nothing half built beside it"
        run "$WANLAB" image build tiny --packages iputils-ping
        like "$OUT" "there already" "only once"
        run "$WANLAB" up "$WORK/root.yaml" --name boxes
        is "$STATUS" 0 "nodes of it come up"
        diag "$OUT$ERR"
        node c1 ping -c 1 -W 2 c2
        is "$STATUS" 0 "and reach each other"
        "$WANLAB" down boxes
    else
        diag "no image could be built: $(tail -1 <<<"$ERR")"
    fi
    without mmdebstrap "$WANLAB" image build other
    is "$STATUS" 3 "without mmdebstrap: exit 3"
    like "$ERR" "Debian package: mmdebstrap" "and the package"
fi
sed -i 's/image: tiny/root: root/' "$WORK/root.yaml"
mkdir "$WORK/empty"
run "$WANLAB" up "$WORK/root.yaml" --set nodes.c.root=empty
is "$STATUS" 2 "an empty folder is no root: exit 2"
like "$ERR" "c1.*empty.*neither bin nor usr" "with node and reason"
run "$WANLAB" up "$WORK/root.yaml" --set nodes.c.root=nowhere
like "$ERR" "c1.*nowhere.*No such file" "nor is one that is not there"
nothing_left "nothing is left"
done_testing
