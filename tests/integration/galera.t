#!/bin/bash
# SPDX-License-Identifier: MIT
# A Galera cluster over a small WAN: it forms and commits, a node loses its power and joins anew, another one has to get the
# whole database; what its clients saw is checked. One that is cut off holds the others up; its reads are found to be stale.
#
#   db1, db2, db3: a wan of 20 ms round trips
. "$(dirname "$0")/../lib/tap.sh"
[ -f /usr/lib/galera/libgalera_smm.so ] || skip_all "needs galera-4 (Debian package: galera-4)"
cd "$WORK" || exit 1
cat >run.yaml <<'Y'
name: galera
nodes: {db: {count: 3}}
wan: {members: [db], delay: 10ms}
workload: {galera: {rate: 30/s, duration: 13s, timeout: 1s, settle: 20s, window: 64, suspect_timeout: 1s, inactive_timeout: 3s}}
events:
  - {at: 1s, kill: db2}
  - {at: 3s, restart: db2}
  - {at: 6900ms, command: "rm /run/wanlab/scratch/data/grastate.dat", nodes: db3}
  - {at: 7s, kill: db3}
  - {at: 9s, restart: db3}
Y
(   # a library is no command
    command() { [ "$1 ${2##*.}" = "-v so" ] && echo "$2" || builtin command "$@"; }
    without /usr/lib/galera/libgalera_smm.so "$WANLAB" run run.yaml -o none
    echo "$STATUS $ERR" >none.said
)
like "$(cat none.said)" "^3 .*libgalera_smm.so' is not installed \\(Debian package: galera-4\\)" "without Galera the run is refused, with what to install"

sum() { # sum RUN METRIC: of all nodes together
    awk -F, -v m="$2" '$2 == m {sum += $5} END {printf "%.6f", sum}' "$1/samples.csv"
}
of() { # of RUN NODE METRIC: its sum at a node, whole ms
    awk -F, -v n="$2" -v m="$3" '$1 == n && $2 == m {sum += $5} END {printf "%d", sum * 1000}' "$1/samples.csv"
}
between() { # between LOW VALUE HIGH NAME
    awk -v l="$1" -v v="$2" -v h="$3" 'BEGIN {exit !(l <= v && v <= h)}'
    ok $? "$4: $2"
}

run "$WANLAB" run run.yaml -o cut
is "$STATUS" 0 "two nodes lose their power, one after the other, and the run ends well"
diag "$ERR" "$(cat cut/logs/*check*.log)"
like "$(cat cut/logs/*check*.log)" "registers +valid: 20 keys" "all registers were linearizable"
between 50 "$(sum cut commits)" 800 "commits were acknowledged"
transfers() { cat cut/logs/db[123].mariadb*.log | grep -c "$1"; }
like "$(cat cut/logs/db2.mariadb.2.log)" "IST received" "one gets what it lacks"
is "$(transfers 'Flushing tables for SST')" 1 "the other one, which does not know what it has, the whole database"
like "$(cat cut/logs/db3.mariadb.2.log)" "synced with group" "and is in the cluster again"

run "$WANLAB" run run.yaml -o stale --set workload.galera.consistency=dirty --set workload.galera.duration=4s \
    --set workload.galera.keys=3 --set events='[{at: 1s, for: 2s, partition: [[db1, db2], [db3]]}]'
is "$STATUS" 1 "reads of a node without a quorum fail the check"
diag "$ERR"
between 1200 "$(of stale db3 gap_max)" 9000 "as long as it was cut off nobody could commit there, in ms"
between 700 "$(of stale db1 gap_max)" 6000 "the others could not until it was voted out, in ms"
like "$(cat stale/logs/*check*.log)" "violation +registers, key 'k[0-9]+'.*read: " "which shows a stale one"
between 1 "$(sum stale conflicts)" 500 "transactions were in conflict"
nothing_left "nothing is left"
done_testing
