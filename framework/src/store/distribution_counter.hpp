#pragma once

#include <atomic>
#include <chrono>

#include "foldback/store/distribution.hpp"

namespace foldback {

/// A distribution that one thread adds to and any thread reads.
class DistributionCounter {
public:
    void add(std::uint64_t value) noexcept {
        increase(counts_[Distribution::bucket_of(value)], 1);
        increase(sum_, value);
    }
    [[nodiscard]] Distribution read() const noexcept {
        Distribution result{.sum = sum_.load(std::memory_order_relaxed)};
        for (std::size_t i = 0; i != counts_.size(); ++i) result.counts[i] = counts_[i].load(std::memory_order_relaxed);
        return result;
    }

private:
    static void increase(std::atomic<std::uint64_t>& number, std::uint64_t by) noexcept {
        number.store(number.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }

    std::array<std::atomic<std::uint64_t>, Distribution::bucket_count> counts_{};
    std::atomic<std::uint64_t> sum_{0};
};

/// Adds the microseconds of its life to a distribution. They are told, never acted on: that is why they need not be of the
/// injected clock, which counts milliseconds.
class TimedIn {
public:
    explicit TimedIn(DistributionCounter& counter) noexcept : counter_(counter) {}
    TimedIn(const TimedIn&) = delete;
    TimedIn& operator=(const TimedIn&) = delete;
    ~TimedIn() {
        const auto took = std::chrono::steady_clock::now() - begun_;
        counter_.add(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
    }

private:
    DistributionCounter& counter_;
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace foldback
