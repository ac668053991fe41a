#!/bin/bash
# SPDX-License-Identifier: MIT
# Large labs: hundreds of nodes on one LAN, more of them than a bridge has ports; what a node may not cost; and what is
# said where the machine's limits are too low, before anything is started.
. "$(dirname "$0")/../lib/tap.sh"
need_root

lan() { # lan MEMBERS [MORE]: on standard output
    printf 'nodes: {n: {count: %d}}\nnetworks: {lan: {members: [n]%s}}\n' "$1" "${2:-}"
}
supervisor() { # pid_of would look at each of a thousand processes
    local pid
    for pid in $(pgrep -x wanlab-lab); do
        grep -qz "^WANLAB_RUNTIME=$WANLAB_RUNTIME\$" "/proc/$pid/environ" && echo "$pid" && return
    done
}
in_fabric() { nsenter -t "$(supervisor)" --net "$@"; }

# --- 300 nodes on one LAN

lan 300 >"$WORK/lan.yaml"
run "$WANLAB" up "$WORK/lan.yaml"
is "$STATUS" 0 "300 nodes on one LAN come up"
like "$ERR" "members talk to all others.*neighbour.*need 89700 entries.*gc_thresh3=89700" "with a word on neighbours, if they are too many"
missing=""
for ((i = 1; i <= 300; i++)); do
    "$WANLAB" exec lan "n$i" -- ping -q -c 1 -W 9 "n$((i % 300 + 1))" >/dev/null || missing="$missing $i"
done
is "$missing" "" "each reaches the next one"
is "$(ls "/proc/$(supervisor)/fd" | wc -l | awk '{print ($1 < 300 * 2 + 40)}')" 1 "with two descriptors a node"
is "$(wc -l <"/proc/$(pgrep -P "$(supervisor)" -x wanlab-node | tail -n 1)/mountinfo" | awk '{print ($1 < 100)}')" 1 \
    "and without the other nodes' folders in each one's mounts"
run "$WANLAB" exec lan n7 -- sh -c 'ulimit -Sn'
is "$OUT" "$(ulimit -Sn)" "a program may open as many files as the one that started the lab"
"$WANLAB" down lan
nothing_left "nothing is left"

# --- more members than one bridge takes

lan 1100 >"$WORK/row.yaml"
run "$WANLAB" up "$WORK/row.yaml"
is "$STATUS" 0 "1,100 members of one network come up"
diag "$ERR"
is "$(in_fabric ip -j link show type bridge | jq -c 'map(.ifname) | sort')" '["br0","br0.1","br0.2"]' "on three bridges"
received() { in_fabric awk '/^ *p[0-9]+:/ {print $1, $11}' /proc/net/dev | sort; }
received >"$WORK/before"
for pair in "n1 n480" "n1 n481" "n1 n1100" "n1100 n2" "n700 n300"; do
    run "$WANLAB" exec row "${pair% *}" -- ping -q -c 2 -W 9 "${pair#* }"
    is "$STATUS" 0 "${pair/ / reaches }"
done
run "$WANLAB" exec row n3 -- ping -6 -q -c 2 -W 9 n1099
is "$STATUS" 0 "n3 reaches n1099 by IPv6"
received >"$WORK/after"
is "$(join "$WORK/before" "$WORK/after" | awk '$3 <= $2' | wc -l)" 0 "the question who has an address gets to each of the members"
run "$WANLAB" exec row n1 -- sh -c 'ping -4 -q -c 1 -W 9 n1100 >/dev/null; ip -j neigh show 10.128.4.76'
is "$(jq -r '.[0].lladdr' <<<"$OUT")" 02:01:00:00:04:4b "the answer is the far member's own: bridges are not seen"
received >"$WORK/before"
run "$WANLAB" exec row n1 -- ping -4 -q -c 20 -i 0.01 -W 9 n1100
received >"$WORK/after"
is "$(join "$WORK/before" "$WORK/after" | awk '$3 - $2 >= 20' | wc -l)" 2 "who has been heard once is not sent to everybody"
"$WANLAB" down row
nothing_left "nothing is left"

# --- TAPs, which take 20 ms each if they go one by one

lan 300 ", delay: 1ms" >"$WORK/taps.yaml"
run "$WANLAB" up "$WORK/taps.yaml"
is "$(in_fabric ip -j -d link show | jq -c 'map(.linkinfo | select(.info_kind == "tun") | .info_data.persist) | [length, all]')" \
    "[600,true]" "a TAP stays when its descriptor is closed"
started=$(date +%s%N)
"$WANLAB" down taps
took=$((($(date +%s%N) - started) / 1000000))
diag "down of 300 nodes and 600 TAPs: $took ms"
ok $((took > 9000)) "the kernel ends all of them in one go"
nothing_left "nothing is left"

lan 1000 ", delay: 1ms" >"$WORK/delayed.yaml"
run sh -c "ulimit -n 2500 && '$WANLAB' up '$WORK/delayed.yaml'"
is "$STATUS" 3 "too few open files: exit 3"
like "$ERR" "1000 nodes needs 4064 open files in a process, of which this machine has 2500 left .*ulimit -Hn 4064" \
    "with the number that is needed, and the remedy"
nothing_left "before anything was made"

# --- other limits

run unshare --user --map-root-user sh -c "echo 100 >/proc/sys/user/max_net_namespaces; '$WANLAB' up '$WORK/lan.yaml'"
is "$STATUS" 3 "too few namespaces: exit 3"
like "$ERR" "needs 301 net namespaces, of which this machine has 100 left .*user.max_net_namespaces" "with number and remedy"
pids=/sys/fs/cgroup/pids/wanlab-test-$$
[ -d /sys/fs/cgroup/pids ] || pids=/sys/fs/cgroup/wanlab-test-$$
if mkdir "$pids" 2>/dev/null && [ -e "$pids/pids.max" ]; then
    echo 200 >"$pids/pids.max"
    run sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$pids" "$WANLAB" up "$WORK/lan.yaml"
    is "$STATUS" 3 "too few processes in its cgroup: exit 3"
    like "$ERR" "needs 304 processes in its cgroup, of which this machine has 19[0-9] left .raise $pids/pids.max" "with number and place"
    rmdir "$pids"
else
    ok $((WANLAB_TESTS_MUST_RUN + 0)) "no pids controller for this test # SKIP"
fi
nothing_left "nothing is left"
done_testing
