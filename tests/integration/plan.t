#!/bin/bash
# SPDX-License-Identifier: MIT
# `wanlab plan` prints, for every scenario in topologies/ and both engines, what the files in
# tests/golden/ say. After a change that is meant: UPDATE_GOLDEN=1 tests/integration/plan.t
. "$(dirname "$0")/../lib/tap.sh"

cd "$TOP" || exit 1
for file in topologies/*.yaml; do
    for engine in netem delayline; do
        golden=tests/golden/$(basename "$file" .yaml).$engine.plan
        run "$WANLAB" plan "$file" --engine $engine
        [ -n "${UPDATE_GOLDEN:-}" ] && cp "$WORK/out" "$golden"
        difference=$(diff "$golden" "$WORK/out" 2>&1 | head -20)
        is "$difference" "" "$file on $engine"
    done
done
run "$WANLAB" plan topologies/five-regions.yaml --engine netem --set nodes.db.count=2
is "$(grep -c 'netem limit' <<<"$OUT")" 2 "two nodes have two wires"
run "$WANLAB" plan topologies/two-nodes-link.yaml --engine netem
before=$(grep -o 'delay [^ ]*' <<<"$OUT" | sort -u | xargs)
run "$WANLAB" plan topologies/two-nodes-link.yaml --engine netem --set delay_scale=0.5
is "$before / $(grep -o 'delay [^ ]*' <<<"$OUT" | sort -u | xargs)" "delay 20ms / delay 10ms" "a scale of delays is in the plan"
run "$WANLAB" plan topologies/five-regions.yaml --engine netem --json
is "$(jq -r '.steps[].command' <<<"$OUT")" "$("$WANLAB" plan topologies/five-regions.yaml --engine netem | sed 1,2d)" \
    "the same steps as JSON"
is "$(jq -c '[.engine, (.wires | length), .wires[0].delay_s > 0.01, .steps[-1].node]' <<<"$OUT")" \
    '["netem",20,true,null]' "with the wires"

done_testing
