#include "access/rate_counter.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace foldback::server::access {

using std::chrono::milliseconds;

double RateCounter::tokens_at(const Bucket& bucket, milliseconds now) const {
    const auto waited_ms = static_cast<double>(std::max(now - bucket.filled, milliseconds(0)).count());
    return std::min(limit_.burst, bucket.tokens + waited_ms / 1000 * limit_.requests_per_second);
}

/// Those with a full bucket lose nothing; when there are none, somebody is lucky.
void RateCounter::forget_some(Part& part, milliseconds now) {
    std::erase_if(part.buckets, [&](const auto& entry) { return tokens_at(entry.second, now) >= limit_.burst; });
    if (part.buckets.size() >= max_buckets_per_part) part.buckets.erase(part.buckets.begin());
}

milliseconds RateCounter::take(const std::string& who, milliseconds now) {
    auto& part = parts_[std::hash<std::string>{}(who) % parts];
    const std::scoped_lock lock(part.mutex);
    if (part.buckets.size() >= max_buckets_per_part && !part.buckets.contains(who)) forget_some(part, now);
    auto& bucket = part.buckets.try_emplace(who, Bucket{.tokens = limit_.burst, .filled = now}).first->second;
    bucket.tokens = tokens_at(bucket, now);
    bucket.filled = std::max(bucket.filled, now);
    if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return milliseconds(0);
    }
    constexpr double rounding = 1e-6;  // what adding up fractions leaves
    const auto missing_ms = std::ceil((1 - bucket.tokens) / limit_.requests_per_second * 1000 - rounding);
    return milliseconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(missing_ms)));
}

}  // namespace foldback::server::access
