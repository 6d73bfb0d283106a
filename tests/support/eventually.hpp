#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace foldback::test {

/// Asks again and again, for 30 s at most; false when the condition did not come true.
[[nodiscard]] inline bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace foldback::test
