#!/bin/bash
# SPDX-License-Identifier: MIT
# What a node costs, as status tells it: processor time whoever reaps whom, memory, files; for both
# kinds that share this kernel.
. "$(dirname "$0")/../lib/tap.sh"

# cost NODE KEY [FACTOR]: a whole number
cost() { "$WANLAB" status one --json | jq "[.nodes[] | select(.name == \"$1\").$2 * ${3:-1}][0] | floor"; }
# Burns its own processor time, in ms, however little of the machine it gets.
burn='my $ms = shift; 1 while 1000 * ((times)[0] + (times)[1]) < $ms;'

for kind in $KINDS; do
if [ $kind = container ] && ! command -v crun >/dev/null; then
    diag "no crun: no containers"
    continue
fi
printf 'nodes: {a: {kind: %s}, b: {kind: %s}}\nlinks: [{ends: [a, b]}]\n' $kind $kind >"$WORK/lab.yaml"
"$WANLAB" up "$WORK/lab.yaml" --name one >/dev/null
within "$(cost a cpu_s 1000)" 0 200 "$kind: an idle node has taken next to no processor time"
within "$(cost a memory_pss_bytes)" 1 4000000 "$kind: and next to no memory"

"$WANLAB" exec one a -- perl -e "$burn" 1000
within "$(cost a cpu_s 1000)" 900 2000 "$kind: a program that has ended, 1 s"
"$WANLAB" exec one a -- sh -c "perl -e '$burn' 500; perl -e '$burn' 500; true"
within "$(cost a cpu_s 1000)" 1900 3000 "$kind: children of one that has ended, 2 s in all"
"$WANLAB" exec one a -- sh -c "perl -e '$burn' 1000 & exit 0"
orphan_is_gone() { ! "$WANLAB" exec one a -- pgrep perl >/dev/null; }
wait_for 10 orphan_is_gone
within "$(cost a cpu_s 1000)" 2900 4200 "$kind: an orphan that the node's first process has reaped, 3 s"
"$WANLAB" exec one a -- perl -e "$burn sleep 60" 1000 &
alive=$!
burnt() { [ "$(cost a cpu_s 1000)" -ge 3900 ]; }
wait_for 10 burnt
within "$(cost a cpu_s 1000)" 3900 5400 "$kind: one that lives, 4 s"
within "$(cost b cpu_s 1000)" 0 200 "$kind: none of it is the neighbour's"
"$WANLAB" restart one a
wait $alive
within "$(cost a cpu_s 1000)" 3900 5600 "$kind: it is not forgotten when the node is restarted"

"$WANLAB" exec one a -- perl -e '$| = 1; my $x = "x" x 50_000_000; print "ready\n"; sleep 60' >"$WORK/ready" &
holder=$!
wait_for 10 grep -q ready "$WORK/ready"
within "$(cost a memory_pss_bytes)" 50000000 130000000 "$kind: 50 MB in memory"
kill $holder
wait $holder 2>/dev/null
is_small() { [ "$(cost a memory_pss_bytes)" -lt 10000000 ]; } # with sanitizers 5 MB
wait_for 5 is_small
ok $? "$kind: are gone with the program"

before=$(cost a disk_bytes)
"$WANLAB" exec one a -- dd if=/dev/zero of=/run/wanlab/scratch/f bs=1M count=10 2>/dev/null
within $(($(cost a disk_bytes) - before)) 10485760 11000000 "$kind: 10 MiB in the scratch folder"
if [ $kind = container ]; then
    "$WANLAB" exec one a -- dd if=/dev/zero of=/opt/f bs=1M count=5 2>/dev/null
    within $(($(cost a disk_bytes) - before)) 15728640 16300000 "$kind: and 5 in its root"
fi
run "$WANLAB" status one
like "$OUT" 'a +'$kind' +running +[0-9.]+ MiB +[0-9.]+ s +1[0-9.]+ MiB +[0-9.]+ ms' "$kind: in the table, too"
"$WANLAB" down one
rm "$WORK/ready"
done
nothing_left "nothing is left"
done_testing
