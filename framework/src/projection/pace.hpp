#pragma once

#include <algorithm>
#include <chrono>

namespace foldback::projection {

/// Spaces out what is done again and again: a few times at once, then at most once in every interval. One thread.
class Pace {
public:
    using Instant = std::chrono::steady_clock::time_point;

    /// An interval of 0 asks for no rest.
    explicit Pace(std::chrono::milliseconds interval) : interval_(interval) {}

    /// It was done at `now`: how long to rest before it is done again. From 0 to the interval, however often it was done
    /// without resting.
    [[nodiscard]] std::chrono::nanoseconds rest_after(Instant now) {
        const auto free = at_once * interval_;
        due_ = std::clamp(due_, now, now + free) + interval_;
        return std::max(due_ - now - free, Instant::duration::zero());
    }

private:
    /// So that the steps of a chain, each of which waits for the one before, need no rest.
    static constexpr int at_once = 8;

    std::chrono::milliseconds interval_;
    Instant due_{};  ///< when all that was done would have been done, had it been done once in every interval
};

}  // namespace foldback::projection
