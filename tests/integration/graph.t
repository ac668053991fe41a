#!/bin/bash
# SPDX-License-Identifier: MIT
# `wanlab graph`: what is drawn, of files and of labs, and that Graphviz takes it.
. "$(dirname "$0")/../lib/tap.sh"
command -v dot >/dev/null || skip_all "needs Graphviz (package graphviz)"
need_root

cat >"$WORK/mixed.yaml" <<'Y'
nodes: {n: {count: 2, region: [a, 'b"\']}, pc: {kind: container, root: host}, far: {}}
wan: {members: [n], delay: 5ms, loss: 1%}
links:
  - {ends: [n1, far], n1->far: {delay: 1ms}, far->n1: {delay: 1ms, rate: 20mbit}}
  - {ends: [far, pc]}
networks: {lan0: {members: [n2, pc], delay: 100us}}
Y
run "$WANLAB" graph "$WORK/mixed.yaml"
is "$STATUS" 0 "a file is drawn"
is "$(sed -n 's/^  "\([a-z0-9]*\)" \[shape=\([a-z]*\),.*/\1 \2/p' <<<"$OUT")" 'n1 ellipse
n2 ellipse
pc component
far ellipse
lan0 box' "nodes by kind, networks as boxes"
like "$OUT" '"n2" \[shape=ellipse, label="n2\\nprocess, b\\"\\\\", fillcolor' "with their regions, quoted"
is "$(grep -e -- <<<"$OUT")" '  "n1" -- "n2" [label="5ms, loss 1%"];
  "n1" -- "far" [label="1ms to far\n1ms, 20mbit to n1"];
  "far" -- "pc" [label=""];
  "n2" -- "lan0" [label="100us"];
  "pc" -- "lan0" [label="100us"];' "every connection with what its wires do"

run "$WANLAB" graph "$TOP/topologies/five-regions.yaml"
is "$(grep -c -e -- <<<"$OUT")" 5 "five nodes of a wan have five edges,"
like "$OUT" 'label="wan of 5\\n57.5ms to 164ms"' "to a hub with the range of their delays"
like "$OUT" '"db4" -- "the wan" \[label=""\]' "and ranges of their own where they are others"

for file in "$TOP"/topologies/*.yaml; do
    run "$WANLAB" graph "$file" --svg
    is "$STATUS" 0 "$(basename "$file") as SVG"
    like "$OUT" '<svg.*</svg>' "$(basename "$file") is one"
done
without dot "$WANLAB" graph "$WORK/mixed.yaml" --svg
is "$STATUS" 3 "without Graphviz: exit 3"
like "$ERR" "package: graphviz" "with the package's name"
run "$WANLAB" graph "$WORK/none.yaml"
is "$STATUS" 2 "no such file: exit 2"

"$WANLAB" up "$WORK/mixed.yaml" --name drawn >/dev/null
run "$WANLAB" graph drawn
is "$(sed 1d <<<"$OUT")" "$("$WANLAB" graph "$WORK/mixed.yaml" | sed 1d)" "a lab is drawn like its file"
"$WANLAB" down drawn

done_testing
