#!/bin/bash
# SPDX-License-Identifier: MIT
# The inside of verify.t. Clocks and timers in User-Mode Linux are coarse (see netem-guest.sh), so the limits
# are wider here: what is tested is that netem does what the file says and that verify notices when it does not.
. "$(dirname "$0")/../lib/tap.sh"

cat >"$WORK/link.yaml" <<'Y'
name: v
nodes: {n: {count: 2}}
links:
  - ends: [n1, n2]
    n1->n2: {delay: 20ms, rate: 2mbit}
    n2->n1: {delay: 40ms, loss: 10%}
verdict: {delay_error: 5ms, rate_error: 4%}
Y
verify() { # verify OPTION…
    run timeout 120 "$WANLAB" verify "$WORK/link.yaml" -q --lab v --quick "$@"
    diag "$OUT
$ERR"
}
fabric() { # fabric COMMAND…: where the wires are
    nsenter -t "$(pid_of lab)" -n "$@"
}

run "$WANLAB" up "$WORK/link.yaml"
like "$OUT" "engine netem" "a lab on netem"
for _ in 1 2 3; do # the machine below may be busy
    verify
    [ "$STATUS" = 0 ] && break
done
is "$STATUS" 0 "is as its file says: delays, a rate, a loss"
like "$OUT" "n2->n1 +loss +10 % .* ok" "with an interval for the loss"
like "$OUT" "n1->n2 +rate +2 Mbit/s .* ok" "and an error of the rate"
is "$("$WANLAB" status v --json | jq -c '[.wires[] | .packets > 100]')" "[true,true]" "the qdiscs' packets are counted wire by wire"
is "$("$WANLAB" status v --json | jq '.wires[1] | .drops > 20 and .drops < .packets')" true "and what they dropped"

port=$("$WANLAB" plan "$WORK/link.yaml" --engine netem | sed -n 's/.*qdisc add dev \(p[0-9]*\) .*netem .*delay 20ms.*/\1/p')
fabric tc qdisc change dev "$port" root netem delay 35ms rate 2mbit limit 1000
ok $? "somebody changes a delay by hand"
verify
is "$STATUS" 1 "which verify finds"
like "$OUT" "n1->n2 +delay +2[0-9.]+ ms +3[0-9.]+ ms .*PAST" "and names"
fabric tc qdisc change dev "$port" root netem delay 20ms rate 3mbit limit 1000
verify
like "$STATUS $OUT" "^1 .*n1->n2 +rate +2 Mbit/s +[0-9.]+ Mbit/s .*PAST" "so does a rate"
"$WANLAB" down v

# The rest of the model. Timers are late by more than small jitter here, so it is large.
cat >"$WORK/link.yaml" <<'Y'
name: v
nodes: {n: {count: 2}}
links:
  - ends: [n1, n2]
    n1->n2: {delay: 60ms, jitter: 10ms, distribution: normal}
    n2->n1: {delay: 40ms, loss: {gemodel: {p: 5%, r: 30%}}, duplicate: 5%, corrupt: 10%, reorder: 20%}
verdict: {delay_error: 5ms, rate_error: 4%}
Y
long() { # long OPTION…
    run timeout 120 "$WANLAB" verify "$WORK/link.yaml" -q --lab v --time 16s "$@"
    diag "$OUT
$ERR"
}
"$WANLAB" up "$WORK/link.yaml" >/dev/null
for _ in 1 2; do
    long
    [ "$STATUS" = 0 ] && break
done
is "$STATUS" 0 "netem's jitter, Gilbert-Elliott loss, copies, damage and reordering are as the file says"
like "$OUT" "n1->n2 +distribution .* ok" "with the distribution of the jitter"
like "$OUT" "n2->n1 +burst +3\.3+ packets .* ok" "and the length of bursts"
like "$OUT" "n2->n1 +corrupted +10 % .* ok" "and damaged packets"
sed -i -e 's/jitter: 10ms, distribution: normal/jitter: 1ms/' -e 's/p: 5%, r: 30%/p: 14%, r: 84%/' -e 's/duplicate: 5%/duplicate: 25%/' \
    -e 's/corrupt: 10%/corrupt: 25%/' -e 's/reorder: 20%/reorder: 50%/' "$WORK/link.yaml"
long
is "$STATUS" 1 "another model is found"
for what in jitter burst duplicated corrupted reordered; do
    like "$OUT" " $what .*PAST" "by its $what"
done
"$WANLAB" down v
nothing_left "nothing is left"
done_testing
