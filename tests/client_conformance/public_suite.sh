#!/bin/bash
# The public client conformance suite, from a checkout of the protocol's repository, against our client.
# usage: public_suite.sh <checkout> <adapter> [<option of the suite>...]
#
# The suite is not published as a package. It is copied out of the checkout and gets the published server and client instead of
# the workspace's.
set -euo pipefail
checkout=$(realpath "$1")
adapter=$(realpath "$2")
suite=$checkout/packages/client-conformance-tests
work=$(dirname "$adapter")/public_client_suite

[ -e "$suite/src/cli.ts" ] || { echo "there is no packages/client-conformance-tests in $checkout" >&2; exit 2; }
mkdir -p "$work"
cp -r "$suite/src" "$suite/test-cases" "$suite/package.json" "$work"
version_of() { sed -n 's/.*"version": "\(.*\)".*/\1/p' "$checkout/packages/$1/package.json"; }
for package in client server; do
    sed -i "s|\"@durable-streams/$package\": \"workspace:\*\"|\"@durable-streams/$package\": \"$(version_of $package)\"|" "$work/package.json"
done
(cd "$work" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
cd "$work"
exec npx tsx src/cli.ts --run "$adapter" "${@:3}"
