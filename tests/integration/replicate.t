#!/bin/bash
# SPDX-License-Identifier: MIT
# What the replicated database bears: a wire cut in the middle, connections that are torn down, a
# node that stands still. In the end every tuple is in every database, once. And what it does not
# bear, a dead server or one that stays away, ends the run by name.
#
#   db1, db2, db3: a wan of 20 ms round trips
. "$(dirname "$0")/../lib/tap.sh"
need_root

cat >"$WORK/wan.csv" <<'M'
# holds: rtt
from,a,b,c
a,,20,20
b,20,,20
c,20,20,
M
cat >"$WORK/run.yaml" <<'Y'
name: cuts
nodes: {db: {count: 3, region: [a, b, c]}}
wan: {members: [db], matrix: wan.csv, loss: 0.1%}
workload: {replicate: {rate: 50/s, aggregate: 5, duration: 5s, mode: parallel}}
Y

in_node() { # in_node NODE COMMAND…
    local node=$1
    shift
    "$WANLAB" exec cuts "$node" -- "$@"
}

in_main_loop() { # true once db1's main loop is one second old
    local inserts
    inserts=$(grep -c '"local_insert"' "$WORK/$1.partial/nodes/db1.jsonl" 2>/dev/null)
    [ "${inserts:-0}" -ge 50 ]
}

# during NAME FAULT [OPTION…]: a run, with the function FAULT called in its main loop. Its results are in $WORK/NAME.
during() {
    local name=$1 fault=$2 pid
    shift 2
    "$WANLAB" run "$WORK/run.yaml" -o "$WORK/$name" "$@" >"$WORK/out" 2>"$WORK/err" &
    pid=$!
    wait_for 30 in_main_loop "$name"
    ok $? "$name: the main loop has begun"
    "$fault" >"$WORK/fault" 2>&1
    ok $? "$name: the fault is made"
    diag "$(cat "$WORK/fault")"
    wait "$pid"
    STATUS=$?
    ERR=$(cat "$WORK/err")
}

metric() { # metric NAME METRIC: of all nodes together
    awk -F, -v m="$2" '$2 == m {sum += $5} END {printf "%d", sum}' "$WORK/$1/samples.csv"
}

holds() { # holds NAME: the run went well
    is "$STATUS" 0 "$1: the run ends well"
    [ "$STATUS" = 0 ] || diag "$ERR"
    is "$(metric "$1" verified_rows)" 2250 "$1: all databases hold the same 750 tuples, once"
    diag "reconnects $(metric "$1" reconnects), resent $(metric "$1" resent), most backlog $(
        awk -F, '$2 == "backlog_max" && $5 > m {m = $5} END {print m}' "$WORK/$1/samples.csv"), longest lag $(
        awk -F, '$2 == "lag" && $5 > m {m = $5} END {print m}' "$WORK/$1/samples.csv") s"
}

# --- a wire at 100 % loss, both ways, for two seconds: the connections live, and catch up

cut_wire() {
    in_node db2 sh -ec '
        ip link add nowhere0 type veth peer name nowhere1
        ip link set nowhere0 up
        ip link set nowhere1 up
        tc qdisc add dev eth0 clsact
        for way in ingress egress; do
            tc filter add dev eth0 $way protocol all prio 1 u32 match u32 0 0 \
                action mirred egress redirect dev nowhere0
        done
        sleep 2
        tc qdisc del dev eth0 clsact'
}
for mode in parallel sequential; do
    during wire-$mode cut_wire --set workload.replicate.mode=$mode
    holds wire-$mode
    awk -F, '$2 == "lag" && $5 > 1.5 {found = 1} END {exit !found}' "$WORK/wire-$mode/samples.csv"
    ok $? "wire-$mode: what was under way came seconds late"
done

# --- the interface down, and its routes gone: what is sent meanwhile fails at once

down_and_up() {
    in_node db2 sh -ec '
        ip route show >/tmp/routes
        ip neigh show | sed "s/PERMANENT/nud permanent/" >/tmp/neighbours
        address=$(ip -4 -o addr show dev eth0 | sed "s/.*inet \([^ ]*\).*/\1/")
        ip link set eth0 down
        sleep 2
        ip link set eth0 up
        ip addr replace "$address" dev eth0
        while read -r n; do ip neigh replace $n; done </tmp/neighbours
        while read -r r; do ip route replace $r; done </tmp/routes'
}
during interface down_and_up
holds interface

# --- connections ended by their server, twice, by statements that may or may not have been done

kill_connections() {
    local i
    for i in 1 2; do
        in_node db2 sh -ec '
            sql="mariadb --no-defaults -u wanlab -h 127.0.0.1"
            kills=$($sql -BNe "SELECT CONCAT(\"KILL \", id, \";\") FROM information_schema.processlist
                WHERE id <> CONNECTION_ID() AND user = \"wanlab\"")
            echo "$kills" | $sql -f'
        sleep 1
    done
}
for mode in parallel sequential; do
    during killed-$mode kill_connections --set workload.replicate.mode=$mode \
        --set workload.replicate.connections=2
    holds killed-$mode
    [ "$(metric killed-$mode reconnects)" -ge 3 ] # of 3 nodes, 2 each; on a busy machine not all are there to be killed
    ok $? "killed-$mode: the connections were opened again"
done

# --- connections ended behind the backs of both sides: an answer is lost, its statement comes again

reset_connections() {
    local i
    for i in 1 2 3 4 5; do
        in_node db2 ss -K -t state established '( sport = :3306 )' || return 1
        sleep 0.3
    done
}
if ss -K -t state established '( sport = :1 )' >/dev/null 2>&1; then
    during reset reset_connections
    holds reset
    [ "$(metric reset reconnects)" -ge 3 ]
    ok $? "reset: the connections were opened again"
fi

# --- a node stands still

stand_still() {
    "$WANLAB" pause cuts db3 && sleep 3 && "$WANLAB" resume cuts db3
}
during paused stand_still
holds paused

# --- away for too long: named

cut_for_too_long() { cut_wire || true; } # the lab ends meanwhile
during away cut_for_too_long --set workload.replicate.cut_timeout=1s
is "$STATUS" 1 "away: a database that stays away for longer than cut_timeout fails the run"
like "$ERR" "database of 'db[123]': away for more than 1s" "away: by name"

# --- a dead server ends its service, and with it the run, started again or not

kill_server() {
    in_node db2 sh -ec '
        kill -9 "$(cat /run/wanlab/scratch/mariadb.pid)"
        sleep 0.2
        WANLAB_COUNT=3 WANLAB_DIR=/run/wanlab/scratch WANLAB_CACHE=/run/wanlab/cache
        export WANLAB_COUNT WANLAB_DIR WANLAB_CACHE
        /run/wanlab/workload/mariadb-node </dev/null >/dev/null 2>&1 &' || true
}
during dead kill_server
is "$STATUS" 1 "dead: a killed server fails the run"
like "$ERR" "'?mariadb'? .*db2|db2.*mariadb" "dead: by name"
diag "$ERR"

nothing_left "nothing is left"
done_testing
