#!/bin/bash
# SPDX-License-Identifier: MIT
# What `wanlab check` says of good and bad scenarios: exit 0, or 2 with FILE:LINE:COL: what.
. "$(dirname "$0")/../lib/tap.sh"

for file in "$TOP"/topologies/*.yaml; do
    run "$WANLAB" check "$file"
    is "$STATUS" 0 "$(basename "$file") is a good scenario"
done

# refused NAME REGEX: the scenario on standard input is refused with such a text, whatever the command.
refused() {
    cat >"$WORK/bad.yaml"
    run "$WANLAB" check "$WORK/bad.yaml"
    is "$STATUS" 2 "$1: exit 2"
    like "$ERR" "^$WORK/bad.yaml:$2" "$1: the place and what was expected"
    run "$WANLAB" run "$WORK/bad.yaml"
    is "$STATUS" 2 "$1: nothing is started"
}

refused "a number without unit" "4:35: .*'10' has no unit.*10ms" <<'Y'
nodes:
  n: {count: 2}
links:
  - {ends: [n1, n2], delay:       10}
Y
refused "an unknown unit" "4:29: unknown unit 'parsec' in '10parsec'" <<'Y'
nodes:
  n: {count: 2}
links:
  - {ends: [n1, n2], delay: 10parsec}
Y
refused "an unknown key" "3:.*'lnks'.*'links'" <<'Y'
nodes:
  n: {count: 2}
lnks:
  - {ends: [n1, n2]}
Y
refused "a node declared twice" "3:.*n1" <<'Y'
nodes:
  n: {count: 2}
  n1: {}
Y
refused "a link to a missing node" "4:.*n3" <<'Y'
nodes:
  n: {count: 2}
links:
  - {ends: [n1, n3], delay: 10ms}
Y
refused "a rate of zero" "4:.*0mbit" <<'Y'
nodes:
  n: {count: 2}
links:
  - {ends: [n1, n2], rate: 0mbit}
Y
refused "a workload's rate of zero" "3:.*'0/min'" <<'Y'
nodes: {n: {count: 2}}
wan: {members: [n], delay: 1ms}
workload: {replicate: {rate: 0/min}}
Y
refused "an unknown parameter of the workload" "3:.*'rat'.*'rate'" <<'Y'
nodes: {n: {count: 2}}
wan: {members: [n], delay: 1ms}
workload: {replicate: {rat: 600/min}}
Y
refused "an unknown workload" "3:.*'replikate'" <<'Y'
nodes: {n: {count: 2}}
wan: {members: [n], delay: 1ms}
workload: {replikate: {}}
Y
refused "what is no YAML" "2:1: did not find" <<'Y'
{nodes: [
Y
refused "loss above 100 %" "3:.*'101%'" <<'Y'
nodes: {n: {count: 2}}
links:
  - {ends: [n1, n2], loss: 101%}
Y
cat >"$WORK/sweep.yaml" <<'Y'
nodes: {n: {count: 2}}
wan: {members: [n], delay: 1ms}
workload: {replicate: {}}
sweep: {rate: [60/min, 5]}
Y
for command in check sweep; do
    run "$WANLAB" $command "$WORK/sweep.yaml"
    is "$STATUS" 2 "$command: a sweep over a value that the workload does not take: exit 2"
    like "$ERR" "sweep.yaml:4:.*'5' has no unit" "$command: with the place and what was expected"
done
# What --set changes need not go together with a sweep that is not asked for.
cat >"$WORK/kinds.yaml" <<'Y'
nodes: {n: {count: 2}}
wan: {members: [n], delay: 1ms}
sweep: {nodes.n.kind: [process, container]}
Y
images="--set nodes.n.kind=docker --set nodes.n.image=some"
run "$WANLAB" plan "$WORK/kinds.yaml" $images
is "$STATUS" 0 "a plan of an image, of a file whose sweep has kinds without one"
run "$WANLAB" check "$WORK/kinds.yaml" $images
is "$STATUS" 2 "the whole file is not sound with it"
like "$ERR" "kinds.yaml:3:24: nodes.n.kind=process: .*found an image" "which check says, with the place"
cat >"$WORK/matrix.csv" <<'M'
# holds: rtt
from,a,b
a,,10
b,10,
M
refused "a matrix without the region" ".*'c'" <<'Y'
nodes: {n: {count: 2, region: [a, c]}}
wan: {members: [n], matrix: matrix.csv}
Y

# A sweep whose trials would take for hours: each of its values is tried with all of the file.
{
    printf 'nodes: {a: }\nsweep: {seed: [%s]}\n#' "$(seq -s , 900)"
    head -c 16000000 /dev/zero | tr '\0' x
} >"$WORK/hours.yaml"
run timeout 60 "$WANLAB" check "$WORK/hours.yaml"
is "$STATUS" 2 "a sweep that takes too long to try: exit 2"
like "$ERR" "^$WORK/hours.yaml:2:[0-9]+: seed=30: .* takes 30[0-9]{6} steps, expected at most 30000000" "the place and the count"

cat >"$WORK/apart.yaml" <<'Y'
nodes: {n: {count: 2}, far: {}}
wan: {members: [n], delay: 1ms}
links: [{ends: [n1, far], delay: 1ms}]
workload: {replicate: {}}
Y
run "$WANLAB" check "$WORK/apart.yaml"
is "$STATUS" 2 "a workload for all pairs where two nodes do not reach each other: exit 2"
like "$ERR" "'n2' and 'far' have no direct path" "and both are named"

run "$WANLAB" check "$WORK/nowhere.yaml"
is "$STATUS" 2 "a file that is not there: exit 2"
run "$WANLAB" check "$TOP/topologies/five-regions.yaml" --set nodes.db.count=0
is "$STATUS" 2 "a bad --set: exit 2"
like "$ERR" "--set nodes.db.count" "a bad --set names its key"
run "$WANLAB" check "$TOP/topologies/five-regions.yaml" --set workload.replicate.rate=60000/min
is "$STATUS" 0 "more batches per round trip than connections: still a good scenario"
like "$ERR" "warning: " "more batches per round trip than connections: a warning"
run "$WANLAB" check "$TOP/topologies/five-regions.yaml" --json --set workload.replicate.rate=60000/min
is "$(jq -c '[.nodes, .wan_members, .impaired_wires, (.warnings | length > 0)]' <<<"$OUT")" "[5,5,20,true]" "check as JSON"

done_testing
