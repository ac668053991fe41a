#!/bin/bash
# SPDX-License-Identifier: MIT
# The rules that a machine can hold: which layer may include which, one format, no file and no function too long,
# and clang-tidy's findings. Arguments: the C files.
set -u
cd "$(dirname "$0")/.."
failed=0

complain() {
    echo "lint: $1" >&2
    failed=1
}

# may LAYER ALLOWED…: files of the layer include only headers of these (and of their own).
may() {
    local layer=$1 allowed="$1" name
    shift
    for name in "$@"; do allowed="$allowed|$name"; done
    while IFS= read -r line; do
        complain "$line: emulator/$layer may not include that"
    done < <(grep -nE '^#include "' emulator/"$layer"/*.[ch] emulator/"$layer"/*/*.[ch] 2>/dev/null |
        grep -vE "#include \"(($allowed)[/.]|command\.h)")
}
may base
may topology base
may import base topology
may net base
may wire base topology net
may agent base net/offload net/tcp
may node agent base topology net wire
may report base
may lab agent base topology net wire node
may experiment agent base topology lab report wire
may cmd base topology import wire lab experiment report
grep -nE '^#include "' workloads/*/*.[ch] | grep -E '"(topology|import|net|wire|node|lab|experiment|report|cmd)/' &&
    complain "a workload may include base/ only"
grep -nE '\b(system|popen|uv_spawn)\(' emulator -r --include='*.c' &&
    complain "no shell and no uv_spawn in the emulator"
grep -nE 'log_error\(' emulator -r --include='*.c' |
    grep -vE '^emulator/(cmd|main\.c|lab/supervisor\.c|base/log)' &&
    complain "only commands print errors; other layers return them"

for file in "$@"; do
    [ "$(wc -l <"$file")" -le 800 ] || complain "$file has more than 800 lines"
done

clang-format --dry-run -Werror "$@" || complain "run 'make format'"

flags="-std=gnu11 -D_GNU_SOURCE -Iemulator -Iworkloads $(pkg-config --cflags libuv libnl-3.0 jansson libxml-2.0) $(mariadb_config --cflags)"
printf '%s\n' "$@" | grep '\.c$' | grep -v '^tests/bench/' |
    xargs -P "$(nproc)" -n 8 sh -c "clang-tidy --quiet \"\$@\" -- $flags 2>/dev/null" tidy ||
    complain "clang-tidy found something"

exit $failed
