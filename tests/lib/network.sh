# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the kernel says of a network: of a lab's, and of the one that a plan's lines make by hand. Both as text with a
# line for each fact, without what no plan says (interface indices, random MACs of TAPs and bridges) and without the
# carrier of the delay line's TAPs, which nobody holds when the lines are typed.

# Runs in the network namespace that it describes.
cat >"$WORK/describe-network" <<'S'
for i in $(seq 20); do # an interface gets its qdisc a moment after its carrier
    ip -o link | grep -q '[<,]UP[,>].* qdisc noop ' || break
    sleep 0.1
done
ip -json -d link | jq -c '.[] | {ifname, mtu, txqlen, qdisc, master, promiscuity,
    kind: .linkinfo.info_kind, up: (.flags | index("UP") != null)} +
    if .linkinfo.info_kind == "veth" then {address, carrier: (.flags | index("LOWER_UP") != null)} else {} end +
    if .linkinfo.info_kind == "bridge" then .linkinfo.info_data |
        {stp_state, forward_delay, mcast_snooping} else {} end' | sort
ip -json addr | jq -c '.[] | .ifname as $dev | .addr_info[] | . + {$dev}' | sort
for family in 4 6; do
    ip -$family -json route show table all |
        jq -c '.[] | select(.dev // "" | test("^[tu][0-9]|^br") | not) | del(.flags)' | sort
done
ip -json neigh | jq -c '.[] | select(.state == ["PERMANENT"])' | sort
sysctl -e net.ipv4.conf.all.rp_filter net.ipv4.conf.default.rp_filter net.ipv4.conf.all.send_redirects \
    net.ipv4.conf.all.accept_redirects net.ipv6.conf.all.accept_redirects net.ipv4.ip_default_ttl
sysctl -e net.ipv4.tcp_rmem net.ipv4.tcp_wmem net.ipv4.tcp_no_metrics_save net.ipv4.ip_forward \
    net.ipv6.conf.all.forwarding net.ipv6.conf.all.disable_ipv6 net.ipv6.conf.default.addr_gen_mode \
    net.ipv6.conf.default.accept_dad net.ipv6.conf.default.accept_ra
for dev in $(ip -o link | cut -d ' ' -f 2 | tr -d : | cut -d @ -f 1 | sort); do
    case $dev in
    eth*) ethtool -k "$dev" | grep -E 'segmentation|generic-receive' ;;
    lo) continue ;;
    *) { tc filter show dev "$dev" ingress && tc filter show dev "$dev"; } 2>&1 | grep -v 'index [0-9]* ref' ;;
    esac | sed "s/^/$dev: /"
done
tc -json qdisc show | jq -c '.[] | del(.refcnt, .options.seed, .options.direct_packets_stat)' | sort
S

# network_of_lab LAB NODE…
network_of_lab() {
    local lab=$1 node
    echo fabric
    enter "$(pid_of lab)" --net sh "$WORK/describe-network"
    for node in "${@:2}"; do
        echo "$node"
        "$WANLAB" exec "$lab" "$node" -- sh -c "$(cat "$WORK/describe-network")"
    done
}

# network_by_hand FILE NODE…: makes the network of the plan in FILE by `sh -e`, describes it, and ends it.
network_by_hand() {
    # shellcheck disable=SC2016 # expanded in there
    unshare --map-root-user --net --mount bash -c 'mount -t tmpfs none /run && sh -e "$2" || exit
        echo fabric
        sh "$1"
        for node in "${@:3}"; do
            echo "$node"
            ip netns exec "$node" sh "$1"
        done' bash "$WORK/describe-network" "$@"
}
