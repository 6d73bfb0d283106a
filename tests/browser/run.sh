#!/bin/bash
# The debugger's page in Debian's Chromium.
# usage: run.sh [path-to-debugged_orders]        SCREENSHOTS=DIR keeps pictures of it
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export DEBUGGED_ORDERS
DEBUGGED_ORDERS=$(realpath "${1:-$here/../../build/release/bin/browser/debugged_orders}")

source "$here/../harness/npm_install.sh"
install_packages "$here"
source "$here/../harness/node_test.sh"
cd "$here"
run_node_tests ./*.test.mjs
