#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace foldback::projection {

/// How many events per second went by, over the last ten seconds.
class Rate {
public:
    void add(std::chrono::milliseconds now, std::uint64_t events) {
        const auto second = now.count() / 1000;
        if (first_second_ < 0) first_second_ = second;
        auto& bucket = bucket_of(second);
        if (bucket.second != second) bucket = {second, 0};
        bucket.events += events;
    }

    [[nodiscard]] double per_second(std::chrono::milliseconds now) const {
        const auto second = now.count() / 1000;
        std::uint64_t events = 0;
        for (const auto& bucket : buckets_) {
            if (bucket.second > second - window && bucket.second <= second) events += bucket.events;
        }
        if (first_second_ < 0) return 0;
        const auto seconds = std::min<std::int64_t>(window, second - first_second_ + 1);
        return seconds <= 0 ? 0 : static_cast<double>(events) / static_cast<double>(seconds);
    }

private:
    static constexpr std::int64_t window = 10;
    struct Bucket {
        std::int64_t second = -1;
        std::uint64_t events = 0;
    };
    Bucket& bucket_of(std::int64_t second) { return buckets_[static_cast<std::size_t>(second % window)]; }

    std::array<Bucket, static_cast<std::size_t>(window)> buckets_{};
    std::int64_t first_second_ = -1;
};

}  // namespace foldback::projection
