#!/bin/bash
# Kills the server with -9 again and again while streams grow and their subscriptions are served, by webhook and by
# workers, well and badly. In the end everything that was appended has been handled, and at no time was anything
# acknowledged that was not.
# usage: run.sh [rounds=15] [seed]        FOLDBACK_BINARY=path to the program
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${1:-15}
seed=${2:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
binary=$(realpath "${FOLDBACK_BINARY:-$here/../../build/release/bin/foldback}")
echo "seed $seed"
exec node "$here/run.mjs" "$binary" "$rounds" "$seed"
