#!/bin/bash
# SPDX-License-Identifier: MIT
# What the delay line promises in numbers, on real packets: losses of 100,000 packets, memory, and when it spins.
. "$(dirname "$0")/../lib/tap.sh"
need_root
for tool in ping perl jq awk; do
    command -v $tool >/dev/null || skip_all "needs $tool"
done
. "$(dirname "$0")/../lib/wire.sh"

# lossy LOSS: 5,000 super-packets of 20 from a to b; again, if this machine was too busy to hand over all of them.
lossy() {
    local try
    for try in 1 2 3; do
        link_up "a->b: {loss: $1}"
        udp 20 5000 50
        lost=$(stat_of '.wires[0].lost')
        [ "$(stat_of '.wires[0].packets')" -ge $((100000 - lost)) ] && return
        diag "the TAPs dropped $(stat_of .lateness.tap_drops) packets"
        [ $try = 3 ] || lab_down
    done
}
lossy 1%
within "$lost" 898 1105 "1 %: the lost ones of 100,000 packets are within the exact 99.9 % interval"
is "$(($(wc -l <"$WORK/received") + lost))" 100000 "all others arrive"
[ "$(stat_of .lateness.merged)" -gt 10000 ]
ok $? "many of them in one write with others"
is "$(sort -nc "$WORK/received" 2>&1)" "" "in order"
is "$(checksum_errors)" 0 "with right checksums"
lab_down

lossy '{gemodel: {p: 1%, r: 20%}}'
# A share of 1/21 whose neighbours correlate by 0.79, so that the variance is 1.79 / 0.21 times a binomial's.
within "$lost" $((4762 - 590)) $((4762 + 590)) "Gilbert-Elliott loses 1 in 21 of 100,000 packets, within 3 sigma"
bursts=$(awk '$1 > last + 1 {n++} {last = $1} END {print n}' "$WORK/received")
within "$(awk -v l="$lost" -v b="$bursts" 'BEGIN {print (l / b - 5) ^ 2 * b}')" 0 180 \
    "in bursts of five on average, within 3 sigma"
lab_down

# Memory: a packet takes less than 2 KiB, and the pool's memory comes in pieces of 2 MiB.
private_kib() {
    awk '/^Private/ {sum += $2} END {print sum}' "/proc/$WIRE/smaps_rollup"
}
link_up 'a->b: {rate: 1mbit, queue: 1000packets}'
before=$(private_kib)
udp 20 500 1000
grown=$(($(private_kib) - before))
within "$grown" 500 4096 "10,000 packets to a queue of 1,000 take no more memory than the queue may"
drops=$(stat_of '.wires[0].queue_drops')
[ "$drops" -gt 8000 ]
ok $? "the others are dropped"
udp 20 500 1000
within "$(($(private_kib) - before - grown))" -4096 256 "10,000 more take none"
lab_down

# Spinning. While programs wait for processors there is none.
spun_with() { # spun_with BURNERS: sets SPUN, the us spun in 2 s with a packet each millisecond
    local from to pids="" i
    node a -- ping -q -i 0.001 -w 5 $B4 >/dev/null &
    local pinger=$!
    for i in $(seq "$1"); do
        timeout 10 perl -e '1 while 1' &
        pids="$pids $!"
    done
    sleep 1
    from=$(stat_of .lateness.spun_s)
    sleep 2
    to=$(stat_of .lateness.spun_s)
    [ -z "$pids" ] || kill $pids
    wait $pinger
    SPUN=$(jq -n "($to - $from) * 1e6 | round")
}
waited_us() {
    sed -n 's/^some .*total=//p' /proc/pressure/cpu
}
link_up 'delay: 1ms'
spun_with $((3 * $(nproc)))
is "$SPUN" 0 "nothing is spun while programs have to wait for a processor"
if [ -e /proc/pressure/cpu ]; then
    before=$(waited_us)
    spun_with 0
    waited=$((($(waited_us) - before) / 1000))
    diag "spun $SPUN us in 2 s; programs waited for $waited ms"
    within "$SPUN" 0 402000 "no more than a fifth of a processor's time is spun without"
    [ "$waited" -gt 200 ] || [ "$SPUN" -gt 0 ]
    ok $? "but some is, on a machine with time to spare"
fi
lab_down
nothing_left "nothing is left"
done_testing
