#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foldback/store/types.hpp"

namespace foldback::server::protocol {

/// Reads a timestamp of RFC 3339, such as `2026-11-23T09:14:07.221+01:00`; digits beyond milliseconds are dropped.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);

/// Writes a timestamp in UTC with milliseconds, such as `2026-11-23T08:14:07.221Z`.
[[nodiscard]] std::string format_timestamp(Timestamp timestamp);

}  // namespace foldback::server::protocol
