#!/bin/bash
# SPDX-License-Identifier: MIT
# wanlab verify on the delay line: networks that are as the file says, and ones that are not.
#
#   a ----- b ----- c      and a wan of n1, n2, n3
#    \_lan_/_______/
#
# A machine that is busy with other things sends packets late, and verify says so. What has to pass gets
# three tries, and is skipped if in the last of them packets left too late; what has to be refused gets one.
. "$(dirname "$0")/../lib/tap.sh"
need_root

cat >"$WORK/right.yaml" <<Y
name: v
seed: 5
engine: delayline
nodes: {a: , b: {$CONTAINER}, c: }
links:
  - {ends: [a, b], delay: 10ms, a->b: {loss: 2%}, b->a: {rate: 4mbit}}
  - {ends: [b, c], delay: 3ms, b->c: {rate: 100mbit}, c->b: {rate: 2mbit}}
networks: {lan: {members: [a, b, c], delay: 1ms}}
Y
cat >"$WORK/wan.csv" <<'M'
# holds: rtt
from,x,y,z
x,,20,40
y,20,,60
z,40,60,
M
cat >"$WORK/wan.yaml" <<'Y'
name: w
engine: delayline
nodes: {n: {count: 3, region: [x, y, z]}}
wan: {members: [n], matrix: wan.csv, loss: 5%}
Y
verify() { # verify FILE OPTION…: sets STATUS, OUT, ERR
    local file=$1
    shift
    run timeout 200 "$WANLAB" verify "$WORK/$file" -q "$@"
}
is_late() { # whether 1 % of the packets of the last verify left more than 500 us late
    if [[ $OUT == {* ]]; then
        jq -e '.account.lateness.p99_s > 500e-6' <<<"$OUT" >/dev/null
    else
        [[ $OUT =~ left\ late\ by.*,\ ([0-9.]+)\ (us|ms|s)\ \(99 ]] || return 1
        [ "${BASH_REMATCH[2]}" != us ] || [ "${BASH_REMATCH[1]%.*}" -gt 500 ]
    fi
}
passes() { # passes NAME FILE OPTION…: sets BUSY to the reason if this machine cannot tell
    local name=$1 try
    shift
    BUSY=
    for try in 1 2 3; do
        verify "$@"
        [ "$STATUS" = 0 ] && break
        diag "try $try: $OUT
$ERR"
    done
    [ "$STATUS" = 0 ] || ! is_late || BUSY="this machine is too busy: packets left late"
    judge is "$STATUS" 0 "$name"
}
judge() { # judge is|like …: unless the machine is too busy for an answer
    if [ -z "$BUSY" ]; then
        "$@"
    elif [ "${WANLAB_TESTS_MUST_RUN:-}" = 1 ]; then
        ok 1 "${!#} (must run, but: $BUSY)"
    else
        ok 0 "${!#} # SKIP $BUSY"
    fi
}
found() { # found WIRE WHAT KEY: from the JSON in $OUT
    jq -r ".findings[] | select(.wire == \"$1\" and .what == \"$2\") | .$3" <<<"$OUT"
}

passes "a network of links with loss, rates and delays, and a LAN, is as its file says" right.yaml
judge like "$OUT" "a->b +loss +2 % +[0-9.]+ % +[-+][0-9.]+ % +[0-9.]+ % to [0-9.]+ % +[0-9]{4,} +ok" "asked, achieved, error, interval and packets of a loss"
judge like "$OUT" "b->a +rate +4 Mbit/s +(3\.9[6-9]|4|4\.0[0-4])[0-9]* Mbit/s +[-+]0\.[0-9]+ % +1 % +[0-9]+ +ok" "of a rate"
judge like "$OUT" "c->b +delay +3\.296 ms +3\.[2-9][0-9]+ ms +[-+]0\.[0-9]+ ms +1\.000 ms +[0-9]+ +ok" "of a delay, the packet's own 296 us of transmission included"
judge like "$OUT" "a->b \(lan\) +delay +2\.000 ms" "a LAN's path has two wires"
judge like "$OUT" "5 of 5 pairs both ways, [0-9]+ quantities: 0 past their limits" "and all pairs were measured"
passes "a wan" wan.yaml --json --quick
judge is "$(jq -r '.ok, .past, (.findings | length), ([.trains[].spaced.reordered] | add)' <<<"$OUT" | xargs)" "true 0 30 0" \
    "in JSON: five quantities of each of six wires"
judge is "$(found "n1->n3" delay asked)" 0.02 "whose delay is half of the matrix's round trip"

# A lab that runs, beside files that say something else.
run "$WANLAB" up "$WORK/right.yaml"
is "$STATUS" 0 "a lab comes up"
diag "$ERR"
passes "it is as its file says" right.yaml --lab v --quick
refused() { # refused NAME PATTERN SED-EXPRESSION…: the file, changed, against the lab
    sed "${@:3}" "$WORK/right.yaml" >"$WORK/wrong.yaml"
    verify wrong.yaml --lab v --quick
    is "$STATUS" 1 "$1: exit 1"
    like "$OUT" "$2" "which names wire and quantity"
    like "$ERR" "the network is not the one that '.*wrong.yaml' asks for" "and says why"
}
refused "another delay" "b->c +delay +6\.[0-9]+ ms +3\.[0-9]+ ms +-[0-9.]+ ms .*PAST" -e 's/\[b, c\], delay: 3ms/[b, c], delay: 6ms/'
refused "another loss" "a->b +loss +6 % .*PAST" -e 's/loss: 2%/loss: 6%/'
refused "a rate that is 3 % less" "b->a +rate +4\.12 Mbit/s .*PAST" -e 's/4mbit/4.12mbit/'

# The same network, changed by hand at c's port of its link to b: a slower queue, then none at all.
enter "$(pid_of wire)" -n tc qdisc add dev p3 root tbf rate 90mbit burst 20000 latency 50ms
verify right.yaml --lab v --quick
is "$STATUS" 1 "a wire that somebody slowed down to nine tenths: exit 1"
like "$OUT" "b->c +rate +100 Mbit/s +[0-9.]+ Mbit/s +-[0-9.]+ % +1 % .*(PAST|unknown)" "named"
enter "$(pid_of wire)" -n ip link set p3 down
verify right.yaml --lab v --quick --rate-tolerance 50%
is "$STATUS" 1 "a wire that is cut: exit 1"
like "$OUT" "b->c +loss +0 % +100 % .*PAST: no packet arrived" "named"
"$WANLAB" down v

# What it is given.
verify right.yaml --lab nobody
like "$STATUS $ERR" "^[12] .*nobody" "a lab that is not there"
verify right.yaml --confidence 20%
like "$STATUS $ERR" "^2 .*verdict.confidence.*out of range" "a confidence that is none"
verify none.yaml
is "$STATUS" 2 "a file that is not there"
"$WANLAB" up "$WORK/wan.yaml" >/dev/null
verify right.yaml --lab w
like "$STATUS $ERR" "^2 .*the lab 'w' was not made from" "a lab of another file"
"$WANLAB" down w
"$WANLAB" verify "$WORK/right.yaml" >"$WORK/out" 2>"$WORK/err" &
verifying=$!
wait_for 20 grep -q 'about [0-9]* s' "$WORK/err"
ok $? "how long it will take is said beforehand"
kill -INT $verifying
wait $verifying
is $? 1 "an interrupt ends it"
like "$(cat "$WORK/err")" "interrupted" "which it says"
nothing_left "and nothing is left"
done_testing
