#!/bin/bash
# SPDX-License-Identifier: MIT
# For scale.sh, in User-Mode Linux, whose kernel has netem: a wan's coming up, beside what `tc -batch` takes for the
# same lines of traffic control on as many interfaces.
set -u
cd "$(dirname "$0")/../.." || exit 1
export WANLAB_RUNTIME=/tmp/run
work=/tmp
. tests/bench/scale-wan.sh
for n in ${PAIRS:-4 250}; do
    write_wan "$n" netem
    started=$(now)
    "$WANLAB" up "$work/wan.yaml" --name bench >/dev/null || exit 1
    up=$(since "$started") started=$(now)
    "$WANLAB" down bench
    down=$(since "$started")
    "$WANLAB" plan "$work/wan.yaml" | sed -n 's/^tc //p' >"$work/lines"
    ip netns add by-hand
    for ((i = 0; i < n; i++)); do echo "link add p$i type veth peer name e$i"; done | ip -n by-hand -batch -
    for ((i = 0; i < n; i++)); do echo "link set p$i up"; done | ip -n by-hand -batch -
    started=$(now)
    tc -n by-hand -batch "$work/lines" || exit 1
    printf '%7s  %-8s %9s %9s      tc -batch of %d lines: %s s\n' $((n * (n - 1))) netem "$up" "$down" "$(wc -l <"$work/lines")" "$(since "$started")"
    ip netns del by-hand
done
