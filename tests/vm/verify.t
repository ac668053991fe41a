#!/bin/bash
# SPDX-License-Identifier: MIT
# wanlab verify on engine netem, in User-Mode Linux: verify-guest.sh runs inside and prints the test lines.
. "$(dirname "$0")/../lib/tap.sh"

command -v linux.uml >/dev/null || skip_all "no User-Mode Linux (package user-mode-linux)"
need_root
[ "${MODE:-}" != asan ] || skip_all "programs of User-Mode Linux have less address space than the sanitizers need"

export WANLAB
cd "$TOP" || exit 1
tests/vm/uml-run --mem 512M --timeout 500 --env WANLAB -- tests/vm/verify-guest.sh
exit $?
