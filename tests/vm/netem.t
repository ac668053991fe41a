#!/bin/bash
# SPDX-License-Identifier: MIT
# The netem engine for real, in User-Mode Linux, whose kernel has it: netem-guest.sh runs inside
# and prints the test lines. The database template is made here, where that takes a second and not ten.
. "$(dirname "$0")/../lib/tap.sh"

command -v linux.uml >/dev/null || skip_all "no User-Mode Linux (package user-mode-linux)"
need_root
[ "${MODE:-}" != asan ] || skip_all "programs of User-Mode Linux have less address space than the sanitizers need"

export WANLAB_CACHE_ROOT=$TOP/build/vm-cache
mkdir -p "$WANLAB_CACHE_ROOT/replicate"
WANLAB_CACHE=$WANLAB_CACHE_ROOT/replicate "$TOP/workloads/replicate/prepare" 2>"$WORK/prepare" ||
    skip_all "$(cat "$WORK/prepare")"

export WANLAB
cd "$TOP" || exit 1
tests/vm/uml-run --mem 1G --timeout 400 --env WANLAB --env WANLAB_CACHE_ROOT -- tests/vm/netem-guest.sh
exit $?
