#!/bin/bash
# SPDX-License-Identifier: MIT
# workloads/TUTORIAL.md is true: its files are written as it has them, its commands run in their order, and what it says
# of what comes out holds.
. "$(dirname "$0")/../lib/tap.sh"
cd "$WORK" || exit 1
export PATH=${WANLAB%/*}:$PATH
command -v python3 >/dev/null || skip_all "needs python3"

# The files: fenced, each named by the last `…` before it. The commands: indented, behind a $.
awk -v steps=steps '
    /^```/ && inside {inside = 0; print "written " name >steps; next}
    /^```/ {inside = 1; system("mkdir -p quorum.text; : >quorum.text/" number++); file = "quorum.text/" number - 1; next}
    inside {print >file; next}
    match($0, /`quorum\/[a-z.]+`/) {name = substr($0, RSTART + 1, RLENGTH - 2)}
    /^    \$ / {print "command " substr($0, 7) >steps}' "$TOP/workloads/TUTORIAL.md"
is "$(grep -c ^written steps) $(grep -c ^command steps)" "$(grep -c '^```[a-z]' "$TOP/workloads/TUTORIAL.md") $(grep -c '^    \$ ' "$TOP/workloads/TUTORIAL.md")" \
    "all files and commands of the tutorial are found"
[ "$(wc -l <quorum.text/0)" -le 70 ]
ok $? "its program is short"

number=0
while read -r what text; do
    if [ "$what" = written ]; then
        cat "quorum.text/$number" >"$text"
        number=$((number + 1))
        continue
    fi
    run sh -c "$text" </dev/null
    said="$ERR"
    is "$STATUS" 0 "$text"
    diag "$ERR"
done <steps

value() { # value FOLDER NODE METRIC [p50]: in ms, or as it is
    jq ".metrics.$2.$3 | if type == \"object\" then .${4:-p50} else . end | if . < 100 then . * 1000 else . end | round" "$1/run.json"
}
like "$(jq -r .verdict hello/run.json)" "trusted|doubtful" "hello: it is what the file asks for"
within "$(value hello n1 answer)" 40 80 "hello: 40 ms between the nodes"
within "$(value first n1 commit)" 40 70 "first: a commit takes a round trip"
within "$(value worse n1 commit)" 160 300 "worse: a longer one"
[ "$(value worse n1 commit p99)" -gt "$(value first n1 commit)" ]
ok $? "worse: and the quantiles are longer"
is "$(cut -d, -f1 losses/sweep.csv | xargs)" "wan.loss 0% 20%" "losses: every point of the sweep"
like "$(cat losses/report.html)" "outage" "losses: the report shows the outage"
for node in n1 n2; do
    within "$(value safe $node outage)" 2900 6500 "the split: three seconds without a commit at $node"
done
for node in n3 n4 n5; do
    within "$(value safe $node outage)" 50 2500 "the split: the majority goes on, at $node"
done
like "$said" "it ended with status 1; it said last: [0-9]+ of them are not on a majority: n[12]-[0-9]+" \
    "the fault: it is found, where it must show"
is "$(jq -s 'map(select(.result == "ok")) | length' split/files/n*/history.jsonl) values were acknowledged" \
    "$(head -n 1 split/logs/check.log)" "the fault: the check saw what all nodes left"
nothing_left "nothing is left"
done_testing
