#!/bin/bash
# SPDX-License-Identifier: MIT
# An etcd cluster over a small WAN: it elects a leader, commits, loses its leader to a partition and elects another one;
# what its clients saw is checked. Reads that may be stale are found to be.
#
#   db1, db2, db3: a wan of 20 ms round trips
. "$(dirname "$0")/../lib/tap.sh"

cat >"$WORK/wan.csv" <<'M'
# holds: rtt
from,a,b,c
a,,20,20
b,20,,20
c,20,20,
M
cat >"$WORK/run.yaml" <<'Y'
name: raft
nodes: {db: {count: 3, region: [a, b, c]}}
wan: {members: [db], matrix: wan.csv}
workload: {etcd: {rate: 50/s, duration: 6s, timeout: 500ms, settle: 20s, keys: 10}}
Y

without etcd "$WANLAB" run "$WORK/run.yaml" -o "$WORK/none"
is "$STATUS" 3 "without etcd the run is refused"
like "$ERR" "'etcd' is not installed \(Debian package: etcd-server\)" "with what to install"

commits() { # at least $1 on db1
    local n
    n=$(grep -c '"commit"' "$WORK/cut.partial/nodes/db1.jsonl" 2>/dev/null)
    [ "${n:-0}" -ge "$1" ]
}
leader() {
    local node
    for node in db1 db2 db3; do
        "$WANLAB" exec raft "$node" -- curl -s --max-time 5 http://127.0.0.1:2379/v3/maintenance/status -d '{}' |
            jq -e '.leader and .leader == .header.member_id' >"$WORK/leads" && grep -q true "$WORK/leads" && echo "$node" && return
    done
}
metric() { # metric RUN METRIC: of all nodes together
    awk -F, -v m="$2" '$2 == m {sum += $5} END {printf "%.6f", sum}' "$WORK/$1/samples.csv"
}

"$WANLAB" run "$WORK/run.yaml" -o "$WORK/cut" >"$WORK/out" 2>"$WORK/err" &
run_pid=$!
wait_for 60 commits 20
ok $? "the cluster commits"
first=$(leader)
like "$first" '^db[123]$' "it has a leader"
"$WANLAB" link raft "$first" down >/dev/null && sleep 2 && second=$(leader | grep -v "^$first\$")
"$WANLAB" link raft "$first" up >/dev/null
wait "$run_pid"
is $? 0 "the leader is cut off for two seconds, and the run ends well"
diag "$(grep -E 'service|check|wanlab:' "$WORK/err")"
diag "$first led, then ${second:-nobody}"
diag "$(cat "$WORK"/cut/logs/*check*.log)"
like "$(cat "$WORK/err")" "check +passed" "its check holds"
like "$(cat "$WORK"/cut/logs/*check*.log)" "registers +valid: 10 keys" "all registers were linearizable"
within "$(metric cut commits)" 30 600 "commits were acknowledged"
within "$(metric cut outage_max)" 0.3 8 "the time without any commit is that of an election"
begin=$(jq 'select(.metric == "outage_max").begin' "$WORK"/cut/nodes/*.jsonl)
cut=$(jq 'select(.event == "link").took_effect' "$WORK/cut/events.jsonl" | head -n 1)
within "$(jq -n "$begin - $cut")" -0.5 0.5 "and begins with the cut"
like "$(head -n 4 "$WORK/out")" 'commits +throughput +commit p50' "the table"

# A follower is stale for a few milliseconds after a commit; a read has to meet them.
for _ in 1 2 3; do
    rm -rf "$WORK/stale"
    run "$WANLAB" run "$WORK/run.yaml" -o "$WORK/stale" --set workload.etcd.consistency=serializable --set workload.etcd.duration=3s \
        --set workload.etcd.keys=1 --set workload.etcd.rate=200/s
    [ "$STATUS" = 0 ] || break
done
is "$STATUS" 1 "reads that may be stale fail the check"
like "$ERR" "not linearizable or not complete" "which says so"
like "$(cat "$WORK"/stale/logs/*check*.log)" "violation +registers, key 'k[0-9]+'.*read: " "and shows one"

nothing_left "nothing is left"
done_testing
