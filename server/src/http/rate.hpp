#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace foldback::server::http {

/// How long `bytes` may take at the slowest rate allowed. A rate of 0 allows anything.
[[nodiscard]] inline std::chrono::milliseconds time_for(std::uint64_t bytes, std::uint64_t bytes_per_second) {
    constexpr std::uint64_t forever_ms = 365ULL * 86'400 * 1'000;
    if (bytes_per_second == 0) return std::chrono::milliseconds(forever_ms);
    return std::chrono::milliseconds(std::min(bytes / bytes_per_second * 1'000, forever_ms));
}

}  // namespace foldback::server::http
