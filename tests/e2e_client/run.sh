#!/bin/bash
# Our client: one list of scenarios against our server and against the reference server, and exactly-once delivery through a
# network that cuts and delays.
# usage: run.sh [<build directory>]        FOLDBACK_SEED=N repeats the cuts of an earlier run
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(realpath "${1:-$here/../../build/release}")

source "$here/../harness/npm_install.sh"
install_packages "$here"
exec node "$here/run.mjs" "$build"
