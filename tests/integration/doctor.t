#!/bin/bash
# SPDX-License-Identifier: MIT
# `wanlab doctor`: what is there, what is missing with its cure, and the exit status that goes with it.
. "$(dirname "$0")/../lib/tap.sh"

# state CHECK: of the doctor's last JSON
state() { jq -r --arg name "$1" '.checks[] | select(.name == $name) | .state' <<<"$OUT"; }

run "$WANLAB" doctor
is "$STATUS" 0 "this machine can run the main job"
like "$OUT" 'namespaces +ok +- +works' "a table for people"
run "$WANLAB" doctor --json
is "$STATUS" 0 "as JSON"
is "$(jq -c '[.can_run, (.checks | map(.group) | unique)]' <<<"$OUT")" '[true,["clock","kernel","limits","programs"]]' \
    "with kernel, programs, limits and clock"
is "$(jq -r '.checks[] | select((.state == "ok") == (.cure != null)) | .name' <<<"$OUT")" "" \
    "what is not ok has a cure, and nothing else"
"$WANLAB" up "$TOP/topologies/lan.yaml" --engine netem >/dev/null 2>&1
had_netem=$?
"$WANLAB" down lan 2>/dev/null
is "$(state netem)" "$([ $had_netem = 0 ] && echo ok || echo missing)" "netem is ok where labs come up on it"

without "gnuplot mariadbd" "$WANLAB" doctor --json
is "$STATUS" 3 "without MariaDB: exit 3"
is "$(state mariadbd) $(state gnuplot) $(jq .can_run <<<"$OUT")" "needed missing false" "it is needed, gnuplot only missing"
without gnuplot "$WANLAB" doctor
is "$STATUS" 0 "without gnuplot: exit 0"
like "$OUT" "gnuplot: apt-get install gnuplot-nox" "and its package"

run sh -c "ulimit -n 500 && '$WANLAB' doctor --json"
is "$(jq -c '.checks[] | select(.name == "files") | [.state, .nodes]' <<<"$OUT")" '["weak",125]' "few files: few nodes"
run unshare --user --map-root-user sh -c "echo 0 >/proc/sys/user/max_net_namespaces; '$WANLAB' doctor --json"
is "$STATUS $(state namespaces) $(state veth)" "3 needed needed" "without namespaces: exit 3"
run "$WANLAB" doctor now
is "$STATUS" 2 "an argument: exit 2"
nothing_left "nothing is left"
is "$(ls -d /sys/fs/cgroup/*/wanlab.doctor-* /sys/fs/cgroup/wanlab.doctor-* 2>/dev/null)" "" "nor a cgroup"

done_testing
