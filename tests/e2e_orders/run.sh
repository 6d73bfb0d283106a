#!/usr/bin/env bash
# Kills the order service with -9 in the middle of commands, projections and timeouts, and checks what is left.
# usage: run.sh [<kills>]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec node kill.mjs "${ORDERS:-../../build/release/bin/orders}" "${1:-12}"
