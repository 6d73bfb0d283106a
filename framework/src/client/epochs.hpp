#pragma once

#include <cstdint>

namespace foldback::client::detail {

/// What a JavaScript number holds exactly (PROTOCOL §5.2.1).
inline constexpr std::uint64_t max_epoch = (std::uint64_t{1} << 53) - 1;

/// An epoch to claim when `current` is the stream's: above it by a random distance, so that two who claim at the same time
/// do not meet. The first guess is made for `current` 0.
[[nodiscard]] std::uint64_t epoch_to_claim(std::uint64_t current);

}  // namespace foldback::client::detail
