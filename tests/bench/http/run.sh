#!/bin/bash
# Measures `foldback serve` over HTTP on loopback against its peers, all in one run.
# usage: run.sh [--json FILE]        FOLDBACK_BINARY=path to the program
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(realpath "${FOLDBACK_BINARY:-$here/../../../build/release/bin/foldback}")

PATH=$PATH:/usr/sbin
for program in wrk nginx curl; do
    command -v "$program" >/dev/null || { echo "$program is missing (Debian: wrk, nginx-light, curl)" >&2; exit 1; }
done

source "$here/../../harness/npm_install.sh"
install_packages "$here"
exec timeout --kill-after=10 300 node "$here/bench.mjs" "$binary" "$@"
