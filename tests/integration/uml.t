#!/bin/bash
# SPDX-License-Identifier: MIT
# Nodes of kind uml.
. "$(dirname "$0")/../lib/tap.sh"
command -v linux.uml >/dev/null || skip_all "needs linux.uml (Debian package: user-mode-linux)"
NODE_KEYS=
KIND=uml MEMORY=160 PROGRAM=linux.uml PACKAGE=user-mode-linux NAME_OPTION=umid=
kind_checks() {
    node u1 sh -c 'mount -t hostfs none /mnt -o / && touch /mnt/etc/wanlab-test /mnt/root/wanlab-test'
    [ "$STATUS" != 0 ] && [ ! -e /etc/wanlab-test ] && [ ! -e /root/wanlab-test ]
    ok $? "not even through a hostfs of its own"
    pss=$("$WANLAB" status one --json | jq '.nodes[0].memory_pss_bytes')
    [ "$pss" -gt 20000000 ] && [ "$pss" -lt 100000000 ]
    ok $? "of its memory it takes, idle, about a half: $pss bytes"
    timeout 3 strace -q -e trace=none -e signal=ALRM -o "$WORK/signals" -p "$(machine_of u1)"
    [ "$(grep -c 'si_code=SI_USER' "$WORK/signals")" -gt 5 ]
    ok $? "it is made to look at its clock, whose interrupts it can lose"
    is "$(cat /proc/"$(machine_of u1)"/task/*/status | sed -n 's/^Cpus_allowed_list:\t//p' | grep -c '[^0-9]')" 0 \
        "it keeps to one processor"
    node u1 dmesg
    [[ $OUT != *"raid6: using"* ]]
    ok $? "its boot has not measured RAID 6"
    [ "$(id -u)" = 0 ] && return
    printf 'nodes: {u: {kind: uml, memory: %sMiB}}\n' "$MEMORY" >"$WORK/own.yaml"
    run env -u WANLAB_CACHE_ROOT -u XDG_CACHE_HOME HOME="$WORK/home" "$WANLAB" up "$WORK/own.yaml" --name own
    is "$STATUS $(ls -A "$WORK/home/.cache/wanlab/initramfs" | wc -l)" "0 2" "who is not root has it from a cache of his own"
    diag "$ERR"
    run "$WANLAB" down own
}
. "$(dirname "$0")/../lib/machine.sh"
