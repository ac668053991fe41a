#!/bin/bash
# SPDX-License-Identifier: MIT
# What each kind of node costs and gives, beside the host itself, all in one run. Needs root; leaves
# nothing behind, also when it is interrupted. tests/bench/README.md explains the columns.
#
#   the kinds:  node a eth0 ---- fabric, no impairment ---- eth0 node b      (wanlab up)
#   the host:   namespace A eth0 --------- a veth pair ---------- eth0 B     (made here)
#
# Usage: nodes.sh [KIND...]; SECONDS_EACH=n (2), BOOTS=n (10), BOOT_SECONDS=n (20: no boot begins
# later), NODE_KEYS_docker="image: NAME" (more keys of that kind's nodes).
set -u
case ${1:-} in -*)
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0" | sed '/^set /,$d'
    exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
WANLAB=${WANLAB:-$top/build/release/bin/wanlab}
seconds=${SECONDS_EACH:-2}
boots=${BOOTS:-10}
boot_seconds=${BOOT_SECONDS:-20}
kinds=${*:-process container docker uml qemu}
lab=bench
tag=wlb-$$

[ "$(id -u)" = 0 ] || { echo "bench-nodes needs root" >&2; exit 3; }
for program in jq gcc mariadbd mariadb ip tar; do
    command -v $program >/dev/null || { echo "bench-nodes: '$program' is missing (scripts/setup --test)" >&2; exit 3; }
done
tmp=$(mktemp -d /dev/shm/wanlab-bench.XXXXXX)
export WANLAB_RUNTIME=$tmp/run
pids="" signal=TERM

# Only what was started here, by its number, which takes along what that has started; a lab by its
# name in our own runtime folder.
stop_ours() {
    local pid
    for pid in $pids; do kill -s "$signal" "$pid" 2>/dev/null; done
    for pid in $pids; do wait "$pid" 2>/dev/null; done
    pids=""
}
cleanup() {
    trap '' INT TERM HUP
    stop_ours
    [ -n "$("$WANLAB" ls 2>/dev/null)" ] && "$WANLAB" down $lab 2>/dev/null
    "$WANLAB" ls >/dev/null 2>&1 # sweeps
    ip netns del $tag-a 2>/dev/null
    ip netns del $tag-b 2>/dev/null
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

say() { printf '\r\033[K%s' "$*" >&2; } # what is under way
[ -t 2 ] || say() { :; }

# --- numbers

calc() { awk "BEGIN {printf \"$1\", $2}" 2>/dev/null; } # calc FORMAT EXPRESSION
quantile() { sort -n | awk -v q="$1" '{v[NR] = $1} END {i = int(q * NR + 0.999999); if (NR) print v[i < 1 ? 1 : i]}'; }
milliseconds() { calc "%.4g ms" "$1 * 1000"; }
mebibytes() { calc "%.1f" "$1 / 1048576"; }
# with_ratio VALUE HOST: the value and, behind it, how much of the host's own that is.
with_ratio() {
    [ -n "$1" ] || { echo "-"; return; }
    [ -n "$2" ] || { echo "$1"; return; }
    echo "$1 ($(calc %.2f "$1 / $2"))"
}

# --- the load; what a command there begins with, and where it finds our files

declare -A result
in_a=() in_b=() files=""

# start FILE TEXT COMMAND…: in the background, until its output, in FILE, has the text.
start() {
    local end=$((SECONDS + 40)) file=$1 text=$2
    shift 2
    : >"$file"
    "$@" >"$file" 2>&1 &
    pids="$pids $!"
    until grep -q "$text" "$file"; do
        if [ $SECONDS -ge $end ] || ! kill -0 $! 2>/dev/null; then
            say ""
            tail -2 "$file" >&2
            return 1
        fi
        sleep 0.05
    done
}

measure_network() { # measure_network ADDRESS-OF-B
    local requests p50 p99 own before
    result=()
    start "$tmp/serve" ready "${in_b[@]}" "$files/nodes" serve || return
    "${in_a[@]}" "$files/nodes" ping "$1" 0.3 >/dev/null
    before=$(cpu_of_both)
    read -r requests p50 p99 own < <("${in_a[@]}" "$files/nodes" ping "$1" "$seconds")
    [ -n "${p99:-}" ] || return
    result[p50]=$p50
    result[p99]=$p99
    [ -n "$before" ] && own=$(calc %.0f "($(cpu_of_both) - $before) * 1e6")
    result[cpu]=$(calc %.1f "$own / $requests")
    result[gbit]=$("${in_a[@]}" "$files/nodes" stream "$1" "$seconds")
}

measure_inserts() { # measure_inserts SCRATCH-FOLDER
    "${in_a[@]}" mkdir -p "$1/db"
    start "$tmp/mariadb" "ready for connections" "${in_a[@]}" env WANLAB_DIR="$1/db" WANLAB_CACHE="$1/cache" \
        WANLAB_COUNT=2 "$files/mariadb-node" || return
    # shellcheck disable=SC2016 # for the shell in there
    "${in_a[@]}" sh -c '"$1"/nodes inserts "$2" | mariadb --no-defaults -N -B -u wanlab -S "$3"/db/mariadb.sock' sh \
        "$files" "$seconds" "$1" >"$tmp/inserts" 2>&1
    result[inserts]=$(awk 'NR == 1 {from = $1} NR == 2 && $1 > from {printf "%.0f", $2 / ($1 - from)}' "$tmp/inserts")
}

# --- the host

declare -A host

# Right before each kind, since nobody has a machine to himself for minutes.
measure_host() { # measure_host KIND
    local end key
    result=()
    ip netns add $tag-a && ip netns add $tag-b &&
        ip link add eth0 netns $tag-a type veth peer name eth0 netns $tag-b || exit 1
    for end in a b; do
        ip -n $tag-$end link set lo up
        ip -n $tag-$end link set eth0 up
        ip netns exec $tag-$end sh -c "for m in r w; do echo 4096 131072 6291456 >/proc/sys/net/ipv4/tcp_\${m}mem; done"
    done
    ip -n $tag-a addr add 10.9.0.1/24 dev eth0 noprefixroute
    ip -n $tag-b addr add 10.9.0.2/24 dev eth0 noprefixroute
    ip -n $tag-a route add 10.9.0.0/24 dev eth0 src 10.9.0.1 congctl cubic
    ip -n $tag-b route add 10.9.0.0/24 dev eth0 src 10.9.0.2 congctl cubic
    signal=KILL # unshare hears no other; its child ends with it
    in_a=(ip netns exec "$tag-a" unshare --pid --fork --kill-child)
    in_b=(ip netns exec "$tag-b" unshare --pid --fork --kill-child)
    cpu_of_both() { :; } # the load's own account
    files=$tmp/files
    say "$1: the host's network"
    measure_network 10.9.0.2
    say "$1: the host's inserts"
    mkdir "$tmp/host"
    ln -s "$tmp/cache" "$tmp/host/cache"
    measure_inserts "$tmp/host"
    stop_ours
    ip netns del $tag-a
    ip netns del $tag-b
    rm -rf "$tmp/host"
    for key in inserts gbit p50 p99 cpu; do
        host[$key]=${result[$key]:-}
        echo "${result[$key]:-}" >>"$tmp/host.$key"
    done
    result=()
}

# --- the kinds

node_of() { "$WANLAB" status $lab --json | jq -r ".nodes[] | select(.name == \"$1\") | $2"; }
cpu_of_both() { :; }

measure_boots() {
    local end=$((SECONDS + boot_seconds)) i=0
    : >"$tmp/boots"
    node_of a .boot_s >>"$tmp/boots"
    node_of b .boot_s >>"$tmp/boots"
    while [ $i -lt $((boots - 2)) ] && [ $SECONDS -lt $end ]; do
        i=$((i + 1))
        timeout --foreground 60 "$WANLAB" restart $lab b >/dev/null 2>&1 || return
        node_of b .boot_s >>"$tmp/boots"
    done
}

measure_idle() {
    local before
    sleep 1
    before=$(node_of b .cpu_s)
    sleep 3
    result[idle]=$(calc %.1f "($(node_of b .cpu_s) - $before) / 3 * 100")
    result[memory]=$(mebibytes "$(node_of b .memory_pss_bytes)")
    result[guest]=$(node_of b '.memory_guest_bytes // empty')
}

bring_files() { # into node $1
    "$WANLAB" cp $lab "$tmp/files.tgz" "$1:$scratch/files.tgz" >/dev/null &&
        timeout --foreground 60 "$WANLAB" exec $lab "$1" -- sh -c "cd $scratch && tar -xzf files.tgz && rm files.tgz" </dev/null
}

# The first line that says why, without the program's name.
reason() { grep -v 'warning' "$1" | head -1 | sed 's/^wanlab: //; s/^[^:]*\.yaml:[0-9:]* //' | cut -c1-100; }

# can_run KIND: writes its file; false if it is not even sound, with the reason in $why.
can_run() {
    local keys=NODE_KEYS_$1
    local more="${!keys:+, ${!keys}}"
    printf 'nodes: {a: {kind: %s, memory: 256MiB%s}, b: {kind: %s, memory: 256MiB%s}}\nlinks: [{ends: [a, b]}]\n' \
        "$1" "$more" "$1" "$more" >"$tmp/lab.yaml"
    "$WANLAB" check "$tmp/lab.yaml" >"$tmp/up" 2>&1 || {
        why=$(reason "$tmp/up")
        return 1
    }
}

measure_kind() { # measure_kind KIND: false if it does not come up, with the reason in $why
    local idle memory guest
    say "$1: up"
    if ! timeout --foreground 100 "$WANLAB" up "$tmp/lab.yaml" --name $lab >"$tmp/up" 2>&1; then
        why=$(reason "$tmp/up")
        return 1
    fi
    signal=TERM
    in_a=(timeout --foreground 60 "$WANLAB" exec "$lab" a --)
    in_b=(timeout --foreground 60 "$WANLAB" exec "$lab" b --)
    cpu_of_both() { "$WANLAB" status $lab --json | jq '[.nodes[].cpu_s] | add'; }
    files=$scratch/files
    say "$1: boots"
    measure_boots
    say "$1: idle"
    measure_idle
    idle=${result[idle]} memory=${result[memory]} guest=${result[guest]}
    result=()
    if bring_files a && bring_files b; then
        say "$1: network"
        measure_network 10.64.0.2
        say "$1: inserts"
        measure_inserts $scratch
    fi
    result[idle]=$idle result[memory]=$memory result[guest]=$guest
    "$WANLAB" down $lab
    stop_ours
}

# --- all of it

started=$SECONDS
say "preparing"
mkdir "$tmp/files" "$tmp/cache"
gcc -O2 -Wall -Wextra -D_GNU_SOURCE -static -o "$tmp/files/nodes" "$here/nodes.c" || exit 1
cp "$top/workloads/replicate/mariadb-node" "$tmp/files/"
WANLAB_CACHE=$tmp/cache "$top/workloads/replicate/prepare" 2>"$tmp/prepare" || { cat "$tmp/prepare" >&2; exit 1; }
tar -C "$tmp" -czSf "$tmp/files.tgz" files cache || exit 1

row='%-10s %10s %10s %7s %7s %6s  %14s %14s %14s %14s %14s\n'
say ""
echo "$(nproc) processors, Linux $(uname -r), $(mariadbd --no-defaults --version | grep -o '[0-9.]*-MariaDB')"
echo "in brackets: in proportion to the host's own, measured right before"
echo
# shellcheck disable=SC2059 # the format is ours
heading() { printf "$row" "$@"; }
heading "" "boot p50" p95 memory guest idle "inserts/s" Gbit/s "request us" p99 "CPU us per"
heading kind "" "" "MiB" MiB "CPU %" "" "" p50 "" request
scratch=/run/wanlab/scratch
for kind in $kinds; do
    if ! can_run "$kind"; then
        printf '%-10s cannot run here: %s\n' "$kind" "$why"
        continue
    fi
    measure_host "$kind"
    if ! measure_kind "$kind"; then
        say ""
        printf '%-10s cannot run here: %s\n' "$kind" "$why"
        continue
    fi
    say ""
    # shellcheck disable=SC2059
    heading "$kind" "$(milliseconds "$(quantile 0.5 <"$tmp/boots")")" "$(milliseconds "$(quantile 0.95 <"$tmp/boots")")" \
        "${result[memory]}" "$([ -n "${result[guest]}" ] && mebibytes "${result[guest]}" || echo -)" "${result[idle]}" \
        "$(with_ratio "${result[inserts]:-}" "${host[inserts]:-}")" "$(with_ratio "${result[gbit]:-}" "${host[gbit]:-}")" \
        "$(with_ratio "${result[p50]:-}" "${host[p50]:-}")" "$(with_ratio "${result[p99]:-}" "${host[p99]:-}")" \
        "$(with_ratio "${result[cpu]:-}" "${host[cpu]:-}")"
    [ "$(wc -l <"$tmp/boots")" -ge "$boots" ] || echo "           only $(wc -l <"$tmp/boots") boots in $boot_seconds s"
done
host_median() { quantile 0.5 <"$tmp/host.$1"; }
[ -e "$tmp/host.cpu" ] && heading host - - - - - "$(host_median inserts)" "$(host_median gbit)" "$(host_median p50)" \
    "$(host_median p99)" "$(host_median cpu)"
echo
echo "took $((SECONDS - started)) s"
