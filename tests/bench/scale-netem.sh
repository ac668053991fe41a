#!/bin/bash
# SPDX-License-Identifier: MIT
# For scale.sh, in User-Mode Linux, whose kernel has netem: a wan's coming up, beside what `tc -batch` takes for the
# lines of traffic control that `wanlab plan` prints, on as many interfaces, and how many times that it is.
set -u
cd "$(dirname "$0")/../.." || exit 1
export WANLAB_RUNTIME=/tmp/run
work=/tmp
. tests/bench/scale-wan.sh
namespaces() { awk '$1 == "net_namespace" {print $2}' /proc/slabinfo; }
for n in ${PAIRS:-4 250}; do
    pairs=$((n * (n - 1))) there=$(namespaces)
    write_wan "$n" netem
    started=$(now)
    "$WANLAB" up "$work/wan.yaml" --name bench >/dev/null || exit 1
    up=$(since "$started") started=$(now)
    "$WANLAB" down bench
    down=$(since "$started")
    deadline=$((SECONDS + 120)) # the kernel frees it later, and there is not memory for two
    while [ "$(namespaces)" -gt $((there + 8)) ] && [ $SECONDS -lt $deadline ]; do
        unshare --net true # the kernel gives back what it has taken down with the next one that it takes down
        sleep 0.1
    done
    "$WANLAB" plan "$work/wan.yaml" | sed -n 's/^tc //p' >"$work/lines"
    ip netns add by-hand
    for ((i = 0; i < n; i++)); do echo "link add p$i type veth peer name e$i"; done | ip -n by-hand -batch -
    for ((i = 0; i < n; i++)); do echo "link set p$i up"; done | ip -n by-hand -batch -
    split -l 20000 "$work/lines" "$work/part." # tc keeps some 4 KiB of each line
    started=$(now)
    for part in "$work"/part.*; do tc -n by-hand -batch "$part" || exit 1; done
    batch=$(since "$started")
    rm "$work"/part.*
    made=$(tc -n by-hand qdisc show | grep -c ' netem ')
    [ "$made" = $pairs ] || { echo "tc -batch made $made netem qdiscs of $pairs"; exit 1; }
    printf '%7s  %-8s %9s %9s      tc -batch of %d lines: %s s, up takes %s times that\n' $pairs netem "$up" "$down" \
        "$(wc -l <"$work/lines")" "$batch" "$(awk -v up="$up" -v batch="$batch" 'BEGIN { printf "%.2f", up / batch }')"
    ip netns del by-hand
done
