#!/bin/bash
# SPDX-License-Identifier: MIT
# The workload disk: its numbers are what fio and dd did to the disk, bypassing the page cache bypasses it, and what
# cannot be measured is refused or fails by name.
. "$(dirname "$0")/../lib/tap.sh"
command -v fio >/dev/null || skip_all "needs fio (Debian package: fio)"
strace -o /dev/null true 2>/dev/null || skip_all "needs strace, and leave to trace"
cd "$WORK" || exit 1
cat >run.yaml <<'Y'
name: fio
nodes: {n: {count: 2}}
workload: {disk: {file: 256KiB, record: 64KiB, repetitions: 3}}
Y
without fio "$WANLAB" run run.yaml -o none
like "$STATUS $ERR" "^3 .*'fio', which is not installed .Debian package: fio" "without fio the run is refused, with what to install"

# --- what comes out

# of RUN FILTER: of its run.json
of() { jq -r "$2" "$1/run.json"; }
operations="write rewrite read reread random_write random_read"

run "$WANLAB" run run.yaml -o plain
is "$STATUS" 0 "two nodes, three repetitions of six operations"
diag "$ERR"
for op in $operations; do
    is "$(grep -c "^n[12],$op," plain/samples.csv)" 6 "$op: every repetition of both nodes is a sample"
done
is "$(awk -F, '$2 ~ /write|read/ && !($5 > 1e6 && $5 < 1e12)' plain/samples.csv)" "" "all rates are those of a memory"
jq -r 'select(.event == "barrier").name' plain/events.jsonl >barriers
is "$(sed '/^start$/,$d' barriers | xargs)" "syscall 0 page_fault 0 primitives 0" "single operations of the kernel are measured first"
is "$(sed -n '/^start$/,$p' barriers | head -4 | xargs)" "start write 1 rewrite 1 read 1" "all nodes do the same at the same time"
is "$(sed '1,/^start$/d' barriers | grep -c " ")" 18 "with a barrier before each operation"
is "$(awk -F, 'NR > 1 && ($2 == "syscall" || $2 == "page_fault") {n[$1 $2]++} END {for (i in n) print n[i]}' plain/samples.csv | xargs)" "1 1 1 1" \
    "and each node reports them"
is "$(awk -F, 'NR > 1 && !($3 >= 0 && $3 <= 1 && $2 > 0)' plain/host_cpu.csv)" "" "host_cpu.csv has shares"
is "$(of plain '.metrics.n1.host_cpu >= 0 and .metrics.n1.host_cpu <= 1')" true "of which the mean is a metric"
adapter_is_cheap() {
    "$WANLAB" run run.yaml -o "cheap$((++try))" --set workload.disk.repetitions=10 >/dev/null 2>&1 &&
        [ "$(jq '.metrics.n1.adapter < 0.01' "cheap$try/run.json")" = true ]
}
try=0
wait_for 20 adapter_is_cheap
ok $? "the adapter takes less than 1 %"

# --- the tool is held against what the kernel saw

# traced NAME CALLS PARAMETER=VALUE…: the adapter alone, under strace; what it reports is in NAME.out, and CALLS in NAME.trace
adapter=$(dirname "$WANLAB")/../share/wanlab/workloads/disk/disk
disk=${WANLAB_DISK:-/var/tmp}/fio-test.$$
mkdir "$disk"
trap 'rm -rf "$disk"; tap_exit' EXIT
traced() {
    local name=$1 calls=$2
    shift 2
    yes '{}' | head -100 | env WANLAB_DIR="$disk" WANLAB_SEED=1 WANLAB_PARAM_FILE=262144 WANLAB_PARAM_RECORD=65536 \
        WANLAB_PARAM_REPETITIONS=1 WANLAB_PARAM_CACHE=page WANLAB_PARAM_TOOL=fio WANLAB_PARAM_WHERE=scratch "$@" \
        strace -f -T -qq -e "trace=$calls" -e "raw=${RAW:-none}" -o "$name.trace" "$adapter" 3>"$name.out" 2>"$name.err"
}
# moved NAME CALL SIZE: how many such calls moved that many bytes, of a file's size and no library's
moved() { grep -acE "$2(\\(| resumed>).*\\) += $3 " "$1.trace"; }

traced page openat,pwrite64,pread64,unlink
is "$(moved page pwrite64 65536) $(moved page pread64 65536)" "12 12" "three times the file is written, and read"
is "$(grep -cw O_DIRECT page.trace)" 0 "through the page cache"
# fio's sum of latencies has to hold the calls' own time, and little more
calls=$(awk '/pread64.*, 65536, / { gsub(/[<>]/, "", $NF); if (n++ < 4) sum += $NF } END { print sum }' page.trace)
rate=$(jq -r 'select(.metric == "read").value' page.out)
awk -v calls="$calls" -v rate="$rate" 'BEGIN { s = 262144 / rate; exit !(s >= 0.5 * calls && s < calls + 0.02) }'
ok $? "a rate is bytes by the time of the calls: $calls s, $rate B/s"
is "$(grep -c 'unlink.*/file"' page.trace)" 2 "write writes a new file: the one before is removed, as is the last"

RAW=pread64 traced aligned pread64
is "$(grep -c 'pread64(.*000, 0x10000, ' aligned.trace)" 12 "fio's buffers begin with a page (GOTCHAS: copies)"

traced bypass openat,pwrite64,pread64 WANLAB_PARAM_CACHE=bypass
if dd if=/dev/zero of="$disk/file" bs=4096 count=1 oflag=direct 2>/dev/null; then
    is "$(grep -c '/file", .*O_DIRECT\b' bypass.trace)" 6 "to bypass the page cache every operation opens the file with O_DIRECT"
    is "$(moved bypass pwrite64 65536) $(moved bypass pread64 65536)" "12 12" "and moves all of it"
fi

traced dd openat,read,write WANLAB_PARAM_TOOL=dd WANLAB_PARAM_RECORD=512
is "$(grep -acE 'write(\(1,| resumed>).*\) += 512 ' dd.trace) $(jq -r 'select(.metric).metric' dd.out | xargs)" \
    "1024 write write_time read read_time adapter" "dd writes and reads the file in blocks of the record"
is "$(jq -s 'map({(.metric // ""): .value}) | add | (.write * .write_time + .read * .read_time) / 1024 | round' dd.out)" 512 \
    "rates and times of dd fit"

# --- what is refused, what fails

run "$WANLAB" run run.yaml -o none --set workload.disk.record=100KiB
like "$STATUS $ERR" "^2 .*expected a multiple of the record" "a file that is no multiple of the record is refused"
run "$WANLAB" run run.yaml -o none --set workload.disk.tool=dd --set workload.disk.file=900GiB --set workload.disk.record=1MiB
like "$STATUS $ERR" "^3 .*GiB|^3 .*MiB in all, but the machine has" "so is one that the machine has no room for, before the start"
if [ "$(id -u)" -eq 0 ]; then
    run "$WANLAB" run run.yaml -o none --set nodes.n.scratch=disk --set workload.disk.tool=dd \
        --set workload.disk.file=900GiB --set workload.disk.record=1MiB
    like "$STATUS $ERR" "^3 .*node 'n[12]': cannot reserve .* MiB in " "and one that the disk has no room for"
    run "$WANLAB" run run.yaml -o none --set nodes.n.scratch=folder --set workload.disk.tool=dd \
        --set workload.disk.file=900GiB --set workload.disk.record=1MiB
    like "$STATUS $ERR" "^3 .* MiB, and '.*' has room for .* MiB" "also as a folder on it"
fi
run "$WANLAB" run run.yaml -o none --set workload.disk.where=root
like "$STATUS $ERR" "^1 .*needs a node of kind container" "a process node has no lower layer to write to"
run "$WANLAB" run run.yaml -o memory --set workload.disk.cache=bypass
like "$STATUS $ERR" "^1 .*node 'n[12]'.*is in memory, where there is no page cache" "a folder in memory has no page cache to bypass"

"$WANLAB" run run.yaml -o killed --name fiokill --set workload.disk.repetitions=2000 >/dev/null 2>killed.err &
run_pid=$!
is_running() { grep -q '"write 2"' killed.partial/events.jsonl 2>/dev/null; }
wait_for 20 is_running
"$WANLAB" exec fiokill n2 -- pkill -KILL -x fio # there are no others in there
wait "$run_pid"
like "$? $(cat killed.err)" "^1 .*node 'n2'" "a tool that dies in the middle fails the run, by the node's name"
is "$(of killed .outcome)" failed "and the run says so"

run "$WANLAB" run run.yaml -o lost --set workload.disk.repetitions=200 --set events='[{at: 300ms, kill: n2}]'
like "$STATUS $ERR" "^1 .*node 'n2' has [0-9]+ of 200 repetitions" "a node that is killed and stays away is not averaged over"

nothing_left "nothing is left"
done_testing
