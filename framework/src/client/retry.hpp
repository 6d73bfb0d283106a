#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "foldback/client/options.hpp"

namespace foldback::client::detail {

/// How long to wait before sending for the `retry`-th time again, from 0. `chance` in [0, 1) draws from the range.
[[nodiscard]] std::chrono::milliseconds backoff(const RetryOptions& options, int retry, double chance);

/// A random number in [0, 1).
[[nodiscard]] double draw_chance();

/// What a Retry-After header asks for: seconds, or a date in the form of RFC 9110 §5.6.7. Nothing when it is neither.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                                         std::chrono::system_clock::time_point now);

}  // namespace foldback::client::detail
