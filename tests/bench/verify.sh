#!/bin/bash
# SPDX-License-Identifier: MIT
# How exact the wires are on this machine, as `wanlab verify` finds it: delay by percentile, rates from 1 Mbit/s
# to 2 Gbit/s, losses, then the rest of the model. One table; about four minutes; root; nothing is left behind. ENGINE=netem where there is one.
set -u
cd "$(dirname "$0")/../.." || exit 1
WANLAB=${WANLAB:-build/${MODE:-release}/bin/wanlab}
work=$(mktemp -d /tmp/wanlab-bench.XXXXXX)
export WANLAB_RUNTIME=$work/run
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

verify() { # verify LINK: its JSON into $work/out
    printf 'name: bench\nengine: %s\nnodes: {a: , b: }\nlinks: [{ends: [a, b], %s}]\n' \
        "${ENGINE:-auto}" "$1" >"$work/bench.yaml"
    timeout 120 "$WANLAB" verify "$work/bench.yaml" -q --json >"$work/out" 2>"$work/err"
    [ -s "$work/out" ] || { cat "$work/err"; exit 1; }
}
row() { printf '%-22s %16s %16s %12s %10s\n' "$@"; }
ms='(. * 1e6 | round / 1e3 | tostring + " ms")'

row "wire" "asked" "achieved" "error" "packets"
for delay in 1ms 10ms 100ms; do
    verify "delay: $delay"
    jq -r --arg d $delay '.findings[] | select(.wire == "a->b" and .what == "delay")
        | "delay \($d), median\t\(.asked | '"$ms"')\t\(.achieved | '"$ms"')\t\((.achieved - .asked) * 1e6 | round) us\t\(.packets)"' \
        "$work/out" | while IFS=$'\t' read -r a b c d e; do row "$a" "$b" "$c" "$d" "$e"; done
    jq -r --arg d $delay '(.findings[] | select(.wire == "a->b" and .what == "delay").asked) as $asked
        | .trains[] | select(.wire == "a->b") | .spaced.delay_s
        | "  its 1st and 99th %\t\t\(.[1] | '"$ms"')\t\((.[99] - $asked) * 1e6 | round) us\t"' "$work/out" |
        while IFS=$'\t' read -r a c d; do row "$a" "" "$c" "$d" ""; done
    jq -r '.account.lateness // empty | "  the engine alone: late by \(.p50_s * 1e6 | round) us (50 %), \(.p99_s * 1e6 | round) us (99 %)"' "$work/out"
done
for rate in 1mbit 10mbit 100mbit 500mbit 1gbit 2gbit; do
    verify "delay: 1ms, a->b: {rate: $rate}"
    jq -r --arg r $rate '.findings[] | select(.what == "rate")
        | "rate \($r)\t\(.asked / 1e6) Mbit/s\t\(.achieved / 1e4 | round / 100) Mbit/s\t\((.achieved / .asked - 1) * 1e4 | round / 100) %\t\(.packets)\t\(.why // "")"' \
        "$work/out" | while IFS=$'\t' read -r a b c d e why; do row "$a" "$b" "$c" "$d" "$e"; [ -z "$why" ] || echo "  $why"; done
done
for loss in 0.1% 1% 10%; do
    verify "delay: 1ms, a->b: {loss: $loss}"
    jq -r --arg l $loss '.findings[] | select(.wire == "a->b" and .what == "loss")
        | "loss \($l)\t\(.asked * 100) %\t\(.achieved * 1e5 | round / 1e3) %\t\(if .result == "ok" then "inside" else "OUTSIDE" end)\t\(.packets)"' \
        "$work/out" | while IFS=$'\t' read -r a b c d e; do row "$a" "$b" "$c" "$d" "$e"; done
done
# What is left to chance, and traces: asked, achieved, and how well it is known.
others() { # others LINK
    verify "$1"
    echo "$1"
    jq -r '.findings[] | select(.wire == "a->b" and (.asked != 0 or .achieved != 0))
        | (if .unit == "s" then 1e3 elif .unit == "share" then 100 elif .unit == "bit/s" then 1e-6 else 1 end) as $by
        | (if .unit == "s" then " ms" elif .unit == "share" then " %" elif .unit == "bit/s" then " Mbit/s" else "" end) as $u
        | def r: . * $by * 1e3 | round / 1e3;
          "  \(.what)\t\(.asked | r)\($u)\t\(.achieved | r)\($u)\t\(.result)\t\(.packets)"' "$work/out" |
        while IFS=$'\t' read -r a b c d e; do row "$a" "$b" "$c" "$d" "$e"; done
}
seq 1 500 >"$work/cellular"
echo 800 >>"$work/cellular"
if [ "${ENGINE:-auto}" != netem ]; then
    others "delay: 20ms, a->b: {jitter: 3ms, distribution: pareto, correlation: 40%}"
    others "delay: 2ms, a->b: {trace: cellular}"
fi
others "delay: 20ms, a->b: {jitter: 3ms, distribution: normal}"
others "delay: 2ms, a->b: {loss: {gemodel: {p: 1%, r: 20%}}}"
others "delay: 20ms, a->b: {duplicate: 3%, corrupt: 3%, reorder: 5%}"
others "delay: 2ms, a->b: {rate: 5mbit, overhead: 24B}"
echo "(inside: the asked loss lies in the 99.9 % interval of the measured one)"
