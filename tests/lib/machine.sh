# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What every kind of virtual machine has to hold: the same wires, commands, life, and faults by name.
# The test that sources this has sourced tap.sh and set
#   KIND         as in the file             MEMORY       MiB that its guest boots in
#   PROGRAM      of a machine               PACKAGE      which has it
#   NAME_OPTION  before the node's name in its command line
#   NODE_KEYS    more keys of such a node, each after a comma and a blank
#   kind_checks  a function: what only this kind has, in lab `one`, node u1
#
#   wan: u1, u2, p (a process)      lan: u1, u2

export WANLAB_CACHE_ROOT=$WORK/cache

cat >"$WORK/lab.yaml" <<Y
nodes:
  u: {count: 2, kind: $KIND, memory: ${MEMORY}MiB${LIMITS:+, cpus: 1}, pids: 100, answer_timeout: 4s$NODE_KEYS}
  p: {}
wan: {members: [u, p], delay: 5ms}
networks: {lan: {members: [u]}}
Y
node() { # node NODE COMMAND…: in lab one
    local name=$1
    shift
    run timeout -k 5 60 "$WANLAB" exec one "$name" -- "$@"
}
machine_of() { # the first process of the machine that is node $1: not the one of the lowest number
    local pid parent
    for pid in $(lab_processes); do
        parent=$(awk '/^PPid:/ {print $2}' "/proc/$pid/status" 2>/dev/null)
        [ "$(cat "/proc/${parent:-0}/comm" 2>/dev/null)" = wanlab-machine ] &&
            tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q "^$PROGRAM .*${NAME_OPTION}$1 " && echo "$pid"
    done
}
state() { "$WANLAB" status one --json 2>/dev/null | jq -r ".nodes[] | select(.name == \"$1\") | .state"; }
is_state() { [ "$(state "$1")" = "$2" ]; }

is "$("$WANLAB" plan "$WORK/lab.yaml" | grep -oE 'link set (p0|eth0) up' | head -2 | xargs)" \
    "link set p0 up link set eth0 up" "a machine's TAP is up before the machine can send anything"

run timeout 100 "$WANLAB" up "$WORK/lab.yaml" --name one
is "$STATUS" 0 "two machines and a process come up"
diag "$OUT$ERR"
node u1 uname -r
[ "$OUT" != "$(uname -r)" ]
ok $? "a machine has a kernel of its own"
node u1 hostname
is "$OUT" u1 "and its name"
for pair in "u1 u2" "u1 p" "p u2"; do
    # shellcheck disable=SC2086 # two words
    set -- $pair
    node "$1" ping -c 2 -i 0.2 -W 2 "$2"
    is "$STATUS" 0 "$1 reaches $2 by name"
    node "$1" ping -6 -c 1 -W 2 "$2"
    is "$STATUS" 0 "and over IPv6"
done
rtt() { # rtt NODE: the least from p, in ms
    node p ping -c 5 -i 0.2 -W 2 -q "$1"
    sed -n 's|^rtt min/avg/max/mdev = \([0-9.]*\)/.*|\1|p' <<<"$OUT"
}
like "$(rtt u1)" '^1[0-6]\.' "the wan's round trip of 10 ms holds"
node u1 ping -c 1 -W 2 10.128.0.2
is "$STATUS" 0 "the LAN works beside the wan"
node u1 ip -o -4 addr show
like "$OUT" 'eth0 .*10\.0\.0\.1/32.*eth1 .*10\.128\.0\.1/16' "the interfaces have the plan's names and addresses"
node u1 cat /sys/class/net/eth0/address
is "$OUT" 02:01:00:00:00:00 "and its MAC"

# Programs.
node u1 sh -c 'exit 42'
is "$STATUS" 42 "the exit status passes through"
node u1 sh -c 'kill -9 $$'
is "$STATUS" 137 "so does a signal"
node u1 /no/such/command
like "$ERR" "u1.*/no/such/command.*No such file" "a command that is not there: node, command and reason"
head -c 300000 /dev/urandom >"$WORK/bytes"
is "$(timeout -k 5 60 "$WANLAB" exec one u1 -- sha256sum <"$WORK/bytes")" "$(sha256sum <"$WORK/bytes")" "standard input arrives whole"
is "$(timeout -k 5 60 "$WANLAB" exec one u1 -- head -c 5000000 /dev/zero | wc -c)" 5000000 "so does standard output"
is "$(timeout -k 5 60 "$WANLAB" exec one u1 -- sh -c 'echo x; echo y >&2; echo z' 2>&1 | tr -d '\n')" xyz "two streams into one file keep their order"
is "$(timeout -k 5 60 "$WANLAB" exec one u1 -- sh -c 'readlink /proc/$$/fd/1 /proc/$$/fd/2' 2>&1 | uniq | wc -l)" 1 "as they are one"
like "$(timeout -k 5 60 script -qec "stty rows 33 cols 77; $WANLAB shell one u1 -- stty size" /dev/null </dev/null)" '33 77' \
    "a terminal has its size from the start"
run sh -c "timeout 20 '$WANLAB' exec one u1 -- sh -c 'trap \"\" PIPE; yes; echo over >&2' | head -1"
like "$OUT/$ERR" '^y/.*over' "one whose reader has gone is told so, even where it ignores the signal"
run sh -c "'$WANLAB' exec one u1 -- echo x >/dev/full"
is "$STATUS" 1 "output that cannot be written is an error"
like "$ERR" "cannot write its output: No space left" "with the reason"
long=$(head -c 120000 /dev/zero | tr '\0' x)
node u1 true "$long" "$long" "$long" "$long" "$long" "$long" "$long" "$long" "$long"
like "$ERR" "u1.*arguments and variables have 10[0-9]* bytes, expected at most" "so are too many arguments"
node u1 sh -c 'echo out; echo err >&2'
is "$OUT/$ERR" "out/err" "and are two streams where they have two files"
is "$(for i in 1 2 3 4 5 6 7 8; do timeout -k 5 60 "$WANLAB" exec one u1 -- sh -c "echo $i; sleep 0.2" & done | sort | tr -d '\n')" 12345678 \
    "eight programs at once"
wait
run timeout -k 20 1 "$WANLAB" exec one u1 -- sleep 1234
sleep 0.5
node u1 sh -c 'ps -e -o args= | grep -c "^sleep 1234"'
is "$OUT" 0 "a program ends when its client has gone"
node u1 sh -c 'sleep 100 >/dev/null 2>&1 & echo started'
is "$OUT" started "a program that leaves another one behind ends by itself"

# What it sees and has.
node u1 sh -c 'free -b | awk "/^Mem/ {print \$2}"'
[ "$OUT" -gt $((MEMORY * 800000)) ] && [ "$OUT" -lt $((MEMORY * 1048576)) ]
ok $? "it has the memory of the file"
node u1 perl -e 'while (@p < 200 and defined($p = fork)) { $p or sleep(60), exit; push @p, $p } print scalar(@p); kill 9, @p'
within "$OUT" 70 110 "and no more processes than the file lets it have"
node u1 sh -c 'echo x >/etc/wanlab-test && cat /etc/wanlab-test'
is "$OUT" x "the host's files can be written"
[ ! -e /etc/wanlab-test ]
ok $? "which the host does not notice"
kind_checks
node u1 sh -c 'ls -A /tmp /run/wanlab'
like "$OUT" '^/run/wanlab:.*lab.*scratch.*/tmp:$' "of the host's /tmp and /run it sees nothing"
node u1 sh -c 'cat /proc/sys/net/ipv4/tcp_no_metrics_save; ip route get 10.0.0.3; ip route show 10.0.0.0/16'
like "$OUT" '^1.*congctl cubic' "it has the lab's TCP profile"
node p cat /proc/sys/net/ipv4/tcp_rmem
process=$OUT
node u1 cat /proc/sys/net/ipv4/tcp_rmem
is "$OUT" "$process" "to the byte"
run "$WANLAB" status one --json
offset=$(jq '.nodes[0].clock_offset_s' <<<"$OUT")
is "$(jq -n "$offset | fabs < 0.02")" true "its clock is the host's"
diag "off by $offset s"

# Its clock, changed by events.
clock_off() { # the guest's clock minus the host's, in s, as a program sees it
    local before after
    before=$(date +%s.%N)
    node u1 date +%s.%N
    after=$(date +%s.%N)
    jq -n "$OUT - ($before + $after) / 2"
}
run "$WANLAB" event one '{clock: {nodes: u1, step: -100s, drift: 10%}}'
like "$STATUS$OUT$ERR" '^0clock .*: changed at' "an event steps its clock"
stepped=$(clock_off) begin=$SECONDS
is "$(jq -n "$stepped > -101 and $stepped < -96")" true "which its programs see"
wait_for 20 sh -c "'$WANLAB' status one --json | jq -e '.nodes[0].clock_offset_s | . > -101 and . < -90'" >/dev/null
ok $? "and so does status"
sleep 2
drifted=$(clock_off) elapsed=$((SECONDS - begin))
is "$(jq -n "$drifted - $stepped | . > 0.1 and . < 0.1 * ($elapsed + 2) + 0.3")" true "it runs fast"
diag "off by $stepped s, and $elapsed s later by $drifted s"
"$WANLAB" event one '{clock: {nodes: u1, reset}}' >/dev/null
is "$(jq -n "$(clock_off) | fabs < 0.5")" true "and is the host's again"

run "$WANLAB" cp one "$WORK/bytes" u1:/run/wanlab/scratch/
is "$STATUS" 0 "a file goes in"
run "$WANLAB" cp one u1:/run/wanlab/scratch/bytes "$WORK/back"
cmp "$WORK/bytes" "$WORK/back"
ok $? "and comes out as it was"
run "$WANLAB" cp one u1:/no/such/file "$WORK/none"
like "$ERR" "cannot open '/no/such/file': No such file" "one that is not there: path and reason"
[ ! -e "$WORK/none" ]
ok $? "and nothing is left of it"

# Its wires, while it runs.
run "$WANLAB" link one u1-p delay=25ms
is "$STATUS" 0 "link changes a machine's wire"
like "$(rtt u1)" '^5[0-6]\.' "both ways"
like "$(rtt u2)" '^1[0-6]\.' "and no other machine's"
run "$WANLAB" link one 'u1->lan' loss=100%
node u2 ping -c 1 -W 1 10.128.0.1
like "$STATUS$OUT" "^1.*100% packet loss" "and the one to a LAN, in one direction"
run "$WANLAB" link one u1-lan down
run "$WANLAB" link one u1-lan up 'u1->lan' loss=none
node u2 ping -c 1 -W 2 10.128.0.1
is "$STATUS" 0 "cut, healed and without loss it carries packets again"

# Its life.
node u1 sh -c 'echo kept >/run/wanlab/scratch/kept; sync'
run "$WANLAB" pause one u1
is "$STATUS" 0 "pause"
is "$(state u1)" paused "status says so"
node p ping -c 1 -W 1 u1
is "$STATUS" 1 "a paused machine does not answer"
node u1 true
like "$ERR" "u1.*paused" "and runs nothing"
sleep 5 # longer than answer_timeout
run "$WANLAB" resume one u1
is "$STATUS" 0 "resume, after longer than its answer_timeout"
node p ping -c 1 -W 2 u1
is "$STATUS" 0 "and it goes on"
"$WANLAB" exec one u1 -- sleep 1000 &
running=$!
sleep 0.3
run "$WANLAB" kill one u1
is "$STATUS" 0 "kill"
wait $running
is $? 137 "its programs are killed with it"
is "$(state u1)" dead "status says dead"
node p ping -c 1 -W 1 u1
is "$STATUS" 1 "a dead machine is silent"
like "$OUT" "100% packet loss" "and nobody answers in its place"
run timeout 60 "$WANLAB" restart one u1
is "$STATUS" 0 "restart"
node p ping -c 1 -W 2 u1
is "$STATUS" 0 "it is back on its wires"
like "$(rtt u1)" '^5[0-6]\.' "which are as they had been changed"
node u2 ping -c 1 -W 2 10.128.0.1
is "$STATUS" 0 "on all of them"
node u1 sh -c 'cat /run/wanlab/scratch/kept; ls /etc/wanlab-test 2>&1'
like "$OUT" '^kept.*No such file' "its disk has survived, its memory has not"
"$WANLAB" exec one u1 -- sh -c 'trap "echo ended >/run/wanlab/scratch/ended; exit 0" TERM; while :; do sleep 0.1; done' &
running=$!
sleep 0.5
run timeout 60 "$WANLAB" stop one u1
is "$STATUS" 0 "stop"
wait $running
is "$(state u1)" dead "ends a machine"
run timeout 60 "$WANLAB" restart one u
is "$STATUS" 0 "a whole group restarts"
node u1 cat /run/wanlab/scratch/ended
is "$OUT" ended "whose programs had been asked to end"

# Faults.
kill -9 "$(machine_of u2)"
wait_for 5 is_state u2 dead
ok $? "a machine killed from outside is dead"
like "$(cat "$WANLAB_RUNTIME/one/log")" "u2.*killed by signal 9" "the log says why"
kill -STOP "$(machine_of u1)"
wait_for 15 is_state u1 dead
ok $? "a guest that hangs is dead after its answer_timeout"
like "$(cat "$WANLAB_RUNTIME/one/log")" "u1.*has not answered for 4s" "the log says why"
[ -s "$WANLAB_RUNTIME/one/nodes/u1.log" ]
ok $? "its console is kept"
run timeout 60 "$WANLAB" restart one u
is "$STATUS" 0 "both can be restarted"
run "$WANLAB" down one
is "$STATUS" 0 "down"
is "$(lab_processes)" "" "and nothing is left"

run timeout 60 "$WANLAB" up "$WORK/lab.yaml" --name one --set nodes.u.memory=12MiB
is "$STATUS" 1 "too little memory to boot in"
like "$ERR" "node 'u[12]'.*said last:" "the node's name and the end of its console"
diag "$ERR"
run timeout 60 "$WANLAB" up "$WORK/lab.yaml" --name one --set nodes.u.boot_timeout=100ms
like "$ERR" "node 'u[12]': did not boot within 100ms" "a boot has its deadline"
without "$PROGRAM" "$WANLAB" up "$WORK/lab.yaml"
is "$STATUS" 3 "without $PROGRAM: exit 3"
like "$ERR" "u1.*$PROGRAM.*$PACKAGE" "and the package to install"
is "$(lab_processes)" "" "nothing is left of any of them"

# kill -9 in the middle of a boot and of a life.
"$WANLAB" up "$WORK/lab.yaml" --name one >/dev/null 2>&1 &
launcher=$!
sleep 0.7
kill -9 $launcher
wait $launcher 2>/dev/null
no_processes() { [ -z "$(lab_processes)" ]; }
wait_for 10 no_processes
ok $? "up killed in the middle of a boot leaves no machine"

# A root of its own, which has just a shell.
mkdir -p "$WORK/root/bin"
copy_program() {
    local file
    cp "$(command -v "$1")" "$WORK/root/bin/"
    ldd "$(command -v "$1")" | grep -o '/[^ ]*' | while read -r file; do
        mkdir -p "$WORK/root/$(dirname "$file")"
        cp -L "$file" "$WORK/root/$file"
    done
}
copy_program sh
copy_program cat
run timeout 60 "$WANLAB" up "$WORK/lab.yaml" --name one --set "nodes.u.root=$WORK/root"
is "$STATUS" 0 "a folder as root"
diag "$ERR"
node u1 sh -c 'echo x >/x; cat /x /etc/hosts'
like "$OUT" '^x.*u1' "it is the root, and can be written"
[ ! -e "$WORK/root/x" ]
ok $? "the folder itself stays as it is"
node u1 ls
like "$ERR" "u1.*cannot run 'ls'" "what the root lacks is said"
node p ping -c 1 -W 2 u2
is "$STATUS" 0 "the network is the same"
run "$WANLAB" down one

# A run whose machine dies fails by name.
cat >"$WORK/run.yaml" <<Y
nodes: {db: {count: 2, kind: $KIND, memory: 256MiB$NODE_KEYS}}
wan: {members: [db], delay: 10ms}
workload: {replicate: {rate: 600/min, aggregate: 10, duration: 20s}}
Y
# A program in User-Mode Linux has less address space than the sanitizers need.
[ "$KIND ${MODE:-}" != "uml asan" ] || export WANLAB_WORKLOADS=$TOP/build/release/share/wanlab/workloads
timeout 100 "$WANLAB" run "$WORK/run.yaml" -o "$WORK/results" >"$WORK/out" 2>"$WORK/err" &
runner=$!
in_main_loop() { grep -q "main loop" "$WORK/out" "$WORK/err"; }
wait_for 40 in_main_loop
kill -9 "$(machine_of db2)"
wait $runner
is $? 1 "a run whose machine is killed fails"
like "$(cat "$WORK/err")" "node 'db2' died: its machine was killed by signal 9" "by name"
run timeout 100 "$WANLAB" run "$WORK/run.yaml" --set workload.replicate.duration=5s -o "$WORK/results2"
is "$STATUS" 0 "the main job runs on machines"
like "$OUT$ERR" "passed: the result" "and its result is checked"
[ -s "$WORK/results2/logs/db1.console.log" ]
ok $? "the results have its console"
is "$(jq -r ".nodes[0].kind" "$WORK/results2/run.json")" "$KIND" "and what each node is and took"
is "$(lab_processes)" "" "nothing is left"

done_testing
