#!/bin/bash
# SPDX-License-Identifier: MIT
# Nodes of kind qemu. Where KVM is half there, trying it can hang the whole machine, and only whoever runs the tests can
# know: WANLAB_TEST_ACCELERATOR=tcg leaves it alone.
. "$(dirname "$0")/../lib/tap.sh"
need_root
command -v qemu-system-x86_64 >/dev/null || skip_all "needs qemu-system-x86_64 (Debian package: qemu-system-x86)"
ACCELERATOR=${WANLAB_TEST_ACCELERATOR:-auto}
NODE_KEYS=", accelerator: $ACCELERATOR"
KIND=qemu MEMORY=192 PROGRAM=qemu-system-x86_64 PACKAGE=qemu-system-x86 NAME_OPTION="-name "
kind_checks() {
    node u1 sh -c 'touch /host/x /run/wanlab/lab/x'
    [ "$STATUS" != 0 ]
    ok $? "the host's files have no way to be written"
    run "$WANLAB" status one --json
    accelerator=$(jq -r '.nodes[0].accelerator' <<<"$OUT")
    like "$accelerator" '^(kvm|tcg)$' "status says what its processor is"
    run timeout 100 "$WANLAB" up "$WORK/lab.yaml" --name two --set nodes.u.accelerator=tcg --set nodes.u.count=1
    is "$STATUS/$ERR" "0/" "emulated processors that were asked for are no reason for a warning"
    "$WANLAB" down two
    if [ "$ACCELERATOR $accelerator" = "auto tcg" ]; then
        run timeout 100 "$WANLAB" up "$WORK/lab.yaml" --name two --set nodes.u.accelerator=kvm
        is "$STATUS" 3 "KVM that was asked for and does not work: exit 3"
        like "$ERR" "u1.*accelerator is kvm, which does not work here" "with the reason"
    fi
    node u2 sh -c 'echo c >/proc/sysrq-trigger'
    wait_for 10 is_state u2 dead
    ok $? "a machine whose kernel panics is dead"
    like "$(cat "$WANLAB_RUNTIME/one/log")" "u2.*kernel panicked" "the log says why"
    run timeout 60 "$WANLAB" restart one u2
    is "$STATUS" 0 "and it can be restarted"
    for pid in $(lab_processes); do
        tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q virtiofsd && kill -9 "$pid"
    done
    wait_for 10 is_state u1 dead
    ok $? "a machine that has lost a helper is dead"
    like "$(cat "$WANLAB_RUNTIME/one/log")" "u1.*a helper of its machine ended" "the log says why"
    wait_for 10 is_state u2 dead
    run timeout 60 "$WANLAB" restart one u
    is "$STATUS" 0 "and it, too, can be restarted"
}
. "$(dirname "$0")/../lib/machine.sh"
