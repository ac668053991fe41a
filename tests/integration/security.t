#!/bin/bash
# SPDX-License-Identifier: MIT
# What a node may do to the host, to its neighbour and to the lab, tried from inside; who may talk to a lab; and what
# a hostile scenario file gets.
#
#   p (process) ---- q (process) ---- c (container over the host's root)
. "$(dirname "$0")/../lib/tap.sh"
need_root

cat >"$WORK/lab.yaml" <<Y
nodes:
  p: {$LIMITS}
  q:
  c: {$CONTAINER}
links:
  - {ends: [p, q]}
  - {ends: [q, c]}
Y
run "$WANLAB" up "$WORK/lab.yaml" --name s
is "$STATUS" 0 "a lab is up"
diag "$OUT$ERR"
in_node() { # NODE SHELL-COMMAND
    run "$WANLAB" exec s "$1" -- sh -c "$2"
}
refused() { # NODE SHELL-COMMAND NAME: the command fails
    in_node "$1" "$2"
    [ "$STATUS" != 0 ]
    ok $? "$1: $3"
    [ "$STATUS" != 0 ] || diag "$OUT$ERR"
}

# --- what the host has and nodes must not meet

sleep 1000 &
host_process=$!
echo "of the host" >/run/wanlab-test.$$
echo "of the host" >"/var/tmp/wanlab-test.$$"
echo "of the host" >"/dev/shm/wanlab-test.$$"
perl -MIO::Socket::UNIX -e '
    $s = IO::Socket::UNIX->new(Local => "\0wanlab-test", Listen => 1) or die; print "ready\n"; close STDOUT; sleep 1000' \
    >"$WORK/abstract" &
abstract=$!
wait_for 5 grep -q ready "$WORK/abstract"
reach="perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => qq(\\0wanlab-test))'"
sh -c "$reach"
ok $? "the host has a socket in the abstract name space"
"$WANLAB" exec s q -- sleep 1001 &
neighbour=$!
"$WANLAB" exec s q -- sh -c 'echo "of q" | tee /tmp/q /run/q /var/q /run/wanlab/scratch/q >/dev/null'

bounded="cap_audit_write cap_chown cap_dac_override cap_fowner cap_fsetid cap_kill cap_net_admin cap_net_bind_service \
cap_net_raw cap_setfcap cap_setgid cap_setpcap cap_setuid cap_sys_chroot"
names() { capsh --decode="$1" | sed 's/.*=//' | tr ',' '\n' | sort | xargs; }

for n in p c; do
    in_node $n 'cat /proc/self/status'
    for set in CapPrm CapEff CapBnd; do
        is "$(names "$(awk -v s=$set: '$1 == s {print $2}' <<<"$OUT")")" "$bounded" "$n: $set is what the README lists"
    done
    like "$OUT" "CapAmb:	0000000000000000" "$n: no ambient capability"
    like "$OUT" "NoNewPrivs:	1" "$n: no_new_privs"

    in_node $n 'cut -d: -f1 /proc/net/dev | sed 1,2d | xargs -n1 | sort | xargs'
    like "$OUT" "^eth0 (eth1 )?lo$" "$n: no interface but its own"
    refused $n "$reach" "the host's abstract sockets are out of reach"

    in_node $n "ps -e -o args="
    [[ $OUT != *"sleep 100"* && $(wc -l <<<"$OUT") -lt 8 ]]
    ok $? "$n: no process of the host or of a neighbour"
    refused $n "kill -0 $host_process" "the host's processes cannot be signalled"
    refused $n "ls /proc/$host_process/root" "nor looked into"

    in_node $n "ls /run/wanlab-test.$$ /var/tmp/wanlab-test.$$ /dev/shm/wanlab-test.$$ '$WORK' /tmp/q /run/q /run/wanlab/scratch/q \
        '$WANLAB_RUNTIME' 2>/dev/null"
    case $n in # a container's /var is an overlay of the host's
    p) is "$OUT" "" "$n: /tmp, /run, /var and /dev are its own" ;;
    c) is "$OUT" "/var/tmp/wanlab-test.$$" "$n: /tmp, /run and /dev are its own" ;;
    esac
    in_node $n 'for f in /dev/* /dev/*/*; do [ -h $f ] && continue; [ -b $f ] && echo disk; [ -c $f ] && basename $f; done | sort | xargs'
    like "$OUT" "^full null ptmx random tty (tun )?urandom zero$" "$n: devices that every program may expect"

    in_node $n 'for f in /etc/shadow /etc/shadow- /etc/gshadow /etc/ssh/ssh_host_*_key; do
        [ -e $f ] && grep -hvE "^[^:]*:\*:|^$" $f; done; find /etc/ssl/private /root/.ssh /root/.gnupg -mindepth 1'
    is "$OUT" "" "$n: no password and no private key of the host"
    in_node $n 'su nobody -s /bin/sh -c "id -un"'
    is "$OUT" nobody "$n: su works nevertheless"

    refused $n 'date -s 2000-01-01' "the clock cannot be set"
    refused $n 'mknod /tmp/x c 1 1' "no device can be made"
    refused $n 'mount -t tmpfs x /mnt' "nothing can be mounted"
    refused $n 'umount -l /tmp' "nor unmounted"
    refused $n 'echo s >/proc/sysrq-trigger' "no SysRq"
    refused $n 'echo x >/proc/sys/kernel/core_pattern' "no core_pattern"
    refused $n 'echo 1 >/proc/sys/vm/drop_caches' "no sysctl of the machine's"
    refused $n 'test -s /proc/kcore || head -c 1 /proc/kcore | grep -q .' "no kernel memory"
    refused $n 'dmesg || head -c 1 /proc/kmsg' "no kernel log"
    refused $n 'find /sys -writable -type f -exec sh -c "echo 0 >\$1" sh {} \; -quit; test -w /sys/kernel' "/sys is read-only"
    refused $n 'unshare --user --map-root-user --mount sh -c "umount /tmp || umount /proc/sys || umount /etc/shadow ||
        mount -o remount,rw / && touch /etc/x || mount --bind / /mnt"' "a user namespace of its own uncovers nothing"
    refused $n 'nsenter --net=/proc/1/ns/net true && nsenter -t 1 -m true' "the mounts of others cannot be entered"
    for call in "reboot" "init_module" "iopl:3" "swapoff" "settimeofday" "kexec_load" "acct" "open_by_handle_at" "bpf" \
        "perf_event_open"; do
        number=$(printf '#include <sys/syscall.h>\nSYS_%s\n' "${call%:*}" | cpp -P 2>/dev/null | tail -n 1)
        [[ $number =~ ^[0-9]+$ ]] || continue
        refused $n "perl -e 'exit(syscall($number, ${call#*:} + 0, 0, 0, 0, 0) == 0 ? 0 : 1)'" "no ${call%:*}()"
    done
done

in_node p 'touch /etc/x /usr/x /root/x /home/x /opt/x 2>/dev/null; ls /etc/x /usr/x /root/x /home/x /opt/x 2>/dev/null'
is "$OUT" "" "p: the host's root is read-only"
in_node c 'touch /etc/x && ls /etc/x'
is "$OUT$(ls /etc/x 2>/dev/null)" "/etc/x" "c: what it writes is its own"
in_node q 'ls /proc | grep -c "^[0-9]"'
ok $((OUT > 8)) "q: sees only its own processes"

# --- limits

in_node p 'i=0; while [ $i -lt 200 ]; do sleep 5 & i=$((i + 1)); done 2>/dev/null; ls -d /proc/[0-9]* | wc -l'
in_node q 'true'
is "$STATUS" 0 "a fork bomb stays in its node"
run "$WANLAB" exec s p -- sh -c 'i=0; while [ $i -lt 200 ]; do sleep 5 & i=$((i + 1)); done'
like "$ERR" "fork" "and in its limit"
sleep 5
in_node p 'perl -e "\$x = q(x) x 200_000_000; print length \$x"'
[ "$STATUS" != 0 ]
ok $? "a program that takes more memory than its node may is ended"

# --- who may talk to a lab

is "$(stat -c %a "$WANLAB_RUNTIME/s")" 700 "the lab's folder is its owner's"
is "$(stat -c %a "$WANLAB_RUNTIME/s/control")" 600 "so is its socket"
ask='
use IO::Socket::UNIX; $SIG{PIPE} = "IGNORE"; $SIG{ALRM} = sub { print "silence"; exit };
$s = IO::Socket::UNIX->new(Peer => shift) or do { print "no way: $!"; exit };
print $s qq({"id":1,"do":"status"}\n); $s->flush; alarm 5; $l = <$s>; print defined $l ? substr $l, 0, 16 : "closed"'
is "$(perl -e "$ask" "$WANLAB_RUNTIME/s/control")" '{"id":1,"status"' "its owner is answered"
as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
chmod 755 "$WORK" "$WANLAB_RUNTIME"
is "$(as_nobody perl -e "$ask" "$WANLAB_RUNTIME/s/control")" "no way: Permission denied" "another user does not reach it"
chmod 755 "$WANLAB_RUNTIME/s" && chmod 666 "$WANLAB_RUNTIME/s/control"
is "$(as_nobody perl -e "$ask" "$WANLAB_RUNTIME/s/control")" "closed" "and is not answered where the modes would let it"
run as_nobody env WANLAB_RUNTIME="$WANLAB_RUNTIME" "$WANLAB" down s
is "$STATUS" 3 "nor does its wanlab use another user's labs"
for name in ../s /etc 's/..' $'s\n' 's;true' ''; do
    run "$WANLAB" down "$name"
    is "$STATUS" 2 "'$name' is no lab's name"
    run "$WANLAB" up "$WORK/lab.yaml" --name "$name"
    is "$STATUS" 2 "nor can it become one"
done
run "$WANLAB" cp s "$WORK/lab.yaml" p:/etc/x
[ "$STATUS" != 0 ] && [ ! -e /etc/x ]
ok $? "cp writes with the node's rights"

kill $host_process $abstract
rm -f /run/wanlab-test.$$ /var/tmp/wanlab-test.$$ /dev/shm/wanlab-test.$$
"$WANLAB" down s
wait $neighbour
nothing_left "nothing is left"

# --- hostile files

hostile() { # NAME PLACE-AND-TEXT: standard input is the file
    cat >"$WORK/hostile.yaml"
    run timeout 10 "$WANLAB" check "$WORK/hostile.yaml"
    is "$STATUS" 2 "$1: refused"
    like "$ERR" "hostile.yaml:$2" "$1: at its place"
}
for name in ../x /etc a/b 'a;reboot' '$(reboot)' '`id`' 'a b' 'a|b' 'A' '-rf' 'a\nb' 'a\0b' '*' '~' "$(printf 'a%.0s' {1..40})"; do
    hostile "a node called $name" "1:9: " <<<"nodes: {\"$name\": }"
    hostile "a network called $name" "2:12: " <<<"nodes: {a: }
networks: {\"$name\": {members: [a]}}"
    hostile "a scenario called $name" "2:7: " <<<"nodes: {a: }
name: \"$name\""
done
hostile "an image's name with a path" "1:37: " <<<"nodes: {a: {kind: container, image: ../../x}}"
hostile "an image's name with an option" "1:34: " <<<"nodes: {a: {kind: docker, image: --privileged}}"
hostile "a congestion control with a path" "2:19: " <<<"nodes: {a: }
tcp: {congestion: ../x}"
hostile "a billion nodes" "1:20: " <<<"nodes: {a: {count: 1000000000}}"
hostile "a number past all bounds" "1:20: " <<<"nodes: {a: {count: 99999999999999999999999}}"
hostile "a negative number" "1:20: " <<<"nodes: {a: {count: -1}}"
hostile "too many nodes in all" "1:[0-9]+: too many nodes" <<<"nodes: {$(printf 'a%d: {count: 9000}, ' 1 2)}"
hostile "members without end" "3:[0-9]+: too many members" <<<"nodes: {a: {count: 9000}}
networks:
  {$(printf 'n%d: {members: [a]}, ' {1..100})}"
hostile "a bomb of aliases" "1:12: found an anchor" <<<'nodes: {a: &a [x, x], b: &b [*a, *a], c: &c [*b, *b]}'
hostile "brackets without end" "1:39: nested too deeply" < <(printf 'nodes: '; printf '[%.0s' {1..100000})
hostile "maps without end" "[0-9:]* nested too deeply" < <(for i in {0..200}; do printf "%${i}s a:\n"; done)
hostile "values without end" "1:[0-9]+: too large" < <(printf 'nodes: {'; printf 'a%d: ,' {1..300000}; echo '}')
hostile "a NUL" "2:3: found a NUL" < <(printf 'nodes: {a: }\n# \0\n')
hostile "no UTF-8" "1:9: " < <(printf 'nodes: {\xff\xfe: }\n')
hostile "a tag" "1:12: found a tag" <<<'nodes: {a: !!python/object:os.system {}}'
hostile "a file without end" "1:1: .*larger than" < <(head -c 20000000 /dev/zero | tr '\0' '#')
hostile "a matrix that is a device" "2:29: " <<<"nodes: {a: {region: x}}
wan: {members: [a], matrix: /dev/zero}"
mkfifo "$WORK/fifo"
hostile "a matrix that is a pipe" "2:29: " <<<"nodes: {a: {region: x}}
wan: {members: [a], matrix: fifo}"
done_testing
