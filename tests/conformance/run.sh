#!/bin/bash
# The protocol's own conformance suite, against `foldback serve` in memory, on disk and over a log in PostgreSQL.
# usage: run.sh [path-to-binary [server...]]        memory, disk, node; killed: before each group of tests; slow: flushes of 50 ms
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(realpath "${1:-$here/../../build/release/bin/foldback}")

source "$here/../harness/npm_install.sh"
install_packages "$here"
exec node "$here/run.mjs" "$binary" "${@:2}"
