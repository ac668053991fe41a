#!/bin/bash
# SPDX-License-Identifier: MIT
# Routers: packets take the shortest path, each way for itself, with both protocols; every hop takes one from the time
# to live; nobody else forwards; what has no path is refused at the beginning.
#
#            5 ms       5 ms there, 40 ms back
#        ┌── east ───────────────┐
# alice ═ edge1                   edge2 ═ bob          (═: LANs of 0.5 ms up and down)
#        └── west ───────────────┘
#            10 ms      5 ms
. "$(dirname "$0")/../lib/tap.sh"
need_root

# Whose each address is, as the plan says: "ADDRESS NODE".
"$WANLAB" plan "$TOP/topologies/campus.yaml" --engine delayline |
    sed -n -E 's|^ip -n ([^ ]+) addr add ([^/]+)/.*|\2 \1|p' >"$WORK/addresses"

# hops FAMILY FROM TO: the names of those who answer to packets that live for 1, 2, … hops.
hops() {
    local ttl address names=
    for ttl in 1 2 3 4 5 6 7 8; do
        address=$("$WANLAB" exec "$lab" "$2" -- ping "-$1" -n -c 1 -W 5 -t "$ttl" "$3" |
            sed -n -E 's/^From ([^ ]+) .*(Time to live exceeded|Time exceeded: Hop limit)$/\1/p')
        [ -n "$address" ] || break
        names="$names $(sed -n "s/^$address //p" "$WORK/addresses")"
    done
    xargs <<<"$names"
}

# rtt_ms FROM TO [OPTION…]: the least round trip of thirty.
rtt_ms() {
    "$WANLAB" exec "$lab" "$1" -- ping "${@:3}" -c 30 -i 0.02 -W 3 "$2" | sed -n 's|^rtt .* = \([0-9.]*\)/.*|\1|p'
}

lab=routers-$$
"$WANLAB" up "$TOP/topologies/campus.yaml" --name "$lab" --engine delayline >/dev/null
ok $? "a lab with routers comes up"
for family in 4 6; do
    is "$(hops $family alice bob)" "edge1 east edge2" "IPv$family: there, one hop after the other by its name"
    is "$(hops $family bob alice)" "edge2 west edge1" "IPv$family: back by the other path"
    ms=$(rtt_ms alice bob -$family)
    is_within "$ms" 28.9 36
    ok $? "IPv$family: the round trip is the sum of the wires of both paths, 29 ms (measured $ms)"
    ms=$(rtt_ms edge1 edge2 -$family)
    is_within "$ms" 24.9 32
    ok $? "IPv$family: also between routers, 25 ms (measured $ms)"
done
like "$("$WANLAB" exec "$lab" alice -- ping -4 -c 1 bob)" 'ttl=61 ' "three routers take three from the time to live"
reached=0
for from in alice bob east west edge1 edge2; do
    # shellcheck disable=SC2016 # expanded in there
    "$WANLAB" exec "$lab" "$from" -- sh -c 'for to in alice bob east west edge1 edge2; do
        for family in 4 6; do ping -$family -c 1 -W 3 $to >/dev/null && echo ok; done; done' >"$WORK/reached"
    reached=$((reached + $(grep -c ok "$WORK/reached")))
done
is "$reached" 72 "every node reaches every other, and itself"
is "$("$WANLAB" exec "$lab" edge1 -- sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding \
    net.ipv4.conf.eth0.rp_filter net.ipv4.conf.all.send_redirects net.ipv4.conf.eth0.send_redirects | xargs)" "1 1 0 0 0" \
    "routers forward, take what comes from anywhere, and send no redirects"
is "$("$WANLAB" exec "$lab" alice -- sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding \
    net.ipv4.conf.eth0.accept_redirects | xargs)" "0 0 0" "hosts do not forward"
run "$WANLAB" exec "$lab" edge1 -- ping -4 -c 1 -W 3 10.64.0.2
like "$OUT" 'Destination (Net|Host) Unreachable|100% packet loss' "an address that nobody has is refused, or silent"
"$WANLAB" restart "$lab" edge1 >/dev/null
is_within "$(rtt_ms alice bob)" 28.9 36
ok $? "a router that was restarted has its routes again"
"$WANLAB" down "$lab"

# What the file says of paths is what is measured.
run "$WANLAB" verify "$TOP/topologies/campus.yaml" --quick --json
is "$(jq -r '[.findings[] | select(.what == "delay" and (.wire | test("router"))) | .wire] | sort | join(" ")' <<<"$OUT")" \
    "alice->west (1 router) bob->edge1 (2 routers) edge1->bob (2 routers) edge2->east (2 routers) west->alice (1 router)" \
    "verify measures paths of several hops, too"

# Without a path.
cat >"$WORK/apart.yaml" <<'Y'
nodes:
  r: {role: router}
  a:
  b:
links: [{ends: [r, a]}]
Y
run "$WANLAB" check "$WORK/apart.yaml"
is "$STATUS" 2 "a node without a path is refused"
like "$ERR" "apart.yaml:4:3: no path leads from 'r' to 'b'" "at its place"
run "$WANLAB" check "$WORK/apart.yaml" --set disconnected=yes
is "$STATUS" 0 "unless the file means it"

done_testing
