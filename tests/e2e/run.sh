#!/bin/bash
# The official client against `foldback serve` on disk: live tails, crashes, a network that cuts.
# usage: run.sh [path-to-binary]        FOLDBACK_SEED=N repeats the cuts of an earlier run
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FOLDBACK_BINARY
FOLDBACK_BINARY=$(realpath "${1:-$here/../../build/release/bin/foldback}")

source "$here/../harness/npm_install.sh"
install_packages "$here"
source "$here/../harness/node_test.sh"
cd "$here"
run_node_tests ./*.test.mjs
