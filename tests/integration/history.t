#!/bin/bash
# SPDX-License-Identifier: MIT
# history-check, the program: what it says and how it ends.
. "$(dirname "$0")/../lib/tap.sh"

CHECK=$TOP/build/${MODE:-release}/share/wanlab/workloads/check/history-check

# op PROCESS OP KEY VALUE CALL RETURN [RESULT [OLD]]: a line of a history
op() {
    printf '{"process":"%s","op":"%s","key":"%s","value":%s,"call":%s,"return":%s,"result":"%s"%s}\n' \
        "$1" "$2" "$3" "$4" "$5" "$6" "${7:-ok}" "${8:+,\"old\":$8}"
}

{
    echo '{"metric":"commit","value":0.01,"unit":"s","at":1}'
    op c1 write x 1 0.0 0.1
    op c1 cas x 2 1.0 1.1 ok 1
    op c1 add s '"a"' 2.0 2.1
} >"$WORK/one.jsonl"
{
    op c2 read x 2 1.05 1.2
    op c2 write x 3 1.3 null unknown
    op c2 read y null 1.4 1.5
    op c2 members s '["a"]' 3.0 3.1
} >"$WORK/two.jsonl"
run "$CHECK" "$WORK/one.jsonl" "$WORK/two.jsonl"
is "$STATUS" 0 "histories of two nodes together are valid"
like "$OUT" "7 operations by 2 processes on 3 keys: 6 ok, 0 failed, 1 unknown" "what was read"
like "$OUT" "registers +valid: 2 keys" "registers"
like "$OUT" "sets +valid: 1 keys" "sets"
run sh -c "cat '$WORK/two.jsonl' | '$CHECK' '$WORK/one.jsonl' -"
is "$STATUS" 0 "also from standard input"
run "$CHECK" "$WORK/two.jsonl"
is "$STATUS" 1 "but not by itself: somebody else wrote 2"

{
    cat "$WORK/two.jsonl"
    op c3 read x 1 5.0 5.1
} >"$WORK/stale.jsonl"
run "$CHECK" "$WORK/one.jsonl" "$WORK/stale.jsonl"
is "$STATUS" 1 "a stale read is a violation"
like "$OUT" "violation +registers, key 'x', from 1.000000 s to 5.100000 s" "its key and time"
like "$OUT" "5.000000 +5.100000 +ok +c3 +read: 1 +.*stale.jsonl:5" "the operation and its line"
like "$OUT" "where these values were written:.*write 1 .*one.jsonl:2" "and where the value comes from"
run "$CHECK" --json "$WORK/one.jsonl" "$WORK/stale.jsonl"
is "$STATUS" 1 "--json: the status is the same"
is "$(jq -r '.verdict, .checks.registers.verdict, .checks.sets.verdict, .violation.key,
    (.violation.operations | map(.line) | join(","))' <<<"$OUT" | xargs)" "violation violation valid x 3,1,5" \
    "--json: the verdicts, and the operations that show it"
run "$CHECK" --check sets "$WORK/one.jsonl" "$WORK/stale.jsonl"
is "$STATUS" 0 "--check sets does not look at registers"

{
    cat "$WORK/one.jsonl"
    op c1 add s '"b"' 2.2 2.3
} >"$WORK/lost.jsonl"
run "$CHECK" "$WORK/lost.jsonl" "$WORK/two.jsonl"
is "$STATUS" 1 "an element that was lost is a violation"
like "$OUT" 'element "b" was acknowledged and is not among the members' "by name"

# Many writes of the same values at once, and a contradiction at the end: too many orders to try.
{
    for i in $(seq 40); do op "c$i" write x $((i / 2)) 0 1; done
    op c1 cas x 77 2 3 ok 5
    op c2 cas x 78 2 3 ok 5
} >"$WORK/hard.jsonl"
begin=$(date +%s)
run "$CHECK" --time 1s "$WORK/hard.jsonl"
is "$STATUS" 3 "a search without end is undecided"
like "$OUT" "registers +unknown: 1 keys.*1 undecided.*--time" "and says by what it was ended"
[ $(($(date +%s) - begin)) -lt 20 ]
ok $? "in time"
run "$CHECK" --memory 64KiB "$WORK/hard.jsonl"
is "$STATUS" 3 "so is one whose memory is used up"

# refused STATUS MESSAGE NAME ARGUMENT…
refused() {
    local status=$1 message=$2 name=$3
    shift 3
    run "$CHECK" "$@"
    is "$STATUS" "$status" "$name"
    like "$ERR" "^history-check: $message" "$name: the message"
}
head -c -20 "$WORK/one.jsonl" >"$WORK/cut.jsonl"
refused 2 ".*cut.jsonl:4: not JSON" "a line that was cut off" "$WORK/cut.jsonl"
refused 2 "cannot open '.*none.jsonl': No such file" "a file that is not there" "$WORK/none.jsonl"
refused 2 "cannot read '.*'?: Is a directory" "a folder" "$WORK"
refused 2 "there is no operation" "an empty file" /dev/null
refused 2 "no FILE is given" "no file"
refused 2 "--check: 'queue' is none of registers, sets, sessions" "an unknown check" --check sets,queue /dev/null
refused 2 "'10': .*" "a time without unit" --time 10 /dev/null
done_testing
