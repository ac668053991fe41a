#!/bin/bash
# SPDX-License-Identifier: MIT
# prove.sh INTERPRETER FILE…: runs test files with prove, each by the interpreter ('' for none).
#
# Most of a test's time is waiting, so several run side by side; then, one after the other, those that say
# `runs_alone`. Other work on the machine can make a file fail, beside it or outside of the tests. So a file that
# failed runs once more, by itself, and it is the second result that counts; the first one stays in the output, and the
# last lines name the files that needed it.
set -u
interpreter=$1
shift
output=$(mktemp /tmp/wanlab-prove.XXXXXX)
trap 'rm -f "$output"' EXIT

run() { # run JOBS FILE…: adds to FAILED
    local jobs=$1 failed
    shift
    [ $# -gt 0 ] || return 0
    prove --timer --reverse --jobs "$jobs" --exec "$interpreter" "$@" 2>&1 | tee "$output"
    [ "${PIPESTATUS[0]}" = 0 ] && return
    readarray -t failed < <(sed -nE 's/^(tests[^ ]*) +\(Wstat: .*/\1/p' "$output")
    [ ${#failed[@]} -gt 0 ] || failed=("$@") # prove itself did not get far
    FAILED+=("${failed[@]}")
}

FAILED=()
readarray -t alone < <(grep -l '^runs_alone' "$@")
readarray -t together < <(grep -L '^runs_alone' "$@")
run $((2 * $(nproc))) "${together[@]}"
run 1 "${alone[@]}"
[ ${#FAILED[@]} -gt 0 ] || exit 0

again=("${FAILED[@]}")
FAILED=()
echo "once more, alone: ${again[*]}"
run 1 "${again[@]}"
echo "failed at first: ${again[*]}"
[ ${#FAILED[@]} = 0 ] && exit 0
echo "and again: ${FAILED[*]}"
exit 1
