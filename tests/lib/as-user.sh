#!/bin/bash
# SPDX-License-Identifier: MIT
# as-user.sh TEST: runs a test as an ordinary user, for `prove --exec`. Needs root, for two things that the user of a
# distribution finds: a /dev/net/tun that everybody may open, and a project in a folder of his own.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
home=$(mktemp -d /tmp/wanlab-home.XXXXXX)
trap 'rm -rf "$home"' EXIT
mknod -m 666 "$home/tun" c 10 200
chown nobody "$home"
# shellcheck disable=SC2016 # for the inner shell
unshare --mount sh -eu -c '
    mount --bind "$2/tun" /dev/net/tun
    mount -t tmpfs none /mnt
    mkdir /mnt/project /mnt/home
    mount --bind "$1" /mnt/project
    mount --bind "$2" /mnt/home
    cd /mnt/project
    export HOME=/mnt/home
    exec setpriv --reuid nobody --regid nogroup --clear-groups "$3"' sh "$top" "$home" "$1"
