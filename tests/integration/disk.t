#!/bin/bash
# SPDX-License-Identifier: MIT
# Scratch folders on a disk of the host: real ones, of a size of their own, and gone with the lab
# however it ends. The disk is a file system of 400 MiB for this test alone.
[ -n "${DISK_TEST:-}" ] || DISK_TEST=1 exec unshare --mount "$0"
. "$(dirname "$0")/../lib/tap.sh"
need_root
mkdir "$WORK/disk"
truncate -s 400M "$WORK/image"
mkfs.ext4 -qF -m 0 "$WORK/image" && mount -o loop "$WORK/image" "$WORK/disk" ||
    skip_all "needs loop devices and mkfs.ext4 (Debian package: e2fsprogs)"
rm "$WORK/image"
trap 'umount -l "$WORK/disk"; tap_exit' EXIT
export WANLAB_DISK=$WORK/disk

used() { df --output=used -k "$WORK/disk" | tail -1; } # KiB
empty=$(used)
is_empty() { [ $(($(used) - empty)) -lt 100 ]; }

printf 'nodes: {a: {count: 2, scratch: disk}, m: {scratch: memory}}\n' >"$WORK/lab.yaml"
kinds=process
command -v crun >/dev/null && kinds="$kinds container"
command -v linux.uml >/dev/null && kinds="$kinds uml"
for kind in $kinds; do
    set_kind=(--set "nodes.a.kind=$kind")
    run "$WANLAB" up "$WORK/lab.yaml" --name one "${set_kind[@]}"
    is "$STATUS" 0 "$kind: a lab is up"
    diag "$ERR"
    [ $(($(used) - empty)) -ge $((2 * 64 << 10)) ]
    ok $? "$kind: the space of two scratch folders is reserved"
    run "$WANLAB" exec one a1 -- sh -c 'cd /run/wanlab/scratch
        dd if=/dev/urandom of=f bs=1M count=20 conv=fsync 2>/dev/null && stat -fc %T . && sha1sum <f'
    like "$OUT" "ext" "$kind: a node has one of them"
    sum=${OUT#*$'\n'}
    "$WANLAB" restart one a1
    run "$WANLAB" exec one a1 -- sh -c 'sha1sum </run/wanlab/scratch/f'
    is "$OUT" "$sum" "$kind: which it keeps when it is restarted"
    run "$WANLAB" exec one a2 -- sh -c 'cd /run/wanlab/scratch
        dd if=/dev/zero of=g bs=1M count=100 2>/dev/null; df -m . | tail -1'
    like "$OUT" " 100% " "$kind: it can be filled,"
    run "$WANLAB" exec one a1 -- sh -c 'echo x >/run/wanlab/scratch/x'
    is "$STATUS" 0 "$kind: and its neighbour's is not full"
    if [ $kind = process ]; then
        run "$WANLAB" exec one m -- stat -fc %T /run/wanlab/scratch
        is "$OUT" tmpfs "a node that asks for memory has that"
    fi
    "$WANLAB" down one
    wait_for 10 is_empty
    ok $? "$kind: with the lab its space is free again"
done

for victim in init lab; do
    "$WANLAB" up "$WORK/lab.yaml" --name one >/dev/null
    for pid in $(pid_of $victim); do kill -KILL "$pid"; done
    wait_for 10 is_empty
    ok $? "so it is after kill -9 of the lab's $victim"
done

run "$WANLAB" up "$WORK/lab.yaml" --set nodes.a.count=6
is "$STATUS" 3 "more than the disk has"
like "$ERR" "node 'a[56]': cannot reserve .* MiB in '$WANLAB_DISK' .*No space left" "is refused, by name"
wait_for 10 is_empty
ok $? "and leaves nothing"
WANLAB_DISK=/dev/shm run "$WANLAB" up "$WORK/lab.yaml"
is "$STATUS" 3 "a folder in memory"
like "$ERR" "'/dev/shm' is in memory.* set WANLAB_DISK to a folder on a disk" "is none on a disk"
WANLAB_DISK=$WORK/none run "$WANLAB" up "$WORK/lab.yaml"
like "$STATUS $ERR" "^3 .*'$WORK/none'.*No such file" "nor is a folder that is not there"

run "$WANLAB" check "$WORK/lab.yaml" --set nodes.a.scratch=tape
like "$STATUS $ERR" "^2 .*found 'tape' as scratch, expected memory, disk or folder" "what is neither is bad input"
run "$WANLAB" check "$WORK/lab.yaml" --set 'nodes.a.kind=docker' --set nodes.a.image=x
like "$STATUS $ERR" "^2 .*found scratch 'disk' for a node of kind docker" "docker has no disk"

nothing_left "nothing is left"
done_testing
