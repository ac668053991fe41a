#!/bin/bash
# SPDX-License-Identifier: MIT
# Live changes on engine netem, in User-Mode Linux, whose kernel has it: link-guest.sh runs inside and prints the test
# lines.
. "$(dirname "$0")/../lib/tap.sh"

command -v linux.uml >/dev/null || skip_all "no User-Mode Linux (package user-mode-linux)"
need_root
[ "${MODE:-}" != asan ] || skip_all "programs of User-Mode Linux have less address space than the sanitizers need"

export WANLAB
cd "$TOP" || exit 1
tests/vm/uml-run --mem 512M --timeout 400 --env WANLAB -- tests/vm/link-guest.sh
exit $?
