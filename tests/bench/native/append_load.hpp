#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "foldback/store/log_store.hpp"

/// Appends to an embedded store, so many at a time.
namespace bench {

/// `count` events of 200 bytes.
[[nodiscard]] foldback::Messages batch_of(std::size_t count);

/// Creates `count` streams of JSON, or finds them: `prefix` and a number.
[[nodiscard]] std::vector<foldback::StreamPath> make_streams(foldback::LogStore& store, const std::string& prefix,
                                                             int count);

struct Throughput {
    double appends_per_second = 0;
    double group_bytes = 0;  ///< log written per flush
    double group_size = 0;   ///< appends per flush
};

/// Keeps one append of `messages` under way on each of the streams, for about so many seconds.
[[nodiscard]] Throughput appends(foldback::LogStore& store, std::span<const foldback::StreamPath> streams,
                                 const foldback::Messages& messages, double for_seconds);

}  // namespace bench
