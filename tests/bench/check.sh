#!/bin/bash
# SPDX-License-Identifier: MIT
# How long history-check takes; make bench-check. The first line is the target: under 10 s.
set -eu
cd "$(dirname "$0")/../.."
build=build/${MODE:-release}
check=$build/share/wanlab/workloads/check/history-check
work=$(mktemp -d /tmp/wanlab-bench.XXXXXX)
trap 'rm -rf "$work"' EXIT

printf '%-62s %9s %9s %9s\n' history "read" "whole" "memory"
# one NAME SEED OPERATIONS KEYS PROCESSES UNKNOWN CAS VALUES [SED]: SED plants a fault
one() {
    local name=$1 fault=${9:-} status
    "$build/tests/bench/history" "${@:2:7}" | sed "$fault" >"$work/history"
    /usr/bin/env bash -c 'TIMEFORMAT=%R; time "$1" --check sets "$2" >/dev/null' - "$check" "$work/history" 2>"$work/read" || true
    status=0
    "$check" --json --time 60s "$work/history" >"$work/answer" & # its memory is read while it runs
    local pid=$! peak=0 now
    while now=$(awk '/VmHWM/ {print $2}' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
        peak=$now
        sleep 0.01
    done
    wait "$pid" || status=$?
    printf '%-62s %7.2f s %7.2f s %5d MiB  %s\n' "$name" "$(tail -n 1 "$work/read")" "$(jq .time_s "$work/answer")" \
        "$((peak / 1024))" "$(jq -r .verdict "$work/answer") ($status)"
}
one "100,000 operations, 1,000 keys, 50 clients, 5 % unknown" 1 100000 1000 50 0.05 0.2 0
one "the same, with one stale read" 1 100000 1000 50 0.05 0.2 0 '60000,${/"read".*"ok"/{s/"value":[0-9]*/"value":1/;:a;n;ba}}'
one "the same, but only 5 values to a key" 1 100000 1000 50 0.05 0.2 5
one "100,000 operations, 1 key, 10 clients" 2 100000 1 10 0.01 0.2 0
one "100,000 operations, 1 key, 50 clients" 3 100000 1 50 0.01 0.2 0
one "100,000 operations, 1 key, 10 clients, 5 values" 4 100000 1 10 0.001 0.2 5
one "1,000,000 operations, 1,000 keys, 50 clients, 5 % unknown" 5 1000000 1000 50 0.05 0.2 0
