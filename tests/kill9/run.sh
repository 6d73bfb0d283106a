#!/bin/bash
# Kills the server with -9 at random moments under load and checks what it remembers.
# usage: run.sh [rounds=30] [seed]        FOLDBACK_BINARY=path to the program
# Ends with a line "N passed, N failed": one test per round, and the checker's own.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${1:-30}
seed=${2:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
export FOLDBACK_BINARY
FOLDBACK_BINARY=$(realpath "${FOLDBACK_BINARY:-$here/../../build/release/bin/foldback}")

source "$here/../harness/node_test.sh"
cd "$here"
checker=$(mktemp)
trap 'rm -f "$checker"' EXIT
run_node_tests checker.test.mjs >"$checker" || cat "$checker"
read -r passed _ failed _ < <(tail -1 "$checker")

echo "seed $seed"
status=0
node run.mjs "$rounds" "$seed" "$passed" "$failed" || status=$?
[ "$status" = 0 ] && [ "$failed" = 0 ]
