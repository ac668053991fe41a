#!/bin/bash
# SPDX-License-Identifier: MIT
# How fast and how exact the delay line is, beside its peers, in one run of about four minutes: a bare veth
# pair and VDE's wirefilter for speed, a bare timer and netem (in User-Mode Linux) for exactness. Needs root;
# leaves nothing behind, also when it is interrupted. tests/bench/README.md explains the rows.
#
#   wanlab      a eth0 -veth- p0 =tc=> TAP [delay line] TAP <=tc= p1 -veth- eth0 b
#   wirefilter  a TAP -- vde_plug2tap -- wirefilter -- vde_plug2tap -- TAP b
#   veth        a eth0 ------------------- a veth pair ------------------- eth0 b
#
# Usage: wire.sh [PART...], of: tcp udp delay busy rate loss memory netem; SECONDS_EACH=n (3) for tcp and udp.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$top/build/${MODE:-release}
WANLAB=${WANLAB:-$build/bin/wanlab}
seconds=${SECONDS_EACH:-3}
tag=wlb-$$
lab=bench
engine=delayline
started=$SECONDS

[ "$(id -u)" = 0 ] || { echo "bench-wire needs root" >&2; exit 3; }
for program in jq gcc ip iperf3; do
    command -v $program >/dev/null || { echo "bench-wire: '$program' is missing (scripts/setup --test)" >&2; exit 3; }
done
tmp=$(mktemp -d /dev/shm/wanlab-bench.XXXXXX)
export WANLAB_RUNTIME=$tmp/run
pids=""

# Only what was started here, by its number; a lab by its name in our own runtime folder.
stop_ours() {
    local pid
    for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
    for pid in $pids; do wait "$pid" 2>/dev/null; done
    pids=""
}
cleanup() {
    trap '' INT TERM HUP
    namespaces_down
    [ -n "$("$WANLAB" ls 2>/dev/null)" ] && "$WANLAB" down $lab 2>/dev/null
    "$WANLAB" ls >/dev/null 2>&1 # sweeps
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

say() { printf '\r\033[K%s' "$*" >&2; } # what is under way
[ -t 2 ] || say() { :; }
calc() { awk "BEGIN {printf \"$1\", $2}" 2>/dev/null; } # calc FORMAT EXPRESSION
holds() { awk "BEGIN {exit !($1)}" 2>/dev/null; }        # holds CONDITION
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

# row WHAT MEASURED PEER RATIO TARGET CONDITION: met if the condition holds; no condition: only reported.
row() {
    local met=-
    say ""
    [ -z "$6" ] || { holds "$6" && met=yes || met=NO; }
    printf '%-47s %15s %-28s %7s %-30s %s\n' "$1" "$2" "$3" "$4" "$5" "$met"
}

# --- two ends, whatever joins them: what a command there begins with, and where it finds our programs

in_a=() in_b=() files="" address=""

namespaces() {
    local end
    for end in a b; do
        ip netns add $tag-$end || exit 1
        ip -n $tag-$end link set lo up
        ip netns exec $tag-$end sh -c '
            echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
            echo "4096 1048576 33554432" >/proc/sys/net/ipv4/tcp_rmem
            echo "4096 1048576 33554432" >/proc/sys/net/ipv4/tcp_wmem'
    done
    in_a=(timeout --foreground 30 ip netns exec "$tag-a") in_b=(timeout --foreground 30 ip netns exec "$tag-b") files=$tmp address=10.9.0.2
}
addresses() {
    ip -n $tag-a link set eth0 address 02:00:00:00:00:01 up
    ip -n $tag-b link set eth0 address 02:00:00:00:00:02 up
    ip -n $tag-a addr add 10.9.0.1/24 dev eth0 noprefixroute
    ip -n $tag-b addr add 10.9.0.2/24 dev eth0 noprefixroute
    ip -n $tag-a route add 10.9.0.0/24 dev eth0 src 10.9.0.1 congctl cubic
    ip -n $tag-b route add 10.9.0.0/24 dev eth0 src 10.9.0.2 congctl cubic
    ip -n $tag-a neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev eth0 nud permanent
    ip -n $tag-b neigh replace 10.9.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
}
veth_up() {
    namespaces
    ip link add eth0 netns $tag-a type veth peer name eth0 netns $tag-b || exit 1
    addresses
}
wirefilter_up() { # wirefilter_up OPTION…
    local end
    command -v wirefilter vde_plug2tap dpipe >/dev/null || return
    namespaces
    for end in a b; do
        ip -n $tag-$end tuntap add eth0 mode tap || exit 1
        # Enough for its rate; with more, what it drops takes TCP tens of seconds to send again.
        ip netns exec $tag-$end sh -c 'for m in r w; do echo 4096 131072 4194304 >/proc/sys/net/ipv4/tcp_${m}mem; done'
    done
    addresses
    dpipe ip netns exec $tag-a vde_plug2tap -s - eth0 = ip netns exec $tag-a wirefilter "$@" = \
        ip netns exec $tag-b vde_plug2tap -s - eth0 >"$tmp/wirefilter" 2>&1 &
    pids="$pids $!"
    for end in {1..100}; do
        ping_once && return
        sleep 0.05
    done
    cat "$tmp/wirefilter" >&2
    return 1
}
ping_once() { "${in_a[@]}" ping -q -c 1 -W 1 $address >/dev/null 2>&1; }
namespaces_down() { # with all that runs in them
    local pid
    for pid in $(ip netns pids $tag-a) $(ip netns pids $tag-b); do kill -KILL "$pid"; done
    stop_ours
    ip netns del $tag-a
    ip netns del $tag-b
} 2>/dev/null

lab_up() { # lab_up LINK-KEYS
    printf 'name: bench\nseed: 7\nengine: %s\ntcp: {congestion: cubic, buffer: 32MiB}\nnodes: {a: , b: }\nlinks: [{ends: [a, b], %s}]\n' \
        "$engine" "$1" >"$tmp/lab.yaml"
    "$WANLAB" up "$tmp/lab.yaml" --name $lab >"$tmp/up" 2>&1 || { cat "$tmp/up" >&2; return 1; }
    in_a=(timeout --foreground 30 "$WANLAB" exec "$lab" a --)
    in_b=(timeout --foreground 30 "$WANLAB" exec "$lab" b --)
    files=/run/wanlab/scratch address=10.64.0.2
    for end in a b; do
        for program in wire nodes packet-path; do
            [ ! -e "$tmp/$program" ] || "$WANLAB" cp $lab "$tmp/$program" $end:$files/$program >/dev/null || return
        done
    done
}
lab_down() { "$WANLAB" down $lab; }
status_of() { "$WANLAB" status $lab --json | jq -r "$1"; } # status_of FILTER

# --- load

tcp_gbit() { # one stream, as b received it after its first second
    "${in_b[@]}" iperf3 -s -1 >/dev/null 2>&1 &
    local server=$!
    sleep 0.5
    "${in_a[@]}" iperf3 -c $address -O 1 -t "$seconds" -f m 2>&1 |
        awk '/receiver/ {for (i = 1; i <= NF; i++) if ($i == "Mbits/sec") printf "%.3f", $(i - 1) / 1000}'
    kill $server 2>/dev/null
    wait $server 2>/dev/null
}
udp_pps() { # 64-byte frames flat out, as many as b received in a second
    "${in_b[@]}" "$files/packet-path" sink >"$tmp/sink" &
    local sink=$!
    sleep 0.3
    "${in_a[@]}" "$files/packet-path" blast $address "$seconds" >/dev/null
    wait $sink
    sed -n 's/.*received_pps=//p' "$tmp/sink"
}
# paced PACKETS_PER_S SECONDS SIZE SEGMENTS: sets what wire.c's send and receive print
paced() {
    "${in_b[@]}" "$files/wire" receive >"$tmp/receive" &
    local receiver=$!
    sleep 0.3
    eval "$("${in_a[@]}" "$files/wire" send $address "$@")"
    wait $receiver
    eval "$(cat "$tmp/receive")"
}

# --- what is measured

bench_tcp() {
    local veth wanlab peer
    veth_up
    say "tcp: veth"
    veth=$(tcp_gbit)
    namespaces_down
    tcp_beside "TCP, 2 x 5 ms" "delay: 5ms" "-d 5" 12 "at least 6 Gbit/s, 12 x" 6 "$veth"
    tcp_beside "TCP, 2 x 5 ms, loss 0.001 %" "delay: 5ms, loss: 0.001%" "-d 5 -l 0.001" 3 "at least 3 x" 0 ""
    tcp_beside "TCP, 2 x 5 ms, 10 Gbit/s of framed packets" "delay: 5ms, rate: 10gbit, overhead: 24B" \
        "-d 5 -b 1250000000" 3 "at least 3 x" 0 ""
}
tcp_beside() { # tcp_beside NAME LINK WIREFILTER-OPTIONS FACTOR TARGET GBIT VETH
    say "tcp: wirefilter $3"
    local peer wanlab
    # shellcheck disable=SC2086 # a list of words
    wirefilter_up $3 && peer=$(tcp_gbit)
    namespaces_down
    say "tcp: $2"
    lab_up "$2" || return
    wanlab=$(tcp_gbit)
    lab_down
    row "$1" "$wanlab Gbit/s" "wirefilter ${peer:-nothing}" \
        "$(holds "${peer:-0} > 0" && calc %.1f "$wanlab / $peer" || echo -)" "$5" \
        "$wanlab >= $6 && $wanlab >= $4 * ${peer:-0}"
    [ -z "$7" ] || row "  the same beside a bare veth pair" "" "veth $7" "$(calc %.2f "$wanlab / $7")" "" ""
}

# Two rounds of each, in turn.
bench_udp() {
    local round veth peer wanlab
    for round in 1 2; do
        say "udp: veth"
        veth_up
        udp_pps >>"$tmp/veth.pps"
        namespaces_down
        say "udp: wirefilter"
        wirefilter_up -d 5 && udp_pps >>"$tmp/wirefilter.pps"
        namespaces_down
        say "udp: delay line"
        lab_up "delay: 5ms" || return
        udp_pps >>"$tmp/wanlab.pps"
        lab_down
    done
    veth=$(mean "$tmp/veth.pps") peer=$(mean "$tmp/wirefilter.pps") wanlab=$(mean "$tmp/wanlab.pps")
    row "UDP, 64-byte frames, 5 ms" "$(thousands "$wanlab")/s" "veth $(thousands "$veth")/s" \
        "$(calc %.2f "$wanlab / $veth")" "at least 0.6 x" "$wanlab >= 0.6 * $veth"
    row "" "" "wirefilter $(thousands "$peer")/s" "$(calc %.1f "$wanlab / $peer")" "at least 5 x" "$wanlab >= 5 * $peer"
}
mean() { awk '{s += $1} END {if (NR) printf "%.0f", s / NR}' "$1" 2>/dev/null; }
thousands() { calc %.1fk "$1 / 1000"; }

timer() { eval "$("$tmp/wire" timer 3)"; } # sets timer_p50_us, timer_p99_us, realtime

# At each rate, in rounds: a bare timer, then how late the delay line wrote, and how long packets were under way beyond
# the delay. The percentiles are medians of the rounds', since other programs of the machine come in bursts.
delay_rows() { # delay_rows LABEL ROUNDS LIMIT-OF-P99 TARGET RATE…; the limit may name timer_p99
    local label=$1 rounds=$2 limit=$3 target=$4 rate round
    shift 4
    for rate in "$@"; do
        : >"$tmp/rounds"
        for ((round = 1; round <= rounds; round++)); do
            say "delay: $rate packets/s$label, round $round of $rounds"
            timer
            lab_up "delay: 5ms" || return
            paced "$rate" 3 22 1
            status_of ".lateness | \"\\(.p50_s * 1e6) \\(.p99_s * 1e6) $way_p50_us $way_p99_us $timer_p50_us $timer_p99_us\"" >>"$tmp/rounds"
            lab_down
        done
        of_rounds() { cut -d ' ' -f "$1" "$tmp/rounds" | median; } # of_rounds COLUMN
        local timer_p99
        timer_p99=$(of_rounds 6)
        row "late by, $rate packets/s$label, p50" "$(calc %.1f "$(of_rounds 1)") us" "timer $(of_rounds 5) us" "" "" ""
        row "  99 %" "$(calc %.1f "$(of_rounds 2)") us" "timer $timer_p99 us" "" "$target" "$(of_rounds 2) <= ${limit/timer_p99/$timer_p99}"
        row "  under way, 50 and 99 %, beyond 5 ms" "$(calc '%.0f, %.0f us' "$(of_rounds 3) - 5000, $(of_rounds 4) - 5000")" "" "" "" ""
    done
}
bench_delay() {
    delay_rows "" 5 "timer_p99 + 50" "timer's + 50 us" 1000 10000 50000
}

# Two databases, each with a client that inserts as fast as it can.
databases_up() {
    local i
    mkdir -p "$tmp/cache"
    WANLAB_CACHE=$tmp/cache "$top/workloads/replicate/prepare" 2>"$tmp/prepare" || { cat "$tmp/prepare" >&2; return 1; }
    for i in 1 2; do
        mkdir -p "$tmp/db$i/db"
        WANLAB_DIR=$tmp/db$i/db WANLAB_CACHE=$tmp/cache WANLAB_COUNT=2 \
            unshare --net "$top/workloads/replicate/mariadb-node" >"$tmp/db$i/log" 2>&1 &
        pids="$pids $!"
        until grep -q "ready for connections" "$tmp/db$i/log"; do
            kill -0 $! 2>/dev/null || { tail -2 "$tmp/db$i/log" >&2; return 1; }
            sleep 0.1
        done
        "$tmp/nodes" inserts 60 | mariadb --no-defaults -N -B -u wanlab -S "$tmp/db$i/db/mariadb.sock" \
            >"$tmp/db$i/inserts" 2>&1 &
        pids="$pids $!"
    done
}
bench_busy() {
    say "busy: two databases"
    databases_up || { stop_ours; return; }
    delay_rows ", both cores busy" 3 500 "500 us, else 'doubtful'" 1000 10000
    stop_ours
}

bench_rate() {
    local asked pps segments size=1400
    for asked in 1 10 100 1000 2000; do
        say "rate: $asked Mbit/s"
        segments=1
        [ $asked -lt 100 ] || segments=20
        pps=$(calc %.0f "$asked * 1e6 * 1.1 / 8 / ($size + 42)")
        lab_up "a->b: {rate: ${asked}mbit}" || return
        paced "$pps" 5 $size $segments
        lab_down
        row "rate $asked Mbit/s, 5 s" "$(calc %.3f "$frame_bps / 1e6") Mbit/s" "asked $asked" \
            "$(calc %.4f "$frame_bps / 1e6 / $asked")" "within 1 %" \
            "$frame_bps / 1e6 / $asked > 0.99 && $frame_bps / 1e6 / $asked < 1.01"
    done
}

bench_loss() {
    local low high
    eval "$("$tmp/wire" binomial 100000 0.01)"
    lossy "loss: 1%" || return
    row "loss 1 % of $sent packets" "$lost lost" "asked $(calc %.0f "$sent / 100")" "$(calc %.3f "$lost * 100 / $sent")" \
        "$low to $high (exact, 99.9 %)" "$lost >= $low && $lost <= $high && $missing == 0"
    lossy "loss: {gemodel: {p: 1%, r: 20%}}" || return
    # The chain's share of bad states is 1/21, neighbours correlate by 0.79; bursts are geometric.
    row "  Gilbert-Elliott, p 1 %, r 20 %" "$(calc %.3f "$lost / $sent * 100") %" "asked 4.762 %" \
        "$(calc %.3f "$lost * 21 / $sent")" "within 3 sigma" \
        "($lost / $sent - 1 / 21) ^ 2 <= 9 / 21 * 20 / 21 / $sent * 1.79 / 0.21 && $missing == 0"
    row "  its mean burst" "$(calc %.3f "$lost / $gaps")" "asked 5" "$(calc %.3f "$lost / $gaps / 5")" "within 3 sigma" \
        "($lost / $gaps - 5) ^ 2 <= 9 * 20 / $gaps && $missing == 0"
}
lossy() { # lossy LOSS: 100,000 packets; sets lost, by the delay line, and missing, which it did not lose
    say "$1"
    lab_up "delay: 1ms, a->b: {$1}" || return
    paced 30000 3.3333334 22 1
    lost=$(status_of '.wires[0].lost')
    lab_down
    missing=$((sent - received - lost))
    [ $missing = 0 ] || { say ""; echo "$missing packets were dropped for want of processor time"; }
}

# So many links between 34 nodes, each of two wires: sets the delay line's own memory and the kernel's, in KiB.
links_up() {
    awk -v n="$1" 'BEGIN {
        print "name: bench\nengine: delayline\nnodes: {n: {count: 34}}\nlinks:"
        for (i = 1; i <= 34; i++) for (k = 1; k < i && n-- > 0; k++)
            printf "  - {ends: [n%d, n%d], delay: 5ms, loss: 1%%, rate: 100mbit}\n", i, k}' >"$tmp/links.yaml"
    "$WANLAB" up "$tmp/links.yaml" --name $lab >"$tmp/up" 2>&1 || { cat "$tmp/up" >&2; return 1; }
    own=$(own_memory)
    kernel=$(awk '/^(Slab|KernelStack|PageTables|Percpu|VmallocUsed):/ {s += $2} END {print s}' /proc/meminfo)
    "$WANLAB" down $lab
}
own_memory() { awk '/^Pss:/ {print $2}' "/proc/$(wire_pid)/smaps_rollup"; } # its share of what it has in common
wire_pid() {
    grep -lz "^WANLAB_RUNTIME=$WANLAB_RUNTIME\$" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 | while read -r pid; do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != wanlab-wire ] || echo "$pid"
    done
}
bench_memory() {
    local few few_kernel
    say "memory: 100 wires"
    links_up 50 || return
    few=$own few_kernel=$kernel
    say "memory: 1,100 wires"
    links_up 550 || return
    row "a wire without traffic: the delay line's memory" "$(calc %.0f "($own - $few) * 1.024") B" "" "" "below 10 KB" \
        "($own - $few) * 1.024 < 10000"
    row "  the kernel's (veth, TAP, filters)" "$(calc %.0f "($kernel - $few_kernel) * 1.024 / 1000") KB" "" "" "" ""
    say "memory: a full queue"
    lab_up "a->b: {delay: 5ms, rate: 1mbit, queue: 10000packets}" || return
    few=$(own_memory)
    eval "$("${in_a[@]}" "$files/wire" send $address 20000 3 1400 1)"
    own=$(own_memory)
    lab_down
    row "a queue of 10,000 packets that got $sent" "$(calc %.1f "($own - $few) / 1024") MiB" "" "" \
        "below 10,000 x 2 KiB" "($own - $few) / 1024 < 10000 / 512 + 2"
}

# netem's own, in User-Mode Linux, and what a bare timer is worth there.
bench_netem() {
    say "netem"
    command -v linux.uml >/dev/null || { echo "netem: no User-Mode Linux (package user-mode-linux)"; return; }
    export WANLAB MODE
    (cd "$top" && tests/vm/uml-run --mem 512M --timeout 150 --env WANLAB --env MODE -- tests/bench/wire.sh netem-guest) \
        >"$tmp/netem" 2>&1 || { cat "$tmp/netem" >&2; return; }
    say ""
    cat "$tmp/netem"
}
bench_netem_guest() {
    local lost
    engine=netem
    timer
    row "netem in UML: a bare timer there, 50 and 99 %" "$timer_p50_us, $timer_p99_us us" "" "" "" ""
    lab_up "delay: 5ms" || return
    paced 1000 3 22 1
    lab_down
    row "  delay, 1,000 packets/s, 50 and 99 %" "$(calc '%.0f, %.0f us' "$way_p50_us - 5000, $way_p99_us - 5000")" "" "" "" ""
    lab_up "a->b: {rate: 10mbit}" || return
    paced 960 5 1400 1
    lab_down
    row "  rate 10 Mbit/s, 5 s" "$(calc %.3f "$frame_bps / 1e6") Mbit/s" "asked 10" "$(calc %.4f "$frame_bps / 1e7")" "" ""
    lab_up "delay: 1ms, a->b: {loss: 1%}" || return
    paced 4000 5 22 1
    lab_down
    lost=$((sent - received))
    eval "$("$tmp/wire" binomial "$sent" 0.01)"
    row "  loss 1 % of $sent packets" "$lost lost" "asked $((sent / 100))" "$(calc %.3f "$lost / $sent * 100")" \
        "$low to $high (exact, 99.9 %)" ""
}

# --- all of it

cp "$build/tests/bench/wire" "$tmp/wire" || exit 1
if [ "${1:-}" = netem-guest ]; then
    bench_netem_guest
    exit
fi
gcc -O2 -Wall -Wextra -D_GNU_SOURCE -static -o "$tmp/nodes" "$here/nodes.c" &&
    gcc -O2 -Wall -Wextra -o "$tmp/packet-path" "$here/packet-path.c" || exit 1
eval "$("$tmp/wire" timer 0.01)"
# shellcheck disable=SC2154 # realtime is what `wire timer` prints, as others are what `wire` prints
echo "$(nproc) processors, Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg)," \
    "SCHED_FIFO $([ "$realtime" = 1 ] && echo allowed || echo refused)"
command -v wirefilter >/dev/null || echo "wirefilter is missing (package vde2): no such peer"
echo
row what measured peer ratio "to reach" "1 == 1" | sed 's/yes$/met/'
for part in ${*:-tcp udp delay busy rate loss memory netem}; do
    bench_"$part"
done
echo
echo "took $((SECONDS - started)) s"
