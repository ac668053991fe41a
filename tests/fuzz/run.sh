#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the fuzz targets one after the other, FUZZ_SECONDS (300) in all: the scenario's reader half of them, the
# others an equal part of the rest; or FUZZ_TARGETS alone. What is found is left in build/fuzz/found, to be kept as
# a seed in tests/fuzz/corpus/TARGET once it is mended. The inputs that the fuzzer itself came upon are kept in
# build/fuzz/corpus, so that the next run goes on from there.
set -u
TIMEFORMAT='%U %S' # processor time: all that counts beside other programs
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-300}
targets=${FUZZ_TARGETS:-scenario matrix distribution trace workload control frame netlink graphml containerlab}
count=$(wc -w <<<"$targets")
build=build/fuzz
failed=0
mkdir -p $build/found

for target in $targets; do
    share=$((seconds / count))
    if [ "$count" -gt 1 ] && [[ " $targets " == *" scenario "* ]]; then
        share=$((seconds / 2))
        [ "$target" = scenario ] || share=$((share / (count - 1)))
    fi
    mkdir -p $build/corpus/"$target"
    log=$build/$target.log
    # Time limits are by the clock: beside other programs a second's input once took 28.
    options=(-max_total_time=$((share > 0 ? share : 1)) -timeout=300 -rss_limit_mb=2048 -max_len=8192
        -artifact_prefix=$build/found/"$target"- -print_final_stats=1)
    [ -f tests/fuzz/"$target".dict ] && options+=(-dict=tests/fuzz/"$target".dict)
    if { time $build/tests/fuzz/fuzz_"$target" "${options[@]}" $build/corpus/"$target" tests/fuzz/corpus/"$target" \
        >"$log" 2>&1; } 2>"$build/$target.cpu"; then
        awk -v target="$target" -v seconds="$(cat "$build/$target.cpu")" '
            /cov: /{for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1)}
            /stat::number_of_executed_units/{runs = $2}
            END {split(seconds, cpu); printf "%-12s %7.1f s  %9d inputs  %6d edges  no finding\n", target, cpu[1] + cpu[2], runs, cov}' "$log"
    else
        failed=1
        echo "$target: a finding; see $log"
        grep -aE 'ERROR|SUMMARY|runtime error|Test unit written' "$log"
    fi
done
exit $failed
