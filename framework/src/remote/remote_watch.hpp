#pragma once

#include <functional>
#include <stop_token>

#include "foldback/store/stream_store.hpp"
#include "remote/caller.hpp"

namespace foldback::remote {

/// Runs `wait` on the client's thread; when it comes to its end, and was not told to stop, calls `changed` once there.
[[nodiscard]] Watch start_watch(Caller& caller, std::function<Task<void>(std::stop_token)> wait,
                                std::function<void()> changed);

/// The same for `call`, which our server answers when something changed or after a while: it is sent again until something
/// changed, through failures of any kind.
[[nodiscard]] Watch start_watch(Caller& caller, Call call, std::function<void()> changed);

}  // namespace foldback::remote
