#!/bin/bash
# Nodes whose archive is in S3: a real database, and a bucket of s3rver (npm) whose signatures and hashes AWS's own code checks.
# usage: run.sh [path-to-binary]
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FOLDBACK_BINARY
FOLDBACK_BINARY=$(realpath "${1:-${FOLDBACK_BINARY:-$here/../../build/release/bin/foldback}}")

source "$here/../harness/npm_install.sh"
source "$here/../harness/node_test.sh"
install_packages "$here"
cd "$here"
node_test_seconds=120 run_node_tests ./*.test.mjs
