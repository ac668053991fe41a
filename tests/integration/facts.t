#!/bin/bash
# SPDX-License-Identifier: MIT
# One TCP for all nodes: what the file asks for, what the nodes' kernels have, and what is said where
# the two are not the same.
#
#   a ---- b, of each kind; the workload can change b's settings from inside
. "$(dirname "$0")/../lib/tap.sh"
need_root

mkdir -p "$WORK/workloads/meddle"
export WANLAB_WORKLOADS=$WORK/workloads
cat >"$WORK/workloads/meddle/workload.yaml" <<'Y'
name: meddle
summary: changes a setting of the node whose name is b
parameters:
  with: {type: choice, values: [nothing, buffers, route], default: nothing}
services:
  - {name: early, command: [./early], ready: {log: ready}}
run: [./meddle]
Y
cat >"$WORK/workloads/meddle/early" <<'S'
#!/bin/sh
awk '/^Tcp: [0-9]/ {print "segments", $12}' /proc/net/snmp
echo ready
exec sleep 1000
S
cat >"$WORK/workloads/meddle/meddle" <<'S'
#!/bin/sh
[ $WANLAB_NODE = b ] || exit 0
case $WANLAB_PARAM_WITH in
buffers) echo "4096 87380 100000" >/proc/sys/net/ipv4/tcp_rmem ;;
route)
    route=$(ip route show | sed -n 's/congctl.*//p')
    ip route change $route congctl reno
    ;;
esac
S
chmod +x "$WORK"/workloads/meddle/*
cat >"$WORK/lab.yaml" <<'Y'
nodes: {a: {}, b: {}}
links: [{ends: [a, b], delay: 1ms}]
workload: {meddle: {}}
Y
facts() { jq -r "$2" "$WORK/$1/run.json" | xargs; } # facts RESULTS FILTER
meddle() {                                         # meddle RESULTS OPTION…
    local results=$1
    shift
    run timeout 100 "$WANLAB" run "$WORK/lab.yaml" -o "$WORK/$results" "$@"
}

meddle plain
is "$STATUS" 0 "a run of two processes"
diag "$ERR"
[[ $OUT != *TCP* ]]
ok $? "whose TCP is as asked: no reason in the verdict"
is "$(facts plain '.nodes[].tcp | .congestion, .no_metrics_save, .mtu')" "cubic 1 1500 cubic 1 1500" \
    "run.json has what their connections really get"
is "$(facts plain '.nodes[].kernel')" "$(uname -r) $(uname -r)" "and their kernels"
is "$(facts plain '.nodes[0].interfaces[] | .name, .mtu')" "eth0 1500" "and their interfaces"
is "$(facts plain '[.nodes[] | has("tcp_at_end")] | any')" false "nothing has changed in between"
is "$(cut -d " " -f 2- "$WORK/plain/logs/a.early.log")" "segments 0
ready" "nobody was sent anything to find that out"

meddle asked --set tcp.congestion=reno --set tcp.buffer=1MB
is "$STATUS" 0 "with a TCP of the file's own"
is "$(facts asked '.nodes[].tcp | .congestion, .rmem, .wmem')" \
    "reno 4096 131072 1000000 4096 131072 1000000 reno 4096 131072 1000000 4096 131072 1000000" \
    "the nodes have it"
[[ $OUT != *TCP* ]]
ok $? "and that is as asked, too"

meddle buffers --set workload.meddle.with=buffers
is "$STATUS" 0 "with buffers that the workload has changed in b the run ends"
like "$OUT" 'verdict: doubtful' "but is doubtful"
like "$OUT" "after the workload TCP's tcp_rmem is \"4096 87380 100000\" in b, not \"4096 131072 [0-9]+\" as asked" \
    "the reason has node and values"
is "$(grep -c "TCP's" <<<"$OUT")" 1 "and is the only one of that kind"
is "$(facts buffers '.nodes[1].tcp_at_end.rmem')" "4096 87380 100000" "run.json has the end as well"
is "$(facts buffers '.nodes[0] | has("tcp_at_end")')" false "of that node alone"

meddle route --set workload.meddle.with=route
like "$OUT" "after the workload TCP's congestion control is \"reno\" in b, not \"cubic\" as asked" \
    "a changed route is found, whatever the sysctl says"

meddle missing --set tcp.congestion=nosuch
is "$STATUS" 3 "a congestion control that the kernel has not"
like "$ERR" "node '[ab]': its kernel has no TCP congestion control 'nosuch', but: .*reno" \
    "the error has the node, and what there is"
run "$WANLAB" plan "$WORK/lab.yaml" --set tcp.congestion=reno --set tcp.buffer=64KiB
like "$OUT" "tcp_rmem='4096 65536 65536'" "plan shows the buffers"
like "$OUT" "congctl reno" "and the congestion control"

# A kernel of its own on one side: the same TCP on both.
for kind in container uml; do
    program=crun
    [ $kind = uml ] && program=linux.uml
    if ! command -v $program >/dev/null; then
        diag "no $program: no nodes of kind $kind"
        continue
    fi
    meddle $kind --set nodes.b.kind=$kind --set nodes.b.memory=160MiB
    is "$STATUS" 0 "a process and one of kind $kind"
    diag "$ERR"
    [[ $OUT != *TCP* ]]
    ok $? "$kind: both have the same TCP"
    is "$(facts $kind '.nodes[1].tcp | .congestion, .mtu')" "cubic 1500" "$kind: it was asked, too"
    meddle $kind-buffers --set nodes.b.kind=$kind --set nodes.b.memory=160MiB \
        --set workload.meddle.with=buffers
    like "$OUT" "tcp_rmem is \"4096 87380 100000\" in b" "$kind: a change in it is found"
done
if command -v linux.uml >/dev/null; then
    meddle missing-uml --set nodes.b.kind=uml --set nodes.b.memory=160MiB --set tcp.congestion=bbr
    [ "$STATUS" != 0 ]
    ok $? "uml: its kernel has no bbr"
    like "$ERR" "node '[ab]': its kernel has no TCP congestion control 'bbr', but: .*reno" \
        "uml: which is said, with the node and what there is"
fi

nothing_left "nothing is left"
done_testing
