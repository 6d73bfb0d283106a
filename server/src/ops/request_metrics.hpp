#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "foldback/server/http_message.hpp"
#include "ops/metrics_text.hpp"
#include "ops/sharded_counters.hpp"

namespace foldback::server {

/// What a request is counted as. Never a stream's path: there may be millions.
enum class RequestRoute : std::uint8_t { stream, feed, list, debug, other };
enum class LiveMode : std::uint8_t { catch_up, long_poll, sse };
enum class AppendConflict : std::uint8_t { offset, stale_epoch, sequence_gap, closed, other };

[[nodiscard]] RequestRoute route_of(std::string_view target, std::string_view stream_prefix) noexcept;
[[nodiscard]] std::string_view name_of(RequestRoute route) noexcept;
[[nodiscard]] std::string_view name_of(Method method) noexcept;

/// What is counted of requests. From any thread; reading sums over the threads.
class RequestMetrics {
public:
    RequestMetrics();

    void count_request(RequestRoute route, Method method, unsigned status) noexcept;
    void count_duration(RequestRoute route, std::chrono::nanoseconds took) noexcept;
    void count_append(const Response& response, std::uint64_t body_bytes) noexcept;
    void count_read(LiveMode mode, std::uint64_t bytes) noexcept;
    void live_reader_came(LiveMode mode) noexcept;
    void live_reader_went(LiveMode mode) noexcept;
    /// From the moment a live reader was told of news until it took them.
    void count_wake(std::chrono::nanoseconds took) noexcept;
    void count_error() noexcept;

    void write(MetricsText& text) const;

private:
    void write_requests(MetricsText& text) const;
    void write_appends(MetricsText& text) const;
    void write_reads(MetricsText& text) const;

    ShardedCounters counters_;
};

}  // namespace foldback::server
