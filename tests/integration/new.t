#!/bin/bash
# SPDX-License-Identifier: MIT
# `wanlab new workload`: what it writes works at once, and its README is true.
. "$(dirname "$0")/../lib/tap.sh"
cd "$WORK" || exit 1
export PATH=${WANLAB%/*}:$PATH
command -v python3 >/dev/null || skip_all "needs python3"

run wanlab new workload first-try
is "$STATUS" 0 "a folder is made"
is "$(ls first-try | xargs)" "README.md first-try.py scenario.yaml workload.yaml" "with all that there is to it"
! grep -rq NAME first-try
ok $? "under its own name"
[ "$(grep -vc '^ *#' first-try/workload.yaml)" -le 10 ]
ok $? "its workload.yaml has ten lines at most"
run wanlab check first-try/scenario.yaml
is "$STATUS" 0 "it is sound"

mapfile -t commands < <(sed -n 's/^    \(wanlab [^#]*\).*/\1/p' first-try/README.md)
is ${#commands[@]} 3 "its README has three commands"
for command in "${commands[@]}"; do
    run sh -c "$command"
    is "$STATUS" 0 "$command"
    diag "$ERR"
done
run wanlab run first-try/scenario.yaml -o fine --set nodes.n.count=2 --set workload.first-try.rounds=3 --set wan.loss=0%
like "$STATUS $ERR" "^0 .*check +passed" "it says that all went well"
is "$(grep -c '^n[12],answer,n[12],' fine/samples.csv)" 6 "its samples are there"
sed -i 's/range(ROUNDS)/range(ROUNDS - 1)/' first-try/first-try.py
run wanlab run first-try/scenario.yaml -o lost --set workload.first-try.rounds=3
like "$STATUS $ERR" "^1 .*the check of the result: it ended with status 1; it said last: 12 answers, expected 18" \
    "and its check notices what is missing"

run wanlab new workload first-try
like "$STATUS $ERR" "^2 .*'first-try' is there already" "a folder that is there is left alone"
touch file
run wanlab new workload file
like "$STATUS $ERR" "^2 .*'file' is there already" "and a file"
run wanlab new workload below/nothing
like "$STATUS $ERR" "^1 .*cannot make the folder 'below/nothing': No such file" "the folder above has to be there"
mkdir below
run wanlab new workload below/second/
is "$STATUS $(ls below)" "0 second" "a path is fine"
for name in Second second_try 2nd ''; do
    run wanlab new workload "$name"
    like "$STATUS $ERR" "^2 .*expected lower-case letters" "'$name' is no name"
done
run wanlab new labs x
is "$STATUS" 2 "there is nothing else to make"
nothing_left "nothing is left"
done_testing
