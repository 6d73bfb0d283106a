#!/bin/bash
# The order service and the debugger's page in Debian's Chromium.
# usage: run.sh [build folder]        its pictures lie in <build folder>/browser-pictures
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export ORDERS_BUILD DEBUGGED_ORDERS PICTURES
ORDERS_BUILD=$(realpath "${1:-$here/../../build/release}")
DEBUGGED_ORDERS=$ORDERS_BUILD/bin/browser/debugged_orders
PICTURES=$ORDERS_BUILD/browser-pictures

source "$here/../harness/npm_install.sh"
install_packages "$here"
source "$here/../harness/node_test.sh"
cd "$here"
run_node_tests ./*.test.mjs
