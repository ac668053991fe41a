#!/bin/bash
# SPDX-License-Identifier: MIT
# What is made of the table of commands: help, man pages, completion for bash, their installation.
. "$(dirname "$0")/../lib/tap.sh"
command -v groff >/dev/null || skip_all "needs groff (package groff-base)"
need_root

run "$WANLAB"
is "$STATUS $OUT" "2 " "no command: the overview on standard error, exit 2"
run "$WANLAB" --help
like "$OUT" "usage: wanlab COMMAND.*  check .*Exit status: 0 done" "--help: the overview"
run "$WANLAB" help nothing
is "$STATUS" 2 "help about what is no command: exit 2"
commands=$("$WANLAB" help --complete -- "")
like "$commands" "check.*doctor" "completion knows the commands"
bad=""
for command in $commands; do
    "$WANLAB" help --man "$command" >"$WORK/page"
    said=$(groff -man -ww -Tutf8 -z "$WORK/page" 2>&1)
    page=$(groff -man -Tutf8 -P-cbou "$WORK/page" 2>/dev/null)
    [ -z "$said" ] && [[ $page =~ wanlab-$command\ +-\  ]] || bad="$bad man: $command $said"
    help=$("$WANLAB" "$command" --help)
    [ "$help" = "$("$WANLAB" help "$command")" ] || bad="$bad help: $command"
    for option in $("$WANLAB" help --complete -- "$command" -- | grep -v help); do
        [[ $page == *"$option"* && $help == *"$option"* ]] || bad="$bad option: $command $option"
    done
done
is "$bad" "" "every command has help and a page that groff takes without a warning, with all options"
is "$("$WANLAB" help --man | groff -man -ww -Tutf8 -z 2>&1)" "" "so has the program"
like "$("$WANLAB" help --man up | groff -man -Tutf8 -P-cbou)" "SYNOPSIS
 +wanlab up FILE \[-n NAME\].*
OPTIONS
 +-n, --name NAME
 +the lab's name" "synopsis and options in a page"

# complete WORDS…: what bash offers for the last one.
complete() {
    bash -c 'source <("$0" help --bash); compopt() { :; }; COMP_WORDS=(wanlab "$@"); COMP_CWORD=$#
        _wanlab "$0"; echo "${COMPREPLY[*]}"' "$WANLAB" "$@"
}
cat >"$WORK/pair.yaml" <<'Y'
nodes: {db: {count: 2}, web: {}}
links: [{ends: [db1, db2]}]
Y
"$WANLAB" up "$WORK/pair.yaml" --name alpha >/dev/null
"$WANLAB" up "$WORK/pair.yaml" --name beta >/dev/null
cd "$WORK" || exit 1
is "$(complete sw)" "sweep" "a command"
is "$(complete run --se)" "--set" "an option"
is "$(complete run --engine '')" "netem delayline auto" "an option's words"
is "$(complete up pai)" "pair.yaml" "a file"
is "$(complete down '')" "alpha beta" "the labs that run"
is "$(complete exec alpha d)" "db1 db2" "a lab's nodes"
is "$(complete pause alpha db1 w)" "web" "more of them"
is "$(complete cp alpha w)" "web:" "a node's path"
is "$(complete graph a)" "alpha" "a file or a lab"
is "$(complete link alpha '')" "all db1 db2 web" "a lab's wires by node"
is "$(complete link alpha db1 d)" "db1 db2 down" "and what becomes of them"
is "$(complete status --json b)" "beta" "an option in between"
is "$(complete image b)" "build" "a word that stands for itself"
is "$(complete exec alpha db1 -- pair)" "pair.yaml" "another program's words"
is "$(complete nonsense x)" "" "nothing for what is no command"
"$WANLAB" down alpha
"$WANLAB" down beta

make -s -C "$TOP" MODE="${MODE:-release}" install DESTDIR="$WORK/root" PREFIX=/usr >"$WORK/install" 2>&1
is "$?" 0 "make install"
is "$(man -l "$WORK/root/usr/share/man/man1/wanlab-run.1" 2>/dev/null | grep -c SYNOPSIS)" 1 "installs pages"
is "$("$WORK/root/usr/bin/wanlab" help --bash)" "$(cat "$WORK/root/usr/share/bash-completion/completions/wanlab")" \
    "and the completion"

done_testing
