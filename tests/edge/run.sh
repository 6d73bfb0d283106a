#!/bin/bash
# Foldback behind a real nginx with the configuration of packaging/nginx: what is shared, what is not, and what ends.
# usage: run.sh [path-to-binary]
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FOLDBACK_BINARY
FOLDBACK_BINARY=$(realpath "${1:-${FOLDBACK_BINARY:-$here/../../build/release/bin/foldback}}")

source "$here/../harness/node_test.sh"
cd "$here"
run_node_tests ./*.test.mjs
