#!/bin/bash
# SPDX-License-Identifier: MIT
# What goes wrong in somebody's workload: refused with its place, or ended by name and with its last words; nothing left.
. "$(dirname "$0")/../lib/tap.sh"
cd "$WORK" || exit 1

# workload NAME: a folder with the workload.yaml that comes in, and a scenario beside it.
workload() {
    mkdir -p "$1"
    cat >"$1/workload.yaml"
    printf 'nodes: {n: {count: 2}}\nlinks: [{ends: [n1, n2]}]\nworkload: {./%s: {}}\n' "$1" >"$1.yaml"
}

# refused NAME REGEX WHAT: `check` and `run` exit with 2 and say this.
refused() {
    for command in check run; do
        run "$WANLAB" $command "$1.yaml"
        like "$STATUS $ERR" "^2 .*$2" "$command: $3"
    done
}

# fails NAME REGEX WHAT: the run ends with 1, with this error, its results say so too.
fails() {
    run "$WANLAB" run "$1.yaml" -o "$1-out"
    like "$STATUS $ERR" "^1 .*$2" "$3"
    like "$(jq -r '.outcome + " " + .error' "$1-out/run.json")" "^failed .*$2" "$3: so say the results"
    ! "$WANLAB" ls | grep -q "^$1 "
    ok $? "$3: its lab has ended"
}

# --- before anything starts

mkdir empty
echo '{nodes: {n: }, workload: {./empty: }}' >empty.yaml
refused empty "empty.yaml:1:27: there is no './empty/workload.yaml', expected the folder of a workload" "a folder without workload.yaml"
workload missing <<'Y'
run: ./program --fast
Y
refused missing "/missing/workload.yaml:1:6: there is no './program' in the workload's folder" "a program that is not there"
touch missing/program
refused missing "/missing/workload.yaml:1:6: './program' cannot be run: Permission denied; try chmod \+x" "one that may not be run"
workload nowhere <<'Y'
run: {command: 'true', nodes: [n, server]}
Y
refused nowhere "/nowhere/workload.yaml:1:31: .*'server'" "nodes that the scenario does not have"
workload routers <<'Y'
run: {command: 'true', role: router}
Y
refused routers "/routers/workload.yaml:1:30: the scenario has no node that this is for" "a role that nobody has"
workload wrong <<'Y'
run: 'true'
services: [{name: a, command: 'true', ready: {prot: 80}}]
Y
refused wrong "/wrong/workload.yaml:2:47: unknown key 'prot', did you mean 'port'\?" "a way to be ready that there is not"

workload needy <<'Y'
run: 'true'
needs: {sh: dash, no-such-tool: no-such-package}
Y
missing="/needy/workload.yaml:2:19: workload 'needy' needs 'no-such-tool', which is not installed \(Debian package: no-such-package\)"
run "$WANLAB" run needy.yaml -o needy-out
like "$STATUS $ERR" "^3 .*$missing" "run: a command that the machine does not have"
run "$WANLAB" check needy.yaml
like "$STATUS $ERR" "^0 .*$missing" "check only warns of it"
printf 'sweep: {seed: [1, 2]}\n' >>needy.yaml
run "$WANLAB" sweep needy.yaml -o needy-sweep
like "$STATUS $ERR" "^3 .*$missing" "sweep: before its first run"
[ ! -e needy-sweep ]
ok $? "and nothing of it was begun"
workload helped <<'Y'
run: 'true'
needs: {sh: dash}
Y
run "$WANLAB" run helped.yaml -o helped-out
is "$STATUS" 0 "one that it has is no matter"

# --- services

workload absent <<'Y'
services: [{name: server, command: [no-such-program, -v]}]
run: 'true'
Y
fails absent "server: node 'n1': cannot run 'no-such-program': No such file or directory" "a command that no node has"
workload deaf <<'Y'
services: [{name: server, command: 'echo starting; echo the key is missing; exec sleep 100', ready: {port: 7000}, timeout: 1s}]
run: 'true'
Y
fails deaf "node 'n1': server was not ready in time: nobody listens on TCP port 7000 \(2 not ready in all\); it said last: the key is missing" \
    "a port that nobody opens"
like "$ERR" "the end of deaf-out/logs/n1.server.log:.* starting.* the key is missing" "with the end of its log"
workload doubt <<'Y'
services: [{name: server, command: exec sleep 100, ready: {command: 'false'}, timeout: 1s, nodes: n2}]
run: 'true'
Y
fails doubt "node 'n2': server was not ready in time: its readiness command does not end with status 0" "a readiness command that never agrees"
workload unable <<'Y'
services: [{name: server, command: exec sleep 100, ready: {command: [no-such-probe]}}]
run: 'true'
Y
fails unable "node 'n[12]': the readiness command of server ended with status 127; it said last: cannot run 'no-such-probe': No such" \
    "a readiness command that cannot be run"
workload early <<'Y'
services: [{name: server, command: 'echo address in use; exit 3', ready: {port: 7000}, nodes: n2}]
run: 'true'
Y
fails early "node 'n2': server ended with status 3; it said last: address in use" "a service that ends while others wait for it"
workload later <<'Y'
services: [{name: server, command: 'sleep 1; kill -SEGV $$', nodes: n1}]
run: exec sleep 100
Y
fails later "node 'n1': server was killed by signal 11 \(Segmentation fault\)" "a service that crashes in the run"
workload stubborn <<'Y'
services: [{name: server, command: 'trap "" TERM; echo trapped; while :; do sleep 1; done', ready: {log: trapped}, nodes: n2}]
run: 'true'
Y
"$WANLAB" run stubborn.yaml -o stubborn-out >stubborn.log 2>&1 & # takes its ten seconds
stubborn=$!

# --- the programs

workload fails <<'Y'
run: 'for i in 1 2 3; do echo "step $i"; done; test $WANLAB_NODE != n2 || { echo no quorum; exit 7; }'
Y
fails fails "node 'n2': fails ended with status 7; it said last: no quorum" "a program that fails"
like "$ERR" "fails-out/logs/n2.fails.log:.*step 1.*step 2.*step 3.*no quorum" "with the end of its log"
workload unknown <<'Y'
run: no-such-program --fast
Y
fails unknown "node 'n[12]': unknown ended with status 127; it said last: .*no-such-program: not found" "a command that no shell knows"
workload endless <<'Y'
run: {command: 'test $WANLAB_NODE = n2 && exec sleep 100', nodes: n2, timeout: 1s}
Y
fails endless "node 'n2': endless did not end in time" "a program that does not end"
workload alone <<'Y'
run: 'test $WANLAB_NODE = n1 && exit; echo "{\"barrier\": \"start\"}" >&3; read line'
Y
fails alone "node 'n.'.*barrier 'start'" "a barrier to which one does not come"
workload astray <<'Y'
run: 'echo "{\"barrier\": \"at-$WANLAB_NODE\"}" >&3; read line'
Y
fails astray "node 'n.': it waits at the barrier 'at-n.', but node 'n.' at 'at-n.'" "two barriers at once"
like "$ERR" "line 1 of its WANLAB_OUTPUT \(nodes/n.\.jsonl\)" "with the line"

# reports LINE REGEX WHAT: n2 writes one good line, and this one.
reports() {
    workload reports <<'Y'
metrics: {known: {unit: s}}
run: 'test $WANLAB_NODE = n1 || cat good line >&3'
Y
    echo '{"metric": "known", "value": 1, "unit": "s"}' >reports/good
    printf '%s\n' "$1" >reports/line
    rm -rf reports-out
    fails reports "node 'n2': line 2 of its WANLAB_OUTPUT \(nodes/n2.jsonl\): $2" "$3"
}
reports 'latency 5' "found 'latency 5', expected a JSON object: " "a report that is no JSON"
reports '[1, 2]' ".*xpected object, got array" "one that is no object"
reports '{"metric": "known", "value": NaN}' "found '.*NaN}', expected a JSON object: .*NaN" "one that is not a number"
reports '{"metric": "known", "value": "5"}' ".*xpected real or integer, got string|.*got string" "one in quotes"
reports '{"metric": "known"}' "metric 'known' has no 'value'" "one without a value"
reports '{"metric": "known", "value": 1, "unit": "ms"}' "metric 'known' has the unit 'ms', but workload.yaml says 's'" "one in another unit"
reports '{"metric": "Quite new", "value": 1}' "found the metric 'Quite new', expected a name of a-z, 0-9 and _" "one whose name is none"

# --- floods

workload flood <<'Y'
log_limit: 100KB
run: 'echo first words; yes | head -c 20000000; echo last words'
Y
run "$WANLAB" run flood.yaml -o flood-out
is "$STATUS" 0 "a program that floods its log"
like "$ERR" "node 'n2': the log of flood is cut at [0-9]+ bytes: [0-9]+ lines more \([0-9]+ bytes\)" "of which it is said what was cut"
[ "$(stat -c %s flood-out/logs/n2.flood.log)" -lt 110000 ]
ok $? "its log stays within the limit"
like "$(head -n 1 flood-out/logs/n2.flood.log)$(tail -n 1 flood-out/logs/n2.flood.log)" "first words.*last words" "and has both ends"
workload torrent <<'Y'
output_limit: 100KB
run: 'while :; do echo "{\"metric\": \"m\", \"value\": 1}"; done >&3'
Y
fails torrent "node 'n.': line [0-9]+ of its WANLAB_OUTPUT .* past the limit of 100000 bytes \(output_limit in workload.yaml\)" \
    "a program that reports without end"

# --- the check

workload disagrees <<'Y'
run: 'true'
check: {command: 'echo looking; echo "n1 lost 3 of 10" >&2; exit 1', on: host}
Y
fails disagrees "the check of the result: it ended with status 1; it said last: n1 lost 3 of 10" "a check on the host that does not hold"
like "$(cat disagrees-out/logs/check.log)" "^looking.n1 lost 3 of 10$" "with its log"
workload ponders <<'Y'
run: 'true'
check: {command: 'echo thinking; sleep 100 & wait', on: host, timeout: 1s}
Y
fails ponders "the check of the result: it has not ended after 1 s; it said last: thinking" "one that does not end"
! grep -lqz "^WANLAB_RESULTS=$WORK/ponders" /proc/[0-9]*/environ 2>/dev/null
ok $? "is killed with what it started"
sed -i 's/timeout: 1s/timeout: 100s/' ponders/workload.yaml
"$WANLAB" run ponders.yaml -o asked-out >asked.log 2>&1 &
pid=$!
wait_for 20 grep -qs thinking asked-out.partial/logs/check.log
kill -TERM $pid
wait $pid
like "$? $(tail -n 1 asked.log) $(ls -d asked-out* 2>/dev/null)" "^1 .*interrupted; its results are discarded $" \
    "one that is interrupted ends at once"

wait $stubborn
is $? 0 "a service that ignores SIGTERM holds nobody up for long"
like "$(cat stubborn.log)" "node 'n2': server has not ended when asked to \(SIGTERM\), and is killed" "and is named"
nothing_left "nothing is left"
done_testing
