#!/bin/bash
# Measures the store and `foldback serve` against what a user would pick instead, all in one run: Redis Streams,
# PostgreSQL and NATS JetStream, each started here, on loopback, in a folder of its own.
# usage: run.sh [--json FILE]        FOLDBACK_BINARY=path to the program, BENCH_PROGRAMS=path to the benchmarks' own
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(realpath "${FOLDBACK_BINARY:-$here/../../../build/release/bin/foldback}")
programs=$(realpath "${BENCH_PROGRAMS:-$here/../../../build/release/bin/bench}")

PATH=$PATH:/usr/sbin
for program in wrk redis-server redis-benchmark nats-server; do
    command -v "$program" >/dev/null ||
        { echo "$program is missing (Debian: wrk, redis-server, redis-tools, nats-server)" >&2; exit 1; }
done
exec timeout --kill-after=10 480 node "$here/bench.mjs" "$binary" "$programs" "$@"
