# SPDX-License-Identifier: MIT
# What the tests of the delay line share: a lab of two nodes and traffic between them. Source it
# after tap.sh.

B4=10.64.0.2
PORT=7007

# link_up LINK: the lab "dl" of two nodes, a and b, with one link, engine delay line.
link_up() {
    printf 'name: dl\nseed: 7\nengine: delayline\nnodes: {a: , b: }\nlinks: [{ends: [a, b], %s}]\n' \
        "$1" >"$WORK/dl.yaml"
    lab_up
}

lab_up() {
    run "$WANLAB" up "$WORK/dl.yaml"
    [ "$STATUS" != 3 ] || skip_all "$ERR"
    if [ "$STATUS" != 0 ]; then
        ok 1 "a lab comes up: $(tail -1 "$WORK/dl.yaml")"
        diag "$ERR"
        done_testing
    fi
    WIRE=$(pid_of wire)
}

lab_down() {
    "$WANLAB" down dl
}

node() {
    "$WANLAB" exec dl "$@"
}

# stat_of PATH: a number from the lab's status, e.g. '.wires[0].lost'.
stat_of() {
    "$WANLAB" status dl --json | jq "$1"
}

# rtt_min FROM ADDRESS OPTION…: in ms
rtt_min() {
    local from=$1 to=$2
    shift 2
    node "$from" -- ping -q -c 20 -i 0.02 -W 1 "$@" "$to" | awk -F'[ /]' '/^rtt/ {print $7}'
}

# The CPU time of the delay line so far, in ticks of 10 ms.
wire_cpu() {
    awk '{print $14 + $15}' "/proc/$WIRE/stat"
}

# Numbered datagrams. Arguments: address, port, segments each, super-packets, size of a segment,
# 1: without checksums.
send_udp='
    use Socket;
    my ($to, $port, $segments, $count, $size, $no_check) = @ARGV;
    socket(my $s, AF_INET, SOCK_DGRAM, 0) or die;
    $segments == 1 or setsockopt($s, 17, 103, pack("i", $size)) or die "no UDP_SEGMENT: $!";
    setsockopt($s, SOL_SOCKET, 11, pack("i", 1)) if $no_check;
    connect($s, pack_sockaddr_in($port, inet_aton($to))) or die;
    for my $i (0 .. $count - 1) {
        my $data = join "", map {pack("Na*", $i * $segments + $_, "x" x ($size - 4))}
            0 .. $segments - 1;
        defined(send($s, $data, 0)) or die "cannot send: $!";
        select(undef, undef, undef, 0.002) if $i % int(10 / $segments + 1) == 0;
    }'

# Prints the numbers that came in, or "damaged", until nothing came for a second.
receive_udp='
    use Socket;
    socket(my $s, AF_INET, SOCK_DGRAM, 0) or die;
    setsockopt($s, SOL_SOCKET, SO_RCVBUF, pack("i", 1 << 20));
    bind($s, pack_sockaddr_in($ARGV[0], INADDR_ANY)) or die;
    $| = 1;
    print "ready\n";
    for (my $wait = 10;; $wait = 1) {
        vec(my $set = "", fileno($s), 1) = 1;
        select($set, undef, undef, $wait) > 0 or last;
        defined(recv($s, my $data, 2000, 0x40)) or next; # MSG_DONTWAIT: its checksum may be wrong
        my ($number, $rest) = unpack("Na*", $data);
        print $rest =~ /^x*$/ ? "$number\n" : "damaged\n";
    }'

# udp SEGMENTS COUNT SIZE [1]: from a to b; the numbers that arrived are in $WORK/received.
udp() {
    : >"$WORK/numbers" # of the call before, which was ready, too
    node b -- perl -e "$receive_udp" $PORT >"$WORK/numbers" &
    local receiver=$!
    wait_for 5 grep -q ready "$WORK/numbers"
    node a -- perl -e "$send_udp" $B4 $PORT "$@"
    wait $receiver
    grep -v ready "$WORK/numbers" >"$WORK/received"
}

# Everything that comes over one connection, to standard output.
receive_tcp='
    use IO::Socket::INET;
    my $l = IO::Socket::INET->new(LocalPort => $ARGV[0], Listen => 1, ReuseAddr => 1) or die;
    $| = 1;
    print STDERR "ready\n";
    my $c = $l->accept;
    while (sysread($c, my $data, 1 << 16)) {print $data}'
send_tcp='
    use IO::Socket::INET;
    my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1]) or die;
    while (sysread(STDIN, my $data, 1 << 16)) {print $s $data or die}'

# tcp_arrives FROM TO ADDRESS FILE NAME
tcp_arrives() {
    : >"$WORK/ready"
    node "$2" -- perl -e "$receive_tcp" $PORT 2>"$WORK/ready" | sha256sum >"$WORK/sum" &
    local receiver=$!
    wait_for 5 grep -q ready "$WORK/ready"
    node "$1" -- perl -e "$send_tcp" "$3" $PORT <"$4"
    wait $receiver
    is "$(cat "$WORK/sum")" "$(sha256sum <"$4")" "$5"
}

# Checksum errors that node b has counted in all protocols.
checksum_errors() {
    node b -- cat /proc/net/snmp /proc/net/snmp6 |
        awk '/InCsumErrors[ \t]+[0-9]/ {sum += $2; next}
             /^[A-Z]/ && / InCsumErrors/ {for (i = 1; i <= NF; i++) if ($i == "InCsumErrors") at[$1] = i; next}
             $1 in at {sum += $at[$1]}
             END {print sum + 0}'
}

# carries LOW HIGH NAME: what TCP gets from a to b in 5 s, in Mbit/s, in one of three tries, since other programs of
# this machine may hold up its ends.
carries() {
    local rate
    for _ in 1 2 3; do
        rate=$(tcp_mbit 5)
        is_within "$rate" "$1" "$2" && break
        diag "TCP gets $rate Mbit/s, wanted $1 to $2"
    done
    within "$rate" "$@"
}

tcp_mbit() { # tcp_mbit SECONDS: what b received from a
    node b -- iperf3 -s -1 >/dev/null &
    local server=$!
    wait_for 5 sh -c "'$WANLAB' exec dl b -- ss -Hltn | grep -q :5201"
    node a -- iperf3 -c $B4 -t "$1" -O 1 -J | jq '.end.sum_received.bits_per_second / 1e6'
    wait $server
}
