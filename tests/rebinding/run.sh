#!/bin/bash
# Webhooks to names whose addresses change from one question to the next, in a network of their own; strace tells to which
# addresses the server connects.
# usage: run.sh [path-to-binary]        FOLDBACK_ROUNDS=1 multiplies the names
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(realpath "${1:-${FOLDBACK_BINARY:-$here/../../build/release/bin/foldback}}")
own=(--net --mount)
if [ "$(id -u)" != 0 ]; then own+=(--user --map-root-user); fi
# The network has nothing but this machine, which is 93.184.216.34, too; whoever asks for a name asks us.
exec unshare "${own[@]}" -- bash -c '
    set -e
    ip link set lo up
    ip address add 93.184.216.34/32 dev lo
    names=$(mktemp)
    echo "nameserver 127.0.0.1" >"$names"
    mount --bind "$names" /etc/resolv.conf
    rm "$names"
    exec node "$0" "$1"' "$here/run.mjs" "$binary"
