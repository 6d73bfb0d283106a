#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "foldback/store/distribution.hpp"

namespace foldback::server {

/// Numbers that many threads add to: each thread has its own cache lines, a reader sums over them. Adding costs an
/// uncontended atomic addition.
class ShardedCounters {
public:
    explicit ShardedCounters(std::size_t count)
        : stride_((count + per_line - 1) / per_line * per_line),
          values_(std::make_unique<std::atomic<std::uint64_t>[]>(stride_ * shards)) {}

    void add(std::size_t counter, std::uint64_t by = 1) noexcept {
        values_[shard() * stride_ + counter].fetch_add(by, std::memory_order_relaxed);
    }
    /// Into the counters of a distribution, which begin at `first`: its buckets and its sum.
    void add_to_distribution(std::size_t first, std::uint64_t value) noexcept {
        add(first + Distribution::bucket_of(value));
        add(first + Distribution::bucket_count, value);
    }
    static constexpr std::size_t counters_of_distribution = Distribution::bucket_count + 1;

    [[nodiscard]] std::uint64_t sum(std::size_t counter) const noexcept {
        std::uint64_t total = 0;
        for (std::size_t i = 0; i != shards; ++i)
            total += values_[i * stride_ + counter].load(std::memory_order_relaxed);
        return total;
    }
    [[nodiscard]] Distribution distribution(std::size_t first) const noexcept {
        Distribution result{.sum = sum(first + Distribution::bucket_count)};
        for (std::size_t i = 0; i != Distribution::bucket_count; ++i) result.counts[i] = sum(first + i);
        return result;
    }

private:
    static constexpr std::size_t shards = 16;
    static constexpr std::size_t per_line = 64 / sizeof(std::uint64_t);

    [[nodiscard]] static std::size_t shard() noexcept {
        static std::atomic<std::size_t> next{0};
        thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed) % shards;
        return mine;
    }

    std::size_t stride_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> values_;
};

}  // namespace foldback::server
