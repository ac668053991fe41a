#!/bin/bash
# SPDX-License-Identifier: MIT
# wanlab verify on the delay line: networks that are as the file says, and ones that are not.
#
#   a ----- b ----- c      a wan of n1, n2, n3      and the whole model: a ----- b   c ----- d   e ----- f
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
judge like "$OUT" "a->b +burst +1\.02 packets +1\.[0-9]+ packets .* ok" "of packets sent in super-packets each is lost by itself"
judge like "$OUT" "b->a +rate +4 Mbit/s +(3\.9[6-9]|4|4\.0[0-4])[0-9]* Mbit/s +[-+]0\.[0-9]+ % +1 % +[0-9]+ +ok" "of a rate"
judge like "$OUT" "c->b +delay +3\.296 ms +3\.[2-9][0-9]+ ms +[-+]0\.[0-9]+ ms +1\.000 ms +[0-9]+ +ok" "of a delay, the packet's own 296 us of transmission included"
judge like "$OUT" "a->b \(lan\) +delay +2\.000 ms" "a LAN's path has two wires"
judge like "$OUT" "5 of 5 pairs both ways, [0-9]+ quantities: 0 past their limits" "and all pairs were measured"
passes "a wan" wan.yaml --json --quick
judge is "$(jq -r '.ok, .past, (.findings | length), ([.trains[].spaced.reordered] | add)' <<<"$OUT" | xargs)" "true 0 36 0" \
    "in JSON: six quantities of each of six wires"
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

# The whole model, then one file that asks for another of each.
cat >"$WORK/model.yaml" <<'Y'
name: m
seed: 3
engine: delayline
nodes: {a: , b: , c: , d: , e: , f: }
links:
  - ends: [a, b]
    a->b: {delay: 20ms, jitter: 3ms, distribution: normal, correlation: 30%}
    b->a: {delay: 20ms, loss: {gemodel: {p: 2%, r: 25%}}, duplicate: 4%}
  - ends: [c, d]
    c->d: {delay: 20ms, reorder: 20%}
    d->c: {delay: 10ms, rate: 2mbit, overhead: 30B, corrupt: 6%}
  - ends: [e, f]
    e->f: {trace: rows.csv}
    f->e: {delay: 5ms, trace: cellular}
Y
printf 'time,delay,loss,rate\n0s,20ms,4%%,4mbit\n1.5s,50ms,10%%,1mbit\n2s,10ms,4%%,8mbit\n3s,10ms,4%%,8mbit\n' >"$WORK/rows.csv"
seq 1 500 >"$WORK/cellular"
echo 800 >>"$WORK/cellular"
passes "the whole model" model.yaml --json --time 15s
# printed WIRE WHAT RESULT NAME: what was asked, achieved and how much it may differ is shown if it is not so
printed() {
    judge is "$(found "$1" "$2" result)" "$3" "$4"
    [ "$(found "$1" "$2" result)" = "$3" ] || diag "$(jq -c ".findings[] | select(.wire == \"$1\")" <<<"$OUT")"
}
is "$(jq -c '[.findings[] | select(.wire == "a->b") | .what] | sort' <<<"$OUT")" \
    '["correlation","delay","distribution","duplicated","jitter","loss","reordered"]' "each quantity of a wire with jitter is in the JSON"
printed "a->b" distribution ok "jitter's distribution is as asked"
printed "a->b" correlation ok "its correlation"
printed "b->a" loss ok "Gilbert-Elliott's loss"
printed "b->a" burst ok "and the mean length of its bursts"
printed "b->a" duplicated ok "copies"
printed "c->d" reordered ok "packets that skip the delay"
printed "d->c" corrupted ok "damaged packets"
printed "d->c" rate ok "a rate with framing"
printed "e->f" trace ok "the delays and opportunities of a trace at their times"
printed "e->f" loss ok "its losses"
printed "f->e" rate ok "and its rate"
judge is "$(jq -c '[.findings[] | select(.what == "burst") | .asked, .unit]' <<<"$OUT")" '[4,"packets"]' "a burst's length is in packets"
run "$WANLAB" up "$WORK/model.yaml"
is "$STATUS" 0 "the whole model as a lab"
sed -e 's/distribution: normal, correlation: 30%/distribution: pareto/' -e 's/p: 2%, r: 25%/p: 4%, r: 50%/' -e 's/duplicate: 4%/duplicate: 8%/' \
    -e 's/reorder: 20%/reorder: 10%/' -e 's/overhead: 30B/overhead: 26B/' -e 's/corrupt: 6%/corrupt: 12%/' \
    -e 's/rows.csv/other.csv/' -e 's/cellular/fuller/' "$WORK/model.yaml" >"$WORK/wrong.yaml"
printf 'time,delay,loss,rate\n0s,20ms,12%%,4mbit\n2s,50ms,10%%,1mbit\n2.5s,10ms,12%%,8mbit\n3s,10ms,12%%,8mbit\n' >"$WORK/other.csv"
seq 1 800 >"$WORK/fuller"
verify wrong.yaml --lab m --json --time 15s
is "$STATUS" 1 "beside a file that asks for another of each: exit 1"
is "$(jq -r '.ok' <<<"$OUT")" false "in JSON, too"
BUSY=
while read -r wire what; do
    printed "$wire" "$what" PAST "$what of $wire is found"
done <<'X'
a->b distribution
a->b correlation
b->a burst
b->a duplicated
c->d reordered
d->c corrupted
d->c rate
e->f trace
e->f loss
f->e rate
X
"$WANLAB" down m
cat >"$WORK/far.yaml" <<'Y'
engine: delayline
nodes: {a: , b: }
links: [{ends: [a, b], delay: 300ms, a->b: {jitter: 100ms}}]
Y
verify far.yaml --time 2s
[ "$STATUS" = 3 ] || ! is_late || BUSY="this machine is too busy: packets left late"
judge is "$STATUS" 3 "what cannot be told in the time is not right: exit 3"
like "$OUT" "a->b +distribution .* unknown: needs [0-9]+ packets, --time [0-9]+s" "with the packets and the time that would do"
judge like "$ERR" "give it more time: --time" "and how"
BUSY=

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
