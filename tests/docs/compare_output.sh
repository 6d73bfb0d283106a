#!/bin/bash
# Runs a document's program in an empty directory and compares its output with the document's.
# usage: compare_output.sh PROGRAM EXPECTED
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
if "$1" | diff - "$2"; then
    echo "1 passed, 0 failed"
else
    echo "0 passed, 1 failed"
    exit 1
fi
