#pragma once

#include <functional>

#include "foldback/store/stream_store.hpp"
#include "remote/caller.hpp"

namespace foldback::remote {

/// Sends `call`, which our server answers when something changed or after a while, until something changed; then calls
/// `changed` once, on the client's thread. Goes on through failures of any kind.
[[nodiscard]] Watch start_watch(Caller& caller, Call call, std::function<void()> changed);

}  // namespace foldback::remote
