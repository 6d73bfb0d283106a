#!/usr/bin/env bash
# Kills what keeps the order service's events with -9 in the middle of commands, projections and timeouts, and checks what is
# left: the service itself, with its store in the same process, and then a store of its own behind the service.
# usage: run.sh [<kills>]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bin=../../build/release/bin
orders=${ORDERS:-$bin/orders}

passed=0
failed=0
run() {
    local output sum
    output=$(node kill.mjs "$@") || true
    printf '%s\n' "$output"
    sum=$(tail -n 1 <<<"$output")
    if [[ $sum =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
    else
        failed=$((failed + 1))
    fi
}

echo "the service is killed"
run "$orders" "${1:-12}"
echo "the store behind the service is killed"
run "$orders" "${1:-12}" "${FOLDBACK:-$bin/foldback}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
