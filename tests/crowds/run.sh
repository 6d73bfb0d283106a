#!/bin/bash
# Crowds of clients that read nothing, or drip their requests: what they cost the server, and the others.
# usage: run.sh [path-to-binary]        FOLDBACK_ROUNDS above 1: ten times as many
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FOLDBACK_BINARY
FOLDBACK_BINARY=$(realpath "${1:-${FOLDBACK_BINARY:-$here/../../build/release/bin/foldback}}")

source "$here/../harness/node_test.sh"
cd "$here"
# One after another: each measures.
run_node_tests --test-concurrency=1 ./*.test.mjs
