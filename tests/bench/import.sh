#!/bin/bash
# SPDX-License-Identifier: MIT
# Imports the largest network of the Internet Topology Zoo, Kentucky Datalink (754 routers, 895 links), brings it up and
# has every node reach every other: each sends an echo to all nodes behind it in the alphabet, so that each pair is
# tried once, there and back. Exit 1 if one of the 283,881 pairs does not answer.
set -u
cd "$(dirname "$0")/../.." || exit 1
wanlab=build/${MODE:-release}/bin/wanlab
work=$(mktemp -d /tmp/wanlab-bench.XXXXXX)
export WANLAB_RUNTIME=$work/run
trap '$wanlab down kdl 2>/dev/null; rm -rf "$work"' EXIT

took() { # NAME COMMAND…
    local name=$1 begin=$EPOCHREALTIME
    shift
    "$@" || exit 1
    awk -v name="$name" -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {printf "%-8s %8.2f s\n", name, b - a}'
}

reach() {
    "$wanlab" status kdl --json | jq -r '.nodes[].name' | xargs -P "${JOBS:-2}" -I{} \
        "$wanlab" exec kdl {} -- perl -e "$(cat tests/lib/reach.pl)" later >"$work/reached"
}

took import "$wanlab" import graphml topologies/zoo/Kdl.graphml -o "$work/kdl.yaml" 2>/dev/null
took up "$wanlab" up "$work/kdl.yaml" >"$work/up"
cat "$work/up"
took reach reach
awk '/^[0-9]+ of [0-9]+$/ {answered += $1; asked += $3} !/ of / {print}
    END {printf "%d of %d pairs reach each other\n", answered, asked; exit answered != asked || asked != 283881}' \
    "$work/reached"
status=$?
took down "$wanlab" down kdl
exit $status
