# SPDX-License-Identifier: MIT
# Run in a node: sends an ICMP echo to the other nodes that /etc/hosts names, some at a time, up to five times each.
# Prints how many of how many answered, and the names of the others. Argument "later": only to names behind its own
# (an echo and its answer are the way there and the way back). By perl -e, since a node may not see this file.
use strict;
use Socket;
use Time::HiRes 'time';
my ($later, $own) = (($ARGV[0] // '') eq 'later', `hostname`);
chomp $own;
my (%address, %waiting);
open my $hosts, '<', '/etc/hosts' or die "no /etc/hosts: $!";
while (<$hosts>) {
    my ($ip, @names) = split;
    next unless ($ip // '') =~ /^10\./;
    for my $name (grep { $_ ne $own && (!$later || $_ gt $own) } @names) { $address{$name} = inet_aton($ip) }
}
my @names = sort keys %address;
my @tries = (0) x @names;
my @due = (0 .. $#names);
socket my $icmp, PF_INET, SOCK_RAW, 1 or die "no raw socket: $!";
setsockopt $icmp, SOL_SOCKET, SO_RCVBUF, 4 << 20;
sub checksum {
    my $sum = 0;
    $sum += $_ for unpack 'n*', $_[0];
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
    return ~$sum & 0xffff;
}
my ($answered, $id) = (0, $$ & 0xffff);
while (@due || %waiting) {
    while (@due && keys %waiting < 32) {
        my $n = shift @due;
        my $sum = checksum(pack 'CCnnn', 8, 0, 0, $id, $n);
        send $icmp, pack('CCnnn', 8, 0, $sum, $id, $n), 0, pack_sockaddr_in(0, $address{$names[$n]});
        $waiting{$n} = time + 3;
        $tries[$n]++;
    }
    my $ready = '';
    vec($ready, fileno($icmp), 1) = 1;
    if (select $ready, undef, undef, 0.2) {
        recv $icmp, my $packet, 2048, 0;
        my ($type, undef, undef, $to, $n) = unpack 'CCnnn', substr $packet, (ord($packet) & 15) * 4;
        $answered++ if $type == 0 && $to == $id && delete $waiting{$n};
    }
    for my $n (grep { $waiting{$_} < time } keys %waiting) {
        delete $waiting{$n};
        push @due, $n if $tries[$n] < 5;
        print "$names[$n] does not answer $own\n" if $tries[$n] == 5;
    }
}
printf "%d of %d\n", $answered, scalar @names;
