#!/bin/bash
# What an operator does to a server: looks at it, reloads it, backs it up, cuts streams, and leaves it alone for a while.
# usage: run.sh [path-to-binary]        SOAK_SECONDS=20 is how long the soak takes
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FOLDBACK_BINARY
FOLDBACK_BINARY=$(realpath "${1:-${FOLDBACK_BINARY:-$here/../../build/release/bin/foldback}}")
export SOAK_SECONDS=${SOAK_SECONDS:-20}
node_test_seconds=$((SOAK_SECONDS + 60))

source "$here/../harness/node_test.sh"
cd "$here"
run_node_tests ./*.test.mjs
