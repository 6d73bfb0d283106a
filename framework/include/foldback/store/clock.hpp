#pragma once

#include <atomic>
#include <chrono>

#include "foldback/store/types.hpp"

namespace foldback {

/// Where the store reads the time. Implementations may be called from any thread.
class Clock {
public:
    virtual ~Clock() = default;

    /// Wall-clock time, for timestamps and absolute expiry.
    [[nodiscard]] virtual Timestamp now() const = 0;

    /// A clock that never goes back and counts suspended time, for sliding expiry.
    [[nodiscard]] virtual std::chrono::milliseconds monotonic() const = 0;
};

/// The machine's clocks (CLOCK_REALTIME and CLOCK_BOOTTIME).
[[nodiscard]] const Clock& system_clock() noexcept;

/// A clock that tests move by hand.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Timestamp start = Timestamp{std::chrono::milliseconds{1'700'000'000'000}})
        : now_ms_(start.time_since_epoch().count()) {}

    void advance(std::chrono::milliseconds by) {
        now_ms_ += by.count();
        monotonic_ms_ += by.count();
    }

    [[nodiscard]] Timestamp now() const override { return Timestamp{std::chrono::milliseconds{now_ms_.load()}}; }
    [[nodiscard]] std::chrono::milliseconds monotonic() const override {
        return std::chrono::milliseconds{monotonic_ms_.load()};
    }

private:
    std::atomic<std::int64_t> now_ms_;
    std::atomic<std::int64_t> monotonic_ms_{0};
};

}  // namespace foldback
