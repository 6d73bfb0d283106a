#!/bin/bash
# Measures `foldback serve` and `orders serve` over HTTP on loopback against their peers, all in one run.
# usage: run.sh [--json FILE]        FOLDBACK_BINARY, ORDERS_BINARY=paths to the programs,
#                                   BENCH_PROGRAMS=path to the folder of the benchmarks' own
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(realpath "${FOLDBACK_BINARY:-$here/../../../build/release/bin/foldback}")
programs=$(realpath "${BENCH_PROGRAMS:-$here/../../../build/release/bin/bench}")
orders=$(realpath "${ORDERS_BINARY:-$here/../../../build/release/bin/orders}")

PATH=$PATH:/usr/sbin
for program in wrk nginx curl; do
    command -v "$program" >/dev/null || { echo "$program is missing (Debian: wrk, nginx-light, curl)" >&2; exit 1; }
done

source "$here/../../harness/npm_install.sh"
install_packages "$here"
exec timeout --kill-after=10 480 node "$here/bench.mjs" "$binary" "$orders" "$programs" "$@"
