# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What scale.sh and scale-netem.sh share; the one that sources it sets $work.

now() { date +%s.%N; }
since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.2f", to - from }'; }

# A round trip of its own for each pair, 1 to 2 ms.
write_wan() { # nodes, engine
    awk -v n="$1" 'BEGIN {
        print "# holds: rtt\n# source: made up"; printf "from"; for (i = 1; i <= n; i++) printf ",r%d", i; print ""
        for (i = 1; i <= n; i++) { printf "r%d", i
            for (j = 1; j <= n; j++) if (i == j) printf ","; else printf ",%.6f", 2 + ((i < j ? i * n + j : j * n + i) / (n * n))
            print "" } }' >"$work/matrix.csv"
    awk -v n="$1" -v engine="$2" 'BEGIN {
        printf "name: wan\nengine: %s\nnodes: {n: {count: %d, region: [r1", engine, n; for (i = 2; i <= n; i++) printf ", r%d", i
        print "]}}\nwan: {members: [n], matrix: matrix.csv}" }' >"$work/wan.yaml"
}
