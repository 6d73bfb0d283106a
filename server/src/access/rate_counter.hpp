#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "foldback/server/gates.hpp"

namespace foldback::server::access {

/// Counts what each of many does against one rate: a bucket of tokens for each, which fills at the rate up to the burst.
/// Remembers at most 64 Ki of them; one that is forgotten begins with a full bucket. Any thread.
class RateCounter {
public:
    explicit RateCounter(RateLimit limit) : limit_(limit) {}

    /// Takes a token. Zero when there was one, else the time until there will be.
    [[nodiscard]] std::chrono::milliseconds take(const std::string& who, std::chrono::milliseconds now);

private:
    struct Bucket {
        double tokens = 0;
        std::chrono::milliseconds filled{};
    };
    struct Part {
        std::mutex mutex;
        std::unordered_map<std::string, Bucket> buckets;
    };
    static constexpr std::size_t parts = 16;
    static constexpr std::size_t max_buckets_per_part = 4096;

    void forget_some(Part& part, std::chrono::milliseconds now);
    [[nodiscard]] double tokens_at(const Bucket& bucket, std::chrono::milliseconds now) const;

    const RateLimit limit_;
    std::array<Part, parts> parts_;
};

}  // namespace foldback::server::access
