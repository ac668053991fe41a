#!/bin/bash
# SPDX-License-Identifier: MIT
# Faults in the middle of a sweep's point, with real databases: one that is killed, a node that dies, a
# node that is cut off. The run ends soon and by name, is made once more, and is in no average.
#
#   db1, db2, db3: a wan of 10 ms round trips
. "$(dirname "$0")/../lib/tap.sh"
need_root
cd "$WORK" || exit 1

cat >sweep.yaml <<'Y'
name: faulty
nodes: {db: {count: 3}}
wan: {members: [db], delay: 5ms}
workload: {replicate: {aggregate: 5, duration: 4s, mode: parallel, cut_timeout: 3s}}
sweep: {rate: [20/s, 40/s]}
warmup: 0
Y

in_main_loop() { grep -q '"phase":"main"' "$1"/point-*.partial/events.jsonl 2>/dev/null; }
records() { wc -l <"$1/points.jsonl"; }
has_records() { [ "$(records "$1" 2>/dev/null || echo 0)" -ge "$2" ]; }
in_node() {
    local node=$1
    shift
    "$WANLAB" exec faulty "$node" -- "$@"
}

# during FOLDER FAULT…: a sweep; each FAULT, a function, is called in a run's main loop, one run after the other.
during() {
    local folder=$1 pid number=0 fault
    shift
    "$WANLAB" sweep sweep.yaml -o "$folder" >"$folder.out" 2>"$folder.err" &
    pid=$!
    for fault; do
        wait_for 60 in_main_loop "$folder"
        ok $? "$folder: run $((number + 1)) is in its main loop"
        SECONDS=0
        "$fault"
        number=$((number + 1))
        wait_for 60 has_records "$folder" $number
        TOOK=$SECONDS
    done
    wait "$pid"
    STATUS=$?
    OUT=$(cat "$folder.out")
    ERR=$(cat "$folder.err")
}
of() { jq -r "$2" "$1/points.jsonl" | xargs; } # of FOLDER JQ-FILTER

kill_database() { in_node db2 sh -c 'kill -9 $(cat /run/wanlab/scratch/mariadb.pid)'; }
during killed kill_database
[ "$TOOK" -le 3 ]
ok $? "killed: the run ends soon after its database ($TOOK s)"
is "$STATUS" 0 "killed: the sweep ends well"
diag "$ERR
$OUT"
is "$(of killed .outcome) $(of killed .attempt)" "failed done done 1 2 1" "killed: the run is made once more, and no other"
like "$(jq -r .error killed/points.jsonl | head -1)" "node 'db2': mariadb was killed by signal 9" "killed: what it died of is on record"
like "$(cat "killed/$(jq -r 'select(.outcome == "failed") | .run' killed/points.jsonl)/run.json")" '"outcome": "failed"' "killed: and in its folder"
is "$(sed 1d killed/sweep.csv | cut -d, -f2,4 | xargs)" "1,0 1,0" "killed: each point is of one run"
is "$(sed 1d killed/runs.csv | grep -c ',failed,.*db2')" 1 "killed: runs.csv has all of them"
like "$OUT" "1 run failed and was made again" "killed: that it was made again is said"

kill_node() { kill -KILL "$(pid_of node | head -1)"; }
cut_off() { in_node db3 sh -c 'ip link set eth0 down' & }
during twice kill_node cut_off
is "$STATUS" 1 "a node that dies, and one cut off, in the same repetition: exit 1"
is "$(of twice .outcome)" "failed failed done" "twice: it is not made a third time"
like "$(jq -r .error twice/points.jsonl | head -1)" "node 'db[123]'" "twice: the node that died is named"
like "$(jq -r .error twice/points.jsonl | sed -n 2p)" "database of 'db[123]': away for more than 3s" "twice: so is the one that was cut off"
like "$(sed 1d twice/sweep.csv | cut -d, -f2-8)" "(^|
)0,0,1,,,,(
|$)" "twice: it is in no average"
like "$ERR" "1 run failed and is in no average.*away for more than 3s" "twice: it is counted, with the reason"
like "$OUT" "failed" "twice: and marked in the table"
nothing_left "nothing is left"

# Connections that are lost and opened again, in a run that ends well.
kill_connections() {
    in_node db2 sh -ec '
        sql="mariadb --no-defaults -u wanlab -h 127.0.0.1"
        kills=$($sql -BNe "SELECT CONCAT(\"KILL \", id, \";\") FROM information_schema.processlist
            WHERE id <> CONNECTION_ID() AND user = \"wanlab\"")
        echo "$kills" | $sql -f' >/dev/null 2>&1
}
during lost kill_connections
is "$STATUS $(of lost .outcome)" "0 done done" "lost: the connections are opened again"
is "$(jq -r 'select(.measures.reconnects_max > 0) | .verdict' lost/points.jsonl | grep -c trusted)" 0 "lost: a run with such a cut is not trusted"
like "$(cat "lost/$(jq -r 'select(.measures.reconnects_max > 0) | .run' lost/points.jsonl | head -1)/fidelity.json")" \
    "reconnects of db[123] is [1-9][0-9]* instead of 0" "lost: the verdict says why"
nothing_left "nothing is left of that"

done_testing
