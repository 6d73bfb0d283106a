#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "foldback/core/offset.hpp"

namespace foldback {

/// The few of many that are left.
struct Shrunk {
    std::vector<std::size_t> kept;  ///< indexes, ascending
    std::size_t trials = 0;         ///< how often the judge was asked
    bool minimal = true;            ///< none of them can be left out alone; false: stopped before that was known
};

/// Whether the failure is there when only these are left.
using KeepsFailure = std::function<bool(std::span<const std::size_t> kept)>;

/// Delta debugging: leaves out halves, quarters, eighths and at last single ones of `count` things, as long as the failure
/// stays. The failure is there with all of them; that is not asked. What comes last is left out first. Asks at most
/// `max_trials` times.
[[nodiscard]] Shrunk shrink(std::size_t count, const KeepsFailure& keeps, std::size_t max_trials);

/// How much work a history's shrinking may be.
struct ShrinkLimits {
    std::size_t max_replays = 20'000;
    std::uint64_t max_folded = 50'000'000;  ///< events, in all replays
};

/// A history that is as short as it can be with a failure in it.
struct ShrunkHistory {
    Offset moment;             ///< the failure's first moment in the whole history
    std::vector<Offset> kept;  ///< the events that are left
    std::size_t replays = 0;
    bool minimal = true;  ///< false: the limits ended it
};

}  // namespace foldback
