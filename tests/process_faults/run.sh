#!/bin/bash
# The program among failing system calls, stopped, and on a full disk: what it acknowledged is there.
# usage: run.sh [path-to-binary]        FOLDBACK_ROUNDS=1 multiplies the calls that are tried
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FOLDBACK_BINARY
FOLDBACK_BINARY=$(realpath "${1:-${FOLDBACK_BINARY:-$here/../../build/release/bin/foldback}}")

node_test_seconds=180
source "$here/../harness/node_test.sh"
cd "$here"
run_node_tests ./*.test.mjs
