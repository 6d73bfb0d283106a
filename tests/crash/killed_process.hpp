#pragma once

#include <chrono>
#include <functional>
#include <optional>

namespace foldback::crash {

/// Runs `work` in a child process and kills it with SIGKILL: after the delay, or, when there is none, whenever it kills
/// itself. With `when_ready` the delay begins when the child calls the function that `work` gets. The caller must have no
/// threads and no open stores. True: the child was killed; false: it ended by itself with a failure.
[[nodiscard]] bool run_and_kill(const std::function<void(const std::function<void()>& ready)>& work,
                                std::optional<std::chrono::microseconds> delay, bool when_ready);

}  // namespace foldback::crash
