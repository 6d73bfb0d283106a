#!/usr/bin/env bash
# Prints every place of a source tree that breaks a rule of the architecture, as `file:line: rule: text`.
# usage: check.sh <root>          exit code 1 when there is such a place
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$1"
cpp=(--include=*.hpp --include=*.cpp --include=*.h)

# Each existing folder or file of the arguments, one per line.
existing() {
    local path
    for path in "$@"; do
        if [ -e "$path" ]; then echo "$path"; fi
    done
}

# search <rule> <extended regular expression> <path>... [-- <grep option>...]
search() {
    local rule=$1 pattern=$2
    shift 2
    local paths=() options=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do paths+=("$1"); shift; done
    if [ $# -gt 0 ]; then shift; options=("$@"); fi
    mapfile -t paths < <(existing "${paths[@]}")
    [ ${#paths[@]} -gt 0 ] || return 0
    { grep -rnHIE ${options[@]+"${options[@]}"} -e "$pattern" "${paths[@]}" || true; } |
        sed -E "s|^([^:]*:[0-9]+):|\1: $rule:|"
}

# never_includes <rule> <regular expression of the included path> <path>...
never_includes() {
    search "$1" "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" "${@:3}" -- "${cpp[@]}"
}

violations() {
    # Layers: a folder knows those below it and none above.
    never_includes framework-knows-no-server '(\.\./)*(server/|foldback/server/|protocol/|http/|cli/)' framework
    never_includes log-knows-only-itself '(\.\./)*(index|store)/' framework/src/log
    never_includes index-knows-no-store '(\.\./)*store/' framework/src/index
    never_includes protocol-knows-no-sockets '(boost/(beast|asio)|(\.\./)*(http|cli)/)' server/src/protocol
    never_includes protocol-knows-no-access-file '(\.\./)*(access/|foldback/server/(access|gates)\.hpp)' server/src/protocol
    never_includes access-knows-no-sockets '(boost/(beast|asio)|sys/socket|(\.\./)*(http|cli)/)' server/src/access
    never_includes protocol-knows-no-subscriptions '(\.\./)*subscriptions/' server/src/protocol
    never_includes subscriptions-know-no-sockets '(boost/(beast|asio)|(\.\./)*(http|delivery|cli)/)' server/src/subscriptions
    never_includes debugger-knows-no-sockets '(boost/(beast|asio)|(\.\./)*(http|cli)/)' server/src/debugger
    never_includes operations-know-no-sockets '(boost/(beast|asio)|(\.\./)*(http|cli)/)' server/src/ops server/src/retention
    # The client is for those who have a server elsewhere.
    never_includes client-knows-only-the-core \
        '(\.\./)*(foldback/(store|app|history|testing)/|(log|index|store|snapshot|projection|app|workflow|history|testing)/)' \
        framework/src/client framework/include/foldback/client
    # A store elsewhere is a store: what is built upon stores does not know it.
    never_includes framework-knows-only-the-port '(\.\./)*(foldback/remote/|remote/)' \
        framework/src/{app,store,projection,snapshot,workflow,history,state,testing,client} framework/include/foldback/{app,store,history,state,client}
    # A database is one way to share a log: the engine knows the seam only, and nobody but its folder knows libpq.
    never_includes engine-knows-no-database '((\.\./)*(foldback/postgres/|postgres/)|libpq)' \
        framework/src/{log,index,store,app,projection,snapshot,workflow,history,state,testing,client,remote}
    search only-one-file-knows-libpq 'libpq-fe' framework server examples -- "${cpp[@]}" |
        { grep -v '^framework/src/postgres/connection.cpp:' || true; }
    # So is a bucket one place for an archive.
    never_includes engine-knows-no-bucket '(\.\./)*(foldback/s3/|s3/)' \
        framework/src/{log,index,store,app,projection,snapshot,workflow,history,state,testing,client,remote,postgres}
    never_includes http-knows-no-command-line '(\.\./)*cli/' server/src/http
    never_includes delivery-knows-no-command-line '(\.\./)*cli/' server/src/delivery

    # The domain of an example is what its author thinks about all day: the framework's core, descriptions, the standard
    # library, and nothing that reads, writes or waits.
    search domain-knows-only-the-core '^[[:space:]]*#[[:space:]]*include' examples/orders/domain -- "${cpp[@]}" |
        { grep -vE '#[[:space:]]*include[[:space:]]*("(domain|foldback/core)/[a-z_]+\.hpp"|<boost/describe/[a-z_]+\.hpp>|<(algorithm|array|compare|cstddef|cstdint|map|optional|set|span|string|string_view|type_traits|utility|variant|vector)>)' || true; }

    # Whoever includes our headers gets the standard library, Boost's small parts and nothing else.
    # One header of the client is for those who have Asio already; nothing else includes it.
    never_includes public-headers-hide-libraries \
        '(nlohmann|simdjson|sqlite3|SQLiteCpp|fmt/|isa-l|boost/(asio|beast)|foldback/client/asio)' framework/include |
        { grep -v '^framework/include/foldback/client/asio.hpp:[0-9]*: public-headers-hide-libraries: *#include <boost/asio/' || true; }
    never_includes framework-is-silent '(spdlog|iostream)' framework

    # Coroutines belong to sockets, which are in the server, in the client, with the test of its connections, and in the remote store; one
    # suspension point less is one lifetime less to think about.
    search coroutines-only-at-sockets '\bco_(await|return|yield)\b' \
        framework examples tests/unit tests/contract tests/model tests/fault -- "${cpp[@]}" |
        { grep -vE '^framework/(src/(client|remote)/[a-z_]*\.[ch]pp|include/foldback/client/asio\.hpp):|^tests/unit/client/connection_test\.cpp:' || true; }
    existing framework server examples tests |
        xargs -r grep -rlIwZ "${cpp[@]}" --exclude-dir=node_modules co_await |
        xargs -r0 awk -f "$here/co_await.awk"

    # Unfinished work is not in the tree; a test that does not run is not a test.
    search no-unfinished-work '\b(TODO|FIXME|XXX)\b' . -- --exclude-dir={.git,build,node_modules,foldback-data,rules} \
        --exclude=package-lock.json | sed 's|^\./||'
    search no-disabled-tests 'doctest::(skip|may_fail|should_fail|expected_failures)\b|\b(it|test|describe)\.(skip|todo)\(' \
        tests -- --exclude-dir={node_modules,rules}
}

found=$(violations)
if [ -n "$found" ]; then
    printf '%s\n' "$found"
    exit 1
fi
