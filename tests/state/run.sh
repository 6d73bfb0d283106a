#!/bin/bash
# The official State protocol package follows the order service's live list: while orders are placed, after rebuilds, through
# kill -9.
# usage: run.sh [path of the order service]
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export ORDERS
ORDERS=$(realpath "${1:-$here/../../build/release/bin/orders}")

source "$here/../harness/npm_install.sh"
install_packages "$here"
source "$here/../harness/node_test.sh"
cd "$here"
run_node_tests ./*.test.mjs
