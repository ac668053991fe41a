#!/bin/bash
# SPDX-License-Identifier: MIT
# `wanlab import`: networks of other people's formats become scenarios that wanlab itself accepts; Abilene, of 11
# routers, comes up, and every node reaches every other. What is hostile is refused with its place.
. "$(dirname "$0")/../lib/tap.sh"
cd "$TOP" || exit 1
golden=tests/golden/import

for name in odd:graphml clos:clab.yml; do
    file=$golden/${name%:*}.${name#*:}
    format=$([ "${name#*:}" = graphml ] && echo graphml || echo containerlab)
    run "$WANLAB" import $format "$file"
    is "$STATUS" 0 "$file is imported"
    is "$OUT" "$(cat $golden/"${name%:*}".yaml)" "as the golden file has it"
    is "$(sed -n 's/.*: warning: [^ ]*: //p' <<<"$ERR")" "$(sed -n 's/^# warning: //p' <<<"$OUT")" \
        "its warnings are said, too"
    run "$WANLAB" check $golden/"${name%:*}".yaml
    is "$STATUS" 0 "the scenario is sound"
done

for network in Abilene:11:14 Geant2012:40:61 Kdl:754:895; do
    IFS=: read -r file nodes links <<<"$network"
    run "$WANLAB" import graphml topologies/zoo/"$file".graphml -o "$WORK/$file.yaml"
    is "$STATUS$OUT" 0 "$file is written to a file"
    run "$WANLAB" check "$WORK/$file.yaml"
    like "$OUT" "yaml: $nodes nodes, $links links," "which has $nodes nodes and $links links"
done
run "$WANLAB" import graphml topologies/zoo/Abilene.graphml --detour 2 --rate 5mbit
like "$OUT" 'times 2 \(--detour\).*\[new-york, chicago\], delay: 11.466ms, rate: 9953.28mbit' \
    "the detour lengthens the fibre, and known speeds stay"

cat >"$WORK/laughs.graphml" <<'X'
<?xml version="1.0"?>
<!DOCTYPE graphml [
<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c SYSTEM "file:///etc/passwd">
]>
<graphml><graph><node id="&b;"/></graph></graphml>
X
run "$WANLAB" import graphml "$WORK/laughs.graphml" -o "$WORK/laughs.yaml"
is "$STATUS" 2 "entities are refused"
like "$ERR" 'laughs.graphml:3:[0-9]+: found the declaration of an entity .a.' "where the first is declared"
[ ! -e "$WORK/laughs.yaml" ]
ok $? "and nothing is written"
{ echo '<graphml><graph>' && head -c 80000000 /dev/zero | tr '\0' '\n'; } >"$WORK/huge.graphml"
run timeout 20 "$WANLAB" import graphml "$WORK/huge.graphml"
is "$STATUS" 2 "80 MB of nothing are refused"
like "$ERR" 'larger than' "with the reason"
run "$WANLAB" import graphml topologies/zoo/Abilene.graphml --detour 0.5
is "$STATUS" 2 "fibre shorter than the straight line is refused"
run "$WANLAB" import dot topologies/zoo/Abilene.graphml
is "$STATUS" 2 "so is an unknown format"
run "$WANLAB" import containerlab topologies/campus.yaml
like "$STATUS $ERR" "2 .*campus.yaml:7:1: found no 'topology: nodes:'" "so is a file of another kind, with its place"

latency=topologies/latency
run "$WANLAB" import latency $latency/aws-p50-rtt-ms.csv us-east-1:3,eu-west-1:2 --p90 $latency/aws-p90-rtt-ms.csv \
    -o "$WORK/aws.yaml"
is "$STATUS$ERR" 0 "so many nodes in each region"
run "$WANLAB" plan "$WORK/aws.yaml" --engine netem
like "$OUT" 'netem.*delay 2.753ms 2.069ms distribution normal' "with the delay and the jitter of the matrices"
run "$WANLAB" import latency $latency/ibm-cloud-rtt-ms.csv dallas:2,tokio
like "$STATUS $ERR" "2 .*no region 'tokio'.*did you mean 'tokyo'" "an unknown region is refused with the nearest"
run "$WANLAB" import latency $latency/ibm-cloud-rtt-ms.csv dallas:0
like "$STATUS $ERR" "2 .*region 'dallas': '0' is out of range" "none of a region is refused"
run "$WANLAB" import latency $latency/ibm-cloud-rtt-ms.csv dallas:2,dallas:3
like "$STATUS $ERR" "2 .*'dallas' is there twice" "and so is a region twice"

"$WANLAB" import containerlab $golden/clos.clab.yml --processes 2>/dev/null |
    sed 's/, cpus.*GB//; s/, memory: 512MiB//' >"$WORK/clos.yaml" # which an ordinary user cannot have
for lab in Abilene:11 clos:6; do
    IFS=: read -r file nodes <<<"$lab"
    name=wl-${file,,}
    run "$WANLAB" up "$WORK/$file.yaml" --name "$name"
    is "$STATUS" 0 "$file comes up"
    reached=$(for n in $("$WANLAB" status "$name" --json | jq -r '.nodes[].name'); do
        timeout 60 "$WANLAB" exec "$name" "$n" -- perl -e "$(cat tests/lib/reach.pl)"
    done)
    is "$(sort -u <<<"$reached")" "$((nodes - 1)) of $((nodes - 1))" "every node of $file reaches every other"
    "$WANLAB" down "$name"
done

done_testing
