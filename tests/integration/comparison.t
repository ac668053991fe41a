#!/bin/bash
# SPDX-License-Identifier: MIT
# Comparisons over a sweep: who wins in which cell, what is a tie, what failed, and what was published beside it. The
# workload's values come from its parameters and the run's seed, so that every winner here was planted.
. "$(dirname "$0")/../lib/tap.sh"
need_root
export WANLAB_CACHE_ROOT=$WORK/cache
cd "$WORK" || exit 1

mkdir toy
cat >toy/workload.yaml <<'Y'
parameters:
  way: {type: choice, values: [native, container, uml], default: native}
  count: {type: integer, default: 1}
  fail: {type: choice, values: [never, once], default: never}
run: [./run]
metrics:
  speed: {unit: B/s, better: more, because: [call]}
  delay: {unit: s, better: less}
  call: {unit: s, better: less}
  odd: {unit: s}
  other: {unit: s, better: less} # of another form of it
Y
# speed, of two samples whose mean is: native 100e6 + 1e6 seed; container the same and 1e5 (a tie), uml 50e6; with
# count 2 container 200e6. delay: native 10, container 20, uml 20 with count 1; with count 2 uml says nothing.
# call: four times as long in uml.
cat >toy/run <<'R'
#!/bin/sh
[ "$WANLAB_PARAM_WAY" = uml ] && [ "$WANLAB_PARAM_COUNT" = 2 ] && [ "$WANLAB_SEED" = 3 ] && [ "$WANLAB_PARAM_FAIL" = once ] && exit 9
awk -v way="$WANLAB_PARAM_WAY" -v count="$WANLAB_PARAM_COUNT" -v seed="$WANLAB_SEED" 'BEGIN {
    speed = 100e6 + seed * 1e6
    if (way == "container") speed = count == 2 ? 200e6 + seed * 1e6 : speed + 1e5
    if (way == "uml") speed = 50e6 + seed * 1e6
    printf "{\"metric\":\"speed\",\"value\":%.0f,\"unit\":\"B/s\"}\n", speed - 5e6
    printf "{\"metric\":\"speed\",\"value\":%.0f,\"unit\":\"B/s\"}\n", speed + 5e6
    printf "{\"metric\":\"call\",\"value\":%.2f,\"unit\":\"s\"}\n", (way == "uml" ? 4 : 1) * (1 + seed / 100)
    if (way == "uml" && count == 2) exit
    printf "{\"metric\":\"delay\",\"value\":%.2f,\"unit\":\"s\"}\n", (way == "native" ? 10 : 20) + seed / 100
}' >>"$WANLAB_OUTPUT"
R
chmod +x toy/run
cat >published.csv <<'C'
cell,metric,winner,note
count 1,speed,container,"first, and quoted"
count 1,delay,uml,
count 2,speed,uml,differs from what comes out here
count 2,delay,tie,
C
cat >toy.yaml <<'Y'
name: toy
nodes: {n: {count: 1}}
workload: {./toy: {}}
sweep: {way: [native, container, uml], count: [1, 2]}
repeat: 3
warmup: 0
comparison: {of: way, to: native, metrics: [speed, delay], published: published.csv}
Y

# --- what cannot be compared is said beforehand, with its place

# refused SED REGEX WHAT: the scenario changed by SED is refused by `check` with this.
refused() {
    sed "$1" toy.yaml >changed.yaml
    run "$WANLAB" check changed.yaml
    like "$STATUS $ERR" "^2 changed.yaml:$2" "$3"
}
run "$WANLAB" check toy.yaml
is "$STATUS" 0 "a comparison is checked"
diag "$ERR"
refused 's/of: way/of: wey/' "7:18: found 'wey', which is no key of the sweep, did you mean 'way'\?" "a key that the sweep does not have"
refused 's/of: way/of: nodes.n.kind/' "7:18: found 'nodes.n.kind', which is no key of the sweep, expected one of: way, count" "one that is none of its"
refused 's/to: native/to: nativ/' "7:27: found 'nativ', which is no value of 'way' in the sweep, did you mean 'native'\?" "a value that is not compared"
refused 's/, to: native//' "7:13: a comparison has no 'to', expected the value that ratios refer to" "nothing to refer to"
refused 's/\[speed, /[spead, /' "7:45: unknown metric 'spead' of workload 'toy', did you mean 'speed'\?" "a metric that the workload does not have"
refused 's/\[speed, /[odd, /' "7:45: nothing says which values of 'odd' are better: it needs 'better: more' or 'better: less' in .*/toy/workload.yaml" \
    "one without a direction"
refused '/^sweep/d' "6:13: a comparison is of a sweep, but the file has no 'sweep'" "no sweep"
refused 's/published: p/published: q/' "7:[0-9]+: no file 'qublished.csv', expected a CSV file with what was published" "a file that is not there"
refused 's/csv}/csv, among: [native, uxl]}/' "7:[0-9]+: found 'uxl', which is no value of 'way' in the sweep, did you mean 'uml'\?" "published of a value that there is not"
refused 's/csv}/csv, among: [native]}/' "7:[0-9]+: 'among' are the values between which a 'published' file chose, expected two or more" "or of one alone"
cp published.csv sound.csv
sed -i 's/count 2,speed/count 3,speed/' published.csv
refused '' "7:[0-9]+: .*published.csv:4:1: found the cell 'count 3', did you mean 'count [12]'\?" "published of a cell that there is not"
run "$WANLAB" check toy.yaml --set sweep.count=[2]
is "$STATUS" 0 "but with --set there may be more in it than in the sweep"
sed 's/,uml,/,xen,/' sound.csv >published.csv
refused '' "7:[0-9]+: .*published.csv:3:1: found the winner 'xen', expected one of: native, container, uml" "a winner that is not compared"
sed 's/"//g' sound.csv >published.csv
refused '' "7:[0-9]+: .*published.csv:2:1: this row has more fields than the first" "a note without its quotes"
sed 1d sound.csv >published.csv
refused '' "7:[0-9]+: .*published.csv:1:1: expected the columns cell, metric, winner and note" "a file without its first line"
head -c -3 sound.csv >published.csv
refused '' "7:[0-9]+: .*published.csv:5:1: the file's last line has no end" "one that was cut"
cp sound.csv published.csv

# kinds have to have the same to work with
cat >kinds.yaml <<'Y'
nodes: {n: {count: 1, cpus: 1, memory: 256MiB}}
workload: {./toy: {}}
sweep: {nodes.n.kind: [process, container]}
comparison: {of: nodes.n.kind, to: process}
Y
run "$WANLAB" check kinds.yaml
like "$STATUS $ERR" "^0 .*kinds.yaml:4:13: each point is run once, .* every winner will be a tie" \
    "kinds with identical resources are compared, and one run of each is no good comparison"
sed 's/, memory: 256MiB//' kinds.yaml >changed.yaml
run "$WANLAB" check changed.yaml
like "$STATUS $ERR" "^2 .*changed.yaml:4:13: the kinds of 'n' are compared, but it has no 'memory': kinds need identical resources" \
    "those without stated resources are not"
sed 's/^sweep.*/sweep: [{nodes.n.kind: process}, {nodes.n.kind: container, nodes.n.cpus: 2}]/' kinds.yaml >changed.yaml
run "$WANLAB" check changed.yaml
like "$STATUS $ERR" "^2 .*changed.yaml:4:13: 'n' has other resources as container \(2 cpus, 256 MiB\) than as process \(1 cpus, 256 MiB\)" \
    "nor those with others"
sed 's/^sweep.*/sweep: [{nodes.n.kind: process}, {nodes.n.kind: container, nodes.n.pids: 64}]/' kinds.yaml >changed.yaml
run "$WANLAB" check changed.yaml
like "$STATUS $ERR" "^2 .* as container \(1 cpus, 256 MiB, 64 pids\) than as process \(1 cpus, 256 MiB\)" "nor those with other limits"

# --- what comes out

# cell FILE CELL METRIC [VALUE] COLUMN: a field by the names of its row and column.
cell() {
    python3 - "$@" <<'P'
import csv, sys
file, cell, metric, *value, column = sys.argv[1:]
for row in csv.DictReader(open(file)):
    if row["cell"] == cell and row["metric"] == metric and (not value or row["way"] == value[0]):
        print(row[column])
P
}
run "$WANLAB" sweep toy.yaml -o cmp --set repeat=2
is "$STATUS" 0 "a comparison is run"
diag "$OUT
$ERR"
is "$(cell cmp/comparison.csv "count 1" speed native runs)" 2 "of two runs each"
run "$WANLAB" sweep toy.yaml -o cmp --set repeat=3
like "$STATUS $ERR" "^0 .*going on in 'cmp', which has 12 runs on record" "and goes on with a third"
is "$(head -1 cmp/comparison.csv)" "cell,metric,way,runs,failed,mean,sd,cv,ci_low,ci_high,ratio,ratio_ci_low,ratio_ci_high,asked,trusted,unit" \
    "comparison.csv says everything of each value"
# seeds 1, 2, 3: mean 102e6, sd 1e6, t = 4.30265
is "$(cell cmp/comparison.csv "count 1" speed native mean) $(cell cmp/comparison.csv "count 1" speed native sd)" "102000000 1000000" \
    "a run's value is the mean of its samples, and the spread is that over runs"
within "$(cell cmp/comparison.csv "count 1" speed native cv)" 0.00980391 0.00980393 "its coefficient of variation"
within "$(cell cmp/comparison.csv "count 1" speed native ci_high)" 104484137 104484138 "its interval is Student's"
within "$(cell cmp/comparison.csv "count 1" delay container ratio)" 1.998 1.99801 "a ratio"
# of the pairs 20.01 / 10.01, 20.02 / 10.02, 20.03 / 10.03: the mean of the logarithms, and t = 4.3027
within "$(cell cmp/comparison.csv "count 1" delay container ratio_ci_low)" 1.9955 1.99554 "and its interval"
is "$(cell cmp/comparison.csv "count 1" delay native ratio)$(cell cmp/comparison.csv "count 1" delay native ratio_ci_low)" 1 \
    "what ratios refer to has the ratio 1, which is exact"
is "$(cell cmp/winners.csv "count 1" speed winner)" "native = container" "a tie where intervals overlap"
is "$(cell cmp/winners.csv "count 1" speed winner_of_rest)" container "of the others one wins"
is "$(cell cmp/winners.csv "count 2" speed winner)" container "a winner"
is "$(cell cmp/winners.csv "count 1" delay winner), $(cell cmp/winners.csv "count 1" delay winner_of_rest)" "native, container = uml" \
    "less is better where the workload says so"
is "$(cell cmp/winners.csv "count 2" delay winner), $(cell cmp/winners.csv "count 2" delay note)" "native, uml: 0 of 3 runs" "a value that is lacking is told"
is "$(cell cmp/winners.csv "count 2" delay winner_of_rest)" "" "and nothing wins alone"
is "$(for c in 1 2; do for m in speed delay; do cell cmp/winners.csv "count $c" $m finding; done; done | xargs)" "agrees tie differs unknown" \
    "beside what was published, which names no native: its winners are those of the others"
like "$OUT" "cell +metric +native +container/native +uml/native +winner +without native +published +note" "in a table, too"
like "$OUT" "count 1 +speed +102 MB/s ± 2.4 % \*? +1 \[1, 1\] \*? +0.51 .* native = container +container +container +agrees" \
    "with ratios and their intervals"
like "$OUT" "published winners of the others: 1 agree, 1 are one of a tie here, 1 differ, of 4 \(1 without a winner here\)" "and with the sum of it"
like "$(cat cmp/report.html)" "id=\"comparison\".*Comparison of way.*Of 4 published winners" "the report has a section of it"
[ -s cmp/plots/comparison-speed.svg ]
ok $? "with a figure"
is "$(head -1 cmp/reasons.csv)" "cell,metric,way,ratio,ratio_ci_low,ratio_ci_high,reason,reason_ratio,reason_ci_low,reason_ci_high" \
    "reasons.csv has a line for each reason"
is "$(cell cmp/reasons.csv "count 1" speed uml reason) $(cell cmp/reasons.csv "count 1" speed uml reason_ratio) $(cell cmp/reasons.csv "count 2" speed uml reason_ci_low)" \
    "call 4 4" "what is slower, and calls longer, is so because of that"
is "$(cell cmp/reasons.csv "count 1" delay uml reason), $(cell cmp/reasons.csv "count 2" speed container reason)" \
    "no measured reason, no measured reason" "what differs with nothing that was measured says so"
is "$(cell cmp/reasons.csv "count 1" speed native reason)$(grep -c ,call, cmp/comparison.csv)" 0 "reasons themselves are not compared"
like "$OUT" "metric +way +cells +ratio to native +measured reasons.*speed +container +better +2 of 2 +1 to 1.98 +no measured reason
 +speed +uml +worse +2 of 2 +0.51 +call × 4
 +delay +container +worse" "a line on the terminal for all cells"
like "$(tr -d '\n' <cmp/report.html)" "<td>count 2<td>speed<td>[^/]*<td>uml<td>differs<td>differs from what comes out here<td>[^/]*uml: call × 4" \
    "the report has the reasons beside a published winner that did not win"
like "$(tr -d '\n' <cmp/report.html)" "<td>speed<td>uml<td>worse<td>2 of 2<td>0.51<td>call × 4" "and those of all cells"
cp cmp/winners.csv kept.csv
rm cmp/winners.csv cmp/comparison.csv published.csv
run "$WANLAB" report cmp
cmp -s kept.csv cmp/winners.csv
ok $? "a report made anew has the same winners, without the file that was published"
cp sound.csv published.csv

sed -i '/toy.way":"uml"/s/"emulated":false/"emulated":true/' cmp/points.jsonl # as of runs with qemu, without KVM
run "$WANLAB" report cmp
like "$(cat cmp/report.html)" "uml: its processor is emulated \(QEMU without KVM\), call × 4" "an emulated processor is a reason"

sed 's/published: published.csv}/published: published.csv, among: [native, uml]}/' toy.yaml >among.yaml
run "$WANLAB" sweep among.yaml -o among --quiet
like "$OUT" "published winners among native, uml: 0 agree, 0 are one of a tie here, 3 differ, of 4 \\(1 without a winner here\\)" \
    "published winners are held against those of the values that were to be had there"

# --- kinds

printf 'repeat: 2\nwarmup: 0\n' >>kinds.yaml
run "$WANLAB" sweep kinds.yaml -o kinds --quiet
is "$STATUS" 0 "kinds are compared"
diag "$ERR"
is "$(cut -d, -f1-5 kinds/comparison.csv | xargs)" \
    "cell,metric,kind,runs,failed all,speed,process,2,0 all,speed,container,2,0 all,delay,process,2,0 all,delay,container,2,0" \
    "without other keys all is one cell, and without 'metrics' all are compared that have a direction and were reported"

# --- runs that fail

run "$WANLAB" sweep toy.yaml -o failing --set workload.toy.fail=once --set sweep.way='[native, uml]' --set sweep.count=[2]
is "$STATUS" 1 "a run that failed fails the sweep at its end"
is "$(cell failing/comparison.csv all speed uml runs) $(cell failing/comparison.csv all speed uml failed)$(cell failing/comparison.csv "count 2" speed uml runs) $(cell failing/comparison.csv "count 2" speed uml failed)" \
    " 2 1" "its cell has two of three runs"
is "$(cell failing/winners.csv "count 2" speed note)" "uml: 2 of 3 runs, 1 failed" "and says so"
like "$OUT" "count 2 +speed .* native .* uml: 2 of 3 runs, 1 failed" "in the table, too"

# --- two of them against each other

sed 's/count == 2 ? 200e6/count == 2 ? 20e6/' toy/run >toy/other
mv toy/other toy/run
chmod +x toy/run
run "$WANLAB" sweep toy.yaml -o again --quiet
run "$WANLAB" compare cmp cmp
like "$STATUS $OUT" "^0 .*the winners agree in 4 of 4 cells" "a comparison agrees with itself"
run "$WANLAB" compare cmp again
like "$OUT" "the winners agree in 3 of 4 cells.*count 2 +speed +container +native" "and says where another one does not"
run "$WANLAB" compare cmp again --json
is "$(jq -c '.winners | [.agree, .of, .differ[0].cell, .differ[0].first, .differ[0].second]' <<<"$OUT")" '[3,4,"count 2","container","native"]' "in JSON, too"
nothing_left "nothing of all that is left"
done_testing
