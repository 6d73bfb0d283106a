#!/usr/bin/env bash
# Checks the rules of the architecture on the source tree, and, before that, each rule on a line that breaks it.
# usage: run.sh [<source dir>]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source_dir=${1:-$here/../..}
fixtures=$(mktemp -d)
trap 'rm -rf "$fixtures"' EXIT

source "$here/../harness/counts.sh"

# A tree of one file with this text.
fixture() {
    rm -rf "${fixtures:?}/tree"
    mkdir -p "$(dirname "$fixtures/tree/$1")"
    printf '%s\n' "$2" >"$fixtures/tree/$1"
}

refuses() {
    local rule=$1 file=$2 text=$3 found
    fixture "$file" "$text"
    if found=$("$BASH" "$here/check.sh" "$fixtures/tree"); then
        fail "$rule accepts in $file: $text"
    elif [[ $found != "$file":*": $rule:"* || $found == *$'\n'* ]]; then
        fail "$rule should be the only answer to $file: $text"$'\n'"$found"
    else
        pass
    fi
}

accepts() {
    local file=$1 text=$2 found
    fixture "$file" "$text"
    if found=$("$BASH" "$here/check.sh" "$fixtures/tree"); then pass; else fail "should be accepted: $found"; fi
}

refuses framework-knows-no-server framework/src/store/x.cpp '#include "foldback/server/api.hpp"'
refuses framework-knows-no-server framework/include/foldback/store/x.hpp '#include "protocol/router.hpp"'
refuses log-knows-only-itself framework/src/log/x.cpp '#include "index/index.hpp"'
refuses log-knows-only-itself framework/src/log/x.hpp '#  include "../store/engine.hpp"'
refuses index-knows-no-store framework/src/index/x.cpp '#include "store/engine.hpp"'
refuses protocol-knows-no-sockets server/src/protocol/x.cpp '#include <boost/beast/http.hpp>'
refuses protocol-knows-no-sockets server/src/protocol/x.hpp '#include <boost/asio/awaitable.hpp>'
refuses protocol-knows-no-sockets server/src/protocol/x.hpp '#include "http/session.hpp"'
refuses protocol-knows-no-access-file server/src/protocol/x.cpp '#include "access/grants.hpp"'
refuses access-knows-no-sockets server/src/access/x.cpp '#include "http/session.hpp"'
refuses protocol-knows-no-subscriptions server/src/protocol/x.cpp '#include "subscriptions/engine.hpp"'
refuses subscriptions-know-no-sockets server/src/subscriptions/x.cpp '#include <boost/asio/post.hpp>'
refuses subscriptions-know-no-sockets server/src/subscriptions/x.hpp '#include "delivery/webhook_sender.hpp"'
refuses delivery-knows-no-command-line server/src/delivery/x.cpp '#include "cli/serve.hpp"'
refuses debugger-knows-no-sockets server/src/debugger/x.cpp '#include "http/session.hpp"'
refuses operations-know-no-sockets server/src/ops/x.cpp '#include "cli/output.hpp"'
refuses operations-know-no-sockets server/src/retention/x.cpp '#include <boost/asio/ip/tcp.hpp>'
refuses client-knows-only-the-core framework/src/client/x.cpp '#include "store/engine.hpp"'
refuses client-knows-only-the-core framework/include/foldback/client/x.hpp '#include "foldback/store/types.hpp"'
refuses engine-knows-no-bucket framework/src/log/x.cpp '#include "s3/caller.hpp"'
refuses engine-knows-no-bucket framework/src/store/x.cpp '#include "foldback/s3/s3_bucket.hpp"'
refuses public-headers-hide-libraries framework/include/foldback/client/x.hpp '#include <boost/asio/awaitable.hpp>'
refuses public-headers-hide-libraries framework/include/foldback/client/asio.hpp '#include <boost/beast/http.hpp>'
refuses http-knows-no-command-line server/src/http/x.cpp '#include "cli/serve.hpp"'
for header in foldback/app/repository.hpp foldback/store/types.hpp foldback/server/api.hpp boost/system/result.hpp \
    boost/asio.hpp nlohmann/json.hpp sqlite3.h spdlog/spdlog.h app/shop.hpp ../projections/revenue.hpp api/routes.hpp \
    unistd.h thread fstream; do
    refuses domain-knows-only-the-core examples/orders/domain/x.hpp "#include <$header>"
done
for header in nlohmann/json.hpp simdjson.h sqlite3.h SQLiteCpp/SQLiteCpp.h fmt/format.h isa-l/crc.h boost/asio.hpp \
    boost/beast/core.hpp; do
    refuses public-headers-hide-libraries framework/include/foldback/x.hpp "#include <$header>"
done
refuses framework-is-silent framework/src/store/x.cpp '#include <spdlog/spdlog.h>'
refuses framework-is-silent framework/src/store/x.cpp '#include <iostream>'
refuses coroutines-only-at-sockets framework/src/store/x.cpp 'auto x = co_await read();'
refuses coroutines-only-at-sockets tests/unit/x.cpp '    co_return;'
refuses name-it-before-you-await-it server/src/http/x.cpp 'co_await write(Message{1, 2});'
refuses name-it-before-you-await-it server/src/http/x.cpp 'auto n = co_await write({1, 2}, token);'
refuses name-it-before-you-await-it server/src/http/x.cpp 'co_await run([capture] { return 1; });'
refuses name-it-before-you-await-it server/src/http/x.cpp $'co_await run(\n    first,\n    [=]() { return 1; });'
refuses name-it-before-you-await-it server/src/http/x.cpp 'co_return co_await Timer{1};'
refuses name-it-before-you-await-it server/src/http/x.cpp 'if (co_await ready(Key{"a"})) { stop(); }'
refuses no-unfinished-work server/src/http/x.cpp "// TO""DO: later"
refuses no-unfinished-work docs/x.md "FIX""ME"
refuses no-disabled-tests tests/unit/x.cpp 'TEST_CASE("a" * doctest::skip()) {}'
refuses no-disabled-tests tests/e2e/x.mjs 'test.skip("a", () => {});'

for include in '"foldback/core/aggregate.hpp"' '<boost/describe/class.hpp>' '"domain/order.hpp"' '<string>'; do
    accepts examples/orders/domain/x.hpp "#include $include"
done
accepts examples/orders/api/x.cpp '#include "foldback/app/repository.hpp"'
accepts framework/src/store/x.cpp '#include "log/log.hpp"'
accepts framework/src/store/x.cpp '// the caller may co-await this; "todo" lists are fine'
accepts framework/include/foldback/x.hpp '#include <boost/system/result.hpp>'
accepts framework/src/client/x.cpp 'auto x = co_await read();'
accepts framework/include/foldback/client/asio.hpp '#include <boost/asio/awaitable.hpp>'
accepts server/src/http/x.cpp '#include <boost/beast/http.hpp>'
accepts server/src/http/x.cpp 'co_await write(std::move(message), buffers[0], "{", '"'{'"');  // {'
accepts server/src/http/x.cpp 'if (co_await ready(key)) { stop(); }'
accepts server/src/http/x.cpp $'auto run = [&]() -> awaitable<void> { co_await wait(token); };\nrun([] {});'
accepts server/src/http/x.cpp 'co_await write(R"x({[)x", 1'"'"'000, u8"[{");'

if found=$("$BASH" "$here/check.sh" "$source_dir"); then pass; else fail "the source tree breaks a rule:"$'\n'"$found"; fi

finish
