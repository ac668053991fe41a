#!/bin/bash
# SPDX-License-Identifier: MIT
# Nodes of kind docker: containers of Docker's engine, and of Podman's where that is installed. The engine is started
# here, with all that it has in this test's folder, and ended here; its images come out of an archive made here.
#
#   wan: d1, d2, p (a process); 5 ms      link: bare -- p
. "$(dirname "$0")/../lib/tap.sh"
runs_alone # it looks for traces of engines on the whole machine
need_root
command -v dockerd >/dev/null || skip_all "needs dockerd (Debian package: docker.io)"
[ -x /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1 || skip_all "needs Debian package busybox-static"

# --- the engines

is_alive() { # not a zombie either
    [ -n "$(tr -d '\0' 2>/dev/null <"/proc/$1/cmdline")" ]
}
is_gone() { ! is_alive "$1"; }
# What an engine may leave behind on the machine.
traces() {
    local pid
    grep -E 'docker|containers|wanlab-test' /proc/mounts
    find /sys/fs/cgroup -type d \( -name '*docker*' -o -name '*libpod*' \)
    ls -d /run/containerd /run/docker/* /run/containerd/* /run/runc/* 2>/dev/null | grep -v "^/run/docker/plugins$" # empty, and whoever was here before may have left it
    ls /sys/class/net
    ls /dev/shm | grep libpod
    cat /proc/sys/net/ipv4/ip_forward
    for pid in /proc/[0-9]*; do
        is_alive "${pid#/proc/}" && grep -E '^(dockerd|containerd|conmon|podman|docker|wanlab-agent)' "$pid/comm"
    done 2>/dev/null | sort
}
start_docker() {
    ENGINE=docker
    export DOCKER_HOST=unix://$WORK/docker/socket
    mkdir "$WORK/docker"
    echo '{}' >"$WORK/docker/daemon.json"
    setsid dockerd --config-file "$WORK/docker/daemon.json" --data-root "$WORK/docker/root" \
        --exec-root "$WORK/docker/exec" --pidfile "$WORK/docker/pid" -H "$DOCKER_HOST" --bridge=none \
        --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --userland-proxy=false \
        --exec-opt native.cgroupdriver=cgroupfs </dev/null >"$WORK/docker/log" 2>&1 &
    DOCKERD=$!
    answers() { docker version >/dev/null 2>&1; }
    wait_for 20 answers || diag "$(tail -5 "$WORK/docker/log")"
}
# Also of one that hangs, and with containers that should not be there.
stop_docker() {
    local ids
    kill -CONT "$DOCKERD"
    ids=$(timeout 10 docker ps -aq) && [ -n "$ids" ] && timeout 60 docker rm -f -v $ids >/dev/null
    kill -TERM "$DOCKERD"
    wait_for 20 is_gone "$DOCKERD" || kill -KILL "$DOCKERD"
    wait "$DOCKERD" 2>/dev/null
    find /sys/fs/cgroup -mindepth 2 -maxdepth 2 -type d -name docker -empty -delete 2>/dev/null
    find /sys/fs/cgroup -maxdepth 3 -depth -type d -path '*/docker*' -exec rmdir {} + 2>/dev/null
    rmdir /run/docker/plugins /run/docker 2>/dev/null
    find /run/containerd -depth \( -type s -o -type d -empty \) -delete 2>/dev/null
    unset DOCKER_HOST
    ENGINE=""
}
# Podman has no engine that runs; what it needs to know on machines with little room is told by files.
start_podman() {
    ENGINE=$WORK/podman/podman
    mkdir "$WORK/podman"
    cat >"$WORK/podman/containers.conf" <<C
[containers]
default_ulimits = ["nofile=$(ulimit -n):$(ulimit -Hn)", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
lock_type = "file"
C
    cat >"$WORK/podman/storage.conf" <<C
[storage]
driver = "overlay"
graphroot = "$WORK/podman/root"
runroot = "$WORK/podman/run"
C
    cat >"$ENGINE" <<C
#!/bin/sh
export CONTAINERS_CONF=$WORK/podman/containers.conf CONTAINERS_STORAGE_CONF=$WORK/podman/storage.conf
exec podman --tmpdir $WORK/podman/tmp "\$@"
C
    chmod +x "$ENGINE"
    export WANLAB_ENGINE=$ENGINE
}
stop_podman() {
    timeout 60 "$ENGINE" rm -a -f -v -t 0 >/dev/null
    unset WANLAB_ENGINE
    umount "$WORK/podman/root/overlay" 2>/dev/null
    find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null
    ENGINE=""
}
engine_exit() {
    local lab
    [ "$ENGINE" = docker ] && kill -CONT "$DOCKERD"
    for lab in $("$WANLAB" ls 2>/dev/null); do "$WANLAB" down "$lab" 2>/dev/null; done
    [ "$ENGINE" = docker ] && stop_docker
    [ -n "$ENGINE" ] && stop_podman
    umount "$WORK/noexec"
    tap_exit
}
ENGINE=""
traces >"$WORK/before"
mkdir "$WORK/noexec"
trap engine_exit EXIT
mount -t tmpfs -o noexec none "$WORK/noexec" # as /run is on many machines
export WANLAB_RUNTIME=$WORK/noexec/run

# An image with a shell, and one with a single program.
make_images() {
    local root=$WORK/mini applet
    mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$WORK/bare/bin"
    cp /bin/busybox "$root/bin/"
    cp /bin/busybox "$WORK/bare/bin/cat"
    for applet in sh ls cat ping sleep echo hostname env seq wc dd kill ps true tr; do
        ln -s busybox "$root/bin/$applet"
    done
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    tar -C "$root" -cf "$WORK/mini.tar" .
    tar -C "$WORK/bare" -cf "$WORK/bare.tar" .
}
make_images
import_images() {
    "$ENGINE" import -c 'ENV FROM_IMAGE=yes' "$WORK/mini.tar" wanlab-test/mini:1 >/dev/null 2>&1
    "$ENGINE" import "$WORK/bare.tar" bare >/dev/null 2>&1
}

# --- helpers

cat >"$WORK/lab.yaml" <<'Y'
nodes:
  d: {count: 2, kind: docker, image: "wanlab-test/mini:1", cpus: 0.5, memory: 64MiB, pids: 30}
  bare: {kind: docker, image: bare}
  p: {}
wan: {members: [d, p], delay: 5ms}
links: [{ends: [bare, p]}]
Y
cat >"$WORK/two.yaml" <<'Y'
nodes: {d: {count: 2, kind: docker, image: "wanlab-test/mini:1", boot_timeout: 3s}}
links: [{ends: [d1, d2]}]
Y
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
echo '{"metric":"answer","value":42,"unit":"s","at":0.5}' >>"$WANLAB_OUTPUT"
cat "$WANLAB_PEERS" >"$WANLAB_DIR/peers" && sleep ${LINGER:-0}
R
chmod +x "$WORK/workloads/tiny/run"
sed '$a workload: {tiny: }' "$WORK/two.yaml" >"$WORK/run.yaml"
node() { # node NODE COMMAND…: in lab one
    local name=$1
    shift
    run "$WANLAB" exec one "$name" -- "$@"
}
state() { "$WANLAB" status one --json | jq -r ".nodes[] | select(.name == \"$1\").state"; }
is_dead() { [ "$(state "$1")" = dead ]; }
containers() { "$ENGINE" ps "${2:--a}" -q --filter label=wanlab.node="$1"; }
all_containers() { "$ENGINE" ps -a --format '{{.Names}} {{.Status}}'; }
none_of() { [ -z "$(containers "$@")" ]; }
broker() { # its pid; it is outside of the lab's namespaces
    local pid
    grep -lz "^WANLAB_RUNTIME=$WANLAB_RUNTIME\$" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 |
        while read -r pid; do
            [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = wanlab-broker ] && echo "$pid"
        done
}
no_broker() { [ -z "$(broker)" ]; }
nothing_left_of() { # nothing_left_of NAME: in the engine neither
    wait_for 15 no_broker
    nothing_left "$1: nothing is left"
    is "$(all_containers)" "" "$1: no container"
    is "$(broker)" "" "$1: no broker"
}
rtt() { # rtt NODE ADDRESS: in whole ms
    node "$1" ping -c 3 -W 1 "$2"
    sed -nE 's|^round-trip min/avg/max = ([0-9]+).*|\1|p' <<<"$OUT"
}

# --- what both engines have to do

life() { # life ENGINE
run "$WANLAB" up "$WORK/lab.yaml" --name one
is "$STATUS" 0 "$1: nodes come up"
diag "$OUT$ERR"
is "$(rtt d1 d2)" 10 "$1: they reach each other over the wan, by name"
is "$(rtt d1 p)" 10 "$1: and a process"
node p ping -n -c 1 -W 1 fd77:6c61:6200::2
is "$STATUS" 0 "$1: with IPv6"
node bare cat /etc/hosts
like "$OUT" "p" "$1: an image without a shell will do"
node p ping -c 1 -W 1 bare
is "$STATUS" 0 "$1: and is reached over its link"
node bare sh
like "$ERR" "bare.*sh.*No such file" "$1: what it lacks is said with node and command"
node d1 sh -c 'echo out; echo err >&2; exit 42'
is "$STATUS $OUT $ERR" "42 out err" "$1: streams and exit status pass through"
node d1 sh -c 'kill -9 $$'
is "$STATUS" 137 "$1: so does a signal"
is "$(echo input | "$WANLAB" exec one d1 -- cat)" input "$1: so does standard input"
is "$("$WANLAB" exec one d1 -- seq 200000 | md5sum)" "$(seq 200000 | md5sum)" "$1: and a megabyte"
for i in 1 2 3 4 5 6 7 8; do "$WANLAB" exec one d1 -- sh -c 'echo x; echo y >&2; echo z' 2>&1 | tr -d '\n'; done >"$WORK/order"
is "$(cat "$WORK/order")" xyzxyzxyzxyzxyzxyzxyzxyz "$1: two streams into one file keep their order"
node d1 sh -c 'echo $FROM_IMAGE'
is "$OUT" yes "$1: programs have the image's environment"
run env FROM_IMAGE=mine "$WANLAB" exec one d1 -- sh -c 'echo $FROM_IMAGE'
is "$OUT" mine "$1: under their own"
node d1 hostname
is "$OUT" d1 "$1: a node has its name"
is "$(containers d1 | wc -l)" 1 "$1: the engine's label says which node it is"
node d1 sh -c 'echo kept >/run/wanlab/scratch/f; echo gone >/f; cat /run/wanlab/lab/peers.json'
like "$OUT" '"d2"' "$1: it has scratch folder and the lab's facts"
node d1 sh -c 'echo x >/run/wanlab/lab/x'
ok $((STATUS == 0)) "$1: the latter to read only"
node d1 sh -c 'cat /proc/sys/net/ipv4/tcp_rmem /proc/sys/net/ipv4/tcp_no_metrics_save'
theirs=$OUT
node p sh -c 'cat /proc/sys/net/ipv4/tcp_rmem /proc/sys/net/ipv4/tcp_no_metrics_save'
is "$theirs" "$OUT" "$1: one TCP for both kinds"
"$WANLAB" exec one d1 -- sleep 60 &
exec_pid=$!
runs_sleep() { "$WANLAB" exec one d1 -- ps | grep -q 'sleep 60'; }
wait_for 5 runs_sleep
kill -KILL $exec_pid
wait $exec_pid 2>/dev/null
no_sleep() { ! runs_sleep; }
wait_for 5 no_sleep
ok $? "$1: a program ends with its caller"

node d1 dd if=/dev/zero of=/dev/null bs=200M count=1
is "$STATUS" 137 "$1: who takes 200 MiB of 64 is killed"
node d1 sh -c 'for i in $(seq 100); do sleep 1 & done; wait'
ok $((STATUS == 0)) "$1: 100 processes are more than 30"
node d2 true
is "$STATUS" 0 "$1: which others do not notice"
is "$("$ENGINE" inspect -f '{{.HostConfig.NanoCpus}}' "$(containers d1)")" 500000000 "$1: processors are limited by the engine"
no_sleeps() { ! "$WANLAB" exec one d1 -- ps 2>/dev/null | grep -q 'sleep 1'; }
wait_for 5 no_sleeps

rm -f "$WORK/ticks"
"$WANLAB" exec one d1 -- sh -c 'while :; do echo tick; sleep 0.02; done' >"$WORK/ticks" &
ticker=$!
wait_for 5 grep -qs tick "$WORK/ticks"
run "$WANLAB" pause one d1
is "$STATUS" 0 "$1: pause"
before=$(wc -l <"$WORK/ticks")
sleep 0.3
is "$(wc -l <"$WORK/ticks")" "$before" "$1: no program goes on"
run "$WANLAB" resume one d1
grew() { [ "$(wc -l <"$WORK/ticks")" -gt "$before" ]; }
wait_for 5 grew
ok $? "$1: resume"

run "$WANLAB" kill one d1
is "$STATUS $(state d1)" "0 dead" "$1: kill"
wait $ticker
is $? 137 "$1: its program is dead"
wait_for 5 none_of d1
ok $? "$1: the engine has it no more"
node d2 ping -c 1 -W 1 d1
is "$STATUS" 1 "$1: nothing answers"
run "$WANLAB" restart one d1
is "$STATUS" 0 "$1: restart"
diag "$ERR"
is "$(rtt d2 d1)" 10 "$1: its wires are what they were"
node p ping -n -c 1 -W 1 fd77:6c61:6200::1
is "$STATUS" 0 "$1: with IPv6"
node d1 cat /run/wanlab/scratch/f /f
is "$OUT" kept "$1: its scratch folder too, all else is new"
fds=$(ls "/proc/$(pid_of lab)/fd" | wc -l)
for i in 1 2 3 4 5; do "$WANLAB" restart one d bare p || break; done
is "$i" 5 "$1: all are restarted, often"
is "$(ls "/proc/$(pid_of lab)/fd" | wc -l)" "$fds" "$1: no descriptor is left of them"
is "$(all_containers | wc -l)" 3 "$1: nor a container"
is "$(rtt d1 d2)" 10 "$1: the wires are there"
"$ENGINE" rm -f -v "$(containers d1)" >/dev/null
wait_for 5 is_dead d1
ok $? "$1: who is removed by somebody else is dead"
run "$WANLAB" restart one d1
is "$(rtt d1 d2)" 10 "$1: and can be restarted"
"$WANLAB" exec one d1 -- sh -c 'trap "echo told; exit 3" TERM; echo ready; while :; do sleep 0.02; done' >"$WORK/told" &
told=$!
wait_for 5 grep -qs ready "$WORK/told"
run "$WANLAB" stop one d1
is "$STATUS $(state d1)" "0 dead" "$1: stop"
wait $told
is "$? $(tail -1 "$WORK/told")" "3 told" "$1: its programs are asked first"
rm "$WORK/told"
run "$WANLAB" restart one d1
is "$(rtt d1 d2)" 10 "$1: and it can be restarted"
echo file >"$WORK/file"
run "$WANLAB" cp one "$WORK/file" d1:/copied
node d1 cat /copied
is "$OUT" file "$1: files are copied into it"
is "$(sleep 2 | script -qec "'$WANLAB' shell one d1 -- sh -c 'ls -d /bin; exit 5'" /dev/null | tr -d '\r')" /bin "$1: it has a terminal"
run "$WANLAB" status one --json
is "$(jq -r '.nodes[0] | "\(.kind) \(.disk_bytes < 65536)"' <<<"$OUT")" "docker true" "$1: status knows its kind, and of its files those in the scratch folder"
"$WANLAB" down one
is "$(all_containers)" "" "$1: none is left when down returns"
nothing_left_of "$1, down"

run env WANLAB_WORKLOADS="$WORK/workloads" "$WANLAB" run "$WORK/run.yaml" -o "$WORK/results-$1"
is "$STATUS" 0 "$1: a workload runs"
like "$OUT" "answer.*42" "$1: with its metrics"
[ "$STATUS" = 0 ] || diag "$OUT$ERR"
is "$(all_containers)" "" "$1: none is left when run returns"
nothing_left_of "$1, run"

# kill -9 at several moments.
for victim in launcher init lab; do
    for ms in 050 150 300 idle; do
        "$WANLAB" up "$WORK/two.yaml" --name v >/dev/null 2>&1 &
        launcher=$!
        if [ $ms = idle ]; then wait $launcher; else sleep "0.$ms"; fi
        if [ $victim = launcher ]; then
            kill -KILL $launcher 2>/dev/null
        else
            for pid in $(pid_of $victim); do kill -KILL "$pid" 2>/dev/null; done
        fi
        wait $launcher 2>/dev/null
        "$WANLAB" down v 2>/dev/null
        nothing_left_of "$1, kill -9 of the $victim, $ms ms into up"
    done
done
"$WANLAB" up "$WORK/two.yaml" --name v >/dev/null
kill -KILL "$(broker)" "$(pid_of lab)"
none_runs() { [ -z "$("$ENGINE" ps -q)" ]; }
wait_for 5 none_runs
ok $? "$1, kill -9 of lab and broker: containers end by themselves"
is "$(all_containers | wc -l)" 2 "$1: but are still known to the engine"
run env -u DOCKER_HOST -u WANLAB_ENGINE "$WANLAB" ls
nothing_left_of "$1, and after the next command, from another environment"
"$WANLAB" up "$WORK/two.yaml" --name one >/dev/null
kill -KILL "$(broker)"
wait_for 5 no_broker
node d1 true
is "$STATUS" 0 "$1: nodes live without the broker"
run "$WANLAB" restart one d1
like "$ERR" "node 'd1'.*broker has gone" "$1: but are not born"
"$WANLAB" down one
is "$(all_containers)" "" "$1: and are removed by who ends the lab"

sed 's/mini:1/nowhere:7/' "$WORK/two.yaml" >"$WORK/nowhere.yaml"
run "$WANLAB" up "$WORK/nowhere.yaml"
is "$STATUS" 3 "$1: an image that is not there: exit 3"
like "$ERR" "node 'd1'.*no image 'wanlab-test/nowhere:7' in $ENGINE.*pull" "$1: with node, image, engine, and what to do"
}

start_docker
import_images
life docker

# --- an engine that hangs

hang() { # hang WHEN: a command that stops the engine before it is asked for WHEN
    printf '#!/bin/sh\n[ "$1" = %s ] && kill -STOP %s\nexec docker "$@"\n' "$1" "$DOCKERD" >"$WORK/hanging"
    chmod +x "$WORK/hanging"
}
hang image
started=$SECONDS
run env WANLAB_ENGINE="$WORK/hanging" "$WANLAB" up "$WORK/two.yaml" --name one
is "$STATUS" 3 "an engine that hangs when it is looked for: exit 3"
like "$ERR" "d1.*hanging image' has not answered for 5.0 s" "with node, engine and time"
ok $((SECONDS - started > 9)) "in time"
kill -CONT "$DOCKERD"
nothing_left_of "after that"
hang run
started=$SECONDS
run env WANLAB_ENGINE="$WORK/hanging" "$WANLAB" up "$WORK/two.yaml" --name one
is "$STATUS" 1 "an engine that hangs when it is to start a node: exit 1"
like "$ERR" "node 'd[12]': .*hanging run' has not answered for 2.7 s" "with node, engine and time"
ok $((SECONDS - started > 25)) "in time"
kill -CONT "$DOCKERD"
run "$WANLAB" ls
nothing_left_of "after that"
sleep 1
is "$(all_containers)" "" "also a moment later"
"$WANLAB" up "$WORK/two.yaml" --name one >/dev/null
kill -STOP "$DOCKERD"
node d1 true
is "$STATUS" 0 "nodes that run do not need the engine"
run "$WANLAB" kill one d1
is "$STATUS" 0 "nor does killing one"
run "$WANLAB" restart one d1
like "$ERR" "node 'd1': 'docker rm' has not answered for 2.7 s" "a restart fails by name"
kill -CONT "$DOCKERD"
run "$WANLAB" restart one d1
is "$STATUS" 0 "and works when the engine goes on"
diag "$ERR"
"$WANLAB" down one
nothing_left_of "after all that"

# --- no engine

run env WANLAB_ENGINE=/nonexistent "$WANLAB" up "$WORK/two.yaml"
is "$STATUS" 3 "an engine of one's own that is not there: exit 3"
like "$ERR" "WANLAB_ENGINE.*/nonexistent.*No such file.*docker.io, podman" "with its name and the packages"
mkdir "$WORK/empty"
run env PATH="$WORK/empty" "$WANLAB" up "$WORK/two.yaml"
is "$STATUS" 3 "no engine at all: exit 3"
like "$ERR" "docker.*podman.*Debian packages: docker.io, podman" "and the packages"
run env DOCKER_HOST=unix:///nonexistent WANLAB_ENGINE=docker "$WANLAB" up "$WORK/two.yaml"
is "$STATUS" 3 "an engine that does not run: exit 3"
like "$ERR" "Cannot connect to the Docker daemon" "and what it says"
nothing_left "nothing is left"
stop_docker

# --- the other engine

if command -v podman >/dev/null && command -v runc >/dev/null; then
    start_podman
    import_images
    life podman
    stop_podman
else
    diag "no podman: it is not tested"
fi
umount "$WORK/noexec"
traces >"$WORK/after"
is "$(diff "$WORK/before" "$WORK/after")" "" "the machine is as it was"
mkdir -p "$WORK/noexec" && mount -t tmpfs none "$WORK/noexec"
done_testing
