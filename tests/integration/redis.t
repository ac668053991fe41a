#!/bin/bash
# SPDX-License-Identifier: MIT
# The workload redis: a replica that is cut off serves old values, a primary that loses its power loses what was acknowledged,
# and both are measured.
#
#   db1 (primary), db2, db3: a wan of 20 ms
. "$(dirname "$0")/../lib/tap.sh"
command -v redis-server >/dev/null || skip_all "needs redis-server (Debian package: redis-server)"
cd "$WORK" || exit 1
cat >run.yaml <<'Y'
name: redis
nodes: {db: {count: 3}}
wan: {members: [db], delay: 10ms}
workload: {redis: {duration: 4s, rate: 10/s, timeout: 300ms}}
events: [{at: 1s, for: 1500ms, partition: [[db1, db2], [db3]]}]
Y
without redis-server "$WANLAB" run run.yaml -o none
like "$STATUS $ERR" "^3 .*'redis-server' is not installed \\(Debian package: redis-server\\)" "without Redis the run is refused, with what to install"

of() { jq "[.metrics.$2 | values | if type == \"object\" then .max else . end * 1000 | round][0]" "$1/run.json"; } # in ms

run "$WANLAB" run run.yaml -o cut
is "$STATUS" 0 "a replica is cut off and comes back"
diag "$ERR"
[ "$(of cut db1.stale_reads)" -ge 3000 ] && [ "$(of cut db1.staleness_max)" -ge 800 ]
ok $? "meanwhile it has served what was old: $(tail -n 1 cut/logs/check.log)"
is "$(of cut db1.lost_writes)" 0 "nothing is lost"
[ "$(of cut db3.outage)" -ge 1400 ] && [ "$(of cut db2.outage)" -le 1300 ]
ok $? "its client could not write for so long, the others could: $(of cut db3.outage) and $(of cut db2.outage) ms"
is "$(jq -r .process cut/files/db?/history.jsonl | sort -u | xargs)" \
    "db1-reader db1-writer db2-reader db2-writer db3-reader db3-writer" "the histories of all clients are there"
is "$(jq -s 'map(select(.op == "write" and .result == "ok")) | length' cut/files/db2/history.jsonl)000" "$(of cut db2.writes)" \
    "with every write that was acknowledged"

for persist in no always; do
    run "$WANLAB" run run.yaml -o power-$persist --set workload.redis.persist=$persist \
        --set events='[{at: 1500ms, kill: db1}, {at: 2s, restart: db1}]'
    is "$STATUS" 0 "persist $persist: the primary's node loses its power"
    diag "$ERR"
done
[ "$(of power-no db1.lost_writes)" -ge 5000 ]
ok $? "what was acknowledged before is lost: $(tail -n 1 power-no/logs/check.log)"
[ "$(of power-no db1.outage)" -ge 500 ] && [ "$(of power-no db2.outage)" -ge 500 ]
ok $? "nobody could write as long as it was off: $(of power-no db1.outage) and $(of power-no db2.outage) ms"
is "$(of power-always db1.lost_writes)" 0 "but not if every write waits for the disk"
nothing_left "nothing is left"
done_testing
