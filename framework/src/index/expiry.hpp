#pragma once

#include <algorithm>
#include <chrono>

namespace foldback::index {

/// How long nothing is idle after the shared log was away. Nodes notice its return at different moments, the last when it gave up waiting
/// for an answer (5 s by default) and tried again; each then renews what was read there.
inline constexpr std::chrono::milliseconds grace_after_outage{15'000};

/// How long before all nodes of a shared log would find a stream idle an access to it must be in that log. It is what may lie between
/// the nodes' clocks, and what a commit may take.
inline constexpr std::chrono::milliseconds max_renewal_margin{5'000};

[[nodiscard]] constexpr std::chrono::milliseconds renewal_margin(std::chrono::seconds ttl) noexcept {
    return std::min(max_renewal_margin, std::chrono::milliseconds(ttl) / 4);
}

}  // namespace foldback::index
