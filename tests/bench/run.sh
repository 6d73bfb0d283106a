#!/bin/bash
# Measures the store in process, over HTTP and in the debugger's page, against the machine's limits and against what a user
# would pick instead, all in the same run.
# usage: run.sh [--json FILE]        FOLDBACK_BUILD=build directory, default build/release
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(realpath "${FOLDBACK_BUILD:-$here/../../build/release}")
json=
if [[ ${1:-} == --json ]]; then json=$2; fi

scratch=$(mktemp -d "$build/bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

for name in store growth framework projection repository find postgres; do
    "$build/bin/bench/${name}_bench" "$scratch" --json "$scratch/$name.json"
done
FOLDBACK_BINARY="$build/bin/foldback" ORDERS_BINARY="$build/bin/orders" BENCH_PROGRAMS="$build/bin/bench" \
    bash "$here/http/run.sh" --json "$scratch/http.json"
FOLDBACK_BINARY="$build/bin/foldback" BENCH_PROGRAMS="$build/bin/bench" bash "$here/peers/run.sh" --json "$scratch/peers.json"
source "$here/../harness/npm_install.sh"
install_packages "$here/../browser"
DEBUGGED_ORDERS="$build/bin/browser/debugged_orders" node "$here/../browser/figures.mjs" "$scratch/page.json"

if [[ -n $json ]]; then
    node "$here/report/collect.mjs" "$scratch" >"$json"
fi
