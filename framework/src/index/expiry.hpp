#pragma once

#include <algorithm>
#include <chrono>

namespace foldback::index {

/// How long before all nodes of a shared log would find a stream idle an access to it must be in that log. It is what may lie between
/// the nodes' clocks, and what a commit may take.
inline constexpr std::chrono::milliseconds max_renewal_margin{5'000};

[[nodiscard]] constexpr std::chrono::milliseconds renewal_margin(std::chrono::seconds ttl) noexcept {
    return std::min(max_renewal_margin, std::chrono::milliseconds(ttl) / 4);
}

}  // namespace foldback::index
