#!/bin/bash
# SPDX-License-Identifier: MIT
# Terminals in nodes, of both kinds that share this kernel: as a person has them (`script` is the
# person's terminal), with keys, sizes, hang-ups, and as a pipe has them.
. "$(dirname "$0")/../lib/tap.sh"
command -v script >/dev/null || skip_all "needs script"

# person SIZE COMMAND: runs the shell command line in a terminal of ROWSxCOLUMNS, typing what comes
# on standard input; its screen is $WORK/screen, without carriage returns.
person() {
    local size=$1
    shift
    script -qefc "stty rows ${size%x*} cols ${size#*x}; $*" /dev/null >"$WORK/screen.raw" 2>&1
    local status=$?
    tr -d '\r' <"$WORK/screen.raw" >"$WORK/screen"
    return $status
}
# type_when TEXT KEYS: waits until the screen shows TEXT (a regular expression)
type_when() {
    wait_for 5 grep -qsaE "$1" "$WORK/screen.raw"
    printf '%b' "$2"
}

mkfifo "$WORK/quiet" # a person who types nothing, and does not go away either
exec 7<>"$WORK/quiet"

for kind in $KINDS; do
if [ $kind = container ] && ! command -v crun >/dev/null; then
    diag "no crun: no containers"
    continue
fi
printf 'nodes: {a: {kind: %s}, b: {}}\nlinks: [{ends: [a, b]}]\n' $kind >"$WORK/lab.yaml"
"$WANLAB" up "$WORK/lab.yaml" --name one >/dev/null
fds=$(ls "/proc/$(pid_of lab)/fd" | wc -l)

person 37x111 "$WANLAB shell one a -- sh -c 'tty; stty size; exit 42'" <&7
is $? 42 "$kind: the exit status passes through"
is "$(cat "$WORK/screen")" "/dev/pts/0
37 111" "$kind: a terminal of the node's own, of the person's size"
person 24x80 "$WANLAB shell one a -- sh -c 'kill -9 \$\$'" <&7
is $? 137 "$kind: so does a signal"
person 24x80 "before=\$(stty -g); $WANLAB shell one a -- true; [ \"\$before\" = \"\$(stty -g)\" ] && echo restored" <&7
like "$(cat "$WORK/screen")" restored "$kind: afterwards the person's terminal is what it was"
person 24x80 "before=\$(stty -g); $WANLAB shell one a -- sleep 60 & sleep 0.4; kill -TERM \$!; wait \$!; echo status \$?; [ \"\$before\" = \"\$(stty -g)\" ] && echo restored" <&7
like "$(cat "$WORK/screen")" "status 143.*restored" "$kind: also when the command is ended by a signal"

# `timeout` makes its program one in the background, to which the terminal does not belong.
SHELL=/bin/sh person 24x80 "before=\$(stty -g); timeout -k 20 1 $WANLAB shell one a -- true; echo status \$?; [ \"\$before\" = \"\$(stty -g)\" ] && echo restored" <&7
like "$(cat "$WORK/screen")" "status 124.*restored" "$kind: in the background it waits for its terminal, and can be ended"

# A shell for a person: the default, job control, Ctrl-C, Ctrl-D.
{
    type_when '[$#]' 'echo $((40 + 2)) $TERM; hostname; sh -c "echo $((40 + 3)); exec cat"\n'
    type_when '^43' '\003' # not to the shell, while it starts a program: that would be lost
    type_when '\^C' 'echo interrupted $?\n'
    type_when 'interrupted 130' 'sleep 50 & jobs\n'
    type_when 'Running' 'kill %%1\n'
    type_when 'Running' '\004'
    type_when 'exit' '\004'
} | TERM=vt100 SHELL=/bin/bash person 24x80 "$WANLAB shell one a"
like "$(cat "$WORK/screen")" "42 vt100.*a.*interrupted 130" "$kind: Ctrl-C interrupts the program and nothing else"
[[ $(cat "$WORK/screen") =~ "no job control" ]]
ok $((!$?)) "$kind: with job control"
run env SHELL=/no/such/shell "$WANLAB" shell one a <<<'echo $0; exit 3'
like "$OUT" "/bin/bash" "$kind: where \$SHELL is missing it is bash"
is "$STATUS" 3 "$kind: and its status is the command's"

# The size changes.
{
    type_when 'first 24 80' ''
    for pid in $(ps -e -o pid=,args= | grep "[w]anlab shell one a -- perl" | awk '{print $1}'); do
        tty=/dev/$(ps -o tty= -p "$pid" | tr -d ' ')
    done
    stty rows 50 cols 132 <"$tty"
    type_when 'then 50 132' ''
} | person 24x80 "$WANLAB shell one a -- perl -e '\$| = 1; \$SIG{WINCH} = sub {print \"then \", my \$s = \`stty size\`; exit if \$s =~ /132/}; print \"first \", \`stty size\`; sleep 9 while 1'"
like "$(cat "$WORK/screen")" "then 50 132" "$kind: a new size of the person's terminal is the program's"

# A pipe instead of a person.
run "$WANLAB" shell one a -- sh -c 'stty size; cat' <<<"words"
like "$OUT" "24 80.*words" "$kind: from a pipe it works, too"
run "$WANLAB" shell one a -- perl -e 'print "x" x 1000000'
is "${#OUT}" 1000000 "$kind: no output is lost at the end"
head -c 300000 /dev/zero | tr '\0' 'y' | fold -w 100 >"$WORK/pasted"
run "$WANLAB" shell one a -- sh -c 'stty -echo; echo ready; cat | wc -c' <"$WORK/pasted"
like "$OUT" 302999 "$kind: nor is any of a long paste, whose last line has no end"

# The person goes away.
"$WANLAB" shell one a -- bash -c 'trap "" HUP; (setsid sleep 71 &); sleep 72' </dev/null >/dev/null 2>&1 &
shell=$!
wait_for 5 sh -c "'$WANLAB' exec one a -- pgrep -f 'sleep 72' >/dev/null"
"$WANLAB" shell one a -- sleep 73 </dev/null >/dev/null 2>&1 &
polite=$!
wait_for 5 sh -c "'$WANLAB' exec one a -- pgrep -f 'sleep 73' >/dev/null"
kill -KILL $shell $polite
wait $shell $polite 2>/dev/null
wait_for 1 sh -c "! '$WANLAB' exec one a -- pgrep -f 'sleep 73' >/dev/null"
ok $? "$kind: who is hung up on ends"
"$WANLAB" exec one a -- pgrep -f 'sleep 72' >/dev/null
ok $? "$kind: who ignores it lives on"
wait_for 4 sh -c "! '$WANLAB' exec one a -- pgrep -f 'sleep 72' >/dev/null"
ok $? "$kind: for two seconds"
is "$(ls "/proc/$(pid_of lab)/fd" | wc -l)" "$fds" "$kind: no descriptor is left"
run "$WANLAB" shell one a -- /no/such/program
is "$STATUS" 1 "$kind: a program that is not there: exit 1"
like "$ERR" "a.*/no/such/program.*No such file" "$kind: with node, program and reason"
"$WANLAB" pause one a
run "$WANLAB" shell one a
like "$ERR" "node 'a' is paused" "$kind: none in a paused node"
"$WANLAB" down one
nothing_left "$kind: nothing is left"
done

done_testing
