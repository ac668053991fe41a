# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# TAP for shell tests. A test file sources this, calls `ok`, `is`, `like`, … and ends with
# `done_testing`. It runs with a runtime folder of its own, so that its labs meet no others, and
# tears down on exit whatever it left. A file that takes longer than WANLAB_TEST_LIMIT seconds (900) is
# ended, after it has shown on standard error where it hung.

set -u
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WANLAB=${WANLAB:-$TOP/build/${MODE:-release}/bin/wanlab}
TEST_NUMBER=0
TEST_FAILED=0
WORK=$(mktemp -d /tmp/wanlab-test.XXXXXX)
export WANLAB_RUNTIME=$WORK/run
# With sanitizers (MODE=asan): of all of a lab's processes, also of those whose output goes nowhere.
if [ "${MODE:-}" = asan ]; then
    export ASAN_OPTIONS=log_path=$WORK/finding UBSAN_OPTIONS=log_path=$WORK/finding:print_stacktrace=1
fi

tap_exit() {
    local lab pid args
    for lab in $(timeout -k 1 20 "$WANLAB" ls 2>/dev/null); do
        timeout -k 1 20 "$WANLAB" down "$lab" 2>/dev/null
    done
    for pid in $(grep -lz "^WANLAB_RUNTIME=$WORK/" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3); do
        args=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")
        [ -n "$args" ] || continue # it is ending
        echo "# still there after the test: $pid $args" >&2
        kill -KILL "$pid" 2>/dev/null # prove waits for whoever has its pipe
    done
    echo over 1<>"$WORK/over"
    rm -rf "$WORK"
}
trap tap_exit EXIT
trap 'exit 130' INT TERM

descendants() { # of process $1, each as PID, state, kernel function, seconds, command
    local pid
    for pid in $(ps -o pid= --ppid "$1"); do
        ps -o pid=,ppid=,stat=,wchan:24=,etimes=,args= -p "$pid"
        descendants "$pid"
    done
}

# Runs beside the test $1, as nobody's child that a bare `wait` would wait for.
tap_watch() {
    local test=$1 limit=${WANLAB_TEST_LIMIT:-900} log tree
    read -rt "$limit" <>"$WORK/over" && return
    tree=$(descendants "$test")
    {
        echo "# $0 has not ended after $limit s; it last wrote '$(tail -n 1 "$WORK/said")', and runs:"
        cut -c 1-200 <<<"$tree" | sed 's/^/#   /'
        for log in "$WANLAB_RUNTIME"/*/log; do
            [ -f "$log" ] && tail -n 20 "$log" | sed "s|^|#   $(basename "$(dirname "$log")"): |"
        done
    } >&2
    kill -TERM "$test"
    while read -r pid _; do kill -KILL "$pid"; done <<<"$tree"
}
mkfifo "$WORK/over"
(tap_watch $$ >/dev/null &)

# ok STATUS NAME: passes if STATUS is 0.
ok() {
    TEST_NUMBER=$((TEST_NUMBER + 1))
    echo "$TEST_NUMBER - $2" >"$WORK/said"
    if [ "$1" = 0 ]; then
        echo "ok $TEST_NUMBER - $2"
    else
        echo "not ok $TEST_NUMBER - $2"
        echo "# $0: not ok $TEST_NUMBER - $2" >&2 # prove shows only what is written here
        TEST_FAILED=$((TEST_FAILED + 1))
    fi
}

diag() {
    printf '%s\n' "$*" | sed 's/^/# /'
}

# is GOT WANTED NAME
is() {
    [ "$1" = "$2" ]
    ok $? "$3"
    [ "$1" = "$2" ] || diag "got:    $1" "
wanted: $2" >&2
}

# like TEXT REGEX NAME
like() {
    [[ $1 =~ $2 ]]
    ok $? "$3"
    [[ $1 =~ $2 ]] || diag "got:          $1" "
to be matched: $2" >&2
}

is_within() { # is_within VALUE LOW HIGH
    awk -v v="$1" -v low="$2" -v high="$3" 'BEGIN {exit !(v != "" && v >= low && v <= high)}'
}

# within VALUE LOW HIGH NAME
within() {
    is_within "$@"
    local status=$?
    ok $status "$4"
    [ $status = 0 ] || diag "got $1, wanted $2 to $3" >&2
}

# run COMMAND…: sets STATUS, OUT (standard output) and ERR (standard error).
run() {
    "$@" >"$WORK/out" 2>"$WORK/err"
    STATUS=$?
    OUT=$(cat "$WORK/out")
    ERR=$(cat "$WORK/err")
}

# without PROGRAMS COMMAND…: runs the command where these programs cannot be run.
without() {
    local hide="" program programs=$1
    shift
    for program in $programs; do hide="$hide mount --bind /dev/null $(command -v "$program");"; done
    if [ "$(id -u)" = 0 ]; then
        run unshare --mount sh -c "$hide exec \"\$@\"" sh "$@"
    else # root for the mounts alone
        run unshare --map-root-user --mount sh -c "$hide
            exec unshare --map-user=$(id -u) --map-group=$(id -g) \"\$@\"" sh "$@"
    fi
}

# wait_for SECONDS COMMAND…: until the command succeeds; its last status.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    while ! "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.05
    done
}

# The processes inside this test's labs: they have the runtime folder's name in their environment,
# as this test itself, and live in another PID namespace.
lab_processes() {
    local pid
    grep -lz "^WANLAB_RUNTIME=$WANLAB_RUNTIME\$" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 |
        while read -r pid; do
            [ "$(readlink "/proc/$pid/ns/pid" || readlink /proc/self/ns/pid)" = \
                "$(readlink /proc/self/ns/pid)" ] || echo "$pid"
        done 2>/dev/null
}

pid_of() { # pid_of LAB-PROCESS-NAME: init, lab (the supervisor), wire (the delay line)
    local pid
    for pid in $(lab_processes); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "wanlab-$1" ] && echo "$pid"
    done
}

nothing_runs() {
    [ -z "$(lab_processes)" ]
}

# A lab counts as gone when the last of its processes lets go of its lock, a moment after it is no longer seen.
no_lab_is_known() {
    [ -z "$("$WANLAB" ls)" ]
}

# nothing_left NAME: no process, mount, interface or folder of this test's labs is left.
nothing_left() {
    local left=""
    wait_for 30 nothing_runs || left="$left processes: $(lab_processes | tr '\n' ' ')"
    wait_for 30 no_lab_is_known || left="$left labs" # any command sweeps
    grep -q "$WANLAB_RUNTIME" /proc/mounts && left="$left mounts"
    [ -z "$(ls -A "$WANLAB_RUNTIME" 2>/dev/null)" ] || left="$left folders: $(ls "$WANLAB_RUNTIME")"
    ls /sys/class/net | grep -qE '^[ptiu][0-9]+$|^br[0-9]+$' && left="$left interfaces"
    [ -z "$left" ]
    ok $? "$1"
    [ -z "$left" ] || diag "left:$left"
}

# skip_all REASON: where this whole file cannot run.
skip_all() {
    if [ "${WANLAB_TESTS_MUST_RUN:-}" = 1 ]; then
        echo "1..1"
        echo "not ok 1 - must run, but: $1"
        exit 1
    fi
    echo "1..0 # SKIP $1"
    exit 0
}

# runs_alone: what a file says that must have no other test beside it; see prove.sh.
runs_alone() {
    :
}

need_root() {
    [ "$(id -u)" = 0 ] || skip_all "needs root"
}

# What an ordinary user's lab can be made of: processes alone, without limits.
KINDS="process container" CONTAINER="kind: container, root: host" LIMITS="pids: 100, memory: 64MiB"
[ "$(id -u)" = 0 ] || KINDS=process CONTAINER="kind: process" LIMITS=

# enter PID OPTIONS COMMAND…: nsenter into a process of a lab, of an ordinary user's too.
enter() {
    local pid=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        nsenter -t "$pid" "$@"
    else
        nsenter -t "$pid" -U --preserve-credentials "$@"
    fi
}

no_findings() {
    local finding found=0
    for finding in "$WORK"/finding.*; do
        [ -f "$finding" ] || continue
        found=$((found + 1))
        diag "$(head -n 40 "$finding")"
    done
    ok $found "the sanitizers have found nothing"
}

done_testing() {
    [ "${MODE:-}" != asan ] || no_findings
    echo "1..$TEST_NUMBER"
    [ $TEST_FAILED = 0 ] || exit 1
    exit 0
}
