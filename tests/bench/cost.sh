#!/bin/bash
# SPDX-License-Identifier: MIT
# Is a node what the host is? The workloads cpu, memory, disk and primitives on the host itself (kind
# native) and on each KIND, by comparison runs: means, ratios to native with their 95 % intervals,
# winners. Of a process the interval of the ratio should lie within 0.95 to 1.05 for processor, memory
# and disk. Needs root; tests/bench/README.md has figures.
#
# Usage: cost.sh [KIND...]; WORKLOADS="cpu memory disk primitives", REPEAT=20
set -u
case ${1:-} in -*)
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0" | sed '/^set /,$d'
    exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
wanlab=${WANLAB:-$(cd "$here/../.." && pwd)/build/${MODE:-release}/bin/wanlab}
kinds=${*:-process container}
workloads=${WORKLOADS:-cpu memory disk primitives}
tmp=$(mktemp -d /tmp/wanlab-bench.XXXXXX)
export WANLAB_RUNTIME=$tmp/run
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

parameters() {
    case $1 in
    cpu) echo "time: 50ms, repetitions: 30, order: 500" ;;
    memory) echo "array: 128MiB, repetitions: 5" ;;
    disk) echo "file: 4MiB, record: 1MiB, repetitions: 20" ;;
    primitives) echo "time: 20ms, repetitions: 10" ;;
    esac
}

list() { echo "$*" | sed 's/ /, /g'; }
echo "kernel $(uname -r), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg), ${REPEAT:-20} runs of each"
for workload in $workloads; do
    cat >"$tmp/$workload.yaml" <<Y
name: cost-$workload
nodes: {n: {count: 1, kind: native, cpus: $(nproc), memory: 1GiB, scratch: folder}}
workload: {$workload: {$(parameters "$workload")}}
sweep: {nodes.n.kind: [native, $(list $kinds)]}
repeat: ${REPEAT:-20}
comparison: {of: nodes.n.kind, to: native}
Y
    printf '\n%s\n' "$workload"
    "$wanlab" sweep "$tmp/$workload.yaml" -o "$tmp/$workload" >"$tmp/log" 2>"$tmp/errors" || {
        tail -5 "$tmp/errors" >&2
        exit 1
    }
    # The comparison's table alone.
    sed -n '/^ *cell /,/^$/p' "$tmp/log"
done
