#!/bin/bash
# Three nodes share a log in PostgreSQL, under load, while nodes are killed with -9, the database is restarted and connections are cut.
# usage: run.sh [seconds of that=12] [seed]        FOLDBACK_BINARY=path to the program
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=${1:-12}
seed=${2:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
binary=$(realpath "${FOLDBACK_BINARY:-$here/../../build/release/bin/foldback}")

echo "seed $seed"
exec node "$here/run.mjs" "$binary" "$seconds" "$seed"
