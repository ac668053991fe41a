#!/bin/bash
# SPDX-License-Identifier: MIT
# Which way should packets take to the delay line? See packet-path.c. Needs root; ends in < 4 min.
#
#   veth          A eth0 ---------------------------------------- eth0 B      (no delay line)
#   tap-direct    A eth0 = TAP ---------- line ---------- TAP = eth0 B
#   tap-redirect  A eth0 -veth- pa =tc=> TAP -- line -- TAP <=tc= pb -veth- eth0 B
#   packet(-ring) A eth0 -veth- pa -- AF_PACKET -- line -- AF_PACKET -- pb -veth- eth0 B
#
# Usage: packet-path.sh [VARIANT...]; TXQLEN=n, TAP_NAPI=1, NO_FIFO=1, SPIN_US=n, MODERATE="n..." (us), NO_OFFLOAD=1 change it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
tag=wlb-$$
A=$tag-a B=$tag-b F=$tag-f
txqlen=${TXQLEN:-10000}
started=$SECONDS
LINE_PID=

cleanup() {
    line_stop
    for pid in $(jobs -p); do kill "$pid" 2>/dev/null; done
    wait 2>/dev/null
    for ns in "$A" "$B" "$F"; do ip netns del "$ns" 2>/dev/null; done
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# Not for background jobs: "&" after a function makes a subshell, and kill would end only that.
in_ns() { ip netns exec "$@"; }

net_up() {
    for ns in "$A" "$B" "$F"; do
        ip netns add "$ns" || exit 1
        in_ns "$ns" sh -c '
            echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
            echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
            echo "4096 1048576 268435456" > /proc/sys/net/ipv4/tcp_rmem
            echo "4096 1048576 268435456" > /proc/sys/net/ipv4/tcp_wmem'
        ip -n "$ns" link set lo up
    done
}

net_down() {
    line_stop
    for ns in "$A" "$B" "$F"; do ip netns del "$ns"; done
}

node_address() {    # NETNS, own number, other's number
    ip -n "$1" link set eth0 address 02:00:00:00:00:0"$2"
    ip -n "$1" link set eth0 up
    ip -n "$1" addr add 10.9.0."$2"/24 dev eth0
    ip -n "$1" neigh replace 10.9.0."$3" lladdr 02:00:00:00:00:0"$3" dev eth0 nud permanent
}

line_start() {    # MODE PORT PORT
    coproc LINE { exec ip netns exec "$F" "$tmp/packet-path" line "$@"; }
    read -r -t 5 answer <&"${LINE[0]}" || { echo "the delay line did not start" >&2; exit 1; }
    fifo=${answer#* }
}

line_stop() {
    [ -n "$LINE_PID" ] || return 0
    local pid=$LINE_PID in=${LINE[1]}
    exec {in}>&-
    wait "$pid" 2>/dev/null
    LINE_PID=
}

# Sends one command; the answer's name=value pairs become variables.
line() {
    [ -n "$LINE_PID" ] || return 0
    echo "$*" >&"${LINE[1]}"
    read -r -t 5 answer <&"${LINE[0]}" || { echo "the delay line does not answer" >&2; exit 1; }
    eval "$answer"
}

redirect() { # FROM TO: all that comes in at FROM leaves at TO
    tc -n "$F" qdisc add dev "$1" clsact
    tc -n "$F" filter add dev "$1" ingress protocol all prio 1 u32 match u32 0 0 \
        action mirred egress redirect dev "$2"
}

fabric_veth() {
    for end in a b; do
        local ns=$A; [ $end = b ] && ns=$B
        ip -n "$F" link add p$end type veth peer name eth0 netns "$ns"
        ip -n "$F" link set p$end up
    done
}

setup() {    # VARIANT
    net_up
    case $1 in
    veth)
        ip -n "$A" link add eth0 type veth peer name eth0 netns "$B" ;;
    tap-direct)
        line_start tap ta tb
        ip -n "$F" link set ta txqueuelen "$txqlen" netns "$A" name eth0
        ip -n "$F" link set tb txqueuelen "$txqlen" netns "$B" name eth0 ;;
    tap-redirect)
        fabric_veth
        line_start tap ta tb
        for end in a b; do
            ip -n "$F" link set t$end txqueuelen "$txqlen"
            ip -n "$F" link set t$end up
            redirect p$end t$end
            redirect t$end p$end
        done ;;
    packet|packet-ring)
        fabric_veth
        mode=packet; [ "$1" = packet-ring ] && mode=ring
        line_start $mode pa pb ;;
    esac
    node_address "$A" 1 2
    node_address "$B" 2 1
}

tcp() {    # seconds -> gbps
    ip netns exec "$B" iperf3 -s -1 > "$tmp/server" 2>&1 & local server=$!
    sleep 0.3
    in_ns "$A" timeout 15 iperf3 -c 10.9.0.2 -C cubic -O 1 -t "$1" -f m > "$tmp/client" 2>&1
    kill $server 2>/dev/null; wait $server 2>/dev/null
    gbps=$(awk '/receiver/ {printf "%.2f", $7 / 1000}' "$tmp/client")
    [ -n "$gbps" ] || { cat "$tmp/client" >&2; gbps=fail; }
}

udp() {    # -> sent_pps received_pps
    ip netns exec "$B" "$tmp/packet-path" sink > "$tmp/sink" & local sink=$!
    sleep 0.2
    eval "$(in_ns "$A" "$tmp/packet-path" blast 10.9.0.2 3)"
    wait $sink
    eval "$(cat "$tmp/sink")"
}

ping_udp() {    # -> rtt50 rtt99 in us
    ip netns exec "$B" "$tmp/packet-path" echo & local echo=$!
    sleep 0.2
    eval "$(in_ns "$A" "$tmp/packet-path" ping 10.9.0.2)"
    kill $echo; wait $echo 2>/dev/null
}

tap_dropped() {    # what the TAP's ring turned away
    case $1 in
    tap-direct) in_ns "$A" cat /sys/class/net/eth0/statistics/tx_dropped ;;
    tap-redirect) in_ns "$F" cat /sys/class/net/ta/statistics/tx_dropped ;;
    *) echo 0 ;;
    esac
}

per() { awk -v a="$1" -v b="$2" -v unit="$3" 'BEGIN {if (b > 0) printf "%.3f", a / 1e6 / b * unit; else print "-"}'; }
minus() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.0f", a - b}'; }

measure() {    # VARIANT
    local name=$1 row base=10000 bytes udp_drop
    tx=0 wakeups=0 tx_bytes=0 cpu_us=0 late50=- late99=- sockdrop=0 full=0 refused=0
    setup "$name"
    [ "$name" = veth ] && base=0
    line delay 0; line report
    tcp 4; line report
    row=$(printf '%-13s %4s %7s %7s' "$name" "$([ "$name" = veth ] && echo - || echo "$MODERATE_US")" "$gbps" "$(per "$cpu_us" "$tx_bytes" 1e9)")
    bytes=$(awk -v b="$tx_bytes" -v p="$tx" 'BEGIN {print p ? int(b / p) : "-"}')
    line delay 5000000; line report
    tcp 4; line report
    row+=$(printf ' %7s %7s %6s %6s' "$gbps" "$(per "$cpu_us" "$tx_bytes" 1e9)" "$bytes" "$late99")
    ping_udp; line report
    row+=$(printf ' %6s %6s %7s' "$(minus "$rtt50" $base)" "$(minus "$rtt99" $base)" "$late50/$late99")
    udp_drop=$(tap_dropped "$name")
    udp; line report
    row+=$(printf ' %7d %7d %7s %6s' "$((${sent_pps%.*} / 1000))" "$((${received_pps%.*} / 1000))" \
        "$(per "$cpu_us" "$tx" 1e6)" "$(per "$tx" "$wakeups" 1e6 | cut -d. -f1)")
    row+=$(printf ' %9s %8s' "$(($(tap_dropped "$name") - udp_drop))" "$((sockdrop + full + refused))")
    echo "$row"
    net_down
}

# How many packets does the line see for 100 super-packets of 20 x 1,400 bytes, and for TCP?
offload_case() {    # LABEL
    line report
    ip netns exec "$B" "$tmp/packet-path" sink > "$tmp/sink" & local sink=$!
    sleep 0.2
    eval "$(in_ns "$A" "$tmp/packet-path" gso 10.9.0.2 100)"
    wait $sink; eval "$(cat "$tmp/sink")"
    line report
    local udp_rx=$rx udp_super=$super udp_max=$max udp_received=$received
    tcp 1; line report
    printf '%-42s %6s %6s %6s %8s | %6s %8s %7s %6s %7s\n' "$1" "$udp_rx" "$udp_super" "$udp_max" \
        "$udp_received" "$gbps" "$rx" "$super" "$max" "$(per "$cpu_us" "$tx_bytes" 1e9)"
}

offload() {
    for name in tap-direct tap-redirect; do
        setup $name; line delay 5000000
        for flags in 0x67 0x01 0x00 0x67; do
            line offload $flags; offload_case "$name TUNSETOFFLOAD $flags (errno ${status#-})"
        done
        net_down
    done
    setup packet; line delay 5000000
    offload_case "packet"
    in_ns "$F" ethtool -K pa tso off gso off tx-udp-segmentation off >/dev/null 2>&1
    offload_case "packet, fabric's end tso/gso/uso off"
    in_ns "$A" ethtool -K eth0 tso off gso off >/dev/null 2>&1
    offload_case "packet, node's end tso/gso off too"
    in_ns "$A" ethtool -K eth0 tx-udp-segmentation off >/dev/null 2>&1
    offload_case "packet, node's end uso off too"
    in_ns "$A" ethtool -K eth0 tx-checksumming off >/dev/null 2>&1
    offload_case "packet, node's end tx checksum off too"
    net_down
}

gcc -O2 -g -Wall -Wextra -o "$tmp/packet-path" "$here/packet-path.c" || exit 1
fifo=
echo "kernel $(uname -r), $(nproc) cores, TAP txqueuelen $txqlen, iperf3 cubic 4 s, 64-byte UDP frames 3 s"
echo "mod: us the line sleeps without looking when it gets more than 8 packets per ms"
echo "cpu: s of the delay line per GB (TCP) or per million packets (UDP); B/pkt: mean at the line"
echo "late99: us behind due time in the line, 5 ms TCP; rtt: us above 10 ms, 1,000 pings/s, idle; late: the line's part, p50/p99"
printf '%-13s %4s %7s %7s %7s %7s %6s %6s %6s %6s %7s %7s %7s %7s %6s %9s %8s\n' \
    variant mod tcp0 cpu/GB tcp5 cpu/GB B/pkt late99 rtt50 rtt99 late \
    kpps-tx kpps-rx cpu/M p/wake tapdrop linedrop
for MODERATE_US in ${MODERATE:-0 100}; do
    export MODERATE_US
    for name in ${*:-veth tap-direct tap-redirect packet packet-ring}; do
        [ "$name" = veth ] && [ -n "$fifo" ] || measure "$name"
    done
done
echo "delay line scheduling: ${fifo:-none}"
if [ -z "${NO_OFFLOAD:-}" ]; then
    printf '\n%-42s %6s %6s %6s %8s | %6s %8s %7s %6s %7s\n' "offload (100 x 20 x 1,400 B of UDP | TCP)" \
        packets super max received tcp5 packets super max cpu/GB
    offload
fi
echo "took $((SECONDS - started)) s"
