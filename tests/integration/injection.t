#!/bin/bash
# SPDX-License-Identifier: MIT
# The kernel refuses one netlink request, each in turn; there are too few processes to be had; the disk of the runtime
# folder is full, at every size. Each time: a clear error, and nothing left.
. "$(dirname "$0")/../lib/tap.sh"
need_root

cat >"$WORK/lab.yaml" <<'Y'
nodes: {a: {count: 2}, b: {pids: 50}}
wan: {members: [a], delay: 5ms}
links: [{ends: [a1, b], delay: 1ms}]
networks: {lan: {members: [a, b]}}
Y
cat >"$WORK/many.yaml" <<'Y'
nodes: {n: {count: 30}}
wan: {members: [n], delay: 5ms}
Y
leftovers() { # what `nothing_left` looks for, and cgroups
    wait_for 10 nothing_runs || echo "processes: $(lab_processes | xargs)"
    "$WANLAB" ls >/dev/null
    ls -A "$WANLAB_RUNTIME"
    grep "$WANLAB_RUNTIME/" /proc/mounts
    find /sys/fs/cgroup -maxdepth 6 -name "wanlab.faulty-$$.*" 2>/dev/null
}

# --- a netlink request that fails

cc -shared -fPIC -O1 -D_GNU_SOURCE -o "$WORK/fault.so" "$TOP/tests/lib/netlink-fault.c" -ldl
ok $? "the fault can be made"
faulty() { # COMMAND…: of wanlab
    ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 LD_PRELOAD=$WORK/fault.so WANLAB_TEST_FAULT=$WORK/fault \
        run "$WANLAB" "$@"
}
reached() { [ "$(xargs <"$WORK/fault")" = 0 ]; }

bad=0
for ((n = 1; n < 1000; n++)); do
    echo $n >"$WORK/fault"
    faulty up "$WORK/lab.yaml" --name faulty-$$
    reached || break # there are no so many
    left=$(leftovers)
    # `up` asks first, in a namespace of its own, whether there is netem: that may well be refused.
    [ $STATUS = 0 ] && "$WANLAB" down faulty-$$ && left=$(leftovers) && tolerated="${tolerated:-} $n" && continue
    if [ $STATUS != 1 ] || [[ $ERR != wanlab:*ip\ *:*Operation\ not\ supported* && $ERR != wanlab:*tc\ *:*Operation\ not\ supported* ]] ||
        [ -n "$left" ]; then
        bad=$((bad + 1))
        diag "request $n: exit $STATUS, $ERR, left: $left"
    fi
done
is $bad 0 "each of $((n - 1)) requests of up, refused: exit 1, the step with the kernel's word, nothing left"
diag "tolerated:${tolerated:- none}; the last: $ERR"
[ $n -gt 40 ] && [ "$(wc -w <<<"${tolerated:-}")" -le 4 ]
ok $? "they were many, and next to none may fail"
is "$STATUS" 0 "with none refused the lab comes up"
diag "$OUT$ERR"

bad=0
for ((n = 1; n < 1000; n++)); do
    echo $n >"$WORK/fault" # the supervisor counts
    run "$WANLAB" restart faulty-$$ a1
    reached || break
    first=$STATUS why=$ERR
    echo 0 >"$WORK/fault"
    run "$WANLAB" restart faulty-$$ a1
    [ $STATUS = 0 ] && run "$WANLAB" exec faulty-$$ a1 -- sh -c 'ping -c 1 -W 5 a2 && ping -c 1 -W 5 b'
    if [ $STATUS != 0 ] || [ $first -gt 1 ]; then
        bad=$((bad + 1))
        diag "request $n: exit $first, $why; the next: $STATUS, $OUT $ERR"
    fi
done
is $bad 0 "each of $((n - 1)) requests of a restart, refused: the next restart heals the node"
"$WANLAB" down faulty-$$
is "$(leftovers)" "" "nothing is left"

# --- too few processes: in the middle, since wanlab cannot read how many it may have (scale.t: where it can)

pids=/sys/fs/cgroup/pids/wanlab-test-$$
[ -d /sys/fs/cgroup/pids ] || pids=/sys/fs/cgroup/wanlab-test-$$
if mkdir "$pids" 2>/dev/null && [ -e "$pids/pids.max" ]; then
    bad=0
    for max in 1 2 3 4 5 6 8 12 20 30; do
        echo $max >"$pids/pids.max"
        # The search for leaks needs a process more.
        ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 run unshare --mount \
            sh -c 'mount --bind /dev/null "$1/pids.max" && echo $$ >"$1/cgroup.procs" && shift && exec "$@"' \
            sh "$pids" timeout 60 "$WANLAB" up "$WORK/many.yaml" --name faulty-$$
        left=$(leftovers)
        if [[ $STATUS != [13] || $ERR != wanlab:* ]] || [ -n "$left" ]; then
            [ $max = 1 ] && [ -z "$left" ] && continue # not even wanlab itself
            bad=$((bad + 1))
            diag "$max processes: exit $STATUS, $ERR, left: $left"
        fi
    done
    is $bad 0 "too few processes: an error, and nothing left"
    like "$ERR" "Resource temporarily unavailable" "which says of what there is too little"
    diag "$ERR"
    rmdir "$pids"
else
    ok $((WANLAB_TESTS_MUST_RUN + 0)) "no pids controller for this test # SKIP"
fi

# --- a full disk

mkdir "$WORK/small"
bad=0
full=0
for size in size=4k size=8k size=12k size=16k size=24k size=32k size=48k nr_inodes={1,2,3,4,5,6,7,8,10,12}; do
    mount -t tmpfs -o "$size" none "$WORK/small"
    WANLAB_RUNTIME=$WORK/small run "$WANLAB" up "$WORK/lab.yaml" --name faulty-$$
    [ $STATUS = 0 ] && WANLAB_RUNTIME=$WORK/small "$WANLAB" down faulty-$$
    [ $STATUS = 0 ] || full=$((full + 1))
    WANLAB_RUNTIME=$WORK/small "$WANLAB" ls >/dev/null
    left=$(ls -A "$WORK/small" && find /sys/fs/cgroup -maxdepth 6 -name "wanlab.faulty-$$.*" 2>/dev/null)
    umount "$WORK/small" || left="$left, busy"
    if [ -n "$left" ] || [[ $STATUS != 0 && $ERR != wanlab:*"No space left on device"* ]]; then
        bad=$((bad + 1))
        diag "$size: exit $STATUS, $ERR, left: $left"
    fi
done
is $bad 0 "a full disk: an error that says so, and nothing left"
[ $full -ge 5 ]
ok $? "in $full of its sizes"
done_testing
