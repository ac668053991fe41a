#!/bin/bash
# SPDX-License-Identifier: MIT
# What goes wrong in a run: interrupts at every stage, a database that dies, a check that does not
# hold, a machine that lacks something. Each time: the right exit status, a reason by name, nothing left.
. "$(dirname "$0")/../lib/tap.sh"
need_root

cat >"$WORK/run.yaml" <<'Y'
name: faults
nodes: {db: {count: 3}}
wan: {members: [db], delay: 20ms}
workload: {replicate: {rate: 600/min, aggregate: 5, duration: 20s, mode: parallel}}
Y
cd "$WORK" || exit 1

# Whether a process has a handler for SIGTERM: before, no program can say a thing.
catches_term() { (((0x$(awk '/^SigCgt/ {print $2}' "/proc/$1/status") >> 14) & 1)); }

# Ctrl-C, from before the lab is there until the main loop.
for seconds in 0.02 0.2 0.5 1 3; do
    "$WANLAB" run run.yaml -o "$WORK/interrupted" >"$WORK/out" 2>&1 &
    pid=$!
    wait_for 10 catches_term $pid
    sleep $seconds
    # A background job of a script ignores SIGINT; SIGTERM is handled alike.
    kill -TERM $pid
    wait $pid
    is $? 1 "interrupted after $seconds s: exit 1"
    like "$(tail -1 "$WORK/out")" "interrupted" "interrupted after $seconds s: says so"
    is "$(ls -d "$WORK"/interrupted* 2>/dev/null)" "" "interrupted after $seconds s: no results"
    nothing_left "interrupted after $seconds s: nothing is left"
done

"$WANLAB" run run.yaml -o "$WORK/killed" >/dev/null 2>&1 &
pid=$!
sleep 2
kill -KILL $pid
wait $pid 2>/dev/null
nothing_left "kill -9 of the run takes its lab along"
[ ! -e "$WORK/killed" ]
ok $? "and leaves no results that look whole"

# database NODE: the process of that node's server
database() {
    local pid
    for pid in $(lab_and_node_processes); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = mariadbd ] &&
            tr '\0' '\n' <"/proc/$pid/environ" | grep -qx "WANLAB_NODE=$1" && echo "$pid"
    done
}
# Programs of a run have an environment of their own; they are known by the lab's PID namespaces.
lab_and_node_processes() {
    local supervisor
    supervisor=$(pid_of lab)
    [ -n "$supervisor" ] && ps -e -o pid=,ppid= | awk -v root="$supervisor" '
        {parent[$1] = $2}
        END {for (p in parent) {for (q = p; q && q != root;) q = parent[q]; if (q) print p}}'
}
main_loop_runs() { grep -q '"phase":"main"' "$1".partial/events.jsonl 2>/dev/null; }

"$WANLAB" run run.yaml -o "$WORK/dead" >"$WORK/out" 2>&1 &
pid=$!
wait_for 20 main_loop_runs "$WORK/dead"
ok $? "a run is in its main loop"
before=$SECONDS
kill -KILL "$(database db2)"
wait $pid
is $? 1 "a database is killed: exit 1"
[ $((SECONDS - before)) -le 5 ]
ok $? "a database is killed: within seconds"
like "$(tail -1 "$WORK/out")" "db2" "a database is killed: it is named"
diag "$(tail -2 "$WORK/out")"
like "$(cat "$WORK/dead/run.json")" '"outcome": "failed"' "a database is killed: so say the results"
nothing_left "a database is killed: nothing is left"

"$WANLAB" run run.yaml -o "$WORK/node" >"$WORK/out" 2>&1 &
pid=$!
wait_for 20 main_loop_runs "$WORK/node"
kill -KILL "$(pid_of node | head -1)"
wait $pid
is $? 1 "a node dies: exit 1"
like "$(tail -1 "$WORK/out")" "db[123]" "a node dies: it is named"
diag "$(tail -1 "$WORK/out")"
nothing_left "a node dies: nothing is left"

"$WANLAB" run run.yaml -o "$WORK/wire" >"$WORK/out" 2>&1 &
pid=$!
wait_for 20 main_loop_runs "$WORK/wire"
kill -KILL "$(pid_of wire)"
wait $pid
is $? 1 "the delay line dies: exit 1"
nothing_left "the delay line dies: nothing is left"

# A workload of our own: anything with a workload.yaml.
mkdir -p "$WORK/workloads/tiny"
cat >"$WORK/workloads/tiny/workload.yaml" <<'Y'
name: tiny
parameters: {fail: {type: choice, values: [no, run, check, hang], default: no}}
run: [./run]
silence: 2s
check: [./check]
metrics: {answer: {unit: s}}
table: [answer]
main: answer
Y
cat >"$WORK/workloads/tiny/run" <<'R'
#!/bin/sh
[ "$WANLAB_PARAM_FAIL" = run ] && { echo "$WANLAB_NODE cannot" >&2; exit 9; }
[ "$WANLAB_PARAM_FAIL" = hang ] && exec sleep 100
echo '{"metric":"answer","value":42,"unit":"s","at":0.5}' >>"$WANLAB_OUTPUT"
R
cat >"$WORK/workloads/tiny/check" <<'R'
#!/bin/sh
[ "$WANLAB_PARAM_FAIL" = check ] || exit 0
echo '{"error":"db3 lacks 10 tuples of db1"}' >>"$WANLAB_OUTPUT"
exit 1
R
chmod +x "$WORK"/workloads/tiny/{run,check}
export WANLAB_WORKLOADS=$WORK/workloads
cat >tiny.yaml <<'Y'
nodes: {n: {count: 2}}
wan: {members: [n], delay: 1ms}
workload: {tiny: {}}
Y
run "$WANLAB" run tiny.yaml -o "$WORK/tiny1"
is "$STATUS" 0 "a workload of one's own runs"
like "$OUT" "42" "and its metric is reported"
diag "$OUT$ERR"
run "$WANLAB" run tiny.yaml -o "$WORK/tiny2" --set workload.tiny.fail=run
is "$STATUS" 1 "a program that fails: exit 1"
like "$ERR" "node 'n[12]': tiny ended with status 9; it said last: n[12] cannot" "with node, status and its last words"
run "$WANLAB" run tiny.yaml -o "$WORK/tiny3" --set workload.tiny.fail=check
is "$STATUS" 1 "a check that does not hold: exit 1"
like "$ERR" "db3 lacks 10 tuples of db1" "with what the check says"
run "$WANLAB" run tiny.yaml -o "$WORK/tiny5" --set workload.tiny.fail=hang
is "$STATUS" 1 "a program that hangs: exit 1"
like "$ERR" "node 'n[12]': tiny has reported nothing for 2s: it hangs" "by name"
nothing_left "a program that hangs leaves nothing"
chmod -x "$WORK/workloads/tiny/run"
run "$WANLAB" run tiny.yaml -o "$WORK/tiny4"
is "$STATUS" 2 "a program that cannot be run: refused before the start"
like "$ERR" "tiny/workload.yaml:3:6: './run' cannot be run: Permission denied; try chmod \\+x" "with place, reason and remedy"
unset WANLAB_WORKLOADS

# lacking NAME SETUP COMMAND…: runs with a private view of the files.
lacking() {
    local setup=$1
    shift
    run unshare --mount sh -c "$setup && exec \"\$@\"" sh "$@"
}
lacking 'mount --bind /dev/null /usr/sbin/mariadbd' "$WANLAB" run run.yaml -o "$WORK/no"
is "$STATUS" 3 "no mariadbd: exit 3"
like "$ERR" "mariadb-server" "no mariadbd: the package to install"
lacking 'mount -t tmpfs none /dev/net' "$WANLAB" up run.yaml
is "$STATUS" 3 "no /dev/net/tun: exit 3"
like "$ERR" "/dev/net/tun.*tun" "no /dev/net/tun: what to load"
run setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$WANLAB" up run.yaml
is "$STATUS" 3 "namespaces are forbidden: exit 3"
like "$ERR" "cannot make namespaces" "namespaces are forbidden: says so"
run "$WANLAB" run run.yaml --engine netem -o "$WORK/no"
if [ "$STATUS" = 0 ]; then
    ok 0 "this kernel has netem"
else
    is "$STATUS" 3 "netem is asked for and not there: exit 3"
    like "$ERR" "sch_netem" "netem is asked for and not there: what to install"
fi
run "$WANLAB" run run.yaml --set nodes.db.count=1000 --set workload.replicate.rate=1000/s -o "$WORK/no"
is "$STATUS" 3 "more nodes than the machine holds: refused before the start"
like "$ERR" "1000 nodes of workload 'replicate' need [0-9]+ MiB each" "with what it would take"

# An ordinary user: plain wires need no more than a user namespace.
cat >plain.yaml <<'Y'
nodes: {n: {count: 2}}
links: [{ends: [n1, n2]}]
Y
mkdir "$WORK/user"
chown nobody "$WORK/user"
chmod 755 "$WORK"
cp plain.yaml "$WANLAB" "$WORK/user/"
as_user() { WANLAB_RUNTIME=$WORK/user/run setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
run as_user "$WORK/user/wanlab" up "$WORK/user/plain.yaml"
is "$STATUS" 0 "an ordinary user brings up a lab"
diag "$OUT$ERR"
run as_user "$WORK/user/wanlab" exec plain n1 -- ping -c 1 -W 2 n2
is "$STATUS" 0 "with wires that work"
run as_user "$WORK/user/wanlab" down plain
is "$STATUS" 0 "and down"
nothing_left "nothing is left"
done_testing
