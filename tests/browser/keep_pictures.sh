#!/bin/bash
# Puts the pictures that run.sh took into docs/images, where the documents show them.
# usage: keep_pictures.sh [build folder]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pictures=$(realpath "${1:-$here/../../build/release}")/browser-pictures

for name in debugger-1280-light debugger-1280-dark debugger-390-light what-if-1280-light what-if-1280-dark; do
    install -D --mode=644 "$pictures/$name.png" "$here/../../docs/images/$name.png"
done
