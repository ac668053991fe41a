#!/bin/bash
# SPDX-License-Identifier: MIT
# Native nodes: the host itself, of which nothing but the processes is the node's own.
#
#   n1, n2: native, no wires      p: process, no wires either
. "$(dirname "$0")/../lib/tap.sh"
cat >"$WORK/lab.yaml" <<'Y'
nodes: {n: {count: 2, kind: native, pids: 40}, p: }
Y
node() { # node NODE COMMAND…: in lab one
    local name=$1
    shift
    run "$WANLAB" exec one "$name" -- "$@"
}
state() { "$WANLAB" status one --json | jq -r ".nodes[] | select(.name == \"$1\") | .kind + \" \" + .state"; }

# Where nodes see the host's own files, if root can have it.
WANLAB_DISK=$(mktemp -d /opt/wanlab-test.XXXXXX 2>/dev/null || mktemp -d "$WORK/disk.XXXXXX")
export WANLAB_DISK
disk=$WANLAB_DISK
trap 'tap_exit; rmdir "$disk" 2>/dev/null' EXIT
is_empty() { [ -z "$(ls -A "$disk")" ]; }

# Scratch folders in a folder of the host's disk.
scratch_folders() { # scratch_folders KIND
    "$WANLAB" up "$WORK/lab.yaml" --name two --set "nodes={a: {count: 2, kind: $1, scratch: folder}}" >/dev/null
    is $? 0 "$1: nodes have folders on the host's disk"
    run "$WANLAB" exec two a1 -- sh -c 'echo kept >/run/wanlab/scratch/of-a1; stat -fc %T /run/wanlab/scratch'
    is "$OUT" "$(stat -fc %T "$disk")" "$1: on its file system,"
    is "$(cat "$disk"/wanlab.two.*/a1/of-a1)" kept "$1: openly,"
    "$WANLAB" restart two a1
    run "$WANLAB" exec two a1 -- cat /run/wanlab/scratch/of-a1
    is "$OUT" kept "$1: for all of a node's lives"
    if [ "$1" != native ]; then
        run "$WANLAB" exec two a2 -- sh -c "ls -d $disk; cat $disk/wanlab.two.*/a1/of-a1"
        ! grep -q kept <<<"$OUT"
        ok $? "$1: which no other node sees"
    fi
    "$WANLAB" down two
    is_empty
    ok $? "$1: they go with the lab"
}
kinds=process
[ "$(id -u)" = 0 ] && kinds="process native" && command -v crun >/dev/null && kinds="process native container"
for kind in $kinds; do scratch_folders $kind; done
"$WANLAB" up "$WORK/lab.yaml" --name two --set 'nodes={a: {scratch: folder}}' >/dev/null
kill -KILL "$(pid_of init)"
is_swept() { "$WANLAB" ls >/dev/null; is_empty; }
wait_for 5 is_swept
ok $? "or, after kill -9 of its first process, with the next command"
WANLAB_DISK=/dev/shm run "$WANLAB" up "$WORK/lab.yaml" --set 'nodes={a: {scratch: folder}}'
like "$STATUS $ERR" "^3 .*'/dev/shm' is in memory, but a scratch folder is to be on a disk" "a disk it has to be"
WANLAB_DISK=$WORK/none run "$WANLAB" up "$WORK/lab.yaml" --set 'nodes={a: {scratch: folder}}'
like "$STATUS $ERR" "^3 .*'$WORK/none': No such file.*set WANLAB_DISK" "that is there"

# Limits of reading and writing: what passes the host's cache takes as long as it may.
io_lab() { printf 'nodes: {a: {kind: %s, scratch: %s, io: {read: 4MB/s, write: 2MB/s}}}\n' "$1" "$2" >"$WORK/io.yaml"; }
takes() { # takes COMMAND…: in its scratch folder, in ms
    local from
    from=$(date +%s%3N)
    "$WANLAB" exec two a -- sh -c "cd /run/wanlab/scratch; $*" 2>/dev/null || echo failed
    echo $(($(date +%s%3N) - from))
}
io_holds() { # io_holds KIND SCRATCH
    io_lab "$1" "$2"
    run "$WANLAB" up "$WORK/io.yaml" --name two
    is "$STATUS" 0 "$1: a node's io is limited, with scratch: $2"
    diag "$ERR"
    is_within "$(takes dd if=/dev/zero of=f bs=64k count=32 oflag=direct)" 900 5000
    ok $? "$1: 2 MiB are written in a second"
    is_within "$(takes dd if=f of=/dev/null bs=64k iflag=direct)" 400 4000
    ok $? "$1: and read in half of one"
    "$WANLAB" down two
}
io_lab process folder
run "$WANLAB" up "$WORK/io.yaml" --name two
if [ "$STATUS" = 3 ]; then
    like "$ERR" "cannot limit io: the cgroup controller 'blkio' is not there" "where io cannot be limited, it is refused"
else
    least=9999
    for _ in 1 2 3; do
        took=$(takes dd if=/dev/zero of=g bs=64k count=32)
        [ "$took" -lt $least ] && least=$took
    done
    diag "through the cache: $least ms"
    [ ! -d /sys/fs/cgroup/blkio ] || [ $least -lt 900 ]
    ok $? "version 1 does not slow down what stays in the host's cache"
    "$WANLAB" down two
    for kind in $kinds; do io_holds $kind folder; done
    io_holds process disk
    io_lab process folder
    mkdir "$WORK/lower" "$WORK/overlay" "$disk/upper" "$disk/work"
    run unshare --mount bash -c "mount -t overlay none -o lowerdir=$WORK/lower,upperdir=$disk/upper,workdir=$disk/work \
        $WORK/overlay && WANLAB_DISK=$WORK/overlay $WANLAB up $WORK/io.yaml"
    like "$STATUS $ERR" "^3 .*cannot limit io: '.*' is on a file system without a disk" "of a file system without a disk it cannot be"
    rm -rf "$disk/upper" "$disk/work"
fi

if [ "$(id -u)" != 0 ]; then
    run "$WANLAB" up "$WORK/lab.yaml"
    is "$STATUS" 3 "an ordinary user has no native nodes"
    like "$ERR" "node 'n1': a node of kind native needs root" "and is told why"
    nothing_left "nothing is left"
    done_testing
    exit
fi

run "$WANLAB" up "$WORK/lab.yaml" --name one
is "$STATUS" 0 "a lab of the host and a process is up"
diag "$ERR"
node n1 sh -c 'for n in mnt net uts ipc user pid; do readlink /proc/self/ns/$n; done'
here=$(for n in mnt net uts ipc user pid; do readlink /proc/self/ns/$n; done)
is "$(head -5 <<<"$OUT")" "$(head -5 <<<"$here")" "it is in the host's namespaces,"
[ "$(tail -1 <<<"$OUT")" != "$(tail -1 <<<"$here")" ]
ok $? "but for its processes"
node n1 sh -c 'grep ^Cap /proc/self/status'
is "$OUT" "$(grep ^Cap /proc/self/status)" "it has all of root's privileges"
node n1 sh -c '[ "$(readlink /proc/self)" != "$(sh -c "echo \$PPID")" ] && echo other'
is "$OUT" other "its programs have other numbers than the host's /proc says"
node n1 cat "$WORK/lab.yaml"
is "$OUT" "$(cat "$WORK/lab.yaml")" "and the host's files"
node n1 jq -c '[.[] | [.name, .addresses]]' /run/wanlab/lab/peers.json
is "$OUT" '[["n1",["127.0.0.1"]],["n2",["127.0.0.1"]],["p",[]]]' "native nodes reach each other at the loopback"
node p sh -c 'tr -d " " </run/wanlab/lab/peers.json | grep -c 127.0.0.1'
is "$OUT" 0 "where nobody else reaches them"

node n1 sh -c 'echo kept >/run/wanlab/scratch/f; echo /run/wanlab/scratch'
is "$(cat "$OUT/f")" kept "words of a command that name its scratch folder mean it"
run "$WANLAB" cp one n1:/run/wanlab/scratch/f -
is "$OUT" kept "files are copied from there"
node n2 ls -A /run/wanlab/scratch
is "$OUT" "" "its neighbour has another one"
node n2 sh -c 'for i in $(seq 60); do sleep 5 & done; wait'
like "$ERR" "Cannot fork" "limits hold"

"$WANLAB" exec one n1 -- sh -c 'while :; do echo >>/run/wanlab/scratch/i; sleep 0.02; done' &
node n1 sh -c 'echo /run/wanlab/scratch/i'
counter=$OUT
counts() { local was; was=$(stat -c %s "$counter"); sleep 0.2; [ "$(stat -c %s "$counter")" != "$was" ]; }
wait_for 5 test -s "$counter" && counts
ok $? "a program of its runs"
"$WANLAB" pause one n1
is "$(state n1)" "native paused" "it can be paused"
! counts
ok $? "and then its programs stand still"
"$WANLAB" resume one n1
wait_for 5 counts
ok $? "until it goes on"
"$WANLAB" kill one n1
is "$(state n1)" "native dead" "it can be killed,"
wait
! counts
ok $? "and all of its programs are"
"$WANLAB" restart one n1
node n1 cat /run/wanlab/scratch/f
is "$(state n1) $OUT" "native running kept" "a new life finds its scratch folder as it was"

node n1 sh -c 'exec setsid sleep 4321 >/dev/null 2>&1 &'
wait_for 5 pgrep -fx 'sleep 4321' >/dev/null
kill -KILL "$(pid_of init)"
is_over() { ! pgrep -fx 'sleep 4321' >/dev/null; }
wait_for 5 is_over
ok $? "with the lab's first process all of them end"
nothing_left "and nothing is left"

# A run of native nodes alone.
mkdir "$WORK/w"
cat >"$WORK/w/workload.yaml" <<'Y'
run: {command: ./client}
services: [{name: server, command: [python3, -u, -c, 'import time; print("there"); time.sleep(1000)'], ready: {log: there}}]
collect: [out]
check: {command: [./check], on: host}
Y
cat >"$WORK/w/client" <<'S'
#!/bin/sh
echo '{"barrier": "start"}' >&3
read -r line
echo "$WANLAB_NODE" >"$WANLAB_DIR/out"
echo '{"metric": "value", "value": 1.5, "unit": "s"}' >&3
S
cat >"$WORK/w/check" <<'S'
#!/bin/sh
[ "$(cat "$WANLAB_RESULTS/files/n1/out" "$WANLAB_RESULTS/files/n2/out")" = "n1
n2" ]
S
chmod +x "$WORK/w/client" "$WORK/w/check"
printf 'nodes: {n: {count: 2, kind: native}}\nworkload: {./w: {}}\n' >"$WORK/run.yaml"
run "$WANLAB" run "$WORK/run.yaml" -o "$WORK/result"
is "$STATUS" 0 "a workload runs on native nodes alone"
diag "$ERR"
like "$OUT" "verdict: trusted" "and its result is trusted: it has no network to be wrong"
is "$(jq -r '[.nodes[].kind] | join(" ")' "$WORK/result/run.json")" "native native" "it says what they were"
like "$(cat "$WORK/result/nodes.csv")" "n1,native,,0\.[0-9]+,[1-9]" "and what they took"
nothing_left "and nothing is left of it"
done_testing
