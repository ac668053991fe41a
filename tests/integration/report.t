#!/bin/bash
# SPDX-License-Identifier: MIT
# The report of a real run, of a real small sweep, and of a sweep like the study's, made up; each as Chromium sees it.
# And what becomes of it when a folder is damaged, gnuplot is not there, or the disk is full.
#
#   db1, db2, db3: a wan of 10, 20 and 30 ms
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/browser.sh"
need_root
command -v chromedriver >/dev/null || skip_all "chromedriver is not installed (Debian: chromium-driver)"
trap 'browser_stop; tap_exit' EXIT
T=$WORK/t # $WORK/run is the labs'
mkdir "$T" && cd "$T" || exit 1

cat >wan.csv <<'M'
# holds: rtt
from,a,b,c
a,,10,20
b,10,,30
c,20,30,
M
cat >run.yaml <<'Y'
name: small
nodes: {db: {count: 3, region: [a, b, c]}}
wan: {members: [db], matrix: wan.csv}
workload: {replicate: {rate: 1200/min, aggregate: 4, duration: 2s, mode: parallel}}
sweep: {rate: [600/min, 1200/min], nodes.db.count: [2, 3]}
Y
run "$WANLAB" run run.yaml -o run --set workload.replicate.tuple=16
is "$STATUS" 0 "a run ends well"
diag "$ERR"
ls run/report.html >/dev/null
ok $? "and has its report"
is "$(ls run/plots | xargs)" "$(for m in lag lateness local_insert main_loop remote_batch remote_insert; do
    echo $m.gp $m.png $m.svg; done | xargs)" "and its pictures: SVG, PNG and scripts"
is "$(head -c 4 run/plots/lag.png | tail -c 3)" PNG "a PNG file is one"

run "$WANLAB" sweep run.yaml -o sweep --set workload.replicate.duration=1s
is "$STATUS" 0 "a sweep ends well"
ls sweep/report.html >/dev/null
ok $? "and has its report"
[ ! -e sweep/point-001-run-1/report.html ]
ok $? "its runs have none of their own, for the time it takes"
run "$WANLAB" report sweep/point-001-run-1/
is "$STATUS" 0 "but can be given one"

# A sweep like the study's. Every point is trusted, but for one that is doubtful and one that failed.
mkdir study
jq -n '{format: 1, wanlab: "test", scenario_hash: "0", file: "paper.yaml", sets: ["name=it'"'"'s", "quick"], name: "study",
    main: "main_loop", units: {main_loop: "s", ratio: "", local_insert: "s"}, state: "done", document: {seed: "1"}, points: [
    {k: ("process", "container", "uml"), n: ("2", "4"), r: ("600/min", "6000/min", "60000/min"),
     m: ("sequential", "parallel", "baseline")} |
    {"nodes.db.kind": .k, "nodes.db.count": .n, "workload.replicate.rate": .r, "workload.replicate.mode": .m}]}' >study/sweep.json
jq -c '.points[] | . as $p | (1, 2, 3) as $repeat | (if $p["nodes.db.kind"] == "uml" then 2 else 1 end +
    $repeat / 50) as $ratio | {point: $p, repeat: $repeat, attempt: 1, seed: 1, run: "none", took_s: 1, outcome: "done",
    verdict: (if $p == {"nodes.db.kind": "container", "nodes.db.count": "2", "workload.replicate.rate": "6000/min",
        "workload.replicate.mode": "parallel"} then "doubtful" else "trusted" end),
    measures: {main_loop: ($ratio * 10), main_loop_max: ($ratio * 10), ratio: $ratio, ratio_max: $ratio,
        local_insert_p50: 0.001, local_insert_p99: 0.002, node_boot: 0.01, node_memory: 35, node_cpu: 0.1, node_disk: 7}} |
    if $p["nodes.db.kind"] == "uml" and $p["workload.replicate.rate"] == "60000/min" and $p["nodes.db.count"] == "4"
        and $p["workload.replicate.mode"] == "sequential"
    then {point: $p, repeat: $repeat, attempt: 1, seed: 1, run: "none", took_s: 1, outcome: "failed", status: 1,
        error: "<b>no</b>"} else . end' study/sweep.json >study/points.jsonl
run "$WANLAB" report study
is "$STATUS $OUT $ERR" "0 report: study/report.html " "a page is made of the records alone"

# --- the run in the browser

browser_start
ok $? "chromium starts"
browser_open "$T/run/report.html"
is "$(browser_js 'return document.title')" "small – wanlab" "the run's page opens"
like "$(browser_js 'return document.querySelector(".verdict").className')" "^verdict (trusted|doubtful)$" "its verdict is on top"
is "$(browser_js 'return [...document.querySelectorAll("nav a")].map(a => document.querySelector(a.getAttribute("href")) ? 1 : 0).join("")')" \
    111111 "every link leads to a section"
is "$(browser_js 'return document.querySelectorAll(".network circle").length + " " +
    [...document.querySelectorAll(".network .delay")].map(t => t.textContent).sort().join(" ")')" \
    "3 10 ms 15 ms 5 ms" "the network has three nodes and the delays of its wires"
is "$(browser_js 'return document.querySelectorAll("table.matrix td[class^=e]").length')" 6 "the matrix has all pairs"
is "$(browser_js 'return [...document.querySelectorAll("table.matrix small")].map(t => t.textContent).sort().join(" ")')" \
    "10.00 10.00 20.00 20.00 30.00 30.00" "with what was asked"
is "$(browser_js 'return [...document.querySelectorAll("figure.plot figcaption span")].map(t => t.textContent).sort().join(", ")')" \
    "lag, lateness, local insert, main loop of each node, remote batch, remote insert" "latencies and main loops are drawn"
is "$(browser_js 'return [...document.querySelectorAll("svg.plot")].every(s =>
    [...s.querySelectorAll("[data-series] path, [data-series] use, [data-series] polygon")].some(p =>
        p.getBoundingClientRect().width > 2))')" true "every figure has something that can be seen"
is "$(browser_js 'return document.querySelectorAll("[data-series=\"2\"] [data-tip^=p99]").length')" \
    "$(grep -c '^p99,[0-9.]*,[0-9]' run/report.html)" "every p99 can be pointed at"
is "$(browser_js 'return [...document.querySelectorAll("svg.plot text")].filter(t => t.textContent.trim() &&
    (t.getBoundingClientRect().left < t.closest("figure").getBoundingClientRect().left ||
     t.getBoundingClientRect().right > t.closest("figure").getBoundingClientRect().right)).length')" 0 "no text leaves its figure"
like "$(browser_js 'return document.querySelector(".network").textContent')" "one way" "and says what its numbers are"

# What can be clicked.
background='return getComputedStyle(document.body).backgroundColor'
is "$(browser_js "$background")" "rgb(255, 255, 255)" "the page is light"
is "$(browser_js "document.querySelector('.theme [data-theme=dark]').click(); $background")" "rgb(22, 24, 28)" "dark when asked"
is "$(browser_js 'return getComputedStyle(document.querySelector("[data-series=\"0\"] path")).stroke')" "rgb(76, 169, 240)" \
    "with lines that are lighter"
is "$(browser_js "document.querySelector('.theme [data-theme=light]').click(); $background")" "rgb(255, 255, 255)" "and light again"
is "$(browser_js 'const f = document.querySelector("figure.plot"), b = f.querySelectorAll(".key button")[1];
    const shown = () => getComputedStyle(f.querySelector("[data-series=\"1\"]")).display;
    const before = shown(); b.click(); const hidden = shown() + b.getAttribute("aria-pressed"); b.click();
    return [before, hidden, shown()].join(" ")')" "inline nonefalse inline" "a series is hidden and shown by the key"
like "$(browser_js 'const s = document.querySelector("svg.plot"), r = s.querySelector("[data-tip]").getBoundingClientRect();
    s.dispatchEvent(new PointerEvent("pointermove", {clientX: r.x + r.width / 2, clientY: r.y + r.height / 2, bubbles: true}));
    return document.getElementById("tip").textContent')" "^p[59][09].*samples" "a point that is pointed at tells its value"
link='const a = document.querySelector(".table[data-name=nodes] .csv"); a.focus();
    return decodeURIComponent(a.href.slice(a.href.indexOf(",") + 1))'
is "$(browser_js "$link" | cut -d, -f1,2,4 | head -3)" "$(sed -n '1p;2,3p' run/nodes.csv | cut -d, -f1,2,4)" \
    "a table's link has its CSV, with the exact values"
is "$(browser_js 'return document.querySelector(".table[data-name=nodes] .csv").download')" nodes.csv "under its name"
is "$(browser_js 'const t = document.querySelector(".table[data-name=nodes]"), b = t.querySelector("th button");
    b.click(); b.click(); return [...t.querySelectorAll("tbody tr")].map(r => r.cells[0].textContent).join(" ")')" "db3 db2 db1" \
    "a click on a heading sorts, another turns it round"
like "$(browser_js 'return document.querySelector(".code pre").textContent')" \
    "^wanlab run run.yaml --set workload.replicate.tuple=16$" "the line that repeats it is there"
scenario=$(browser_js 'return document.querySelector(".code[data-name]").textContent')
browser_js 'return document.querySelector(".code[data-name] pre").textContent' >again.yaml
run "$WANLAB" check again.yaml
is "$STATUS" 0 "the scenario on the page is one"
diag "$ERR$scenario"
is "$("$WANLAB" plan again.yaml)" "$("$WANLAB" plan run.yaml)" "the same as the one that was run"

# --- the sweeps

browser_open "$T/sweep/report.html"
is "$(browser_js 'return [...document.querySelectorAll("[data-view=view0] h3")].map(t => t.textContent).join(", ")')" \
    "1. By rate, 2. By count" "a sweep without kinds has a figure for each number"
is "$(browser_js 'return document.querySelectorAll(".table[data-name=runs] tbody tr").length')" 4 "and runs.csv is there"
browser_open "$T/study/report.html"
is "$(browser_js 'return document.querySelector("#verdict strong").textContent')" "156 of 162 runs are trusted" "the study: counts on top"
is "$(browser_js 'return [...document.querySelectorAll(".numbers dd")].map(d => d.textContent).join(" ")')" "54 162 156 3 0 3" \
    "points, runs, and runs by verdict"
is "$(browser_js 'return [...document.querySelectorAll("[data-view=view0] h3")].map(t => t.textContent).join("\n")')" \
    "1. Containers by rate
2. Virtual machines by rate
3. Containers by number of nodes
4. Virtual machines by number of nodes
5. Baseline by rate
6. Containers and virtual machines face to face" "the study's six figures"
is "$(browser_js 'return [...document.querySelectorAll("[data-view=view0] figcaption span")].map(t => t.textContent).slice(0, 6).join("; ")')" \
    "process, sequential; process, parallel; container, sequential; container, parallel; sequential; parallel" "with a panel for each kind and mode"
marks='const marks = (view, mark) => [...document.querySelectorAll(`[data-view=view${view}] .data`)].reduce((n, d) =>
    n + d.textContent.split("\n").filter(l => l.endsWith("," + mark)).length, 0);'
is "$(browser_js "$marks return marks(0, 'not trusted') + ' ' + marks(0, 'failed')")" "3 3" \
    "the doubtful point and the failed one are marked wherever they are drawn"
is "$(browser_js 'return [...document.querySelectorAll("[data-view=view0] [data-tip]")].filter(t => t.dataset.tip.includes("none trusted")).length')" \
    3 "and say so"
is "$(browser_js 'const v = [...document.querySelectorAll("[data-view]")], b = document.querySelectorAll(".switch button");
    const shown = () => v.map(x => x.hidden ? "-" : x.dataset.view).join(" "); const before = shown(); b[1].click();
    return before + ", " + shown()')" "view0 -, - view1" "ratio or time, by a switch"
like "$(browser_js 'return document.querySelector("[data-view=view0] [data-tip]").dataset.tip')" "^process, 2 nodes, 600/min, sequential.1\.04 ± 0\.05 \(95 %\).3 runs$" \
    "a point tells its mean and interval"
like "$(browser_js 'return document.querySelector(".code pre").textContent')" "^wanlab sweep paper.yaml --set 'name=it'.''s' --quick$" \
    "the line that repeats it can be pasted into a shell"
is "$(browser_js 'return document.querySelectorAll(".table[data-name=kinds] tbody tr").length')" 3 "costs by kind"

# --- texts that would be markup

cp -r run bad
jq '.outcome = "failed" | .error = "<img src=x onerror=alert(1)>" | .scenario.name = "</title><script>alert(1)</script>"
    | .scenario.nodes[0].name = "<svg onload=alert(1)>"' run/run.json >bad/run.json
run "$WANLAB" report bad
is "$STATUS" 0 "a failed run has a page too"
browser_open "$T/bad/report.html"
is "$(browser_js 'return document.querySelector(".verdict.failed p").textContent')" "<img src=x onerror=alert(1)>" "with its error, as text"
is "$(browser_js 'return document.querySelectorAll("script").length + " " + document.querySelectorAll("img").length')" "1 0" \
    "nothing of what is in a file is markup"
is "$(browser_console)" "" "nothing is on the console, of all pages"
is "$(browser_requests)" "" "and nothing was asked of any network"
browser_stop
browser_start dark
browser_open "$T/run/report.html"
is "$(browser_js "$background")" "rgb(22, 24, 28)" "where the system is dark, so is the page"
is "$(browser_js "document.querySelector('.theme [data-theme=light]').click(); $background")" "rgb(255, 255, 255)" "unless it is to be light"
browser_stop

# --- folders that are damaged, or none

refused() { # refused WHAT PATTERN FOLDER
    run "$WANLAB" report "$3"
    is "$STATUS" 2 "$1: exit 2"
    like "$ERR" "$2" "$1: says so"
}
refused "no folder" "there is no folder 'nowhere'" nowhere
mkdir empty && refused "not a results folder" "'empty' has no run.json: it is half written, or no results folder" empty
cp -r run half.partial && refused "a run under way" "'half.partial' is half written" half.partial
cp -r run old && jq '.format = 7' run/run.json >old/run.json && refused "another version" "has format 7, of wanlab .*reads format 1" old
cp -r run cut && head -c 500 run/run.json >cut/run.json && refused "a cut run.json" "cut/run.json:[0-9]+:[0-9]+: " cut
cp -r study old-study && jq '.format = 7' study/sweep.json >old-study/sweep.json &&
    refused "a sweep of another version" "has format 7" old-study
cp -r study bad-study && sed -i '5s/.*/{"point": /' bad-study/points.jsonl && refused "a damaged record" "points.jsonl:5:1: " bad-study
run "$WANLAB" report
is "$STATUS" 2 "without a folder: exit 2"
like "$("$WANLAB" report --help)" "usage: wanlab report FOLDER \[-o FILE\]" "--help tells its use"

cp -r run torn
rm torn/fidelity.json torn/nodes.csv torn/events.jsonl
head -c 2000 run/samples.csv >torn/samples.csv
: >torn/summary.csv
run "$WANLAB" report torn -o torn.html
is "$STATUS" 0 "what is missing or cut off does not keep the rest from being shown"
like "$(cat torn.html)" "There is no fidelity.json" "the page says what is missing"
like "$(cat torn.html)" "samples.csv ends in the middle of a line" "and what was cut off"
cp -r study going && jq '.state = "under way"' study/sweep.json >going/sweep.json && printf '{"point' >>going/points.jsonl
run "$WANLAB" report going
is "$STATUS" 0 "a sweep may be under way"
like "$(cat going/report.html)" "the sweep is not finished" "and the page says so"

# A million samples: in bounded memory and time.
cp -r run big
awk 'BEGIN { print "node,metric,peer,at,value,unit"; for (i = 0; i < 1000000; i++)
    printf "db%d,local_insert,,%.6f,%.6f,s\n", i % 3 + 1, i / 1e4, 0.001 + i % 1000 / 1e6 }' >big/samples.csv
limit=500000
[ "${MODE:-}" != asan ] || limit=unlimited # the sanitizer's own memory is mapped in terabytes
(ulimit -v $limit && exec timeout 120 "$WANLAB" report big) >out 2>err
is "$? $(cat err)" "0 " "a million samples"
is "$(grep -c '^p99,' big/report.html)" "$(grep -c '^p50,' big/report.html)" "are shown by their percentiles"
[ "$(stat -c %s big/report.html)" -lt 1000000 ]
ok $? "in a page of less than a megabyte"

without gnuplot "$WANLAB" report run -o plain.html
is "$STATUS" 0 "without gnuplot there is a page all the same"
like "$ERR" "6 pictures of the report are not drawn: .*gnuplot" "with a warning"
is "$(grep -c 'not drawn: gnuplot' plain.html)" 6 "that says so"

mkdir full && mount -t tmpfs -o size=60k none full
run "$WANLAB" report run -o full/page.html
is "$STATUS" 1 "a full disk: exit 1"
like "$ERR" "full/page.html.new.*disk full" "says so"
is "$(ls full)" "" "and leaves nothing"
umount full
mkdir locked && mount -t tmpfs none locked && cp -r run/* locked/ && rm -r locked/plots && mount -o remount,ro locked
run "$WANLAB" report locked -o locked.html
is "$STATUS" 0 "a folder that cannot be written"
like "$ERR" "pictures will be in the page only" "is said to be"
is "$(grep -c '<svg class="plot"' locked.html)" 6 "its pictures are in the page"
umount locked
run "$WANLAB" report run -o /nowhere/page.html
is "$STATUS" 1 "a page that cannot be written: exit 1"
like "$ERR" "cannot write '/nowhere/page.html.new'" "says so"

nothing_left "nothing is left"
done_testing
