#!/bin/bash
# SPDX-License-Identifier: MIT
# A lab's life: up, ls, status, exec, down; two at once; what its nodes may see and do.
#
#   a1 ---- a2      lan0: a1, a2, b
. "$(dirname "$0")/../lib/tap.sh"

cat >"$WORK/lab.yaml" <<'Y'
nodes:
  a: {count: 2}
  b: {}
links:
  - {ends: [a1, a2]}
networks:
  lan0: {members: [a, b]}
Y

run "$WANLAB" up "$WORK/lab.yaml" --name one
is "$STATUS" 0 "a lab comes up"
diag "$OUT$ERR"
run "$WANLAB" up "$WORK/lab.yaml" --name two
is "$STATUS" 0 "a second one of the same file beside it"
run "$WANLAB" ls
is "$OUT" "one
two" "ls lists both"
run "$WANLAB" up "$WORK/lab.yaml" --name one
is "$STATUS" 1 "a third of a taken name is refused"
like "$ERR" "already running" "and says why"

run "$WANLAB" exec one a1 -- ping -c 1 -W 2 a2
is "$STATUS" 0 "over the link, by name"
run "$WANLAB" exec one a1 -- ping -4 -c 1 -W 2 10.128.0.3
is "$STATUS" 0 "over the bridge"
run "$WANLAB" exec one b -- ping -4 -c 1 -W 2 a1
is "$STATUS" 0 "a name means the address that the node can reach: a1's on the bridge for b"
like "$("$WANLAB" exec one b -- cat /run/wanlab/lab/peers.json)" '"a1","index":0,"region":null,"addresses":\["10.128' \
    "so it does in the peers file"
run "$WANLAB" exec one b -- ping -4 -c 1 -W 2 10.64.0.1
is "$STATUS" 2 "b has no way to a1's link address"
run "$WANLAB" exec one a1 -- sh -c 'exit 42'
is "$STATUS" 42 "the exit status passes through"
run "$WANLAB" exec one a1 -- sh -c 'kill -9 $$'
is "$STATUS" 137 "so does a signal"
is "$(echo input | "$WANLAB" exec one a1 -- cat)" input "so does standard input"
run "$WANLAB" exec one a1 -- hostname
is "$OUT" a1 "a node has its name"
run "$WANLAB" exec one nobody -- true
is "$STATUS" 2 "an unknown node: exit 2"
run "$WANLAB" exec nolab a1 -- true
is "$STATUS" 2 "an unknown lab: exit 2"
run "$WANLAB" exec one a1 -- /no/such/command
is "$STATUS" 1 "a command that is not there: exit 1"
like "$ERR" "a1.*/no/such/command.*No such file" "with node, command and reason"

"$WANLAB" exec one a1 -- sleep 60 &
exec_pid=$!
wait_for 5 sh -c "'$WANLAB' exec one a1 -- pgrep -x sleep >/dev/null"
kill -TERM $exec_pid
wait $exec_pid
is $? 143 "a signal to exec reaches the command"
"$WANLAB" exec one a1 -- sleep 60 &
exec_pid=$!
wait_for 5 sh -c "'$WANLAB' exec one a1 -- pgrep -x sleep >/dev/null"
kill -KILL $exec_pid
wait $exec_pid 2>/dev/null
wait_for 5 sh -c "! '$WANLAB' exec one a1 -- pgrep -x sleep >/dev/null"
ok $? "a killed exec takes its command along"

run "$WANLAB" exec one a1 -- ls /sys/class/net
is "$OUT" "eth0
eth1
lo" "a node's /sys shows its own interfaces"
run "$WANLAB" exec one a1 -- sh -c 'ls /dev | tr "\n" " "; test -c /dev/null && echo x >/dev/null && tty </dev/tty; find /dev -type b'
is "$OUT" "fd full net null ptmx pts random shm stderr stdin stdout tty urandom zero " \
    "its /dev has the common devices and no disk of the host"
run "$WANLAB" exec one a1 -- sh -c 'mknod /tmp/disk b 254 0; mknod /dev/disk b 254 0; head -c 1 /tmp/disk; head -c 1 /dev/disk'
ok $((STATUS == 0)) "and cannot reach one by a device of its own"
like "$ERR" "Operation not permitted" "since it may make none"
run "$WANLAB" exec one a1 -- sh -c 'ip -o link | wc -l'
is "$OUT" 3 "a node has lo and its two interfaces, none of the host's"
run "$WANLAB" exec one a1 -- sh -c 'echo x > /etc/wanlab-test'
like "$ERR" "Read-only" "the host's files are read-only in a node"
run "$WANLAB" exec one a1 -- sh -c 'echo x > /tmp/x && echo y > /var/lib/y && echo z > /run/z'
is "$STATUS" 0 "its own /tmp, /var and /run are not"
run "$WANLAB" exec one a2 -- ls /tmp
is "$OUT" "" "and private"
"$WANLAB" exec one a1 -- sh -c 'echo 10.0.0.99 a2 >> /etc/hosts' 2>/dev/null
run "$WANLAB" exec one b -- grep -c 10.0.0.99 /etc/hosts
is "$OUT" 0 "nor can one node change what another one knows of names"
run "$WANLAB" exec one a1 -- sh -c 'dd if=/dev/zero of=/run/wanlab/scratch/x bs=1M count=100 2>/dev/null; df -m /run/wanlab/scratch | tail -1'
like "$OUT" " 64 +64 +0 " "a node's scratch folder has its size,"
run "$WANLAB" exec one a2 -- sh -c 'echo y > /run/wanlab/scratch/y'
is "$STATUS" 0 "and does not fill its neighbour's"
run "$WANLAB" exec one a1 -- mount -t tmpfs none /mnt
ok $((STATUS == 0)) "a node may not mount"
run "$WANLAB" exec one a1 -- sh -c 'echo 1 > /proc/sys/kernel/sysrq'
ok $((STATUS == 0)) "a node may not change the host's settings"
run "$WANLAB" exec one a1 -- sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
is "$STATUS" 0 "its own network's settings it may"
run "$WANLAB" exec one a1 -- sh -c 'ip route | grep -c "congctl cubic"'
is "$OUT" 2 "every route has the lab's congestion control"
is "$(stat -c %a "$WANLAB_RUNTIME/one/control")" 600 "the control socket is the owner's alone"

run "$WANLAB" exec one a1 -- sh -c 'cat /sys/class/net/eth*/statistics/tx_packets' 
run "$WANLAB" status one --json
like "$OUT" '"state": "running"' "status as JSON"
run "$WANLAB" status one
like "$OUT" 'a2 +process' "status for people"
is "$("$WANLAB" ls one | tr '\n' ' ')" "a1 a2 b " "ls lists a lab's nodes"
is "$("$WANLAB" ls --json | jq -c .)$("$WANLAB" ls one --json | jq -c .)" '["one","two"]["a1","a2","b"]' "and both as JSON"

before=$(lab_processes | wc -l)
"$WANLAB" down one
is $? 0 "a lab goes down"
after=$(lab_processes | wc -l)
is "$after" $((before / 2)) "and all of its processes are gone when down returns"
run "$WANLAB" ls
is "$OUT" "two" "the other one stays"
run "$WANLAB" exec two a1 -- ping -c 1 -W 2 a2
is "$STATUS" 0 "and works"
run "$WANLAB" down one
is "$STATUS" 2 "down of what is gone: exit 2"
"$WANLAB" down two
# Closed and foreign descriptors.
exec 9>"$WORK/foreign-lock"
flock 9
"$WANLAB" up "$WORK/lab.yaml" --name fds >/dev/null <&-
exec 9>&-
run "$WANLAB" ls
is "$OUT" fds "a lab that was started without standard input has its lock"
flock -n "$WORK/foreign-lock" true
ok $? "and keeps no lock of the launcher's"
run sh -c "'$WANLAB' exec fds a1 -- sh -c 'ls -l /proc/self/fd' <&-"
[[ $OUT != *socket* ]]
ok $? "a program in a node gets no descriptor of the control socket"
run "$WANLAB" exec fds a1 -- echo $'\xff'
is "$STATUS" 2 "an argument that is no UTF-8 is refused, not left out"

# A supervisor that does not answer.
kill -STOP "$(pid_of lab)"
run "$WANLAB" down fds
is "$STATUS" 0 "down ends also a lab whose supervisor hangs"
nothing_left "nothing is left"

# A process of the lab that does not end: a child of somebody outside, who does not look at its end.
"$WANLAB" up "$WORK/lab.yaml" --name stuck >/dev/null
users=()
[ "$(id -u)" = 0 ] || users=(--user --preserve-credentials)
nsenter -t "$(pid_of init)" "${users[@]}" --pid sh -c "echo >'$WORK/inside'; exec sleep 100" &
foreign=$!
wait_for 20 test -e "$WORK/inside"
kill -STOP $foreign
run "$WANLAB" down stuck --timeout 300ms
is "$STATUS $ERR" "1 wanlab: lab 'stuck': the lab's processes have not all ended after 300 ms: the kernel goes on ending them" \
    "down says so when it has not seen the end"
kill -CONT $foreign
wait $foreign 2>/dev/null
nothing_left "nothing is left when it has come"
run "$WANLAB" down stuck --timeout 3
is "$STATUS" 2 "a time without a unit is refused"

# The folder of the labs is not for nodes, wherever it is.
visible=$(mktemp -d "$HOME/wanlab-test.XXXXXX")
export WANLAB_RUNTIME=$visible/run
"$WANLAB" up "$WORK/lab.yaml" --name hidden >/dev/null
run "$WANLAB" exec hidden a1 -- ls -d "$visible"
is "$OUT" "$visible" "a node sees the folder that has the labs' folder"
run "$WANLAB" exec hidden a1 -- ls -A "$WANLAB_RUNTIME"
is "$OUT" "" "a node does not see the labs' folder"
"$WANLAB" down hidden
rm -r "$visible"

# A lab of 80 nodes: 6,320 wires make a large answer.
export WANLAB_RUNTIME=$WORK/run
cat >"$WORK/large.yaml" <<'Y'
nodes: {n: {count: 80}}
wan: {members: [n], delay: 5ms}
Y
run "$WANLAB" up "$WORK/large.yaml" --name large --json
is "$(jq -c '[.lab, .nodes, .took_s > 0]' <<<"$OUT")" '["large",80,true]' "up as JSON"
run "$WANLAB" status large --json
is "$(grep -c '"delay_s"' <<<"$OUT")" 6320 "the status of a large lab is whole"
"$WANLAB" exec large n7 -- ping -c 1 -W 2 n40 >/dev/null
run "$WANLAB" status large
like "$OUT" 'n7->n40 +5ms +0% +- +1 +118 +0 +0
.*n40->n7 +5ms +0% +- +1 +118 .*and 6260 more' "for people it is the wires that carried most, with what passed"
"$WANLAB" down large
nothing_left "nothing is left of it"

done_testing
