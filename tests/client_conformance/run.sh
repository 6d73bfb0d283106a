#!/bin/bash
# One list of scenarios for clients and servers: our client, behind the command protocol of the public client conformance suite, with
# the reference server and with ours; the client from npm with ours. `./dev client-conformance DIR` runs the public suite itself
# from a checkout.
# usage: run.sh [<build directory>]
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(realpath "${1:-$here/../../build/release}")

source "$here/../harness/npm_install.sh"
install_packages "$here"
exec node "$here/run.mjs" "$build"
