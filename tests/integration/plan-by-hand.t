#!/bin/bash
# SPDX-License-Identifier: MIT
# The lines of `wanlab plan`, run by `sh -e` in a fresh namespace, make the network that the lab has: links,
# addresses, routes, neighbours, redirects. (The wires on netem: tests/vm/netem.t.)
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/network.sh"

cat >"$WORK/link.yaml" <<'Y'
nodes: {n: {count: 3}}
links:
  - {ends: [n1, n2]}
  - {ends: [n2, n3], delay: 5ms, rate: 10mbit}
Y
cat >"$WORK/lan.yaml" <<'Y'
nodes: {n: {count: 3}}
networks: {lan0: {members: [n]}, lan1: {members: [n1, n2], delay: 1ms}}
Y
cat >"$WORK/wan.yaml" <<'Y'
nodes: {n: {count: 3}}
wan: {members: [n], delay: 10ms}
tcp: {congestion: reno, buffer: 2MB}
Y
cat >"$WORK/mixed.yaml" <<Y
nodes: {n: {count: 2}, router: {}, pc: {$CONTAINER}}
wan: {members: [n], delay: 10ms, loss: 1%}
links: [{ends: [n1, router], n1->router: {delay: 1ms}}]
networks: {lan0: {members: [router, pc], delay: 100us}}
Y

cat >"$WORK/routers.yaml" <<'Y'
nodes: {h: {count: 2}, r: {count: 4, role: router}}
links:
  - {ends: [h1, r1], delay: 1ms}
  - {ends: [r1, r2], delay: 2ms, r2->r1: {delay: 9ms}}
  - {ends: [r2, r3], delay: 3ms}
  - {ends: [r1, r4], delay: 4ms}
  - {ends: [r4, r3]}
networks: {lan0: {members: [r3, h2]}, lan1: {members: [r4, h2], delay: 1ms}}
Y
cat >"$WORK/given.yaml" <<'Y'
nodes: {a: , r: {role: router}, n: {count: 2}}
links: [{ends: [a, r], mtu: 9000, delay: 1ms, subnet: 192.168.7.0/30, macs: {a: 52:54:00:00:00:01}}]
networks: {lan0: {members: [r, n], mtu: 1400, subnet: [192.168.8.0/24, 'fd00:8::/64'], addresses: {n1: 192.168.8.9}}}
Y

for name in link lan wan mixed routers given; do
    "$WANLAB" up "$WORK/$name.yaml" --name "$name" --engine delayline >/dev/null
    ok $? "$name: a lab comes up"
    read -ra nodes <<<"$("$WANLAB" status "$name" --json | jq -r '[.nodes[].name] | join(" ")')"
    network_of_lab "$name" "${nodes[@]}" >"$WORK/lab" 2>&1
    "$WANLAB" down "$name"
    "$WANLAB" plan "$WORK/$name.yaml" --engine delayline >"$WORK/plan.sh"
    network_by_hand "$WORK/plan.sh" "${nodes[@]}" >"$WORK/hand" 2>&1
    is "$(diff "$WORK/lab" "$WORK/hand")" "" "$name: the plan's lines make the same network"
    grep -qE '"local":"(10|192)\.' "$WORK/hand" && grep -q '"local":"fd77:' "$WORK/hand" && grep -q mirred "$WORK/hand"
    ok $? "$name: with addresses of both families and redirects in it"
done

# The same lines hold what the delay line does as netem's.
delayline=$("$WANLAB" plan "$WORK/mixed.yaml" --engine delayline | sed -n 's/.* on netem: //p' | sort)
netem=$("$WANLAB" plan "$WORK/mixed.yaml" --engine netem | grep ' netem ' | sort)
[ -n "$netem" ]
ok $? "a plan on netem has lines of netem"
is "$delayline" "$netem" "a plan on the delay line has the same ones as comments"

# A machine is not made by ip and tc: its ports are, and the rest is comments.
"$WANLAB" plan "$WORK/lan.yaml" --engine delayline --set nodes.n.kind=uml >"$WORK/plan.sh"
network_by_hand "$WORK/plan.sh" >"$WORK/hand" 2>&1
is "$(jq -Rr 'fromjson? | select(.ifname == "p0") | "\(.kind) \(.txqlen) \(.up)"' "$WORK/hand")" "tun 4096 true" \
    "the plan of machines runs too"
like "$(cat "$WORK/plan.sh")" '# n1 boots.*# in n1: ip addr add 10.128.0.1' "with what happens inside them as comments"

# A step that fails is shown as the line to type.
run "$WANLAB" up "$WORK/link.yaml" -v
like "$ERR" 'ip -n n1 addr add 10.64.0.1/30 dev eth0' "-v shows the same lines"
"$WANLAB" down link

done_testing
