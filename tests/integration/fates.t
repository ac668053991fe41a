#!/bin/bash
# SPDX-License-Identifier: MIT
# The record of fates: what became of each packet, the same under the same seed whatever else runs.
. "$(dirname "$0")/../lib/tap.sh"
for tool in perl jq awk; do
    command -v $tool >/dev/null || skip_all "needs $tool"
done
. "$(dirname "$0")/../lib/wire.sh"

# lab_of SEED LOSS_BACK FILE: up with two impaired directions and a record.
lab_of() {
    cat >"$WORK/dl.yaml" <<Y
name: dl
seed: $1
nodes: {a: , b: , c: }
links:
  - ends: [a, b]
    a->b: {delay: 3ms, jitter: 2ms, distribution: normal, loss: {gemodel: {p: 2%, r: 30%}}, duplicate: 5%, corrupt: 3%}
    b->a: {loss: $2}
  - {ends: [b, c], loss: 10%}
Y
    run "$WANLAB" up "$WORK/dl.yaml" --fates "$WORK/$3"
    [ "$STATUS" != 3 ] || skip_all "$ERR"
    ok "$STATUS" "a lab comes up with a record of fates"
}

# fates FILE WIRE FIELDS: those columns of the wire's packets, without control packets.
fates() {
    "$WANLAB" fates "$WORK/$1" | awk -F, -v w="$2" '$1 == w && $5 !~ /control/' | cut -d, -f"$3"
}

lab_of 5 1% one
like "$OUT" "engine delayline \((--fates|this kernel)" "auto takes the delay line for it"
udp 1 2000 100
node b -- ping -q -c 50 -i 0.002 -w 2 10.64.0.1 >/dev/null
sent=$(fates one 'a->b' 5 | grep -c ^sent) lost=$(fates one 'a->b' 5 | grep -c ^lost)
copies=$(fates one 'a->b' 5 | grep -c ^copy) corrupt=$(fates one 'a->b' 5 | grep -c +corrupt)
[ $((sent + lost)) -ge 2000 ]
ok $? "each packet is in it"
is "$lost $copies $corrupt" \
    "$(stat_of '.wires[0] | "\(.lost) \(.duplicated) \(.corrupted)"' | tr -d '"')" \
    "its fates are those of the counters"
is "$("$WANLAB" fates "$WORK/one" | sed -n 1p)" "wire,number,arrival_s,bytes,fate,delay_s" "it prints as CSV"
fates one 'a->b' 6 | awk '{if ($1 > 0.0031 || $1 < 0.0029) n++} END {exit n < 1000}'
ok $? "with the delay that each packet drew"
lab_down

# Another run, with traffic on the other wires before and meanwhile, and another loss on the way back.
lab_of 5 30% two
node b -- ping -q -c 300 -i 0.001 -w 3 10.64.0.6 >/dev/null &
udp 1 2000 100
wait
lab_down
fates one 'a->b' 2,5,6 | head -2000 >"$WORK/fates-one"
fates two 'a->b' 2,5,6 | head -2000 >"$WORK/fates-two"
cmp "$WORK/fates-one" "$WORK/fates-two"
ok $? "the same seed: the same fates and delays, bit by bit, whatever other wires do"
lab_of 6 1% three
udp 1 2000 100
lab_down
fates three 'a->b' 2,5,6 | head -2000 >"$WORK/fates-three"
! cmp -s "$WORK/fates-one" "$WORK/fates-three"
ok $? "another seed: others"

# A crash loses nothing.
lab_of 5 1% crashed
udp 1 100 100
kill -9 "$(pid_of wire)"
wait_for 5 sh -c "! '$WANLAB' ls | grep -q '^dl '"
[ "$(fates crashed 'a->b' 2 | wc -l)" -ge 100 ]
ok $? "the record outlives a delay line that is killed"

run "$WANLAB" up "$WORK/dl.yaml" --engine netem --fates "$WORK/no"
is "$STATUS" 2 "netem has no record"
like "$ERR" "the engine netem does not tell what becomes of a packet" "and says so"
run "$WANLAB" up "$WORK/dl.yaml" --fates /nonexistent/file
is "$STATUS" 1 "a file that cannot be written is an error"
like "$ERR" "cannot write '/nonexistent/file'" "with its name"
run "$WANLAB" fates "$WORK/dl.yaml"
is "$STATUS" 2 "what is no record is refused"
nothing_left "nothing is left"
done_testing
